"""Which part of an input is looked at, which way up, and how the output is laid out."""

import re
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

from livesegment.settings.group import Settings, option
from livesegment.settings.kinds import Kind, flag, number, size

Rotation = Literal[90, 180, 270]
"""Degrees, clockwise."""

_ROTATIONS: tuple[Rotation, ...] = (90, 180, 270)
_PART, _OUTPUT = "Part of a file", "Output"
_LONGEST_S = 1e7  # some four months
_LARGEST = 16_384  # pixels
_TIMECODE = re.compile(r"(?:(?:([0-9]{1,4}):)?([0-9]{1,2}):)?([0-9]{1,9}(?:\.[0-9]{1,9})?)")


def timecode(seconds: float) -> str:
    """Return a time as `HH:MM:SS`, with milliseconds if there are any."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    said = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{said}.{thousandths:03}" if thousandths else said


def _moment() -> Kind:
    phrase = "a time in seconds or as HH:MM:SS, such as 90, 1:30 or 00:01:30.5"

    def read(value: Any) -> float:
        if isinstance(value, str):
            value = _seconds(value.strip())
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= _LONGEST_S:
            raise ValueError(phrase)
        return float(value)

    schema = {"type": ["number", "string"]}
    return Kind("text", read, read, read, schema, "TIME")


def _seconds(written: str) -> float | None:
    """Return the seconds of a time as people write it; None if it is none."""
    match = _TIMECODE.fullmatch(written)
    if match is None:
        return None
    hours, minutes, seconds = (float(each or 0) for each in match.groups())
    has_minutes = match[2] is not None
    if (has_minutes and seconds >= 60) or (match[1] is not None and minutes >= 60):
        return None
    return hours * 3600 + minutes * 60 + seconds


def _rotation() -> Kind:
    def read(value: Any) -> Rotation:
        for degrees in _ROTATIONS:
            if type(value) is int and value == degrees:
                return degrees
        raise ValueError("one of 90, 180, 270")

    def parse(written: str) -> Rotation:
        return read(int(written) if written.isdecimal() and len(written) < 4 else written)

    words = tuple(map(str, _ROTATIONS))
    return Kind("choice", read, read, parse, {"enum": list(_ROTATIONS)}, "|".join(words), words)


@dataclass(frozen=True, slots=True)
class PartOptions(Settings):
    """Which frames of each input are looked at, and which way up.

    A part has the frames at `start_s` and after it, and before `end_s`, in the input's own time;
    they keep their numbers and times. The output's time 0 is `start_s`.

    Attributes:
        start_s: When it begins, in seconds; None: with the input.
        end_s: When it ends; None: with the input.
        fps: At most so many frames a second, the first of each period as counted from the input's
            time 0; None: all.
        rotate: By how many degrees the pictures are turned clockwise before anybody is asked about
            them; None: by none.

    Raises:
        OptionsError: If a value is out of range, or it ends before it begins.
    """

    start_s: float | None = option(
        None,
        _moment(),
        "Begin at this time of the input: seconds or HH:MM:SS.",
        flag="--start",
        group=_PART,
    )
    end_s: float | None = option(
        None,
        _moment(),
        "End before this time of the input.",
        flag="--end",
        group=_PART,
    )
    fps: float | None = option(
        None,
        number(0, 1000, "frames a second", above=True),
        "Take fewer frames a second, each at its own time.",
        flag="--fps",
        group=_PART,
    )
    rotate: Rotation | None = option(
        None,
        _rotation(),
        "Turn the pictures clockwise, before the model is asked.",
        flag="--rotate",
        group=_PART,
    )

    @property
    def leaves_out(self) -> bool:
        """Whether there are not all frames of the input."""
        return not (self.start_s is None and self.end_s is None and self.fps is None)

    @property
    def begins_s(self) -> float:
        """When it begins, in seconds of the input's time."""
        return self.start_s or 0.0

    def check(self) -> None:
        """Check that it ends after it begins."""
        end_s = self.end_s
        self.require(
            end_s is None or end_s > self.begins_s,
            "{end_s} is after {start_s}: "
            f"{timecode(end_s or 0.0)} is not after {timecode(self.begins_s)}",
            "end_s",
            "start_s",
        )


@dataclass(frozen=True, slots=True)
class LayoutOptions(Settings):
    """How an annotated picture is laid out in the output. Masks and exports are not changed.

    Attributes:
        size: (width, height) in pixels: pictures are as large as they can be within it, their
            shape kept; None: as large as the input's.
        side_by_side: Put the picture as it was to the left of the annotated one; what is hidden of
            one is hidden of both.

    Raises:
        OptionsError: If a value is out of range.
    """

    size: tuple[int, int] | None = option(
        None,
        size(_LARGEST, even=True),
        "Size of the output: as large as fits within, its shape kept.",
        flag="--size",
        group=_OUTPUT,
    )
    side_by_side: bool = option(
        False,
        flag(),
        "Show the original to the left of the annotated picture.",
        flag="--side-by-side",
        group=_OUTPUT,
    )

    @property
    def changes_pictures(self) -> bool:
        """Whether the output's pictures are laid out otherwise than the input's."""
        return self.size is not None or self.side_by_side
