"""A stand-in for the kernel with devices of v4l2loopback: it checks what it is asked and given."""

import errno
import struct
import threading
from dataclasses import dataclass, field

import cv2
import numpy as np

from livesegment.frame import Image

YUYV, I420 = b"YUYV", b"YU12"
_HAS_OWN = 0x80000000
_QUERYCAP, _G_FMT, _S_FMT = 0x80685600, 0xC0D05604, 0xC0D05605
_SUBSCRIBE_EVENT, _DQEVENT = 0x4020565A, 0x80885659
_USAGE = 0x10E00001


@dataclass
class FakeDevice:
    """One device.

    Attributes:
        driver: What drives it.
        can: Its capabilities: 1 to be looked at, 2 to be written to.
        formats: What it takes.
        padding: Bytes at the end of each row of its pictures; half as many in colour planes.
        keeps: The (width, height) that it keeps whatever is asked for; None: it takes any.
        tells: Whether it tells of programs that take pictures.
        trouble: What opening it fails with; None: it does not.
        broken: What writing fails with from now on.
    """

    driver: str = "v4l2 loopback"
    can: int = 3
    formats: tuple[bytes, ...] = (YUYV, I420)
    padding: int = 0
    keeps: tuple[int, int] | None = None
    tells: bool = True
    trouble: int | None = None
    broken: int | None = None
    size: tuple[int, int] = (0, 0)
    name: bytes = b""
    events: list[int] = field(default_factory=list)
    pictures: list[Image] = field(default_factory=list)
    subscribed: bool = False

    def watch(self, count: int) -> None:
        """Let so many programs take pictures from now on."""
        if self.subscribed:
            self.events.append(count)

    @property
    def rows(self) -> tuple[int, int]:
        """Bytes of a row of the first plane, and of a picture."""
        width, height = self.size
        row = (2 * width if self.name == YUYV else width) + self.padding
        return row, row * height if self.name == YUYV else row * height * 3 // 2


class FakeLinux:
    """The kernel, with devices by their paths."""

    def __init__(self, devices: dict[str, FakeDevice]) -> None:
        self._devices = devices
        self._open: dict[int, FakeDevice] = {}
        self.opened = 0
        self.written = threading.Semaphore(0)

    @property
    def is_closed(self) -> bool:
        """Whether everything that was opened is closed."""
        return not self._open

    def open(self, path: str) -> int:
        """Open a device."""
        if path not in self._devices:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        device = self._devices[path]
        if device.trouble is not None:
            raise OSError(device.trouble, "no")
        self.opened += 1
        self._open[self.opened] = device
        return self.opened

    def ioctl(self, device: int, request: int, argument: bytearray) -> None:
        """Answer as v4l2loopback does."""
        # The number of a request says how large its argument is.
        assert len(argument) == request >> 16 & 0x3FFF
        known = self._open[device]
        if request == _QUERYCAP:
            if not known.driver:
                raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
            struct.pack_into("=16s", argument, 0, known.driver.encode())
            struct.pack_into("=II", argument, 84, _HAS_OWN | 0x3, known.can)
        elif request == _S_FMT:
            self._settle(known, argument)
        elif request == _SUBSCRIBE_EVENT:
            kind, number, flags = struct.unpack_from("=III", argument)
            if not known.tells:
                raise OSError(errno.EINVAL, "Invalid argument")
            assert (kind, number, flags) == (_USAGE, 0, 1)
            known.subscribed = True
            known.events.append(0)
        elif request == _DQEVENT:
            assert known.subscribed
            if not known.events:
                raise OSError(errno.ENOENT, "No such file or directory")
            struct.pack_into("=I4xI", argument, 0, _USAGE, known.events.pop(0))
        else:
            assert request == _G_FMT
            assert struct.unpack_from("=I", argument) == (2,)

    def _settle(self, known: FakeDevice, argument: bytearray) -> None:
        kind, width, height, name, progressive, row, whole, colours = struct.unpack_from(
            "=I4xII4sIIII", argument
        )
        assert (kind, progressive, colours) == (2, 1, 8)
        assert row == (2 * width if name == YUYV else width)
        assert whole == (row * height if name == YUYV else width * height * 3 // 2)
        # A format that it does not know becomes one that it has.
        known.name = name if name in known.formats else b"MJPG"
        known.size = known.keeps or (width, height)
        struct.pack_into("=II4sIII", argument, 8, *known.size, known.name, progressive, *known.rows)

    def write(self, device: int, content: memoryview) -> int:
        """Take a picture, byte by byte."""
        known = self._open[device]
        if known.broken is not None:
            self.written.release()
            raise OSError(known.broken, "No such device")
        row, whole = known.rows
        assert len(content) == whole, "a picture is written whole, with its rows' padding"
        known.pictures.append(_unpacked(known, np.frombuffer(bytes(content), np.uint8), row))
        self.written.release()
        return len(content)

    def close(self, device: int) -> None:
        """Close a device."""
        del self._open[device]


def _unpacked(known: FakeDevice, content: np.ndarray, row: int) -> Image:
    width, height = known.size
    if known.name == YUYV:
        lines = content.reshape(height, row)
        assert not lines[:, 2 * width :].any()
        pixels = np.ascontiguousarray(lines[:, : 2 * width]).reshape(height, width, 2)
        return cv2.cvtColor(pixels, cv2.COLOR_YUV2BGR_YUY2)
    luma = content[: row * height].reshape(height, row)[:, :width]
    chroma = content[row * height :].reshape(height, row // 2)[:, : width // 2]
    planes = np.concatenate([luma, chroma.reshape(height // 2, width)])
    return cv2.cvtColor(np.ascontiguousarray(planes), cv2.COLOR_YUV2BGR_I420)
