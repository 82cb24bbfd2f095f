"""How long it takes from the command to a picture.

Times `livesegment live sample:` until its window has a picture with a mask, and `livesegment
annotate sample:` until its first frame is written, both with the built-in model; by turns, beside
a program of a few lines that shows the first picture and does nothing else, and beside other
checkouts::

    python tests/benchmarks/starting.py [--runs N] [--beside CHECKOUT ...]

The window needs a display, as Xvfb is one; without it `live` is left out.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[2]
SAMPLE = HERE / "livesegment" / "sources" / "sample.mp4"

_STAMPED = """
import importlib.util, os, sys, time

class Stamps:
    # Patches a module when it is imported, and not before: that would change what is measured.
    def find_spec(self, name, path, target=None):
        if name != {module!r}:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module
        def execute_and_patch(module):
            execute(module)
            patch(module)
        spec.loader.exec_module = execute_and_patch
        return spec

def arrived():
    os.write(1, b"%.6f %.6f" % (time.monotonic(), time.process_time()))
    os._exit(0)

{patch}

sys.meta_path.insert(0, Stamps())
sys.argv = ["livesegment", *sys.argv[1:]]
from livesegment.cli import main
main()
"""

_WINDOW = """
def patch(module):
    on_frame, on_tick = module.Window.on_frame, module.Window.on_tick
    seen = []
    def noted(self, shown):
        on_frame(self, shown)
        if shown.mask is not None:
            seen.append(shown)
    def ticked(self):
        on_tick(self)
        if seen:
            arrived()
    module.Window.on_frame, module.Window.on_tick = noted, ticked
"""

_WRITTEN = """
def patch(module):
    write = module.VideoFileSink.write
    def written(self, annotated):
        write(self, annotated)
        arrived()
    module.VideoFileSink.write = written
"""

_BARE = """
import os, sys, time
import cv2
read, image = cv2.VideoCapture(sys.argv[1]).read()
if len(sys.argv) > 2:
    cv2.namedWindow("bare", cv2.WINDOW_NORMAL | cv2.WINDOW_GUI_NORMAL)
    cv2.imshow("bare", image)
    cv2.pollKey()
os.write(1, b"%.6f %.6f" % (time.monotonic(), time.process_time()))
os._exit(0)
"""

_LIVE = _STAMPED.format(module="livesegment.sinks.window", patch=_WINDOW)
_ANNOTATE = _STAMPED.format(module="livesegment.sinks.video_file", patch=_WRITTEN)


@dataclass(frozen=True, slots=True)
class Took:
    """What a program took until it was there.

    Attributes:
        wall_s: Seconds from its start.
        cpu_s: Seconds of all its threads.
    """

    wall_s: float
    cpu_s: float


def started(program: str, words: Sequence[str], compiled: str, checkout: Path = HERE) -> Took:
    """Start a program and wait until it says that it is there.

    Args:
        program: Python.
        words: Its arguments.
        compiled: A folder for compiled modules: as if the checkout was installed, none is compiled
            the second time.
        checkout: Where `livesegment` is.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=environment,
        cwd=compiled,  # of -c, Python looks for modules where it is first
        capture_output=True,
        timeout=300,  # the first time compiles, whatever else the machine does
        check=True,
    )
    now_s, cpu_s = map(float, done.stdout.split())
    return Took(now_s - began_s, cpu_s)


def measure(runs: int = 9, checkouts: Sequence[Path] = (HERE,)) -> dict[str, list[Took]]:
    """Return what it takes until the first picture, in the quickest of some runs.

    Args:
        runs: How often each is started, by turns; a first time, which compiles, is not counted.
        checkouts: The folders of the program, side by side.

    Returns:
        The baseline and what each checkout takes, in their order, by what is started.
    """
    has_window = bool(os.environ.get("DISPLAY"))
    took: dict[tuple[str, int], list[Took]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(runs + 1):
            now = {("annotate", 0): started(_BARE, [str(SAMPLE)], folder)}
            if has_window:
                now["live", 0] = started(_BARE, [str(SAMPLE), "window"], folder)
            for place, each in enumerate(checkouts, start=1):
                output = str(Path(folder) / f"{turn}-{place}.mp4")
                words = ["annotate", "sample:", "-o", output]
                now["annotate", place] = started(_ANNOTATE, words, folder, each)
                if has_window:
                    now["live", place] = started(_LIVE, ["live", "sample:"], folder, each)
            if turn > 0:
                for key, one in now.items():
                    took.setdefault(key, []).append(one)
    return {
        name: [_least(took[name, place]) for place in range(len(checkouts) + 1)]
        for name in ("live", "annotate")
        if (name, 0) in took
    }


def _least(took: Sequence[Took]) -> Took:
    return Took(min(each.wall_s for each in took), min(each.cpu_s for each in took))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="other checkouts")
    given = parser.parse_args()
    checkouts = [HERE, *given.beside]
    titles = {
        "live": ("a window with a mask", "a window, no model"),
        "annotate": ("first frame written", "first frame read"),
    }
    for name, (bare, *ours) in measure(given.runs, checkouts).items():
        done, bare_done = titles[name]
        print(f"{done}, {name} sample:")
        print(f"  OpenCV alone, {bare_done}: {bare.wall_s:.2f} s, {bare.cpu_s:.2f} s of CPU")
        for each, one in zip(checkouts, ours, strict=True):
            print(f"  {each.name}: {one.wall_s:.2f} s, {one.cpu_s:.2f} s of CPU")


if __name__ == "__main__":
    main()
