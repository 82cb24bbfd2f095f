"""Bring a sink of your own: print once a second how much of the picture each class covers.

    python own_sink.py [SOURCE]

SOURCE is a camera number, a video or an address; without it the sample beside this file.
"""

import sys
from pathlib import Path

from livesegment import Annotated, LiveOptions, Sink, live

SAMPLE = str(Path(__file__).with_name("sample.mp4"))


class CoverageLines(Sink):
    """Prints the mean share of every class over each second of the source's time."""

    def __init__(self) -> None:
        self._second = 0
        self._pictures = 0
        self._sums: dict[str, float] = {}

    def write(self, picture: Annotated) -> None:
        """Add one picture; pictures come in order, from one thread."""
        second = int(picture.frame.pts_s)
        if second > self._second:
            self.commit()
            self._second = second
        if picture.mask is None:
            return
        self._pictures += 1
        for class_id, share in picture.mask.coverage().items():
            name = picture.mask.class_name(class_id)
            self._sums[name] = self._sums.get(name, 0.0) + share

    def commit(self) -> None:
        """Print the second that is not over yet, when the source ends."""
        shares = [f"{name} {total / self._pictures:.0%}" for name, total in self._sums.items()]
        if shares:
            print(f"{self._second:3d} s  {', '.join(shares)}", flush=True)
        self._pictures = 0
        self._sums.clear()


def main(source: str = SAMPLE, options: LiveOptions | None = None) -> None:
    """Run without a window until the source ends."""
    live(source, sinks=[CoverageLines()], options=options or LiveOptions(window=False))


if __name__ == "__main__":
    main(*sys.argv[1:2])
