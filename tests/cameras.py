"""Network cameras that a test can kill, freeze and start again, and somebody who watches them."""

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from broker import free_port
from clock import MODULUS, read_stamp
from waiting import wait_until

from livesegment.errors import LiveSegmentError
from livesegment.frame import Frame
from livesegment.sources.base import Source

HERE = Path(__file__).parent
SYSTEM_PYTHON = "/usr/bin/python3"
NEEDED = (
    "import gi; gi.require_version('GstRtspServer', '1.0');"
    " from gi.repository import GstRtspServer, Gst; Gst.init(None);"
    " assert all(map(Gst.ElementFactory.find, ('x264enc', 'rtph264pay', 'videoconvert')))"
)
PATIENCE_S = 30


def has_rtsp_server() -> bool:
    """Tell whether the system has what rtsp_server.py needs."""
    if not Path(SYSTEM_PYTHON).exists():
        return False
    ran = subprocess.run([SYSTEM_PYTHON, "-W", "ignore", "-c", NEEDED], stderr=subprocess.DEVNULL)
    return ran.returncode == 0


class Camera:
    """A camera server in a process of its own, always at one address.

    Args:
        kind: rtsp, mjpeg or hls.
        folder: Where it may write.
        port: Where it listens; 0: at a free one.
    """

    def __init__(self, kind: str, folder: Path, port: int = 0) -> None:
        self._kind = kind
        self._folder = folder
        self._starts = 0
        self.port = port or free_port()
        self._process: subprocess.Popen[str] | None = None
        scheme = "rtsp" if kind == "rtsp" else "http"
        path = "cam.m3u8" if kind == "hls" else "cam"
        self.url = f"{scheme}://127.0.0.1:{self.port}/{path}"
        self.secret_url = f"{scheme}://anna:geheim@127.0.0.1:{self.port}/{path}"

    def start(self, size: str = "320x240", fps: int = 15, footage: Path | None = None) -> None:
        """Start and return when it listens.

        Args:
            size: Of its pictures.
            fps: How many a second.
            footage: File of the pictures that an rtsp camera shows, BGR one after the other, again
                and again; None: pictures that tell when they were made.
        """
        wanted = [] if footage is None else ["--footage", str(footage)]
        if self._kind == "rtsp":
            command = [SYSTEM_PYTHON, str(HERE / "rtsp_server.py"), str(self.port)]
        else:
            self._starts += 1
            folder = self._folder / f"start-{self._starts}"
            folder.mkdir()
            script = str(HERE / "http_camera.py")
            command = [sys.executable, script, str(self.port), self._kind, str(folder)]
        self._process = subprocess.Popen(
            [*command, "--size", size, "--fps", str(fps), *wanted],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("ready")

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it without a word."""
        if self._process is not None:
            self._process.kill()
            with self._process:
                self._process = None

    def freeze(self) -> None:
        """Let it sit still."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


class Watcher:
    """Reads a source on a thread, as the live loop does.

    Attributes:
        frames: Every frame read so far.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.frames: list[Frame] = []
        self._arrived: queue.Queue[Frame | None] = queue.Queue()
        self._error: LiveSegmentError | None = None
        self._began = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            while (frame := self.source.read()) is not None:
                self._arrived.put(frame)
        except LiveSegmentError as error:
            self._error = error
        self._arrived.put(None)

    def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Return the next frame that is wanted."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            frame = self._arrived.get(timeout=max(0.0, deadline_s - time.monotonic()))
            if self._error is not None:
                raise self._error
            assert frame is not None, "the source has ended"
            self.frames.append(frame)
            if wanted(frame):
                return frame

    def until_lost(self) -> None:
        """Return when the source says that it is lost."""
        wait_until(
            lambda: self.source.lost_since_s is not None, "a camera noticed as lost", PATIENCE_S
        )

    def until_back(self) -> Frame:
        """Return the first frame after a loss that was not yet waited out."""
        before = self._began
        back = self.until(lambda frame: frame.index >= self.source.scene_began > before)
        self._began = self.source.scene_began
        return back

    def close(self) -> None:
        """Stop and wait for the thread."""
        self.source.stop()
        self._thread.join()
        self.source.close()


@contextmanager
def watching(source: Source) -> Iterator[Watcher]:
    """Watch a source, and close it."""
    watcher = Watcher(source)
    try:
        yield watcher
    finally:
        watcher.close()


def latency_s(frame: Frame) -> float:
    """Return how old a picture with a clock was when it was captured."""
    captured_at_s = time.time() - (time.monotonic() - frame.captured_at_s)
    late_ms = (round(captured_at_s * 1000) - read_stamp(frame.image)) % MODULUS
    return (late_ms - MODULUS if late_ms > MODULUS // 2 else late_ms) / 1000
