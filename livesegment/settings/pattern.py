"""How a drawn scene is written: `pattern:[WIDTHxHEIGHT][@FPS][:FRAMES][?latency=MS]`."""

import re
from dataclasses import dataclass
from typing import Self

from livesegment.errors import OptionsError
from livesegment.settings.group import require
from livesegment.settings.option import quoted

_MOST_LATENCY_S = 10.0
_NUMBER = r"[0-9]{1,9}"
_FORM = re.compile(
    rf"pattern:(?:(?P<width>{_NUMBER})x(?P<height>{_NUMBER}))?"
    rf"(?:@(?P<fps>{_NUMBER}(?:\.{_NUMBER})?))?(?::(?P<frames>{_NUMBER}))?"
    r"(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_LATENCY = re.compile(rf"latency=(?P<ms>{_NUMBER}(?:\.{_NUMBER})?)")


@dataclass(frozen=True, slots=True)
class PatternForm:
    """What is to be drawn; known without drawing anything.

    Attributes:
        frame_size: (width, height) in pixels.
        fps: Frames a second.
        frame_count: Length; None: endless.
        latency_s: How late its masks come, at most 10 s; None: as late as fits the command.

    Raises:
        OptionsError: If a value is out of range.
    """

    frame_size: tuple[int, int] = (640, 480)
    fps: float = 30.0
    frame_count: int | None = None
    latency_s: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        require(
            min(self.frame_size) >= 16 and max(self.frame_size) <= 4096,
            "a pattern has 16 to 4096 pixels a side",
        )
        require(0 < self.fps <= 1000, "a pattern has above 0 and at most 1000 frames a second")
        require(
            self.frame_count is None or self.frame_count > 0, "a pattern has at least one frame"
        )
        require(
            self.latency_s is None or 0 <= self.latency_s <= _MOST_LATENCY_S,
            f"a pattern's latency is from 0 to {1000 * _MOST_LATENCY_S:.0f} ms",
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what a text means.

        Raises:
            OptionsError: If it has another form.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise OptionsError(
                f"{quoted(text)} is not of the form pattern:640x480@30:FRAMES?latency=MS"
            )
        size = (int(match["width"]), int(match["height"])) if match["width"] else (640, 480)
        frames = int(match["frames"]) if match["frames"] else None
        return cls(size, float(match["fps"] or 30), frames, _latency_s(match["query"]))


def _latency_s(query: str | None) -> float | None:
    if query is None:
        return None
    match = _LATENCY.fullmatch(query)
    if match is None:
        raise OptionsError(
            "behind the '?' of a pattern stands latency=MS, such as pattern:?latency=300,"
            f" not {quoted(query)}"
        )
    return float(match["ms"]) / 1000
