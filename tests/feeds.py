"""Cameras for the page that a test moves by hand."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from parts import frame

from livesegment.mask import Mask
from livesegment.metrics import Snapshot
from livesegment.output import Shown, Wants
from livesegment.review.review import Review
from livesegment.settings import WebOptions
from livesegment.settings.controls import ControlPanel, Controls
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import LabelledEncoder, PictureEncoder
from livesegment.web.event_log import EventLog
from livesegment.web.feed import CoveragePoint, Feed, Report
from livesegment.web.machine_routes import Beat
from livesegment.web.page_server import PageServer
from livesegment.web.phone_routes import Phones
from livesegment.web.video import VideoBroadcast

CLASSES = {0: "background", 1: "person", 2: "car"}


class HandFeed(Feed):
    """A camera whose pictures and state a test gives it."""

    def __init__(self, name: str = "one", title: str = "Camera one") -> None:
        self.watched: list[bool] = []
        self.video_watched: list[bool] = []
        pictures = Broadcast(self.watched.append)
        video = VideoBroadcast(self.video_watched.append)
        super().__init__(name, title, pictures, video=video, labelled=Broadcast())
        self.coverage = Coverage()
        self.encoder = PictureEncoder(self.pictures, self.coverage, self.video)
        self.labelled_encoder = LabelledEncoder(self.labelled)
        self.panel = ControlPanel()
        self.said = Report("running")
        self.counted = Snapshot(moment={"fps_shown": 12.0})
        self.alive_at_s: float | None = None
        self.retries = 0
        self.classes: Mapping[int, str] = CLASSES
        self._index = 0

    def put(self, size: tuple[int, int] = (64, 36), level: int | None = None) -> None:
        """Show another picture, of another colour than the last; or with so much red."""
        shown = frame(self._index, size)
        self._index += 1
        image = np.empty_like(shown.image)
        image[:] = 60 * (self._index % 4), 120, 80 * (self._index % 3)
        if level is not None:
            image[:] = 60, 120, level
        ids = np.zeros(shown.image.shape[:2], np.uint8)
        ids[:, : size[0] // 4] = 1
        mask = Mask(ids, self.classes)
        for output in (self.encoder, self.labelled_encoder):
            wants_it = output.wants is not Wants.FRAMES
            output.on_frame(Shown(shown, mask, mask, image if wants_it else None))

    def end(self) -> None:
        """Show no more pictures."""
        self.encoder.close()
        self.labelled_encoder.close()

    def say(self, **changes: Any) -> None:
        """Change what the report says."""
        self.said = replace(self.said, **changes)

    def report(self) -> Report:
        """Return what the test said."""
        return replace(self.said, classes=self.coverage.classes())

    def snapshot(self) -> Snapshot:
        """Return what the test counted."""
        return self.counted

    @property
    def answered_at_s(self) -> float | None:
        """Return the sign of life that the test gave."""
        return self.alive_at_s

    def history(self, after: int) -> Sequence[CoveragePoint]:
        """Return the coverage of the pictures given."""
        return self.coverage.history(after)

    def controls(self) -> Controls:
        """Return the controls."""
        return self.panel.snapshot()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change them."""
        self.panel.change(**changes)

    def try_now(self) -> None:
        """Note that somebody wants the endpoint asked at once."""
        self.retries += 1


@contextmanager
def served(
    *feeds: HandFeed,
    options: WebOptions | None = None,
    hangs_after_s: float = 8.0,
    beat: Beat | None = None,
    review: Review | None = None,
    phones: Phones | None = None,
) -> Iterator[PageServer]:
    """Serve a page with cameras; both end with the block."""
    options = options or WebOptions(port=0)
    with ExitStack() as stack:
        for feed in feeds:
            stack.callback(feed.end)
        inlet = next((feed.inlet for feed in feeds if feed.inlet is not None), None)
        server = PageServer(
            lambda: feeds,
            options,
            hangs_after_s=hangs_after_s,
            beat=beat,
            inlet=inlet,
            review=review,
            phones=phones,
        )
        yield stack.enter_context(server)


@contextmanager
def moving(*feeds: HandFeed, size: tuple[int, int] = (160, 90)) -> Iterator[None]:
    """Give cameras a new picture again and again."""
    ended = threading.Event()

    def move() -> None:
        while not ended.wait(0.04):
            for feed in feeds:
                feed.put(size)

    thread = threading.Thread(target=move)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def visited(
    feed: HandFeed, options: WebOptions | None = None, review: Review | None = None
) -> Iterator[httpx.Client]:
    """Serve a page with one camera, and yield somebody without cookies who asks it."""
    with (
        served(feed, options=options, review=review) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client,
    ):
        yield client


def with_log(feed: HandFeed, review: Review) -> EventLog:
    """Let a camera have its events in the list of all cameras; return its part."""
    feed.events = EventLog(review=review, camera=feed.name)
    return feed.events


def give_event(feed: HandFeed, folder: Path, picture: bytes) -> None:
    """Let a camera have an event that goes on, and the file `a.jpg` of it."""
    (folder / "a.jpg").write_bytes(picture)
    words = {"rule": "porch", "subject": "coverage", "time": "2026-11-23T15:51:00Z"}
    names = {**dict.fromkeys(("class", "coverage", "clip")), "snapshot": "a.jpg"}
    feed.events = EventLog(folder)
    feed.events.note({"id": "1", "kind": "begin", **words, **names})
