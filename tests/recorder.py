"""Who takes a published stream: what a test can kill, freeze and start again."""

import io
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import av
from av.video.frame import VideoFrame
from broker import free_port

from livesegment.frame import Image

SYSTEM_PYTHON = "/usr/bin/python3"
_SERVER = Path(__file__).parent / "rtsp_recorder.py"
_AT_ONCE = {"probesize": "1000000", "analyzeduration": "1", "fpsprobesize": "0"}


@dataclass(frozen=True)
class Arrived:
    """A picture that came.

    Attributes:
        time_s: Its time in the stream.
        is_key: Whether it is a keyframe.
        size: (width, height) in pixels.
        brightness: The mean of all values.
    """

    time_s: float
    is_key: bool
    size: tuple[int, int]
    brightness: float


class Recorder:
    """Takes one stream at a time, always at one address.

    Args:
        kind: rtsp or rtmp.
        ffmpeg: The program that takes RTMP.

    Attributes:
        kind: As given.
        url: Where it listens.
        arrived: What came since it was started last.
    """

    def __init__(self, kind: str, ffmpeg: str = "ffmpeg") -> None:
        self.kind = kind
        self._ffmpeg = ffmpeg
        self.port = free_port()
        self.url = f"{kind}://127.0.0.1:{self.port}/{'rec' if kind == 'rtsp' else 'live/key'}"
        self.arrived: list[Arrived] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start; RTSP listens when this returns."""
        if self.kind == "rtsp":
            command = [SYSTEM_PYTHON, str(_SERVER), str(self.port)]
        else:
            options = ("-v", "error", "-analyzeduration", "1", "-fpsprobesize", "0", "-listen", "1")
            command = [self._ffmpeg, *options, "-i", self.url, "-c", "copy", "-f", "mpegts"]
            command += ["-flush_packets", "1", "-"]
        self.arrived = []
        self._process = self._started(command)
        self._reader = threading.Thread(target=self._take, args=(command, self.arrived))
        self._reader.start()

    def _started(self, command: list[str]) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            command,
            bufsize=0,  # a buffer would be filled before anything of it is read
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        if self.kind == "rtsp":
            while process.stderr.readline().strip() != b"ready":
                assert process.poll() is None
        return process

    def _take(self, command: list[str], arrived: list[Arrived]) -> None:
        """Take what comes. Who takes RTMP ends with a connection that was given up: as another."""
        while (process := self._process) is not None:
            assert process.stdout is not None
            _read(process.stdout, arrived)
            if arrived or self.kind == "rtsp":
                return
            process.kill()
            process.communicate()
            with self._lock:
                if self._process is None:
                    return
                self._process = self._started(command)

    def freeze(self) -> None:
        """Let it sit still."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it without a word. May be called twice."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert self._reader is not None
            self._reader.join()
            process.communicate()


class Datagrams:
    """Takes a stream of datagrams.

    Attributes:
        url: Where it listens.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.url = f"udp://127.0.0.1:{self._socket.getsockname()[1]}"
        self.sizes: set[int] = set()
        self._data = bytearray()
        self._is_closed = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while not self._is_closed:
            with suppress(TimeoutError):
                datagram = self._socket.recv(65536)
                self.sizes.add(len(datagram))
                self._data += datagram

    def arrived(self) -> list[Arrived]:
        """Return the pictures that came so far."""
        return pictures(bytes(self._data))

    def data(self) -> bytes:
        """Return everything that came so far."""
        return bytes(self._data)

    def close(self) -> None:
        """Listen no more. May be called twice."""
        self._is_closed = True
        self._reader.join()
        self._socket.close()


def pictures(data: bytes) -> list[Arrived]:
    """Return the pictures of an MPEG-TS."""
    found: list[Arrived] = []
    _read(io.BytesIO(data), found)
    return found


def images_of(data: bytes) -> list[Image]:
    """Return the pictures of an MPEG-TS, BGR uint8 (H, W, 3)."""
    return [each.to_ndarray(format="bgr24") for each in _decoded(io.BytesIO(data))]


def _read(stream: IO[bytes], found: list[Arrived]) -> None:
    for each in _decoded(stream):
        if each.time is not None:  # else it is half of one, at the end
            brightness = float(each.to_ndarray(format="bgr24").mean())
            found.append(Arrived(each.time, each.key_frame, (each.width, each.height), brightness))


def _decoded(stream: IO[bytes]) -> Iterator[VideoFrame]:
    with suppress(av.FFmpegError), av.open(stream, format="mpegts", options=_AT_ONCE) as container:
        yield from container.decode(video=0)
