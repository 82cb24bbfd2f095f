"""Annotate all videos and images of a folder; what is done already is left out.

    python annotate_folder.py [INPUT_FOLDER [OUTPUT_FOLDER]]

Without arguments the sample beside this file is annotated into `annotated/`.
"""

import sys
from pathlib import Path

from livesegment import AnnotateOptions, annotate

HERE = Path(__file__).parent


def main(inputs: str | Path = HERE, outputs: str | Path = "annotated") -> int:
    """Annotate with the built-in person model; return how many inputs could not be finished."""
    options = AnnotateOptions(masks=str(outputs))
    report = annotate(inputs, outputs, options=options)
    for each in report.files:
        why = "" if each.error is None else f" ({each.error})"
        print(f"{each.source}: {each.outcome}, {each.frames} frames{why}")
    return len(report.unfinished)


if __name__ == "__main__":
    sys.exit(min(1, main(*sys.argv[1:3])))
