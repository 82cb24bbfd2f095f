"""Keeps one camera's process running."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from livesegment.backoff import Backoff, Restarts
from livesegment.calls.lease import Need
from livesegment.metrics import Snapshot
from livesegment.monitor.camera_feed import CameraFeed
from livesegment.monitor.coordinator import Coordinator
from livesegment.monitor.link import (
    Message,
    packed_controls,
    unpacked_fragment,
    unpacked_points,
    unpacked_report,
)
from livesegment.monitor.process import CameraProcess, exit_in_words
from livesegment.settings.controls import Controls
from livesegment.settings.monitor import CameraOptions
from livesegment.web.feed import CameraState
from livesegment.web.video import Head

logger = logging.getLogger(__name__)

HANG_S = 5.0
"""A process that says nothing for so long, or whose picture loop stands still, hangs."""

START_S = 60.0
"""How long a small device may take to load everything."""

GRACE_S = 10.0
"""How long files may take to be finished when a camera is stopped."""

HEALTHY_S = 20.0
"""A process that lived so long did not end because of how it begins."""

RESTART = Backoff(attempts=None, first_wait_s=1.0, max_wait_s=30.0)

_LAST_WORDS_S = 3.0


class Keeper:
    """Starts a camera's process, listens to it, and starts it again when it ends or hangs.

    Belongs to the event loop.

    Args:
        config: The camera.
        feed: Where it is shown.
        coordinator: Where it gets its leases.
        page_url: Where the page shows the camera, without a token.
        switches: File in which is remembered what was switched off.
        told: File in which is remembered when phones were told.
    """

    def __init__(
        self,
        config: CameraOptions,
        feed: CameraFeed,
        coordinator: Coordinator,
        *,
        page_url: str | None = None,
        switches: Path | None = None,
        told: Path | None = None,
    ) -> None:
        self.config = config
        self._feed = feed
        self._coordinator = coordinator
        self._home = {
            "page_url": page_url,
            "switches": None if switches is None else str(switches.absolute()),
            "told": None if told is None else str(told.absolute()),
        }
        self._restarts = Restarts(RESTART, HEALTHY_S)
        self._stopping = asyncio.Event()
        self._state_after: CameraState = "stopped"
        self._process: CameraProcess | None = None
        self._video_head: Head | None = None
        self._silent_s = 0
        self._has_reported = self._has_ended = False
        self._why: str | None = None  # why we ended the process
        self._sentence: str | None = None  # why it says that it ends
        self._complaint: str | None = None  # why it could not begin, as was said already
        self._done = asyncio.Event()

    def send_orders(self) -> None:
        """Tell the process what the page wants."""
        if self._process is not None:
            self._process.send(
                "orders",
                controls=packed_controls(self._feed.controls()),
                is_watched=self._feed.pictures.is_watched,
                is_labelled_watched=self._feed.labelled.is_watched,
                is_video_watched=self._feed.video.is_watched,
                needs_keyframe=self._feed.video.is_waiting,
            )

    def try_now(self) -> None:
        """Have the endpoint asked at once, though it wants to be left alone."""
        if self._process is not None:
            self._process.send("try_now")

    async def stop(self, then: CameraState = "stopped") -> None:
        """End the process, which finishes its files; kill it if that takes too long.

        Args:
            then: What is said of the camera meanwhile, and afterwards.
        """
        self._state_after = then
        self._stopping.set()
        if self._process is not None:
            _end(self._process)
        await self._done.wait()

    async def run(self) -> None:
        """Keep the camera running until it is stopped."""
        try:
            await self._keep_running()
        finally:
            self._done.set()

    async def _keep_running(self) -> None:
        name = self.config.name
        while not self._stopping.is_set():
            began_s = time.monotonic()
            text = await self._run_once()
            if self._stopping.is_set() or self._has_ended:
                is_wanted = self._stopping.is_set()
                self._feed.note_down(self._state_after, "" if is_wanted else text)
                logger.info("%s: stopped", name)
                break
            wait_s = self._restarts.after(time.monotonic() - began_s)
            # A camera that is not there is complained of once, however often it is tried.
            is_known = self._sentence is not None and self._sentence == self._complaint
            self._complaint = None if self._has_reported else self._sentence
            if wait_s:
                text += f"; it is started again in {wait_s:.0f} s"
            self._feed.note_down("stopped" if wait_s else "starting", text)
            logger.log(logging.DEBUG if is_known else logging.WARNING, "%s: %s", name, text)
            await self._pause(wait_s)
        await self._stopping.wait()

    async def _pause(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _run_once(self) -> str:
        """Run a process until it ends, and return why it did, in a sentence."""
        name = self.config.name
        self._why = self._sentence = None
        self._silent_s, self._has_reported = 0, False
        try:
            self._process = process = await CameraProcess.start(self.config, **self._home)
        except OSError as error:
            return f"its process cannot be started: {(error.strerror or str(error)).lower()}"
        level = logging.INFO if self._complaint is None else logging.DEBUG
        logger.log(level, "%s: started, process %d", name, process.pid)
        self._coordinator.join(name, lambda lease: process.send("lease", **asdict(lease)))
        self.send_orders()
        if self._stopping.is_set():
            _end(process)
        watch = asyncio.create_task(self._watch(process))
        try:
            async for message in process.messages():
                self._silent_s = 0
                self._take(message, process)
        finally:
            watch.cancel()
            code = await process.ended(_LAST_WORDS_S)
            self._process = None
            self._coordinator.leave(name)
        return self._why or self._sentence or exit_in_words(code)

    async def _watch(self, process: CameraProcess) -> None:
        """Kill the process when it gives no sign of life.

        Seconds are counted one by one: those in which we were asleep ourselves do not count.
        """
        while True:
            await asyncio.sleep(1)
            self._silent_s += 1
            patience_s = HANG_S if self._has_reported else START_S
            if self._silent_s > patience_s and not self._stopping.is_set():
                self._why = f"its process gave no sign of life for {patience_s:.0f} s"
                process.kill()

    def _take(self, message: Message, process: CameraProcess) -> None:
        fields = message.fields
        if message.kind in {"picture", "labelled", "fragment"}:
            self._show(message)
        elif message.kind == "report":
            self._note(fields, process)
        elif message.kind == "event":
            self._feed.events.note(fields["event"])
        elif message.kind == "need":
            self._coordinator.hear(self.config.name, Need(**fields))
        elif message.kind == "log":
            name = self.config.name
            # Some say whose they are, because `live` has nobody who would.
            text = fields["text"].removeprefix(f"{name}: ")
            logger.log(fields["level"], "%s: %s", name, text, extra={"camera": name})
        elif message.kind == "failed":
            self._sentence = fields["text"]
        elif message.kind == "ended":
            self._has_ended = True
            self._sentence = "it has come to its end"

    def _show(self, message: Message) -> None:
        if message.kind == "picture":
            self._feed.pictures.publish(message.body)
        elif message.kind == "labelled":
            self._feed.labelled.publish(message.body)
        elif (fragment := unpacked_fragment(message, self._video_head)) is not None:
            self._video_head = fragment.head
            self._feed.video.publish(fragment)

    def _note(self, fields: Mapping[str, Any], process: CameraProcess) -> None:
        """Take in what the process reports of itself."""
        if self._complaint is not None and not self._has_reported:
            logger.info("%s: runs now, process %d", self.config.name, process.pid)
            self._complaint = None
        self._has_reported = True
        if fields["has_no_video"]:
            self._feed.video.fail()
        report = unpacked_report(fields["report"])
        if self._stopping.is_set():
            report = replace(report, state=self._state_after)
        self._feed.take(
            report,
            unpacked_points(fields["points"]),
            Snapshot.from_json(fields["snapshot"]),
        )
        if fields["idle_s"] > HANG_S and not self._stopping.is_set():
            self._why = f"its picture stood still for {fields['idle_s']:.0f} s"
            process.kill()


def _end(process: CameraProcess) -> None:
    """Have a process finish its files and end, or end it when that takes too long."""
    process.send("stop")
    asyncio.get_running_loop().call_later(GRACE_S, process.kill)


def initial_controls(config: CameraOptions) -> Controls:
    """Return the controls that a camera starts with."""
    options = config.options
    controls = options.overlay.controls()
    return Controls(
        style=controls.style,
        opacity=controls.opacity,
        classes=controls.classes,
        show_legend=controls.show_legend,
        align=options.align,
    )


def same_run(one: CameraOptions, other: CameraOptions) -> bool:
    """Tell whether a run of one configuration can go on with another, by its controls alone.

    Where another background is promised for what is no class shown, these classes are no control.
    """
    if one.options.background is not None:
        return one == other
    options = replace(one.options, overlay=other.options.overlay, align=other.options.align)
    return replace(one, options=options) == other


def changed_controls(before: CameraOptions, after: CameraOptions) -> Mapping[str, Any]:
    """Return the controls that another configuration starts with; of others, what was last set."""
    old, new = asdict(initial_controls(before)), asdict(initial_controls(after))
    return {name: value for name, value in new.items() if value != old[name]}
