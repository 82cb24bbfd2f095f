"""The live loop: the picture never waits for the network."""

import time
from collections.abc import Callable
from dataclasses import replace

from livesegment.buffer import Buffer
from livesegment.calls.quota import Quota
from livesegment.frame import Frame
from livesegment.live.alignment import ChosenMask, MaskChoice
from livesegment.live.asking import Asking
from livesegment.live.capture import Capture
from livesegment.live.choosing import Chooser
from livesegment.live.delay_line import DelayLine
from livesegment.live.hud import Outage, Remark, hud_lines
from livesegment.live.mask_buffer import MaskBuffer
from livesegment.live.outputs import as_outputs, commit_sinks
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.live.presenter import Presenter
from livesegment.metrics import LiveStatus, Metrics
from livesegment.redaction.redactor import Redactor
from livesegment.settings.controls import ControlPanel, Controls
from livesegment.workers import WorkerGroup

IDLE_S = 0.02  # how long the window may go without attention when no frame comes
GRACE_S = 3.0  # for requests that are still under way at the end


class LiveLoop:
    """Shows frames as they come, with the newest mask on them.

    The main thread shows; one thread reads the source, one finds each frame's mask, as many as
    there are requests under way ask the segmenter about the newest frame, and one thread writes for
    each sink. It is the `LiveRun` of its outputs.

    Args:
        parts: Who reads, segments and looks on. They stay the caller's to close.
        limits: How much is shown and asked.
        controls: What the user starts with, or the panel on which others change it too.
        metrics: Counts everything.
        mirror: Flip each picture left to right.
        quota: Says when a call is allowed, in place of the limits' number and rate of calls.
        redactor: Says what of a picture may leave, to any output or a snapshot; None: all of it.

    Attributes:
        controls: The panel.
        metrics: As given.
    """

    def __init__(
        self,
        parts: LiveParts,
        limits: LiveLimits,
        controls: Controls | ControlPanel,
        metrics: Metrics,
        *,
        mirror: bool = False,
        quota: Quota | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._parts = parts
        self._limits = limits
        self.metrics = metrics
        self.controls = ControlPanel(controls) if isinstance(controls, Controls) else controls
        self._workers = WorkerGroup(grace_s=GRACE_S)
        self._ends: list[Callable[[], None]] = []  # of the outputs' workers
        self._arrivals: Buffer[Frame] = Buffer("keep newest")
        self._turned_at_s: float | None = None
        self._ends_at_s = float("inf")
        self._delay_line = DelayLine(limits.max_delay_s, limits.memory.most // 2)
        self._masks = MaskBuffer(for_delayed=limits.max_delay_s > 0)
        self._remark = Remark()
        fps, room = parts.source.fps, limits.memory.most // 3
        self._outputs = as_outputs(parts.outputs, metrics, fps, room)
        choice = MaskChoice(self._masks, parts.alignment, limits.mask_ttl_s, parts.smoothing)
        self._chooser = Chooser(choice)
        self._presenter = self._new_presenter(choice, redactor)
        # Most of a large picture is never looked at in full. Not where something is to be hidden:
        # there is one picture then, the one that was gone over.
        parts.source.is_lazy = redactor is None and not mirror
        self._capture = self._new_capture(mirror=mirror)
        self._asking = Asking(
            parts,
            limits,
            self._masks,
            metrics,
            self._workers,
            quota=quota,
            useful_s=self._useful_s,
            on_latency=self._delay_line.note_latency,
        )

    def _new_capture(self, *, mirror: bool) -> Capture:
        return Capture(
            self._parts.source,
            self._arrivals,
            self.controls,
            self.metrics,
            self._workers.stopping,
            fps_limit=self._limits.fps_limit,
            mirror=mirror,
        )

    def _new_presenter(self, choice: MaskChoice, redactor: Redactor | None) -> Presenter:
        return Presenter(
            choice,
            self.controls,
            self._outputs,
            hud=self._hud,
            notice=Outage(self._parts.source).notice,
            remark=self._remarked,
            metrics=self.metrics,
            redactor=redactor,
        )

    def run(self) -> None:
        """Show until the source ends, a limit is reached or somebody stops it.

        Raises:
            LiveSegmentError: If an output cannot begin.
            SourceLost: If the source breaks.
            EndpointError: If the endpoint refuses for good before the first mask, or no mask came
                in the whole run because it failed.
            SinkError: If an output is broken; a full disk is an error of `commit`.
        """
        with self._workers:
            try:
                self._start()
                while not self._is_over():
                    self._turned_at_s = time.monotonic()
                    self._go_round()
            finally:
                self._turned_at_s = None
                # Not before: the picture of the moment a run is stopped in goes to everybody.
                for end in self._ends:
                    self._workers.on_stop(end)
        self._asking.raise_trouble()

    def stop(self) -> None:
        """Ask `run` to end soon; from any thread, also before it runs."""
        self._workers.stop()

    def commit(self) -> None:
        """Have the sinks finish what they wrote; after `run`.

        Raises:
            SinkError: If one cannot, or could not write on the way.
        """
        commit_sinks(self._outputs)

    def try_now(self) -> None:
        """Have the endpoint asked at once, though it wants to be left alone; from any thread."""
        self._asking.limiter.try_now()

    @property
    def title(self) -> str:
        """What people call the source."""
        return self._parts.source.name

    def remark(self, text: str) -> None:
        """Have a few words shown in the window for a moment; from any thread."""
        self._remark.say(text)

    def start_worker(self, name: str, work: Callable[[], None], stop: Callable[[], None]) -> None:
        """Run an output's work on a thread of its own."""
        self._ends.append(stop)
        self._workers.start(name, work)

    def take_snapshot(self) -> None:
        """Save the picture of the moment, if there is one and somewhere to save it."""
        save, image = self._parts.snapshot, self._presenter.picture()
        if save is not None and image is not None:
            # On a thread: to write a large PNG takes longer than a frame. The copy is made here,
            # because the next frame is drawn on the same canvas.
            kept = image.copy()
            self._workers.start("snapshot", lambda: self._remark.say(save(kept)))

    def status(self) -> LiveStatus:
        """Return what the run is at; from any thread."""
        return replace(
            self._presenter.moment,
            trouble=self._asking.trouble(),
            circuit=self._asking.limiter.circuit,
            calls_used_up=self._asking.calls_used_up,
            lost_since_s=self._parts.source.lost_since_s,
            reconnects=self._parts.source.reconnects,
            is_photo=self._parts.source.frame_count == 1,
            turned_at_s=self._turned_at_s,
        )

    def _useful_s(self) -> float:
        """Return how old a picture may be when its mask comes, for that to be drawn at all."""
        if self._parts.source.frame_count == 1:  # a photo, which stays as it is
            return float("inf")
        is_delayed = self.controls.snapshot().align == "delay"
        return self._limits.mask_ttl_s + (self._limits.max_delay_s if is_delayed else 0.0)

    def _go_round(self) -> None:
        ready = self._chooser.take(IDLE_S)
        # The next frame's mask is looked for while this one is drawn.
        if not self._chooser.is_busy:
            if (frame := self._next_arrival(is_idle=ready is None)) is not None:
                self._on_arrival(frame)
            if (due := self._delay_line.take_due(time.monotonic())) is not None:
                self._on_due(due)
        if ready is not None:
            self._presenter.present(*ready)
        elif not self._chooser.is_busy:
            self._presenter.refresh()
        for output in self._outputs:
            output.on_tick()

    def _next_arrival(self, *, is_idle: bool) -> Frame | None:
        wait_s = 0.0
        if is_idle:
            wait_s = max(0.0, min(IDLE_S, self._delay_line.wait_s(time.monotonic())))
        if self._arrivals.finished:
            self._workers.stopping.wait(wait_s)
            return None
        return self._arrivals.get(wait_s)

    def _remarked(self, controls: Controls) -> str | None:
        stays = not self._limits.ends_with_source and self._parts.source.frame_count != 1
        return self._remark.text(controls, has_ended=stays and self._is_at_end())

    def _start(self) -> None:
        workers = self._workers
        workers.on_stop(self._parts.source.stop)
        workers.on_stop(self._arrivals.abort)
        workers.on_stop(lambda: self.controls.change(paused=False))
        for output in self._outputs:
            output.on_start(self)
        self._asking.start()
        workers.on_stop(self._chooser.stop)
        workers.start("align", self._chooser.run, daemon=True)
        workers.start("capture", self._capture.run, daemon=True)

    def _is_at_end(self) -> bool:
        return self._arrivals.finished and not self._delay_line and not self._chooser.is_busy

    def _is_over(self) -> bool:
        limits, shown = self._limits, self.metrics.get("frames_shown")
        return (
            self._workers.stopping.is_set()
            or (limits.max_frames is not None and shown >= limits.max_frames)
            or time.monotonic() >= self._ends_at_s
            or (self._is_at_end() and (limits.ends_with_source or not shown))
        )

    def _on_arrival(self, frame: Frame) -> None:
        controls = self.controls.snapshot()
        if controls.paused:
            return
        self._asking.put(frame)
        self._delay_line.put(frame, hold=controls.align == "delay")

    def _on_due(self, frame: Frame) -> None:
        if self._limits.duration_s is not None and self._ends_at_s == float("inf"):
            self._ends_at_s = time.monotonic() + self._limits.duration_s
        began = self._parts.source.scene_began
        if began and frame.index >= began:
            self._masks.forget_before(began)
        self._chooser.begin(frame, self._presenter.mask_size(frame))

    def _hud(self, frames_per_s: float, chosen: ChosenMask) -> list[str]:
        limiter = self._asking.limiter
        return hud_lines(
            self.metrics,
            frames_per_s,
            chosen,
            align=self.controls.snapshot().align,
            calls_used_up=self._asking.calls_used_up,
            trouble=limiter.trouble,
            delay_s=self._delay_line.delay_s,
            asked=limiter.asked_pause,
            outage=limiter.outage(),
        )
