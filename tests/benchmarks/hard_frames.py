"""Whether the frames that `--export-uncertain` chooses have worse masks than others.

Sequences laid out as DAVIS 2016 is, in which the object is a person, are segmented by the built-in
model, every frame, or one in 4 as with `--every 4`, and some of the frames that it was asked about
are chosen::

    python tests/benchmarks/hard_frames.py --davis DIR [--count 5] [--picture OUT.png]

It prints J of the model's masks against the truth: over all of those frames, which is what frames
chosen by chance have on average; over frames at equal steps; over those chosen by what the model
says of itself (`unsure`); over those chosen without that, by the motion (`disagrees`); and over the
worst there are, which only the truth tells. The picture shows the frames that are chosen, a row for
each way.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from pictures import draw, stacked
from sequences import Ids, Sequence, load

from livesegment import BuiltinSegmenter
from livesegment.annotate.choice import Hardest
from livesegment.sinks.base import Annotated, Role

PERSONS = ("breakdance-flare", "dance-twirl", "hike", "scooter-gray", "stroller")
STEPS = (1, 4)
COUNT = 5
WAYS = {
    "all": "all, as by chance",
    "steps": "at equal steps",
    "unsure": "`--export-uncertain`, the model says how sure it is",
    "disagrees": "`--export-uncertain`, it does not",
    "worst": "the worst there are",
}


@dataclass(frozen=True)
class Chosen:
    """What one sequence came to.

    Attributes:
        sequence: The frames, with the model's masks.
        similarities: J of each.
        places: Which frames each way chooses.
    """

    sequence: Sequence
    similarities: list[float]
    places: dict[str, list[int]]

    def mean(self, way: str) -> float:
        """Return the mean J of what a way chooses."""
        return float(np.mean([self.similarities[place] for place in self.places[way]]))


def chosen_by(sequence: Sequence, step: int, count: int, *, says: bool) -> list[int]:
    """Return the places of the frames that are chosen, with or without the model's certainty."""
    choice = Hardest(count)
    for place, (frame, mask) in enumerate(zip(sequence.frames, sequence.masks, strict=True)):
        seen = mask if says else replace(mask, certainty=None)
        role = Role.CARRIED if place % step else Role.ASKED
        choice.consider(Annotated(frame, seen, frame.image, role=role))
    return sorted(choice.settled())


def choose(root: Path, name: str, step: int, count: int) -> Chosen:
    """Segment a sequence and choose frames of it."""
    true = load(root, name)
    with BuiltinSegmenter() as segmenter:
        found = Sequence(name, true.frames, [segmenter.segment(frame) for frame in true.frames])
    pairs = zip(true.masks, found.masks, strict=True)
    similarities = [truth.similarity(mask, 1) for truth, mask in pairs]
    asked = list(range(0, len(true.frames), step))
    places = {
        "all": asked,
        "steps": [asked[round(each)] for each in np.linspace(0, len(asked) - 1, count)],
        "unsure": chosen_by(found, step, count, says=True),
        "disagrees": chosen_by(found, step, count, says=False),
        "worst": sorted(asked, key=lambda place: similarities[place])[:count],
    }
    return Chosen(found, similarities, places)


def drawn(chosen: Chosen) -> Ids:
    """Return the chosen frames with the model's masks, a row for each way."""
    frames, masks = chosen.sequence.frames, chosen.sequence.masks
    found = chosen.similarities
    rows = [
        np.hstack([draw(frames[i].image, masks[i], f"{way}: J {found[i]:.2f}") for i in places])
        for way, places in chosen.places.items()
        if way in ("steps", "unsure", "disagrees")
    ]
    return np.vstack(rows)


def tables(quick: bool = False, media: str = "") -> dict[str, list[dict[str, object]]]:
    """Return J of the frames chosen, by sequence and way, and with one call in 4 frames."""
    cv2.setNumThreads(1)
    names = PERSONS[:2] if quick else PERSONS
    found = {
        (step, name): choose(Path(media) / "davis", name, step, COUNT)
        for step in STEPS
        for name in names
    }
    rows: list[dict[str, object]] = []
    for way, title in WAYS.items():
        row: dict[str, object] = {f"J of {COUNT} frames": title}
        row |= {name: round(found[1, name].mean(way), 3) for name in names}
        for step, column in zip(STEPS, ("mean", "mean, one call in 4"), strict=True):
            row[column] = round(float(np.mean([found[step, each].mean(way) for each in names])), 3)
        rows.append(row)
    return {"hard frames": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--davis", type=Path, required=True, help="folder of the DAVIS layout")
    parser.add_argument("--count", type=int, default=COUNT, help="frames to choose of each")
    parser.add_argument("--picture", type=Path, help="write those of the first sequence here")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    for step in STEPS:
        print(f"\none call in {step}" + "".join(f"{way:>12}" for way in WAYS))
        means: dict[str, list[float]] = {way: [] for way in WAYS}
        for name in PERSONS:
            chosen = choose(given.davis, name, step, given.count)
            for way, found in means.items():
                found.append(chosen.mean(way))
            print(f"{name:17}" + "".join(f"{found[-1]:12.3f}" for found in means.values()))
            if given.picture and step == 1 and name == PERSONS[0]:
                cv2.imwrite(str(given.picture), stacked([drawn(chosen)]))
        print(f"{'mean':17}" + "".join(f"{np.mean(found):12.3f}" for found in means.values()))


if __name__ == "__main__":
    main()
