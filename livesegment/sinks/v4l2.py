"""Video devices of Linux that take pictures: v4l2loopback's, which other programs see as cameras.

Source of structures and numbers: linux/videodev2.h; of the event about clients: v4l2loopback.c,
0.13 and newer.
"""

import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import cv2

from livesegment.errors import OutputNotWritable
from livesegment.frame import Image

DRIVER = "v4l2 loopback"
LOAD = "sudo modprobe v4l2loopback exclusive_caps=1 card_label=livesegment"
"""What makes a device, once the module is installed."""

# The format's structure has pointers in it. That of an event has a time, whose size on processors
# of 32 bits only the C library knows: there nobody is asked who watches.
_HAS_64_BITS = struct.calcsize("P") == 8
_FORMAT, _PIX_AT = (208, 8) if _HAS_64_BITS else (204, 4)
_QUERYCAP, _CAPABILITY = 0x80685600, 104
_G_FMT, _S_FMT = (0xC0005604 | _FORMAT << 16), (0xC0005605 | _FORMAT << 16)
_SUBSCRIBE_EVENT, _SUBSCRIPTION = 0x4020565A, struct.Struct("=III20x")
_DQEVENT, _EVENT = 0x80885659, 136

_CAN_OUTPUT, _HAS_DEVICE_CAPS = 0x2, 0x80000000
_TYPE_OUTPUT = 2
# struct v4l2_pix_format up to its colour space, behind the type and its padding.
_PIX = struct.Struct("=IIIIIII")
_PROGRESSIVE, _SRGB = 1, 8  # of YUV, the latter means BT.601 in the range of video
_CLIENT_USAGE = 0x08000000 + 0x08E00000 + 1
_SEND_INITIAL = 1
_COUNT_AT = 8  # of struct v4l2_event

_YUYV, _I420 = (int.from_bytes(name, "little") for name in (b"YUYV", b"YU12"))
# What meeting programs and browsers take, the most usual first.
_FORMATS = (_YUYV, _I420)


class System(Protocol):
    """What is asked of the kernel."""

    def open(self, path: str) -> int:
        """Open a device for reading and writing, without waiting; return its number."""

    def ioctl(self, device: int, request: int, argument: bytearray) -> None:
        """Ask something; the answer is in the argument."""

    def write(self, device: int, content: memoryview) -> int:
        """Write a picture; return how many bytes were taken."""

    def close(self, device: int) -> None:
        """Close it."""


class Linux:
    """The kernel itself."""

    def open(self, path: str) -> int:
        """Open a device for reading and writing, without waiting; return its number."""
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def ioctl(self, device: int, request: int, argument: bytearray) -> None:
        """Ask something; the answer is in the argument."""
        import fcntl  # here, because other systems have none

        fcntl.ioctl(device, request, argument, True)

    def write(self, device: int, content: memoryview) -> int:
        """Write a picture; return how many bytes were taken."""
        return os.write(device, content)

    def close(self, device: int) -> None:
        """Close it."""
        os.close(device)


class LoopbackDevice:
    """One device, open for writing.

    Args:
        path: Of the device.
        system: The kernel.

    Raises:
        OutputNotWritable: If it cannot be opened, or takes no pictures.
    """

    def __init__(self, path: str, system: System) -> None:
        self.path = path
        self._system = system
        self._format = (0, 0, 0, 0)  # width, height, name, bytes of a row
        self._tells = False
        self._is_watched = True
        try:
            self._device: int | None = system.open(path)
        except FileNotFoundError:
            raise OutputNotWritable(f"there is no device {path}") from None
        except PermissionError as error:
            raise OutputNotWritable(
                f"you may not open {path}: 'sudo usermod -aG video $USER', then log out and in"
            ) from error
        except OSError as error:
            raise OutputNotWritable(f"{path} cannot be opened: {error.strerror}") from error
        driver, can = self._capabilities()
        if driver != DRIVER or not can & _CAN_OUTPUT:
            self.close()
            what = f"its driver is {driver}" if driver else "it is no video device"
            if driver == DRIVER:
                what = "it takes no pictures, or another program writes to it"
            raise OutputNotWritable(
                f"{path} is no virtual camera that could be written to: {what}; one is made by"
                f" '{LOAD}'"
            )

    def begin(self, size: tuple[int, int]) -> tuple[int, int]:
        """Settle how pictures are written, once.

        Args:
            size: Wanted (width, height) in pixels, both even.

        Returns:
            The size that they must have: a device in use may keep its own.

        Raises:
            OutputNotWritable: If it takes no kind of picture that can be written.
        """
        for name in _FORMATS:
            answer = self._asked_format(size, name)
            if answer is not None:
                self._format = answer
                self._subscribe()
                return answer[0], answer[1]
        raise OutputNotWritable(
            f"{self.path} takes neither YUYV nor I420: close the program that writes to it or"
            " reads from it"
        )

    @property
    def is_watched(self) -> bool:
        """Whether a program takes its pictures; True where the driver does not tell."""
        while self._tells and self._device is not None:
            event = bytearray(_EVENT)
            try:
                self._system.ioctl(self._device, _DQEVENT, event)
            except OSError:
                break  # there is none
            (kind,) = struct.unpack_from("=I", event)
            if kind == _CLIENT_USAGE:
                self._is_watched = bool(struct.unpack_from("=I", event, _COUNT_AT)[0])
        return self._is_watched

    def write(self, image: Image) -> None:
        """Write a picture of the size that `begin` returned, BGR uint8 (H, W, 3).

        Raises:
            OSError: If the device takes it no more.
        """
        assert self._device is not None
        self._system.write(self._device, memoryview(self._bytes(image)))

    def close(self) -> None:
        """Close the device. May be called twice."""
        device, self._device = self._device, None
        if device is not None:
            self._system.close(device)

    def _capabilities(self) -> tuple[str, int]:
        answer = bytearray(_CAPABILITY)
        assert self._device is not None
        try:
            self._system.ioctl(self._device, _QUERYCAP, answer)
        except OSError:
            return "", 0
        driver = bytes(answer[:16]).partition(b"\0")[0].decode("ascii", "replace")
        whole, own = struct.unpack_from("=II", answer, 84)
        return driver, own if whole & _HAS_DEVICE_CAPS else whole

    def _asked_format(self, size: tuple[int, int], name: int) -> tuple[int, int, int, int] | None:
        assert self._device is not None
        width, height = size
        row = 2 * width if name == _YUYV else width
        whole = row * height if name == _YUYV else width * height * 3 // 2
        told = bytearray(_FORMAT)
        struct.pack_into("=I", told, 0, _TYPE_OUTPUT)
        with suppress(OSError):  # it has none yet
            self._system.ioctl(self._device, _G_FMT, told)  # with what it has of the rest
        _PIX.pack_into(told, _PIX_AT, width, height, name, _PROGRESSIVE, row, whole, _SRGB)
        try:
            self._system.ioctl(self._device, _S_FMT, told)
        except OSError:
            return None
        width, height, given, _, row, _, _ = _PIX.unpack_from(told, _PIX_AT)
        fits = given == name and width > 0 and height > 0 and not (width % 2 or height % 2)
        return (width, height, given, row) if fits else None

    def _subscribe(self) -> None:
        assert self._device is not None
        if not _HAS_64_BITS:
            return
        wanted = bytearray(_SUBSCRIPTION.pack(_CLIENT_USAGE, 0, _SEND_INITIAL))
        try:
            self._system.ioctl(self._device, _SUBSCRIBE_EVENT, wanted)
        except OSError:
            return  # an older one, which tells nothing
        self._tells = True

    def _bytes(self, image: Image) -> bytes:
        width, height, name, row = self._format
        if name == _YUYV:
            packed = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_YUY2)
            return _padded(packed.reshape(height, -1), row)
        planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        luma, chroma = planes[:height], planes[height:].reshape(height, width // 2)
        return _padded(luma, row) + _padded(chroma, row // 2)


def _padded(rows: cv2.typing.MatLike, length: int) -> bytes:
    """Return rows of bytes, each as long as the device has them."""
    if length <= rows.shape[1]:
        return rows.tobytes()
    return cv2.copyMakeBorder(
        rows, 0, 0, 0, length - rows.shape[1], cv2.BORDER_CONSTANT, value=0
    ).tobytes()


def first_loopback(
    system: System,
    devices: Path = Path("/dev"),
    module: Path = Path("/sys/module/v4l2loopback"),
) -> LoopbackDevice:
    """Open the first device that takes pictures.

    Args:
        system: The kernel.
        devices: The folder of the devices.
        module: What is there when the kernel's module is loaded.

    Raises:
        OutputNotWritable: If there is none; the error says what is missing.
    """
    closed: list[str] = []
    for path in sorted(devices.glob("video[0-9]*"), key=lambda each: (len(each.name), each.name)):
        try:
            return LoopbackDevice(str(path), system)
        except OutputNotWritable as error:
            if isinstance(error.__cause__, OSError):
                closed.append(str(error))
    if not module.exists():
        raise OutputNotWritable(
            "there is no virtual camera: install the kernel's module (Debian and Ubuntu:"
            f" v4l2loopback-dkms), then '{LOAD}'"
        )
    if closed:
        raise OutputNotWritable(f"no virtual camera can be written to: {'; '.join(closed)}")
    raise OutputNotWritable(
        "the module v4l2loopback is loaded but has no device: 'sudo modprobe -r v4l2loopback', then"
        f" '{LOAD}'"
    )
