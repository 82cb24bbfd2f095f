"""The annotating loop: every frame, in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from livesegment.controls import Controls
from livesegment.engine.call_meter import CallMeter
from livesegment.engine.caller import Caller
from livesegment.engine.crew import Crew
from livesegment.engine.flight import Flight
from livesegment.engine.ordered_window import OrderedWindow
from livesegment.errors import SourceLost
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.overlay.compositor import Compositor
from livesegment.segmenters.base import Segmenter
from livesegment.sinks.base import Annotated, Sink
from livesegment.sources.base import Source
from livesegment.telemetry import Telemetry

_MOST_AHEAD = 32
GRACE_S = 3.0  # for requests that are still under way when the run is given up


@dataclass(frozen=True, slots=True)
class AnnotateResult:
    """What an annotating run did.

    Attributes:
        frames: Frames written.
        frames_without_mask: Of these, written plain because no more calls were allowed.
        lost: Why the source ended early; None if it came to its end.
    """

    frames: int
    frames_without_mask: int
    lost: SourceLost | None = None


class AnnotateLoop:
    """Segments every frame of a source and writes it, in order, to every sink.

    One thread reads, `max_in_flight` threads ask the segmenter, the calling thread draws and
    writes. At most twice `max_in_flight` frames are held, and 32 more than it, whatever the length
    of the source.

    Args:
        source: Where frames come from.
        segmenter: Who is asked.
        sinks: Get every frame, in order.
        controls: How masks are drawn.
        meter: Allows and counts calls; may be shared by several runs.
        max_in_flight: Requests at once.
        telemetry: Counts everything.
        on_frame: Called after each frame written.
    """

    def __init__(
        self,
        source: Source,
        segmenter: Segmenter,
        sinks: Sequence[Sink],
        controls: Controls,
        *,
        meter: CallMeter,
        max_in_flight: int,
        telemetry: Telemetry,
        on_frame: Callable[[], None] = lambda: None,
    ) -> None:
        self._source = source
        self._sinks = sinks
        self._controls = controls
        self._max_in_flight = max_in_flight
        self._telemetry = telemetry
        self._on_frame = on_frame
        self._lost: SourceLost | None = None
        self._crew = Crew(grace_s=GRACE_S)
        self._flight = Flight(max_in_flight)
        caller = Caller(segmenter, meter, telemetry, self._crew.stopping, self._flight)
        # More than the requests: while the oldest is awaited, the others must not run dry.
        width = max_in_flight + min(max_in_flight, _MOST_AHEAD)
        self._window: OrderedWindow[Frame, Mask | None] = OrderedWindow(caller.ask, width)

    def run(self) -> AnnotateResult:
        """Annotate to the source's end, or as far as it goes.

        Raises:
            EndpointError: If a frame cannot be segmented. What was written before it stays.
            SinkError: If an output cannot be written.
        """
        frames = plain = 0
        compositor = Compositor()
        with self._crew:
            self._start()
            for frame, mask in self._window.results():
                image = compositor.draw(frame, mask, self._controls)
                for sink in self._sinks:
                    sink.write(Annotated(frame, mask, image))
                frames += 1
                plain += mask is None
                self._on_frame()
        return AnnotateResult(frames, plain, self._lost)

    def _start(self) -> None:
        crew = self._crew
        crew.on_stop(self._source.stop)
        crew.on_stop(self._window.stop)
        crew.on_stop(self._flight.wake)
        for number in range(self._max_in_flight):
            crew.start(f"submit-{number}", self._window.run, daemon=True)
        crew.start("reader", self._read, daemon=True)

    def _read(self) -> None:
        try:
            while (frame := self._source.read()) is not None:
                self._telemetry.count("frames_captured")
                if not self._window.put(frame):
                    return
        except SourceLost as error:
            self._lost = error  # reported once all that was read is written
        finally:
            self._window.end()
