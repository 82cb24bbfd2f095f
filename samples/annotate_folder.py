"""Annotate every video of a folder; those that are done already are left out.

    python annotate_folder.py [INPUT_FOLDER [OUTPUT_FOLDER]]

Without arguments the sample beside this file is annotated into `annotated/`.
"""

import sys
from pathlib import Path

from livesegment import AnnotateOptions, LiveSegmentError, OutputExists, annotate

HERE = Path(__file__).parent


def main(inputs: str | Path = HERE, outputs: str | Path = "annotated") -> int:
    """Annotate with the built-in person model; return how many videos failed."""
    folder, failed = Path(outputs), 0
    folder.mkdir(parents=True, exist_ok=True)
    for video in sorted(Path(inputs).glob("*.mp4")):
        options = AnnotateOptions(masks=str(folder / f"{video.stem}.masks.mkv"))
        try:
            report = annotate(video, folder / video.name, options=options)
        except OutputExists:
            print(f"{video.name}: done before")
        except LiveSegmentError as error:
            # One video that cannot be read is no reason to leave out the rest.
            print(f"{video.name}: {error}")
            failed += 1
        else:
            print(f"{video.name}: {report.frames} frames")
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main(*sys.argv[1:3])))
