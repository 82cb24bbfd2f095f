"""What a mask file knows about the pictures its masks are of."""

import json
from dataclasses import asdict, dataclass
from typing import Self

import cv2
import numpy as np

from livesegment.frame import Frame

_ACROSS, _DOWN = 9, 8
_MOST_BITS = 10  # of 64: pictures that differ by no more are taken for one
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class SourceMark:
    """By what a source is known again.

    Attributes:
        name: What people call it; no credentials.
        width: Of its first picture, in pixels.
        height: Likewise.
        first: What its first picture looks like, 64 bits: whether each of 9x8 areas is darker than
            the one to its right. Nothing else of it can be told from that. Source: the difference
            hash, Krawetz, "Kind of Like That", 2013.
        frames: How many pictures it says it has; None: it does not say.
        rotation: By how many degrees its pictures were turned clockwise before all else.
    """

    name: str
    width: int
    height: int
    first: int
    frames: int | None = None
    rotation: int = 0

    @classmethod
    def of(cls, name: str, first: Frame, frames: int | None, rotation: int = 0) -> Self:
        """Return the mark of a source with a first picture, which has been turned."""
        small = cv2.resize(first.image, (_ACROSS, _DOWN), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        bits = np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes()
        width, height = first.frame_size
        return cls(name[:_LONGEST_NAME], width, height, int.from_bytes(bits), frames, rotation)

    def is_of(self, other: "SourceMark") -> bool:
        """Tell whether two marks may be of one source."""
        alike = ((each.width, each.height, each.rotation) for each in (self, other))
        return len(set(alike)) == 1 and (self.first ^ other.first).bit_count() <= _MOST_BITS

    def written(self) -> str:
        """Return it as a text that `read` understands."""
        said = asdict(self)
        if not self.rotation:
            del said["rotation"]  # earlier versions know nothing of it
        return json.dumps(said)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return what `written` gave; None where it is anything else."""
        try:
            fields = json.loads(text)
            mark = cls(**fields)
        except (ValueError, RecursionError, TypeError):
            return None
        numbers = (mark.width, mark.height, mark.first, mark.frames or 0, mark.rotation)
        is_mark = isinstance(mark.name, str) and all(
            type(each) is int and each >= 0 for each in numbers
        )
        return mark if is_mark else None

    def __str__(self) -> str:
        """Return it in words, with nothing in its name that cannot be printed."""
        name = self.name if self.name.isprintable() else ascii(self.name)
        frames = "" if self.frames is None else f", {self.frames} frames"
        turned = f", turned by {self.rotation} degrees" if self.rotation else ""
        return f"{name[:_LONGEST_NAME]} ({self.width}x{self.height}{frames}{turned})"
