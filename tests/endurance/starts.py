"""`live` started again and again under a window manager: the picture has to be in its window.

    python tests/endurance/starts.py [--starts 200] [--busy 4]

On a screen of its own (Xvfb with openbox), with so many processes that do nothing but keep the CPU
busy, it shows a picture in a window, takes a screenshot of that and compares it with the picture.
It exits with 1 if a window shows something else for ten seconds, such as nothing: as one does
forever where the window system's events get lost at the start.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

SIZE = (640, 360)
TITLE = "^livesegment - "

PATIENCE_S = 60.0
"""How soon a window is there."""

SHOWN_S = 10.0
"""How soon after that it shows its picture."""

SAME = 0.8
"""Of the pixels are those of the picture: figures cover the others."""


def picture() -> np.ndarray:
    """Return what is to be seen, uint8 (H, W, 3): nothing white, nothing black, no person."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    planes = (60 + rows // 4, 60 + columns // 6, 200 - columns // 6)
    return np.stack(planes, axis=2).astype(np.uint8)


@contextmanager
def screen() -> Iterator[dict[str, str]]:
    """Start an X server with a window manager and yield the environment that leads to it."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen([*command, "-noreset"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        environment = {**os.environ, "DISPLAY": f":{server.stdout.readline().strip()}"}
        manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
        try:
            yield environment
        finally:
            manager.terminate()
            manager.wait()
            server.terminate()


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep the CPU busy with so many processes."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def share_shown(environment: dict[str, str], wanted: np.ndarray) -> float | None:
    """Return the share of the picture that the window shows; None: there is no window."""
    find = ["xdotool", "search", "--onlyvisible", "--name", TITLE]
    found = subprocess.run(find, env=environment, capture_output=True, text=True).stdout.split()
    if not found:
        return None
    shot = subprocess.run(
        ["import", "-window", found[-1], "png:-"], env=environment, capture_output=True
    ).stdout
    seen = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR) if shot else None
    if seen is None or seen.shape != wanted.shape:
        return 0.0
    return float((cv2.absdiff(seen, wanted).max(axis=2) <= 8).mean())


def shows(environment: dict[str, str], wanted: np.ndarray) -> tuple[bool, float]:
    """Look until the window shows the picture; return whether, and the share seen last."""
    ends_at_s, share, is_there = time.monotonic() + PATIENCE_S, 0.0, False
    while time.monotonic() < ends_at_s:
        seen = share_shown(environment, wanted)
        if seen is not None and not is_there:
            is_there, ends_at_s = True, time.monotonic() + SHOWN_S
        share = seen or 0.0
        if share >= SAME:
            return True, share
        time.sleep(0.2)
    return False, share


def start(environment: dict[str, str], file: Path, wanted: np.ndarray) -> tuple[bool, float]:
    """Start the program once, look at its window, and end it."""
    command = [sys.executable, "-m", "livesegment", "live", str(file), "--opacity", "0"]
    with subprocess.Popen(
        [*command, "--no-legend"], env=environment, stderr=subprocess.PIPE, text=True
    ) as program:
        is_shown, share = shows(environment, wanted)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=60)
    if not is_shown and program.returncode != 130:
        print(said, file=sys.stderr)
    return is_shown, share


def main() -> int:
    """Start it as often as is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=200)
    parser.add_argument("--busy", type=int, default=4)
    asked = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder, screen() as environment, busy(asked.busy):
        file, wanted = Path(folder, "picture.png"), picture()
        cv2.imwrite(str(file), wanted)
        for number in range(1, asked.starts + 1):
            is_shown, share = start(environment, file, wanted)
            failures += not is_shown
            if not is_shown:
                print(f"start {number}: {share:.0%} of the picture is shown", flush=True)
    print(f"{asked.starts} starts, {failures} without their picture")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
