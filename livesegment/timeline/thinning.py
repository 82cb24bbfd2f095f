"""As much of a timeline as a page has room for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from livesegment.sinks.base import Role
from livesegment.timeline.kept import Timeline
from livesegment.timeline.series import Numbers, to_hundredths, whole


def thinned(timeline: Timeline, most_points: int, most_classes: int) -> dict[str, Any]:
    """Return the curves of a timeline for a page, in fewer points where there are too many.

    Args:
        timeline: What was kept.
        most_points: Of each class.
        most_classes: Those that cover most; the others have no curve.

    Returns:
        As JSON: `times`, `end`, `masked` (in how many frames of each point there is a mask), the
        counts of `roles`, and `classes` with their curves.
    """
    roles = {name: np.array(counts, float) for name, counts in timeline["roles"].items()}
    masked = sum((roles[role] for role in Role), np.zeros(len(timeline["times"])))
    step = max(1, -(-len(masked) // most_points))
    starts = np.arange(0, len(masked), step)
    return {
        "times": timeline["times"][::step],
        "end": timeline["end_s"],
        "masked": whole(np.add.reduceat(masked, starts)),
        "roles": {name: whole(np.add.reduceat(each, starts)) for name, each in roles.items()},
        "classes": [
            _thinned_class(each, masked, starts) for each in timeline["classes"][:most_classes]
        ],
    }


def _thinned_class(
    kept: Mapping[str, Any], masked: Numbers, starts: npt.NDArray[np.intp]
) -> dict[str, Any]:
    frames = np.maximum(np.add.reduceat(masked, starts), 1)

    def mean(name: str) -> Numbers:
        found: Numbers = np.add.reduceat(np.array(kept[name], float) * masked, starts) / frames
        return found

    low = np.where(masked > 0, kept["low"], np.inf)  # what has no mask has no least share
    lowest = np.minimum.reduceat(low, starts)
    return {
        **{name: kept[name] for name in ("name", "colour", "share", "peak", "most")},
        "mean": to_hundredths(mean("mean")),
        "low": to_hundredths(np.where(np.isinf(lowest), 0, lowest)),
        "high": to_hundredths(np.maximum.reduceat(np.array(kept["high"], float), starts)),
        "count": to_hundredths(mean("count")),
        "count_most": whole(np.maximum.reduceat(np.array(kept["count_most"], float), starts)),
    }
