"""Cameras of this machine."""

import sys
import time
from pathlib import Path

import cv2

from livesegment.errors import SourceLost, SourceNotFound
from livesegment.frame import Frame
from livesegment.opencv import quiet_opencv
from livesegment.sources.base import Source

_BACKENDS = {"win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION, "linux": cv2.CAP_V4L2}


class CameraSource(Source):
    """Reads a webcam by its number, or by its device such as `/dev/video0`.

    The driver is asked for MJPG, without which most USB cameras reach a few frames a second at
    720p, and for a small buffer, so that a frame is not already old when it is read. Drivers may
    refuse both.

    Args:
        device: Number or device path.
        frame_size: Wanted (width, height); the driver takes the nearest it has. None: its default.
        fps: Wanted frames a second; None: its default.

    Raises:
        SourceNotFound: If there is no such camera or it is in use.
    """

    is_live = True
    is_endless = True

    def __init__(
        self,
        device: int | str,
        *,
        frame_size: tuple[int, int] | None = None,
        fps: float | None = None,
    ) -> None:
        self.name = f"camera {device}"
        backend = _BACKENDS.get(sys.platform, cv2.CAP_ANY)
        with quiet_opencv():
            self._capture = cv2.VideoCapture(device, backend)
            if not self._capture.isOpened():
                raise SourceNotFound(self._why(device))
        self._ask(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._ask(cv2.CAP_PROP_BUFFERSIZE, 2)
        if frame_size is not None:
            self._ask(cv2.CAP_PROP_FRAME_WIDTH, frame_size[0])
            self._ask(cv2.CAP_PROP_FRAME_HEIGHT, frame_size[1])
        if fps is not None:
            self._ask(cv2.CAP_PROP_FPS, fps)
        self.fps = self._capture.get(cv2.CAP_PROP_FPS) or None
        self._index = 0
        self._first_s: float | None = None
        self._stopped = False

    def _ask(self, what: int, value: float) -> None:
        with quiet_opencv():
            self._capture.set(what, value)

    def _why(self, device: int | str) -> str:
        advice = "; without one, try 'livesegment live sample:' or 'livesegment live pattern:'"
        if sys.platform != "linux":
            return f"{self.name} cannot be opened: is it plugged in, allowed, and free?{advice}"
        path = Path(f"/dev/video{device}" if isinstance(device, int) else device)
        if path.exists():
            return f"{self.name} cannot be opened: another program may use it, or it is no camera"
        found = ", ".join(sorted(str(each) for each in Path("/dev").glob("video*"))) or "none"
        return f"{self.name} cannot be opened: there is no {path} (cameras here: {found}){advice}"

    def read(self) -> Frame | None:
        """Return the next picture, when the camera has it.

        Raises:
            SourceLost: If the camera delivers no more.
        """
        if self._stopped:
            return None
        ok, image = self._capture.read()
        now_s = time.monotonic()
        if not ok:
            raise SourceLost(f"{self.name} delivers no more pictures: was it unplugged?")
        if self._first_s is None:
            self._first_s = now_s
        frame = Frame(image, self._index, now_s - self._first_s, now_s)  # type: ignore[arg-type]
        self._index += 1
        return frame

    def stop(self) -> None:
        """Let the next read return None."""
        self._stopped = True

    def close(self) -> None:
        """Release the camera. Only the thread that reads may do so: OpenCV crashes otherwise."""
        self._stopped = True
        self._capture.release()
