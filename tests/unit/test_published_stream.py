"""Pictures sent to others as a video, and what happens when those are not there or hang."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from cameras import has_rtsp_server
from conftest import skip_or_fail
from marked import marked, shown_in
from recorder import Datagrams, Recorder, pictures
from waiting import wait_until

from livesegment.backoff import Backoff
from livesegment.errors import OptionsError, OutputNotWritable
from livesegment.frame import Frame, Image
from livesegment.metrics import Metrics
from livesegment.output import Shown
from livesegment.sinks import published_stream, stream_to_address
from livesegment.sinks.published_stream import PublishedStream
from livesegment.sinks.stream_to_address import StreamToAddress
from livesegment.sinks.stream_to_stdout import StreamToStdout

SOON = Backoff(attempts=None, first_wait_s=0.05, max_wait_s=0.2)
SIZE = (64, 48)
# In turns they are as hard to code as pictures can be.
NOISE = list(np.random.default_rng(1).integers(0, 255, (2, 480, 640, 3), np.uint8))
GREY = [np.full((SIZE[1], SIZE[0], 3), 100, np.uint8)]


class Run:
    """As much of a live run as a stream needs to know."""

    title = "a run"

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.remarks: list[str] = []
        self.stopped = threading.Event()

    def remark(self, text: str) -> None:
        self.remarks.append(text)

    def stop(self) -> None:
        self.stopped.set()


class Publishing:
    """A stream under way, which is given pictures."""

    def __init__(self, url: str) -> None:
        self.run = Run()
        self.stream: PublishedStream = (
            StreamToStdout() if url == "-" else StreamToAddress(url, fps=10, backoff=SOON)
        )
        self.stream.on_start(self.run)  # type: ignore[arg-type]
        self.given = 0

    def give(self, images: Sequence[Image] = GREY, at_s: float = 0.0) -> None:
        """Give one of some pictures; captured so many seconds after a day in the past, or now."""
        image = images[self.given % len(images)]
        captured_at_s = at_s - 86400 if at_s else time.monotonic()
        frame = Frame(image, self.given, 0.0, captured_at_s)
        self.given += 1
        self.stream.on_frame(Shown(frame, None, None, image))
        self.stream.on_tick()

    @property
    def sent(self) -> int:
        return self.run.metrics.get("frames_published")

    def until(self, is_so: Callable[[], bool], what: str, images: Sequence[Image] = GREY) -> None:
        """Give pictures until something is so."""

        def found() -> bool:
            self.give(images)
            return is_so()

        wait_until(found, what, pause_s=0.03)


@pytest.fixture
def publishing() -> Iterator[Callable[[str], Publishing]]:
    made: list[Publishing] = []

    def make(url: str) -> Publishing:
        made.append(Publishing(url))
        return made[-1]

    yield make
    for each in made:
        each.stream.close()
    assert not [each for each in threading.enumerate() if each.name.startswith("publish")]


@pytest.fixture
def datagrams() -> Iterator[Datagrams]:
    listening = Datagrams()
    yield listening
    listening.close()


@pytest.fixture(params=["rtsp", "rtmp"])
def recorder(request: pytest.FixtureRequest, need_tool: Callable[[str], str]) -> Iterator[Recorder]:
    if request.param == "rtsp" and not has_rtsp_server():
        skip_or_fail("this test needs GStreamer's RTSP server and its Python bindings")
    recorder = Recorder(request.param, need_tool("ffmpeg"))
    yield recorder
    recorder.kill()


def test_a_receiver_that_comes_late_and_goes_gets_pictures_whenever_it_is_there(
    recorder: Recorder,
    publishing: Callable[[str], Publishing],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setattr(stream_to_address, "WRITE_S", 0.5)
    stream = publishing(recorder.url)
    name = recorder.url.rpartition("/")[0].removesuffix("/live")
    stream.until(lambda: "cannot send" in caplog.text, "a receiver missed")
    assert f"cannot send to {name}: Connection refused; waiting for it" in caplog.text
    assert stream.sent == 0
    for times in (1, 2):
        recorder.start()
        hangs = times == 2 and recorder.kind == "rtsp"
        images = NOISE if hangs else GREY
        stream.until(lambda: len(recorder.arrived) > 3, "pictures", images)
        height, width = images[0].shape[:2]
        assert {each.size for each in recorder.arrived} == {(width, height)}
        assert all(one.time_s < two.time_s for one, two in pairwise(recorder.arrived))
        assert recorder.arrived[0].brightness == pytest.approx(images[0].mean(), abs=9)
        assert caplog.text.count(f"{name} is there after") == times
        # Much is under way, in the memory of the system, before somebody who writes has to wait.
        recorder.freeze() if hangs else recorder.kill()
        lost = lambda: stream.run.metrics.get("stream_losses") == times  # noqa: E731, B023
        stream.until(lost, "a loss", images)
    recorder.kill()
    assert caplog.text.count(f"{name} is lost: ") == 2
    assert caplog.text.count("cannot send") == 1
    assert stream.run.remarks == [
        f"cannot send to {name}",
        *(f"{name} {what}" for what in ("is there", "is lost", "is there", "is lost")),
    ]


def test_times_are_those_of_capture_and_somebody_who_joins_waits_for_two_seconds_at_most(
    datagrams: Datagrams, publishing: Callable[[str], Publishing]
) -> None:
    stream = publishing(datagrams.url)
    stream.give(at_s=1.0)
    wait_until(lambda: stream.sent, "somebody to send to")
    times = [100 + step * 0.4 + step % 3 * 0.03 for step in range(20)]
    for at_s in times:
        before = stream.sent
        stream.give(at_s=at_s)
        wait_until(lambda: stream.sent > before, "a picture sent")  # noqa: B023
    stream.stream.close()
    came = wait_until(lambda: len(found := datagrams.arrived()) >= len(times) and found, "pictures")
    first = came[0].time_s
    stamps = [round(each.time_s - first + 1.0, 2) for each in came]
    assert {round(each, 2) for each in times} <= set(stamps)
    keys = [each.time_s for each in came if each.is_key and each.time_s > first + 90]
    assert max(two - one for one, two in pairwise(keys)) <= 2.0
    assert len(keys) >= 4
    assert {size % 188 for size in datagrams.sizes} == {0}


def test_a_picture_that_stands_still_goes_on_and_another_size_begins_anew(
    datagrams: Datagrams,
    publishing: Callable[[str], Publishing],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(published_stream, "REPEAT_S", 0.1)
    stream = publishing(datagrams.url)
    stream.give()
    wait_until(lambda: stream.sent >= 3, "the same picture sent again")
    stream.give([np.full((96, 160, 3), 200, np.uint8)])
    sizes = lambda: {each.size for each in datagrams.arrived()}  # noqa: E731
    wait_until(lambda: len(sizes()) == 2, "another size")
    stream.stream.close()
    came = datagrams.arrived()
    assert [round(each.brightness, -1) for each in came[:3]] == [100] * 3
    assert came[-1].size == (160, 96)
    times = [each.time_s for each in came]
    assert times == sorted(times)
    assert times[2] - times[0] > 0.15
    assert caplog.messages == [f"sending to {datagrams.url}"]


def test_a_server_that_does_not_answer_holds_up_nothing_and_its_address_is_not_said(
    publishing: Callable[[str], Publishing],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setattr(stream_to_address, "OPEN_S", 0.4)
    monkeypatch.setattr(stream_to_address, "GRACE_S", 0.2)
    secret = marked("silentstream")
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as pool:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        quoted = "".join(f"%{byte:02X}" for byte in secret.encode())
        stream = publishing(f"rtmp://anna:{quoted}@{place}/{quoted}/{quoted}?k={quoted}")
        # Pictures that no pipe holds, while nobody reads them.
        given = pool.submit(lambda: [stream.give(NOISE) for _ in range(50)])
        given.result(20)
        stream.until(lambda: bool(stream.run.remarks), "a server that hangs noticed", NOISE)
        commands = Path("/proc").glob("[0-9]*/cmdline")
        seen = {"commands": b" ".join(map(read_or_nothing, commands)), "log": caplog.text}
        pool.submit(stream.stream.close).result(20)
    assert f"cannot send to rtmp://{place}: no answer in time; waiting" in caplog.text
    assert not shown_in(seen | {"repr": repr(stream.stream)}, [secret])
    assert stream.sent == 0


def read_or_nothing(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # that process has ended
        return b""


@contextmanager
def stdout_leading(to: int | None) -> Iterator[None]:
    """Let file descriptor 1 be another one, or closed."""
    before = os.dup(1)
    os.close(1) if to is None else os.dup2(to, 1)
    try:
        yield
        assert to is None or os.fstat(1) == os.fstat(to), "it is given back"
    finally:
        os.dup2(before, 1)
        os.close(before)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_stdout_that_can_take_no_video_is_told() -> None:
    master, terminal = os.openpty()
    try:
        with (
            stdout_leading(terminal),
            pytest.raises(OptionsError, match=r"^--publish - writes a video to stdout, for"),
        ):
            StreamToStdout()
    finally:
        os.close(master)
        os.close(terminal)
    with (
        stdout_leading(None),
        pytest.raises(OutputNotWritable, match=r"^the video cannot be written: stdout is closed$"),
    ):
        StreamToStdout()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_stdout_is_the_runs_error(
    publishing: Callable[[str], Publishing],
) -> None:
    with Path("/dev/full").open("wb") as full, stdout_leading(full.fileno()):
        stream = publishing("-")
        with pytest.raises(OutputNotWritable, match=r"^cannot send to standard output: No space"):
            stream.until(lambda: False, "an error")
        stream.stream.close()


PROGRAM = """
import sys
from livesegment import LiveOptions, OverlayOptions, Segmenter, live
from livesegment.sources.pattern import PatternSource
source = PatternSource((64, 48), 30, int(sys.argv[1]))
class Talking(Segmenter):
    def segment(self, frame):
        print("asked")
        return source.truth(frame.index)
live(source, segmenter=Talking(), options=LiveOptions(window=False, publish=["-"]))
print("the end")
"""


def test_stdout_has_a_video_and_nothing_else_while_it_lasts() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "20"], capture_output=True, timeout=60, check=True
    )
    video, end = ran.stdout[:-8], ran.stdout[-8:]
    assert end == b"the end\n"
    assert len(video) % 188 == 0
    assert set(video[::188]) == {0x47}
    assert len(pictures(video)) > 1
    assert b"asked\n" in ran.stderr


def test_a_reader_of_stdout_who_goes_ends_the_run_and_is_no_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "livesegment", "live", "pattern:64x48@30", "--no-window"]
    with subprocess.Popen(
        [*command, "--publish", "-"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.read(188)[:1] == b"\x47"
        program.stdout.close()
        said = program.stderr.read().decode()
        assert program.wait(30) == 0
    assert said.count("\n") == 1, said
