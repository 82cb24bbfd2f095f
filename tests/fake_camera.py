"""A camera for Chromium that plays a file: how it is written, and what makes Chromium use it."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

ALLOWED = "--use-fake-ui-for-media-stream"
"""Whoever looks allows every page to use the camera."""


def write_pictures(path: Path, pictures: Iterable["np.ndarray"], quality: int = 95) -> Path:
    """Write pictures, BGR uint8 (H, W, 3), as a file that Chromium plays again and again at 30 Hz.

    Args:
        path: A file whose name ends with `.mjpeg`.
        pictures: The pictures, all of a size.
        quality: That of JPEG.
    """
    with path.open("wb") as file:
        for picture in pictures:
            _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
            file.write(jpeg.tobytes())
    return path


DRAWN = "--use-fake-device-for-media-stream"
"""It has a camera that shows a drawn scene."""

NONE = "--use-fake-device-for-media-stream=device-count=0"
"""It has no camera."""


def plays(path: Path) -> list[str]:
    """Return what makes Chromium play a file as its camera."""
    return [DRAWN, f"--use-file-for-fake-video-capture={path}"]
