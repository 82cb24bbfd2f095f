"""What was measured over a film of any length, in a bounded number of points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from livesegment.sinks.base import Role
from livesegment.timeline.measuring import Measured

MOST_POINTS = 2000
"""Of a class, at the most; from half of them on, where there are as many frames."""

ROLES = (*Role, "none")
"""Where masks come from, in the order in which they are counted; the last: there is none."""

Numbers = npt.NDArray[np.float64]

# Rows of a curve's numbers: sums and bounds over the frames of each point.
_SUM, _LOW, _HIGH, _COUNTED, _MOST, _SEEN = range(6)


@dataclass(slots=True)
class Curve:
    """One class over time.

    Attributes:
        colour: Of the class, `#rrggbb`.
        numbers: For each point the sum of the shares, their least and greatest, the sum of the
            counts, the greatest of them, and in how many frames the class was seen: (6, points).
        peak: The greatest share of a frame.
        peak_s: When that was.
        sure: Sum of the confidences, of as many frames as
        told: had one.
    """

    colour: str
    numbers: Numbers = field(default_factory=lambda: _empty(MOST_POINTS))
    peak: float = 0.0
    peak_s: float = 0.0
    sure: float = 0.0
    told: int = 0

    def add(self, point: int, pts_s: float, measured: Measured) -> None:
        """Take in a frame that shows the class."""
        at = self.numbers[:, point]
        at[_SUM] += measured.share
        at[_LOW] = min(at[_LOW], measured.share)
        at[_HIGH] = max(at[_HIGH], measured.share)
        at[_COUNTED] += measured.count
        at[_MOST] = max(at[_MOST], measured.count)
        at[_SEEN] += 1
        if measured.share > self.peak:
            self.peak, self.peak_s = measured.share, pts_s
        if measured.confidence is not None:
            self.sure += measured.confidence
            self.told += 1


class Series:
    """Takes in frames in order. Where there are too many for a point each, several share one.

    Attributes:
        frames: How many there are.
        frame_size: (width, height) of the last one.
        counted: What is counted: `instances`, `regions`; empty: nothing was.
        curves: What there is of each class, by its name.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.frame_size = (0, 0)
        self.counted = ""
        self.curves: dict[str, Curve] = {}
        self._step = 1
        self._end_s = 0.0
        self._times = np.zeros(MOST_POINTS)
        self._roles = np.zeros((len(ROLES), MOST_POINTS))

    def add(
        self, pts_s: float, role: Role | None, found: Sequence[Measured], colours: Mapping[int, str]
    ) -> None:
        """Take in the next frame.

        Args:
            pts_s: Its media time in seconds.
            role: Where its mask comes from; None: it has none.
            found: The classes that it shows.
            colours: Of the classes, `#rrggbb` by their ids.
        """
        if self.frames == MOST_POINTS * self._step:
            self._fold()
        point, is_first = divmod(self.frames, self._step)
        if is_first == 0:
            self._times[point] = pts_s
        self.frames += 1
        self._end_s = pts_s
        self._roles[ROLES.index("none" if role is None else role), point] += 1
        for each in found:
            if each.name not in self.curves:
                self.curves[each.name] = Curve(colours[each.class_id])
            self.curves[each.name].add(point, pts_s, each)
            self.counted = each.counted

    def _fold(self) -> None:
        """Have each two points share one."""
        self._step *= 2
        half = MOST_POINTS // 2
        self._times[:half] = self._times[::2]
        self._roles = _folded(self._roles)
        for curve in self.curves.values():
            numbers = _folded(curve.numbers)
            for row, extreme in ((_LOW, np.minimum), (_HIGH, np.maximum), (_MOST, np.maximum)):
                pairs = curve.numbers[row]
                numbers[row, :half] = extreme(pairs[::2], pairs[1::2])
            numbers[_LOW, half:] = np.inf
            curve.numbers = numbers

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types; shares in ten-thousandths, classes by their mean share."""
        points = -(-self.frames // self._step)
        roles = self._roles[:, :points]
        masked = roles[:-1].sum(axis=0)
        classes = [
            _curve_as_json(name, curve, curve.numbers[:, :points], masked)
            for name, curve in self.curves.items()
        ]
        return {
            "frame_size": list(self.frame_size),
            "frames": self.frames,
            "counted": self.counted,
            "times": [round(float(each), 3) for each in self._times[:points]],
            "end_s": round(self._end_s, 3),
            "roles": {name: whole(row) for name, row in zip(ROLES, roles, strict=True)},
            "classes": sorted(classes, key=lambda each: -each["share"]),
        }


def _empty(points: int) -> Numbers:
    numbers = np.zeros((6, points))
    numbers[_LOW] = np.inf
    return numbers


def _folded(numbers: Numbers) -> Numbers:
    """Return sums of each two neighbours, followed by as many zeros."""
    folded = np.zeros_like(numbers)
    folded[:, : numbers.shape[1] // 2] = numbers[:, ::2] + numbers[:, 1::2]
    return folded


def _curve_as_json(name: str, curve: Curve, numbers: Numbers, masked: Numbers) -> dict[str, Any]:
    frames = np.maximum(masked, 1)
    # In a frame that has a mask and not the class, its share and its count are 0.
    low = np.where(numbers[_SEEN] < masked, 0.0, np.where(masked > 0, numbers[_LOW], 0.0))
    total = float(max(1.0, masked.sum()))
    return {
        "name": name,
        "colour": curve.colour,
        "frames": int(numbers[_SEEN].sum()),
        "share": round(float(numbers[_SUM].sum()) / total, 6),
        "peak": round(curve.peak, 6),
        "peak_s": round(curve.peak_s, 3),
        "most": int(numbers[_MOST].max(initial=0)),
        "confidence": round(curve.sure / curve.told, 3) if curve.told else None,
        "mean": to_hundredths(10_000 * numbers[_SUM] / frames),
        "low": to_hundredths(10_000 * low),
        "high": to_hundredths(10_000 * numbers[_HIGH]),
        "count": to_hundredths(numbers[_COUNTED] / frames),
        "count_most": whole(numbers[_MOST]),
    }


def to_hundredths(numbers: Numbers) -> list[float]:
    """Return them so that shares are as exact as in a table: what is rounded twice may differ."""
    return [round(float(each), 2) for each in numbers]


def whole(numbers: Numbers) -> list[int]:
    """Return them as whole numbers."""
    return [int(each) for each in np.rint(numbers)]
