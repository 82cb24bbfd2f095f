"""A camera whose pictures come from the page itself: what the page knows of it."""

from collections.abc import Callable
from typing import Protocol


class Sender(Protocol):
    """One page that sends its camera's pictures. For any thread; nothing waits."""

    def put(self, content: bytes, answer: Callable[[str | None], None]) -> None:
        """Take a picture, a JPEG or WebP file.

        Args:
            content: The file.
            answer: Told once, from any thread: None when the next picture is welcome; else a
                sentence, why this one is not taken.
        """

    def leave(self) -> None:
        """Send no more. May be called twice."""


class Inlet(Protocol):
    """Where a page's pictures go in. For any thread; nothing waits."""

    @property
    def max_side(self) -> int:
        """Longest side of a picture, in pixels."""

    @property
    def most_bytes(self) -> int:
        """Bytes of a picture's file, at the most."""

    @property
    def is_taken(self) -> bool:
        """Whether somebody sends, so that nobody else is admitted."""

    def answer_taken(self) -> None:
        """Answer the pictures that were read until now: the next ones are welcome."""

    def admit(self) -> Sender | None:
        """Let somebody send, until it leaves; None while somebody else does."""
