"""Makes pictures of a run into what a page shows."""

import threading

import cv2
import numpy as np

from livesegment.buffer import Buffer
from livesegment.downscale import downscaled, fitting
from livesegment.frame import Image
from livesegment.mask import Mask
from livesegment.output import Output, Shown, Wants
from livesegment.profile import on_thread
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage

_LARGEST = (1280, 1280)  # what a page shows well; a larger picture would only fill the network
_QUALITY = 80


class PictureEncoder(Output):
    """Encodes the newest picture on a thread of its own, once for all viewers.

    Without viewers it wants no pictures; with viewers it copies each, and one that the encoder did
    not get to is replaced by the next.

    Args:
        pictures: Where encoded pictures go; closed with this.
        coverage: Gets every mask.

    Attributes:
        pictures: As given.
        coverage: As given.
    """

    def __init__(self, pictures: Broadcast, coverage: Coverage) -> None:
        self.pictures = pictures
        self.coverage = coverage
        self._newest: Buffer[Image] = Buffer("keep newest")
        # An image that neither waits nor is encoded, to be written over: no memory to be found.
        self._spare: Image | None = None
        self._thread: threading.Thread | None = None
        self._has_begun = False
        self._counted: Mask | None = None

    @property
    def wants(self) -> Wants:
        """Pictures while somebody watches."""
        return Wants.SHOWN if self.pictures.is_watched else Wants.FRAMES

    @property
    def largest_size(self) -> tuple[int, int]:
        """As large as a page shows them."""
        return _LARGEST

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches who has no picture yet."""
        return self.pictures.is_waiting

    def on_frame(self, shown: Shown) -> None:
        """Measure a new frame's mask, and take the picture if there is one."""
        # A photo's mask comes after it, when the photo is only drawn again.
        is_later_mask = self._has_begun and shown.counted is not self._counted
        if shown.is_new or is_later_mask:
            self.coverage.see(shown.counted)
            self._has_begun, self._counted = True, shown.counted
        if shown.image is None:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=on_thread(self._run), name="web-encoder")
            self._thread.start()
        for replaced in self._newest.put(self._copy(shown.image)):
            self._spare = replaced

    def close(self) -> None:
        """Encode no more, and tell the viewers. May be called twice."""
        self._newest.abort()
        if self._thread is not None:
            self._thread.join()
        self.pictures.close()

    def _copy(self, image: Image) -> Image:
        target, self._spare = self._spare, None
        if target is None or target.shape != image.shape:
            return image.copy()
        np.copyto(target, image)
        return target

    def _run(self) -> None:
        while (image := self._newest.get()) is not None:
            self.pictures.publish(encode(image))
            self._spare = image


def encode(image: Image) -> bytes:
    """Return a picture, BGR uint8 (H, W, 3), as a JPEG file no longer than 1280 pixels."""
    image = downscaled(image, fitting((image.shape[1], image.shape[0]), _LARGEST))
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()
