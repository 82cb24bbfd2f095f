"""The window, on a screen of its own; each window lives in a process of its own.

Qt reads DISPLAY once a process and ends it where there is none, so nothing here runs in-process.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from ctypes.util import find_library
from pathlib import Path

import cv2
import pytest
from waiting import wait_until

from livesegment.opencv import opencv_version
from livesegment.sinks.display_check import qt_plugin

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the screen is an X server")

OLD = opencv_version() < (4, 12)

CHILD = Path(__file__).with_name("window_child.py")


class Child:
    """A program that shows a window and does what it is told, a line at a time."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.environment = environment
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD), *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tool(self, *command: str) -> str:
        ran = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True, timeout=20
        )
        return ran.stdout

    def end(self) -> str:
        """Let it close the window and return what it wrote to stderr."""
        _, stderr = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, stderr
        return stderr


@pytest.fixture
def child(screen: dict[str, str], need_tool: Callable[[str], str]) -> Iterator[Child]:
    need_tool("xdotool")
    child = Child(screen, "show")
    try:
        said = child.read()
        assert said == "shown", said or child.end()
        child.tool("xdotool", "search", "--sync", "--name", "^a window$")
        yield child
    finally:
        child.process.kill()
        child.process.communicate()


def window_id(child: Child) -> str:
    return child.tool("xdotool", "search", "--name", "^a window$").split()[-1]


def test_keys_reach_the_program_and_the_picture_the_screen(child, need_tool, tmp_path):
    # A picture of 1600x800 on a screen of 800x600: 720x360, left half red, right half green.
    def seen(places: Sequence[tuple[int, int]]) -> list[list[int]]:
        child.tool(need_tool("import"), "-window", "root", str(tmp_path / "screen.png"))
        shot = cv2.imread(str(tmp_path / "screen.png"))
        return [shot[y, x].tolist() for y, x in places]

    places = ((180, 180), (180, 540), (500, 400))
    wanted = [[0, 0, 255], [0, 255, 0], [0, 0, 0]]
    # The server paints in its own time.
    wait_until(lambda: seen(places) == wanted, "the picture on the screen")
    child.tool("xdotool", "windowsize", window_id(child), "720", "500")
    dark, green = [22, 19, 18], [0, 255, 0]
    if OLD:  # its window is as its pictures, and keeps their shape by margins of its own
        dark = [239, 239, 239]
    wanted = [dark, green, dark]  # 360 of 500 rows, margins of 70
    places = ((35, 180), (250, 540), (465, 180))
    wait_until(lambda: seen(places) == wanted, "the picture with margins")
    keys = {"s": 115, "space": 32, "bracketleft": 91, "1": 49, "Escape": 27, "q": 113}
    for name, code in keys.items():
        child.tool("xdotool", "windowfocus", "--sync", window_id(child), "key", name)
        assert child.read() == f"key {code}"
    assert child.end() == ""


def test_a_window_that_the_user_closes_stays_closed(child):
    child.tool(sys.executable, str(CHILD), "click-close", window_id(child))
    assert child.read() == "closed by the user"
    assert child.end() == ""


@pytest.mark.skipif(find_library("X11-xcb") is None, reason="the system has no libX11-xcb")
def test_qt_tells_the_systems_xlib_that_it_reads_the_events_itself(screen):
    # By the function in the wheel, which may be of another version, Xlib is not told: it takes
    # events away, and without the one of its mapping a window stays white.
    child = Child(screen, "events")
    said = child.read()
    assert child.end() == ""
    assert Path(said).name.startswith("libX11-xcb.so.")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "there is no display to open a window on (DISPLAY is not set): use --no-window"),
        ({"DISPLAY": ":4093"}, "the display :4093 does not answer: use --no-window"),
        (
            {"WAYLAND_DISPLAY": "wayland-0"},
            "this Wayland session has no X server, which OpenCV's windows need: enable XWayland, "
            "or use --no-window",
        ),
    ],
)
def test_no_display_is_one_sentence_and_no_abort(environment, sentence):
    clean = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    child = Child({**clean, **environment}, "show")
    assert child.read() == f"DisplayUnavailable: {sentence}"
    assert child.end() == ""


@pytest.mark.skipif(qt_plugin() is None, reason="this OpenCV has no Qt of its own")
def test_a_library_that_the_windows_need_and_the_system_lacks_is_named(screen, tmp_path):
    (tmp_path / "libSM.so.6").write_text("no library")
    child = Child({**screen, "LD_LIBRARY_PATH": str(tmp_path)}, "show")
    said = child.read()
    assert said.startswith("DisplayUnavailable: OpenCV's windows need libSM.so.6: run 'apt-get in")
    assert said.endswith("or use --no-window")
    assert child.end() == ""


@pytest.mark.parametrize(
    ("wheels", "sentence"),
    [
        (
            ["opencv-python-headless"],
            "opencv-python-headless cannot open windows: run 'pip uninstall "
            "opencv-python-headless', then 'pip install opencv-python', or use --no-window",
        ),
        (
            ["opencv-python", "opencv-python-headless"],
            "opencv-python and opencv-python-headless are both installed and the one without "
            "windows is in use: run 'pip uninstall opencv-python opencv-python-headless', then "
            "'pip install opencv-python', or use --no-window",
        ),
    ],
)
def test_an_opencv_without_windows_is_explained(tmp_path, wheels, sentence):
    for wheel in ("opencv-python", "opencv-python-headless"):
        if wheel in wheels:
            info = tmp_path / f"{wheel.replace('-', '_')}-4.12.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {wheel}\nVersion: 4.12\n")
    child = Child({**os.environ, "DISPLAY": ":4093"}, "headless", str(tmp_path))
    assert child.read() == f"DisplayUnavailable: {sentence}"
    assert child.end() == ""
