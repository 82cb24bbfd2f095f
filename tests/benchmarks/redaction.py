"""How much redaction shows of a moving camera's pictures, and whether anything leaks.

Sequences of the DAVIS layout, whose object is hidden in black. True masks come 300 ms late, and
one call in nine is lost; `delay` shows a picture with the newest mask about it or an earlier one,
`warp` at once, with what has arrived by then::

    python tests/benchmarks/redaction.py --davis DIR [--sequences NAMES] [--in-flight N]

For each sequence, as it was filmed and with its object painted over in one colour, which motion is
hard to tell of, it prints how many pictures are shown rather than hidden whole, how much of those
can be seen, and the most of any picture that leaked: pixels of the object that are not black.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from sequences import FPS, Sequence, load, names_in

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.redaction.redactor import Redactor
from livesegment.settings import RedactOptions

LATENCY_S = 0.3
LOST = 9
IN_FLIGHT = 4
TTL_S = 2.0
PAINT = (60, 170, 40)
ALIGNMENTS = ("delay", "warp")


@dataclass
class Outcome:
    """What became of the pictures of one sequence.

    Attributes:
        pictures: From the first that has a mask on.
        shown: Of these, not hidden whole.
        seen: The share of each picture shown that can be seen.
        leaked: The most of any picture that leaked, 0 to 1.
        ms: What each picture took the redactor.
    """

    pictures: int = 0
    shown: int = 0
    seen: float = 0.0
    leaked: float = 0.0
    ms: float = 0.0


def painted(sequence: Sequence) -> Sequence:
    """Return a sequence whose object has one colour, with a soft edge as of a camera."""
    frames = []
    for frame, mask in zip(sequence.frames, sequence.masks, strict=True):
        share = cv2.GaussianBlur(mask.class_ids.astype(np.float32), (3, 3), 0)[..., None]
        image = (frame.image * (1 - share) + np.array(PAINT) * share).astype(np.uint8)
        frames.append(Frame(image, frame.index, frame.pts_s, frame.captured_at_s))
    return Sequence(f"{sequence.name}, painted", frames, sequence.masks)


def asked(count: int, in_flight: int) -> Iterator[int]:
    """Yield the frames whose masks come: calls spread evenly, without those that are lost."""
    apart = max(1.0, LATENCY_S * FPS / in_flight)
    for number in range(int(count / apart) + 1):
        index = round(number * apart)
        if number % LOST != LOST - 1 and index < count:
            yield index


def run(sequence: Sequence, align: str, in_flight: int = IN_FLIGHT) -> Outcome:
    """Redact a sequence as `live` does."""
    outcome, aligner = Outcome(), MaskAligner(max_age_s=TTL_S)
    redactor = Redactor(RedactOptions(frozenset({"object"}), "black"), TTL_S)
    answered = list(asked(len(sequence.frames), in_flight))
    late = LATENCY_S * FPS if align == "warp" else 0.0
    for frame, truth in zip(sequence.frames, sequence.masks, strict=True):
        arrived = [index for index in answered if index + late <= frame.index]
        said: Mask | None = sequence.masks[arrived[-1]] if arrived else None
        aligner.observe(frame)
        age_s = 0.0 if said is None else (frame.index - said.frame_index) / FPS
        drawn = None if said is None else aligner.align(said)
        began_s = time.thread_time()
        leaving = redactor.leave(frame, said, drawn, age_s)
        outcome.ms += 1000 * (time.thread_time() - began_s)
        visible = leaving.frame.image.any(axis=2)
        outcome.leaked = max(outcome.leaked, float((visible & (truth.class_ids == 1)).mean()))
        if said is not None:
            outcome.pictures += 1
            outcome.shown += not leaving.is_whole
            outcome.seen += 0.0 if leaving.is_whole else float(visible.mean())
    outcome.seen /= max(1, outcome.shown)
    outcome.ms /= len(sequence.frames)
    return outcome


Found = dict[str, dict[str, Outcome]]
"""What became of each sequence, by its name and by the alignment."""


def measure(davis: Path, names: list[str], in_flight: int) -> Iterator[Found]:
    """Yield what became of each sequence, as it was filmed and painted."""
    for name in names:
        filmed = load(davis, name)
        for sequence in (filmed, painted(filmed)):
            yield {sequence.name: {each: run(sequence, each, in_flight) for each in ALIGNMENTS}}


def _row(name: str, by_align: dict[str, list[Outcome]]) -> dict[str, object]:
    row: dict[str, object] = {"": name}
    for align, outcomes in by_align.items():
        shown, pictures = (sum(getattr(o, key) for o in outcomes) for key in ("shown", "pictures"))
        row[f"shown, `{align}`"] = f"{100 * shown / max(1, pictures):.0f}%"
        seen = sum(each.seen * each.shown for each in outcomes) / max(1, shown)
        row[f"seen of these, `{align}`"] = f"{100 * seen:.0f}%"
        row[f"most leaked, `{align}`"] = f"{100 * max(each.leaked for each in outcomes):.3f}%"
        row[f"ms, `{align}`"] = round(float(np.mean([each.ms for each in outcomes])), 1)
    return row


def rows(found: Iterator[Found]) -> Iterator[dict[str, object]]:
    """Yield a row for each sequence, and one for all."""
    total: dict[str, list[Outcome]] = {align: [] for align in ALIGNMENTS}
    for each in found:
        for name, outcomes in each.items():
            yield _row(name, {align: [outcome] for align, outcome in outcomes.items()})
            for align, outcome in outcomes.items():
                total[align].append(outcome)
    yield _row("all", total)


def tables(quick: bool = False, media: str = "") -> dict[str, list[dict[str, object]]]:
    """Return how much is shown of each sequence, and how much leaked."""
    davis = Path(media) / "davis"
    names = names_in(davis)
    return {"redaction": list(rows(measure(davis, names[:1] if quick else names, IN_FLIGHT)))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = Path(__file__).parents[3] / "shared" / "davis"
    parser.add_argument("--davis", type=Path, default=default)
    parser.add_argument("--sequences", help="comma-separated names; all by default")
    parser.add_argument("--in-flight", type=int, default=IN_FLIGHT)
    given = parser.parse_args()
    names = given.sequences.split(",") if given.sequences else names_in(given.davis)
    for row in rows(measure(given.davis, names, given.in_flight)):
        print("; ".join(f"{key} {value}".strip() for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
