"""The virtual camera: what is written, byte by byte, and when. No real device was there."""

import errno
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from loopback import I420, YUYV, FakeDevice, FakeLinux
from parts import frame

from livesegment.cli.line import read_line
from livesegment.doctor.virtual_camera import elsewhere, on_linux
from livesegment.errors import MissingExtra, OutputNotWritable
from livesegment.frame import Image
from livesegment.output import Shown, Wants
from livesegment.settings.commands import LiveCommand
from livesegment.sinks.v4l2 import LoopbackDevice, first_loopback
from livesegment.sinks.virtual_camera import FIRST, PyVirtualCam, VirtualCamera

PATH = "/dev/video7"


def picture(size: tuple[int, int] = (64, 48), brightness: int = 200) -> Image:
    """Return a picture whose upper half is blue, and whose lower right quarter is bright."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[: size[1] // 2] = (220, 30, 30)
    image[size[1] // 2 :, size[0] // 2 :] = brightness
    return image


@contextmanager
def camera(device: FakeDevice) -> Iterator[tuple[VirtualCamera, FakeLinux]]:
    linux = FakeLinux({PATH: device})
    with VirtualCamera(PATH, lambda path: LoopbackDevice(path, linux)) as output:
        yield output, linux
    assert linux.is_closed


def give(output: VirtualCamera, image: Image) -> None:
    """Give a picture as the presenter does, to who wants one."""
    wanted = image if output.wants is Wants.SHOWN else None
    output.on_frame(Shown(frame(0), None, None, wanted))


def write(output: VirtualCamera, linux: FakeLinux, image: Image) -> None:
    """Give a picture and wait until it is written."""
    give(output, image)
    assert linux.written.acquire(timeout=20)


@pytest.mark.parametrize("name", [YUYV, I420], ids=["YUYV", "I420"])
@pytest.mark.parametrize("padding", [0, 64])
def test_pictures_arrive_whole_in_what_the_device_takes(name: bytes, padding: int) -> None:
    device = FakeDevice(formats=(name,), padding=padding)
    with camera(device) as (output, linux):
        write(output, linux, picture())
    assert device.name == name
    (seen,) = device.pictures
    assert np.abs(seen.astype(int) - picture())[2:-2, 2:-2].mean() < 4


def test_what_most_programs_take_is_asked_for_first() -> None:
    device = FakeDevice()
    with camera(device) as (output, linux):
        write(output, linux, picture())
    assert device.name == YUYV


def test_the_first_picture_says_the_size_and_others_get_margins() -> None:
    device = FakeDevice()
    with camera(device) as (output, linux):
        write(output, linux, picture((65, 49)))
        assert output.largest_size == device.size == (64, 48)
        device.watch(1)
        output.on_tick()
        write(output, linux, np.full((200, 100, 3), 255, np.uint8))
    tall = device.pictures[1]
    assert tall.shape == (48, 64, 3)
    assert tall[:, 24:40].min() > 200
    assert tall[:, [0, 10, -10, -1]].max() < 10


def test_a_large_picture_is_drawn_no_larger_than_programs_take() -> None:
    device = FakeDevice()
    with camera(device) as (output, linux):
        assert output.largest_size == (1920, 1080)
        write(output, linux, picture((3840, 2160)))
    assert device.size == (1920, 1080)


def test_a_device_that_keeps_its_size_gets_pictures_of_that() -> None:
    device = FakeDevice(keeps=(32, 32))
    with camera(device) as (output, linux):
        write(output, linux, picture())
    assert device.pictures[0].shape == (32, 32, 3)


def test_nothing_is_wanted_while_nobody_watches_but_the_first_picture() -> None:
    device = FakeDevice()
    with camera(device) as (output, linux):
        assert output.wants is Wants.SHOWN
        write(output, linux, picture())
        output.on_tick()
        assert (output.wants, output.is_waiting) == (Wants.FRAMES, False)
        device.watch(1)
        output.on_tick()
        assert output.wants is Wants.SHOWN
        write(output, linux, picture())
        device.watch(0)
        output.on_tick()
        assert output.wants is Wants.FRAMES
    assert len(device.pictures) == 2


def test_where_nobody_tells_who_watches_pictures_always_come() -> None:
    with camera(FakeDevice(tells=False)) as (output, linux):
        write(output, linux, picture())
        output.on_tick()
        assert output.wants is Wants.SHOWN


def test_a_device_that_goes_is_said_once_and_the_run_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    device = FakeDevice(tells=False)
    with camera(device) as (output, linux):
        write(output, linux, picture())
        device.broken = errno.EAGAIN
        write(output, linux, picture())
        assert output.wants is Wants.SHOWN
        device.broken = errno.ENODEV
        write(output, linux, picture())
        give(output, picture())
    assert output.wants is Wants.FRAMES
    assert [each.getMessage() for each in caplog.records if each.levelname == "WARNING"] == [
        f"{PATH} takes no pictures any more (No such device); the run goes on without it"
    ]


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        (None, "there is no device /dev/video7"),
        (FakeDevice(driver="uvcvideo", can=1), r"/dev/video7 is no virtual .*: its driver is uvcv"),
        (FakeDevice(driver=""), "/dev/video7 is no virtual camera .*: it is no video device"),
        (
            FakeDevice(can=1),
            "/dev/video7 is no virtual .*: it takes no pictures, or another",
        ),
        (FakeDevice(trouble=errno.EACCES), "you may not open /dev/video7: 'sudo usermod"),
        (FakeDevice(trouble=errno.EBUSY), "/dev/video7 cannot be opened: no"),
    ],
)
def test_what_cannot_be_written_to_is_a_sentence(device: FakeDevice | None, sentence: str) -> None:
    linux = FakeLinux({} if device is None else {PATH: device})
    with pytest.raises(OutputNotWritable, match=sentence):
        VirtualCamera(PATH, lambda path: LoopbackDevice(path, linux))
    assert linux.is_closed


def test_a_device_that_takes_nothing_of_ours_ends_the_run() -> None:
    with (
        camera(FakeDevice(formats=())) as (output, _),
        pytest.raises(OutputNotWritable, match="takes neither YUYV nor I420"),
    ):
        give(output, picture())


def test_the_first_device_that_takes_pictures_is_found(tmp_path: Path) -> None:
    devices = {}
    for number, device in (
        (0, FakeDevice("uvcvideo", can=1)),
        (2, FakeDevice(can=1)),
        (10, FakeDevice()),
        (9, FakeDevice()),
    ):
        path = tmp_path / f"video{number}"
        path.touch()
        devices[str(path)] = device
    linux = FakeLinux(devices)
    found = first_loopback(linux, tmp_path, tmp_path)
    assert found.path == str(tmp_path / "video9")
    found.close()
    assert linux.is_closed


def test_doctor_says_what_is_missing(tmp_path: Path) -> None:
    module = tmp_path / "v4l2loopback"
    (found,) = on_linux(FakeLinux({}), tmp_path, module)
    assert (found.state, found.text) == ("warn", "there is no virtual camera")
    assert "v4l2loopback-dkms" in found.advice
    module.touch()
    (found,) = on_linux(FakeLinux({}), tmp_path, module)
    assert found.text == "the module v4l2loopback is loaded but has no device"
    device = tmp_path / "video3"
    device.touch()
    (found,) = on_linux(
        FakeLinux({str(device): FakeDevice(trouble=errno.EACCES)}), tmp_path, module
    )
    assert f"you may not open {device}: 'sudo usermod -aG video $USER'" in found.advice
    (found,) = on_linux(FakeLinux({str(device): FakeDevice()}), tmp_path, module)
    assert (found.state, found.text) == ("ok", f"{device} takes pictures")
    (found,) = elsewhere("no_such_package")
    assert "GPL-2" in found.advice
    (found,) = elsewhere("numpy")
    assert found.state == "ok"


class FakePackage:
    """What `pyvirtualcam` offers."""

    PixelFormat = SimpleNamespace(BGR="bgr")

    def __init__(self, *, works: bool = True) -> None:
        self.works = works
        self.sent: list[Image] = []
        self.is_open = False
        self.has_sent = threading.Semaphore(0)

    def Camera(
        self, width: int, height: int, fps: float, *, fmt: str, device: str | None
    ) -> "FakePackage":
        if not self.works:
            raise RuntimeError("OBS is not installed")
        assert (fmt, fps > 0) == ("bgr", True)
        self.width, self.height, self.device = width, height, device or "OBS Virtual Camera"
        self.is_open = True
        return self

    def send(self, image: Image) -> None:
        assert image.shape == (self.height, self.width, 3)
        self.sent.append(image.copy())
        self.has_sent.release()

    def close(self) -> None:
        self.is_open = False


def test_on_other_systems_the_users_own_package_gets_the_pictures() -> None:
    package = FakePackage()
    with VirtualCamera(FIRST, lambda name: PyVirtualCam(name, package)) as output:
        give(output, picture())
        assert package.is_open
        assert package.has_sent.acquire(timeout=20)
        assert output.wants is Wants.SHOWN
    assert not package.is_open
    assert np.array_equal(package.sent[-1], picture())


def test_on_other_systems_what_is_missing_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        VirtualCamera(FIRST, lambda name: PyVirtualCam(name, FakePackage(works=False))) as output,
        pytest.raises(OutputNotWritable, match="no virtual camera can be opened: OBS is not"),
    ):
        give(output, picture())
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(MissingExtra, match=r"\(GPL-2\): pip install pyvirtualcam"):
        VirtualCamera(FIRST)


@pytest.mark.parametrize(
    ("line", "device", "source"),
    [
        ("--virtual-camera", FIRST, "0"),
        ("--virtual-camera clip.mp4", FIRST, "clip.mp4"),
        ("--virtual-camera /dev/video9 clip.mp4", "/dev/video9", "clip.mp4"),
        ("--virtual-camera=/dev/v4l/by-id/x", "/dev/v4l/by-id/x", "0"),
    ],
)
def test_the_device_may_be_left_out(line: str, device: str, source: str) -> None:
    command, _ = read_line(LiveCommand, line.split())
    assert (command.options.virtual_camera, command.source) == (device, source)


def test_yuyv_of_a_picture_is_what_everybody_reads() -> None:
    device = FakeDevice()
    red = np.zeros((4, 4, 3), np.uint8)
    red[:] = (0, 0, 255)
    with camera(device) as (output, linux):
        write(output, linux, red)
    # BT.601 in the range of video: red is 81, 90, 240.
    yuv = cv2.cvtColor(red, cv2.COLOR_BGR2YUV_YUY2)
    assert np.abs(yuv[0, :2].astype(int) - ((81, 90), (81, 240))).max() <= 1
    assert np.abs(device.pictures[0].astype(int) - red).max() <= 3
