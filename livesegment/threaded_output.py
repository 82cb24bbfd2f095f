"""An output that works on the newest picture on a thread of its own."""

import threading
import time
from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from livesegment.buffer import Buffer
from livesegment.frame import Image
from livesegment.output import Output, Shown
from livesegment.profile import on_thread


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture of a live run, as it was shown.

    Attributes:
        image: BGR uint8 (H, W, 3); valid until the next picture is taken.
        captured_at_s: When its frame was captured, monotonic seconds; a frame that is only drawn
            again keeps its time.
        shown_at_s: When it was shown, or work on it began again, monotonic seconds.
    """

    image: Image
    captured_at_s: float
    shown_at_s: float


class ThreadedOutput(Output):
    """Takes the newest picture whenever it is done with the last one.

    A picture that it did not get to is replaced by the next: who takes them may be as slow as a
    network, and holds up nothing. `on_frame` copies the picture, into memory that is used again.

    Args:
        name: What its thread is called.
        repeat_s: Seconds without another picture after which it works on the last one again; None:
            never.
        grace_s: Seconds that `close` waits for the thread, which may sit in somebody else's file or
            network and is left there; None: as long as it takes.
    """

    def __init__(
        self, name: str, *, repeat_s: float | None = None, grace_s: float | None = None
    ) -> None:
        self._name = name
        self._repeat_s = repeat_s
        self._grace_s = grace_s
        self._newest: Buffer[Picture] = Buffer("keep newest")
        # An image that neither waits nor is worked on, to be written over: no memory to be found.
        self._spare: Image | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def work_on(self, picture: Picture) -> None:
        """Do what is to be done with a picture, on the output's own thread."""

    def end_work(self) -> None:
        """Do what is to be done after the last picture, on the same thread."""

    def on_frame(self, shown: Shown) -> None:
        """Copy the picture, if there is one, for `work_on`."""
        if shown.image is None:
            return
        if self._thread is None:
            self._thread = threading.Thread(
                target=on_thread(self._run), name=self._name, daemon=self._grace_s is not None
            )
            self._thread.start()
        image = self._copy(shown.image)
        picture = Picture(image, shown.frame.captured_at_s, time.monotonic())
        for replaced in self._newest.put(picture):
            self._spare = replaced.image

    def close(self) -> None:
        """Take no more pictures, once `work_on` is done with the last one. May be called twice."""
        self._newest.abort()
        if self._thread is not None:
            self._thread.join(self._grace_s)

    def _copy(self, image: Image) -> Image:
        target, self._spare = self._spare, None
        if target is None or target.shape != image.shape:
            return image.copy()
        np.copyto(target, image)
        return target

    def _run(self) -> None:
        try:
            while (picture := self._newest.get()) is not None:
                self.work_on(picture)
                if self._repeat_s is not None:
                    self._repeat(picture, self._repeat_s)
                self._spare = picture.image
        finally:
            self.end_work()

    def _repeat(self, picture: Picture, every_s: float) -> None:
        while not (self._newest.wait(every_s) or self._newest.finished):
            self.work_on(replace(picture, shown_at_s=time.monotonic()))
