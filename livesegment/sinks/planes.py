"""Pictures as encoders take them: brightness in one plane, colours in two of half the size."""

import av
import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.media_file import (
    BT601_525,
    BT601_625,
    BT709,
    BT2020,
    SMPTE240,
    Colour,
    plane_pixels,
)

# Of red and of blue in brightness. Source: ITU-T H.273, table 4.
_WEIGHTS = {
    BT709: (0.2126, 0.0722),
    BT601_625: (0.299, 0.114),
    BT601_525: (0.299, 0.114),
    SMPTE240: (0.212, 0.087),
    BT2020: (0.2627, 0.0593),
}
_AT_ONCE = 160_000  # pixels, which stay in the processor's cache between the steps


class Planes:
    """Makes pictures into planes, yuv420p, as a video's colours are coded.

    Each value of brightness is the exact one, rounded; each of the colours is the mean of four.
    swscale's way with exact rounding takes 1.6 times as long, and its other ways make greys up to 5
    of 255 darker.

    Args:
        colour: How the video is coded.
    """

    def __init__(self, colour: Colour) -> None:
        self._matrix = _matrix(colour)
        self._coded = np.empty((0, 0, 3), np.uint8)
        self._small = np.empty((0, 0, 3), np.uint8)

    def of(self, image: Image) -> av.VideoFrame:
        """Return a picture, BGR uint8 (H, W, 3) of an even width and height."""
        height, width = image.shape[:2]
        frame = av.VideoFrame(width, height, "yuv420p")
        brightness, blue, red = (plane_pixels(plane) for plane in frame.planes)
        step = min(height, max(2, _AT_ONCE // width // 2 * 2))
        if self._coded.shape[:2] != (step, width):
            self._coded = np.empty((step, width, 3), np.uint8)
            self._small = np.empty((step // 2, width // 2, 3), np.uint8)
        for start in range(0, height, step):
            end = min(start + step, height)
            coded, small = self._coded[: end - start], self._small[: (end - start) // 2]
            cv2.transform(image[start:end], self._matrix, dst=coded)
            cv2.extractChannel(coded, 0, dst=brightness[start:end])
            size = small.shape[1], small.shape[0]
            cv2.resize(coded, size, dst=small, interpolation=cv2.INTER_AREA)
            cv2.extractChannel(small, 1, dst=blue[start // 2 : end // 2])
            cv2.extractChannel(small, 2, dst=red[start // 2 : end // 2])
        return frame


def _matrix(colour: Colour) -> npt.NDArray[np.float32]:
    """Return what turns (blue, green, red, 1) into brightness and the differences of blue and red.

    Source: ITU-T H.273, equations 38 to 43 and, for the ranges, 20 to 33.
    """
    red, blue = _WEIGHTS[colour.matrix]
    weights = np.array([blue, 1 - red - blue, red])
    rows = [
        weights,
        (np.array([1, 0, 0]) - weights) / (2 * (1 - blue)),
        (np.array([0, 0, 1]) - weights) / (2 * (1 - red)),
    ]
    ranges = (255, 255, 255) if colour.is_full_range else (219, 224, 224)
    offsets = (0 if colour.is_full_range else 16, 128, 128)
    scaled = [
        [*(row * each / 255), offset]
        for row, each, offset in zip(rows, ranges, offsets, strict=True)
    ]
    return np.array(scaled, np.float32)
