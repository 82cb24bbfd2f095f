"""Cameras that are killed, freeze, come back, and come back otherwise: with real servers."""

import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

import cv2
import pytest
from cameras import Camera, has_rtsp_server, latency_s, watching
from clips import picture, serve_folder, serve_handler, shows, write_video
from clock import read_stamp
from conftest import skip_or_fail

from livesegment.errors import SourceNotFound
from livesegment.frame import Frame
from livesegment.sources import open_live_source
from livesegment.sources.reconnecting import REOPEN

STALE_S = 1.9  # less than the silence that ends a connection; RTSP and MJPEG take 0.1


@pytest.fixture
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Camera]:
    kind = getattr(request, "param", "rtsp")
    if sys.platform == "win32":
        pytest.skip("Windows has no SIGSTOP")
    if kind == "rtsp" and not has_rtsp_server():
        skip_or_fail("this test needs gir1.2-gst-rtsp-server-1.0 and plugins of GStreamer")
    served = Camera(kind, tmp_path)
    yield served
    served.kill()


def goes_on(frames: list[Frame]) -> None:
    """Assert that numbers, media times and clocks rise together across everything."""
    for one, other in pairwise(frames):
        assert one.index < other.index
        assert one.pts_s < other.pts_s
        media_s = other.pts_s - one.pts_s
        assert media_s == pytest.approx(other.captured_at_s - one.captured_at_s, abs=1.0)


@pytest.mark.parametrize("camera", ["rtsp", "mjpeg", "hls"], indirect=True)
def test_a_killed_camera_comes_back_with_another_size(
    camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    camera.start("320x240")
    with open_live_source(camera.secret_url) as source, watching(source) as watcher:
        first = watcher.until(lambda frame: frame.index >= 5)
        assert source.is_live
        assert source.lost_since_s is None
        assert first.frame_size == (320, 240)
        camera.kill()
        watcher.until_lost()
        camera.start("640x360")
        back = watcher.until_back()
        assert back.frame_size == (640, 360)
        assert source.reconnects == 1
        assert source.scene_began == back.index
        watcher.until(lambda frame: frame.index >= back.index + 5)
        assert source.lost_since_s is None
        goes_on(watcher.frames)
    assert "is there after" in caplog.text
    assert "geheim" not in caplog.text + source.name


@pytest.mark.parametrize("camera", ["rtsp", "mjpeg"], indirect=True)
def test_a_frozen_camera_is_lost_and_no_picture_from_before_passes_for_a_new_one(
    camera: Camera,
) -> None:
    camera.start()
    with open_live_source(camera.url) as source, watching(source) as watcher:
        watcher.until(lambda frame: frame.index >= 5)
        camera.freeze()
        watcher.until_lost()
        camera.thaw()
        back = watcher.until_back()
        watcher.until(lambda frame: frame.index >= back.index + 15)
        goes_on(watcher.frames)
        assert max(latency_s(frame) for frame in watcher.frames) < STALE_S


@pytest.mark.parametrize("camera", ["hls"], indirect=True)
def test_a_frozen_hls_server_comes_back_and_no_picture_is_seen_twice(camera: Camera) -> None:
    camera.start()
    with open_live_source(camera.url) as source, watching(source) as watcher:
        watcher.until(lambda frame: frame.index >= 5)
        camera.freeze()
        watcher.until_lost()
        camera.thaw()
        back = watcher.until_back()
        watcher.until(lambda frame: frame.index >= back.index + 5)
        goes_on(watcher.frames)
        made_ms = [read_stamp(frame.image) for frame in watcher.frames]
        assert all(one < other for one, other in pairwise(made_ms))


def test_a_camera_that_is_not_there_yet_is_waited_for(camera: Camera) -> None:
    with pytest.raises(SourceNotFound, match="Connection refused"):
        open_live_source(camera.url)
    with open_live_source(camera.url, wait=True) as source, watching(source) as watcher:
        assert source.lost_since_s is not None
        camera.start()
        first = watcher.until(lambda frame: True)
        assert first.index == 0
        assert source.lost_since_s is None
        # To come for the first time is no return.
        assert source.reconnects == 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
@pytest.mark.parametrize("camera", ["mjpeg"], indirect=True)
def test_coming_back_again_and_again_leaks_neither_threads_nor_descriptors(camera: Camera) -> None:
    def held() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    camera.start()
    with open_live_source(camera.url) as source, watching(source) as watcher:
        watcher.until(lambda frame: True)
        before = held()
        for _ in range(3):
            camera.kill()
            watcher.until_lost()
            camera.start()
            watcher.until_back()
        assert held() == before
        assert source.reconnects == 3


def test_stop_ends_a_wait_for_a_camera_that_accepts_and_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"rtsp://127.0.0.1:{mute.getsockname()[1]}/cam"
        source = open_live_source(url, wait=True)
        mute.accept()[0].close()  # whether it is there at all
        connection = mute.accept()[0]
        with connection, watching(source):
            assert connection.recv(7) == b"OPTIONS"
        # It is still waiting for the answer, which nobody waits for any more.
        assert source.read() is None


class Changing(BaseHTTPRequestHandler):
    """Answers each request otherwise: pictures, an error, a finished recording, pictures."""

    def do_GET(self) -> None:
        kind = self.server.answers.pop(0) if self.server.answers else "pictures"
        if kind == "refusal":
            self.send_error(401)
            return
        self.send_response(200)
        if kind == "recording":
            content = self.server.recording
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
        self.end_headers()
        for index in range(10):
            jpeg = cv2.imencode(".jpg", picture(index))[1].tobytes()
            head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_errors_and_finished_recordings_are_no_return(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film = write_video(tmp_path / "film.mp4", 30, muxer={"movflags": "faststart"}, size=(64, 48))
    with serve_handler(Changing) as (url, server):
        server.recording = film.read_bytes()
        server.answers = ["pictures", "refusal", "recording", "pictures"]
        with open_live_source(f"{url}/cam?key=geheim") as source, watching(source) as watcher:
            watcher.until_back()
            assert {frame.frame_size for frame in watcher.frames} == {(96, 64)}
    assert "401" in caplog.text
    assert "is a finished recording" in caplog.text
    assert "geheim" not in caplog.text


def test_a_first_connection_that_is_refused_for_good_is_not_tried_again() -> None:
    with serve_handler(Changing) as (url, server):
        server.answers = ["refusal"]
        with pytest.raises(SourceNotFound, match=r"cannot be opened: .*401"):
            open_live_source(f"{url}/cam")


def test_a_file_on_a_web_server_ends(tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", 20, muxer={"movflags": "faststart"})
    with serve_folder(tmp_path) as url, open_live_source(f"{url}/film.mp4") as source:
        assert not source.is_live
        assert not source.is_endless
        assert source.frame_count == 20
        frames = list(iter(source.read, None))
    assert [frame.index for frame in frames] == list(range(20))
    assert all(shows(frame.image, frame.index) for frame in frames)
    assert source.lost_since_s is None


def test_a_file_that_was_waited_for_is_shown_at_its_own_times(tmp_path: Path) -> None:
    made = write_video(tmp_path / "made.mp4", [0, 6, 12], muxer={"movflags": "faststart"})
    with (
        serve_folder(tmp_path) as url,
        open_live_source(f"{url}/film.mp4", wait=True) as source,
    ):
        made.rename(tmp_path / "film.mp4")
        frames = list(iter(source.read, None))
    assert [frame.pts_s for frame in frames] == pytest.approx([0, 0.2, 0.4])
    for one, other in pairwise(frames):
        assert other.captured_at_s - one.captured_at_s > 0.1


def test_other_sources_are_opened_as_ever(tmp_path: Path) -> None:
    with open_live_source("pattern:64x48@30:3", wait=True) as source:
        assert len(list(iter(source.read, None))) == 3
    with pytest.raises(SourceNotFound, match="no file"):
        open_live_source(tmp_path / "missing.mp4", wait=True)


def test_the_waits_grow_to_a_second_and_no_further() -> None:
    longest = [REOPEN.delay_s(attempt, share=1.0) for attempt in range(1, 10_001)]
    assert longest == sorted(longest)
    assert longest[0] < 0.3
    assert longest[-1] == 1.0
    assert REOPEN.delay_s(51, share=0.0) == 0.5
