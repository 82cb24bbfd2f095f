"""The newest events of one camera, as the page lists them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from livesegment.review.entry import Noted
from livesegment.review.query import Wanted
from livesegment.review.reading import Places
from livesegment.review.review import Review

_MOST = 50
_LISTED = (
    *("id", "rule", "subject", "class", "coverage", "count", "counted"),
    *("began", "snapshot", "clip", "goes_on"),
)


class EventLog:
    """One camera's part of the list of all events. All methods may be called from any thread.

    Args:
        folder: Where snapshots and clips are, for a list of its own; None: there are none.
        review: The list of all cameras, which stays the caller's to close; None: one of its own.
        camera: What the camera is called there.
    """

    def __init__(
        self, folder: Path | None = None, *, review: Review | None = None, camera: str = "camera"
    ) -> None:
        self._camera = camera
        if review is None:
            review = Review()
            review.keep_to([Places(camera, clips=folder)])
        self._review = review

    @property
    def revision(self) -> int:
        """A number that rises with every change."""
        return self._review.index.revision(self._camera)

    def note(self, event: Mapping[str, Any]) -> None:
        """Take an event as `events.event.Event.fields` has it."""
        noted = Noted.of(event)
        if noted is not None:
            self._review.index.note(self._camera, noted)

    def end_all(self) -> None:
        """Note that nobody watches any more, so that what went on is not known further."""
        self._review.index.end_all(self._camera)

    def recent(self) -> list[dict[str, Any]]:
        """Return the events, newest first.

        `ended` is None while one goes on; where nobody saw its end, it is `began`: what is known of
        it. `is_recorded` tells whether its moment is in the camera's recording.
        """
        found = self._review.index.entries(Wanted([self._camera], "event", most=_MOST))
        return [
            {
                **{name: each[name] for name in _LISTED},
                "is_recorded": self._review.recording_at(self._camera, each["began_s"]) is not None,
                "ended": None if each["goes_on"] else each["ended"] or each["began"],
            }
            for each in found
        ]

    def file(self, name: str, *, is_partial: bool = False) -> Path | None:
        """Return a snapshot or clip that an event names, as `Review.event_file` does."""
        return self._review.event_file(self._camera, name, is_partial=is_partial)
