"""A camera that other programs see, with the annotated picture in it."""

import logging
import platform
import time
from collections.abc import Callable
from typing import Any, Protocol

from livesegment.errors import MissingExtra, OutputNotWritable
from livesegment.frame import Image
from livesegment.output import Shown, Wants
from livesegment.sinks.letterbox import letterbox
from livesegment.sinks.v4l2 import Linux, LoopbackDevice, first_loopback
from livesegment.threaded_output import Picture, ThreadedOutput

logger = logging.getLogger(__name__)

FIRST = "first"
"""In place of a device: the first that takes pictures."""

_LARGEST = (1920, 1080)  # what meeting programs take
_FPS = 30  # what is told to systems that want to know; pictures come as they come
# A program that gets no picture for long believes that the camera hangs, and one that has just
# begun to look wants one.
_AGAIN_S = 0.5


class Device(Protocol):
    """Where pictures are written."""

    path: str

    def begin(self, size: tuple[int, int]) -> tuple[int, int]:
        """Settle the size of pictures, (width, height) in pixels, near the wanted one."""

    @property
    def is_watched(self) -> bool:
        """Whether a program takes the pictures; True where nobody tells."""

    def write(self, image: Image) -> None:
        """Write a picture of that size, BGR uint8 (H, W, 3); an OSError if it cannot."""

    def close(self) -> None:
        """Close it. May be called twice."""


class VirtualCamera(ThreadedOutput):
    """Writes the newest picture to a virtual camera, at one size for the whole run.

    That is the size of the first picture, 1920x1080 at most; others get margins. One picture is
    written in any case, because the camera is none for other programs before; from then on nothing
    is drawn while nobody watches, where the system tells.

    Args:
        device: Path or name of the device; `FIRST`: the first that there is.
        open_device: Opens it.

    Raises:
        OutputNotWritable: If there is none, or it cannot be written to.
        MissingExtra: If what this system needs is not installed.
    """

    def __init__(self, device: str, open_device: Callable[[str], Device] | None = None) -> None:
        super().__init__("virtual camera")
        self._device = (open_device or open_virtual_camera)(device)
        self._size: tuple[int, int] | None = None
        self._is_watched = True
        self._has_failed = False
        self._given_at_s = float("-inf")

    @property
    def wants(self) -> Wants:
        """Pictures while somebody watches, and the first one."""
        if self._has_failed:
            return Wants.FRAMES
        return Wants.SHOWN if self._is_watched or self._size is None else Wants.FRAMES

    @property
    def largest_size(self) -> tuple[int, int]:
        """As large as the camera's pictures are."""
        return self._size or _LARGEST

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches who had no picture for a while."""
        is_late = time.monotonic() - self._given_at_s > _AGAIN_S
        return is_late and self._size is not None and self.wants is Wants.SHOWN

    def on_frame(self, shown: Shown) -> None:
        """Take a picture for the camera."""
        if shown.image is None or self._has_failed:
            return
        if self._size is None:
            self._size = self._device.begin(_even(shown.image))
            width, height = self._size
            logger.info("the virtual camera is %s, %dx%d", self._device.path, width, height)
        self._given_at_s = time.monotonic()
        super().on_frame(shown)

    def on_tick(self) -> None:
        """Notice who comes and goes."""
        if self._size is not None:
            self._is_watched = self._device.is_watched

    def work_on(self, picture: Picture) -> None:
        """Write a picture."""
        assert self._size is not None
        if self._has_failed:
            return
        try:
            self._device.write(letterbox(picture.image, self._size, smooth=True))
        except BlockingIOError:
            return  # no room at the moment: the next picture is newer
        except OSError as error:
            self._has_failed = True
            logger.warning(
                "%s takes no pictures any more (%s); the run goes on without it",
                self._device.path,
                error.strerror or error,
            )

    def close(self) -> None:
        """Write no more, and close the device. May be called twice."""
        super().close()
        self._device.close()


def _even(image: Image) -> tuple[int, int]:
    """Return the (width, height) that a camera has whose first picture is given."""
    height, width = image.shape[:2]
    scale = min(1.0, _LARGEST[0] / width, _LARGEST[1] / height)
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def open_virtual_camera(name: str) -> Device:
    """Open a virtual camera of this system.

    Args:
        name: As `VirtualCamera` takes it.

    Raises:
        OutputNotWritable: If there is none, or it cannot be written to.
        MissingExtra: If what this system needs is not installed.
    """
    if platform.system() == "Linux":
        return first_loopback(Linux()) if name == FIRST else LoopbackDevice(name, Linux())
    return PyVirtualCam(name, _pyvirtualcam())


def _pyvirtualcam() -> Any:
    try:
        import pyvirtualcam
    except ImportError:
        raise MissingExtra(
            "on this system a virtual camera needs OBS, whose camera is used, and pyvirtualcam,"
            " which is not part of livesegment because of its licence (GPL-2):"
            " pip install pyvirtualcam"
        ) from None
    return pyvirtualcam


class PyVirtualCam:
    """A virtual camera of Windows or macOS, through a package that the user has installed.

    Args:
        name: Of the camera; `FIRST`: any.
        package: `pyvirtualcam`.
    """

    def __init__(self, name: str, package: Any) -> None:
        self.path = name
        self._package = package
        self._camera: Any = None

    def begin(self, size: tuple[int, int]) -> tuple[int, int]:
        """Open the camera; raise OutputNotWritable if it cannot be."""
        device = None if self.path == FIRST else self.path
        bgr = self._package.PixelFormat.BGR
        try:
            self._camera = self._package.Camera(*size, _FPS, fmt=bgr, device=device)
        except (RuntimeError, ValueError) as error:
            raise OutputNotWritable(f"no virtual camera can be opened: {error}") from error
        self.path = str(self._camera.device)
        return int(self._camera.width), int(self._camera.height)

    @property
    def is_watched(self) -> bool:
        """True: nobody tells."""
        return True

    def write(self, image: Image) -> None:
        """Hand a picture on."""
        try:
            self._camera.send(image)
        except RuntimeError as error:
            raise OSError(str(error)) from error

    def close(self) -> None:
        """Close the camera. May be called twice."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
