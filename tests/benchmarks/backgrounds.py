"""What another background costs a picture, on one thread, in units of one `cv2.addWeighted`.

The unit is measured in the same run, by turns with what is compared to it; a figure is the median
of the ratios. Persons and frames are those of `blending.py`, with the edges of a model of 256x256,
which are refined; each picture is new, as what leaves a run is. Run it on an idle machine::

    python tests/benchmarks/backgrounds.py [--clip FILE] [--check]
"""

import argparse
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from blending import CLIP, MODEL_SIDE, PICTURES, SIZES, person_scene, timed, unit_of_work

from livesegment.redaction.backdrop import Backdrop, Still
from livesegment.redaction.trust import Trusted

BOUND = 6.6  # 4 ms at 720p where addWeighted takes 0.61
OWN = Trusted(None, 4, 1)


def measure(clip: Path, size: tuple[int, int], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median ms and times of the unit that each background takes."""
    pairs = [
        (frame, replace(mask, grain=max(size) / MODEL_SIDE))
        for frame, mask in person_scene(clip, size).pairs
    ]
    beach = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    backdrops = {
        "a colour": Backdrop(Still(np.full((2, 2, 3), 90, np.uint8))),
        "a picture": Backdrop(Still(beach)),
        "the room, blurred": Backdrop(None),
    }
    seconds: dict[str, list[float]] = {name: [] for name in backdrops}
    ratios: dict[str, list[float]] = {name: [] for name in backdrops}
    left = []
    for number in range(-PICTURES, rounds):
        frame, mask = pairs[number % PICTURES]
        unit = unit_of_work(frame.image, pairs[(number + 1) % PICTURES][0].image)
        unit_s = statistics.median(timed(unit) for _ in range(3))
        for name, backdrop in backdrops.items():
            cost_s = timed(lambda: left.append(backdrop.before(frame, mask, mask, OWN, None)))  # noqa: B023
            del left[:-4]  # as long as outputs keep some
            if number >= 0:
                seconds[name].append(cost_s)
                ratios[name].append(cost_s / unit_s)
    return {
        name: (1000 * statistics.median(seconds[name]), statistics.median(ratios[name]))
        for name in backdrops
    }


def tables(quick: bool) -> list[dict[str, Any]]:
    """Return the rows of the benchmarks' README."""
    cv2.setNumThreads(1)
    found = measure(CLIP, SIZES[0], 40 if quick else 200)
    return [
        {"behind": name, "times addWeighted, 720p": round(times, 1)}
        for name, (_, times) in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, default=CLIP, help="video of people")
    parser.add_argument("--check", action="store_true", help="exit 1 if 720p exceeds the bound")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    worst = 0.0
    for size in SIZES:
        for name, (ms, times) in measure(options.clip, size, 100).items():
            print(f"{size[0]}x{size[1]} {name:20}{ms:8.2f} ms{times:7.2f} times", flush=True)
            worst = max(worst, times) if size == SIZES[0] else worst
    sys.exit(1 if worst > BOUND and options.check else 0)


if __name__ == "__main__":
    main()
