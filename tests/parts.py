"""Clocks, sources, segmenters and sinks that tests step by hand, and the program itself."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.segmenters.base import Segmenter
from livesegment.sinks.base import Annotated, Sink
from livesegment.sources.base import Source

SIZE = (64, 48)
CLASS_MAP = {0: "background", 1: "object"}


def frame(index: int, size: tuple[int, int] = SIZE) -> Frame:
    """Return a frame whose pixels tell its index."""
    width, height = size
    image = np.full((height, width, 3), index % 256, np.uint8)
    return Frame(image, index=index, pts_s=index / 25, captured_at_s=time.monotonic())


class Clock:
    """A clock that goes on only when a test sets it: `now_s`, in seconds."""

    def __init__(self, now_s: float = 100.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


class StepSource(Source):
    """A live source that gives a frame each time `step` is called, and ends with `end`."""

    name = "stepped"
    is_live = True

    def __init__(self) -> None:
        self._steps = threading.Semaphore(0)
        self._ended = False
        self._index = -1

    def step(self) -> None:
        """Let one frame come."""
        self._steps.release()

    def end(self) -> None:
        """Come to the end."""
        self._ended = True
        self._steps.release()

    stop = end

    def read(self) -> Frame | None:
        """Return the next frame that was stepped for."""
        self._steps.acquire()
        if self._ended:
            return None
        self._index += 1
        return self.taken(self._index)

    def taken(self, index: int) -> Frame:
        """Return the frame of a step, counted from 0."""
        return frame(index)


class FrameList(Source):
    """A finite source of a number of frames, optionally broken at its end."""

    name = "a list"

    def __init__(self, count: int, error: Exception | None = None, fps: float = 1000.0) -> None:
        self.frame_count = count
        self.fps = fps
        self._error = error
        self._index = 0

    def read(self) -> Frame | None:
        """Return the next frame, then None or the error."""
        if self._index >= (self.frame_count or 0):
            if self._error is not None:
                raise self._error
            return None
        taken = frame(self._index)
        self._index += 1
        return Frame(taken.image, taken.index, taken.index / (self.fps or 1), time.monotonic())


class FunctionSegmenter(Segmenter):
    """Asks a function; the mask is the class id it returns, everywhere."""

    def __init__(self, answer: Callable[[Frame], int], max_concurrency: int | None = None) -> None:
        self.max_concurrency = max_concurrency
        self._answer = answer

    def segment(self, frame: Frame) -> Mask:
        """Return a mask of one class."""
        width, height = frame.frame_size
        ids = np.full((height, width), self._answer(frame), np.uint8)
        return Mask(ids, CLASS_MAP, frame.index)


class ListSink(Sink):
    """Keeps (frame index, mask's frame index or None) of every picture, and tells when."""

    def __init__(self) -> None:
        self.written: list[tuple[int, int | None]] = []
        self.committed = False
        self._changed = threading.Condition()

    def write(self, picture: Annotated) -> None:
        """Note the picture."""
        with self._changed:
            mask = picture.mask
            self.written.append((picture.frame.index, mask.frame_index if mask else None))
            self._changed.notify_all()

    def commit(self) -> None:
        """Note that the run is complete."""
        self.committed = True

    def wait_for(self, count: int) -> None:
        """Wait until that many pictures came."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.written) >= count, 10), self.written


@contextmanager
def started(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> "Iterator[subprocess.Popen[str]]":
    """Run livesegment in a folder beside the test; it does not outlive a test that fails."""
    with subprocess.Popen(
        [sys.executable, "-m", "livesegment", *arguments],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            yield program
        except BaseException:
            program.kill()
            raise


def run_with_small_files(
    folder: Path, *arguments: str, blocks: int
) -> "subprocess.CompletedProcess[str]":
    """Run livesegment where no file may be larger, which stands for a full disk; not on Windows.

    Args:
        folder: Where it runs.
        arguments: As on a command line.
        blocks: The most that a file may take, in 512 bytes.
    """
    limited = f"ulimit -f {blocks}; trap '' XFSZ; exec \"$@\""
    return subprocess.run(
        ["sh", "-c", limited, "sh", sys.executable, "-m", "livesegment", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
