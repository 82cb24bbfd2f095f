import threading
from itertools import pairwise
from pathlib import Path

import cv2
import pytest
from clips import picture, serve_camera, serve_folder, shows, write_video

from livesegment.errors import SourceLost, SourceNotFound
from livesegment.sources import open_source


@pytest.fixture
def jpegs() -> list[bytes]:
    encoded = [cv2.imencode(".jpg", picture(index))[1] for index in range(30)]
    return [each.tobytes() for each in encoded]


def with_credentials(url: str) -> str:
    return url.replace("http://", "http://anna:geheim@") + "?token=geheim"


def test_a_camera_gives_its_pictures_live_and_is_lost_when_it_ends(jpegs: list[bytes]) -> None:
    ends_at_once = threading.Event()
    ends_at_once.set()
    frames = []
    with serve_camera(jpegs, ends_at_once) as url, open_source(f"{url}/cam") as source:
        assert source.is_live
        assert source.frame_count is None
        assert source.fps is None
        with pytest.raises(SourceLost, match=r"/cam (has ended|is lost)"):
            frames.extend(iter(source.read, None))
        assert source.read() is None
    assert [frame.index for frame in frames] == list(range(30))
    assert all(shows(frame.image, frame.index) for frame in frames)
    assert frames[0].pts_s == 0
    # Such a camera sends no times: they are those of the arrival.
    media_s = frames[-1].pts_s - frames[0].pts_s
    assert media_s == pytest.approx(frames[-1].captured_at_s - frames[0].captured_at_s, abs=0.05)
    assert all(one.pts_s < other.pts_s for one, other in pairwise(frames))


def test_a_camera_that_falls_silent_is_lost(jpegs: list[bytes]) -> None:
    frames = []
    with (
        serve_camera(jpegs, threading.Event()) as url,
        open_source(f"{url}/cam") as source,
        pytest.raises(SourceLost, match="cam is lost: no answer in time"),
    ):
        frames.extend(iter(source.read, None))
    assert len(frames) > 20


def test_stop_ends_a_read_that_waits(jpegs: list[bytes]) -> None:
    waiting = threading.Event()
    ended: list[bool] = []
    with serve_camera(jpegs, threading.Event()) as url, open_source(f"{url}/cam") as source:

        def read() -> None:
            while (frame := source.read()) is not None:
                if frame.index >= 20:
                    waiting.set()
            ended.append(True)

        reader = threading.Thread(target=read)
        reader.start()
        assert waiting.wait(10)
        source.stop()
        reader.join(10)
        assert ended == [True]
        assert source.read() is None


def test_a_video_file_on_a_server_is_a_file(tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", 20, muxer={"movflags": "faststart"})
    with serve_folder(tmp_path) as url, open_source(f"{url}/film.mp4") as source:
        assert not source.is_live
        assert source.frame_count == 20
        assert source.fps == 30
        assert len(list(iter(source.read, None))) == 20


def test_credentials_are_never_shown(tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", 3, muxer={"movflags": "faststart"})
    (tmp_path / "text.mp4").write_text("hello")
    with serve_folder(tmp_path) as url:
        with open_source(with_credentials(f"{url}/film.mp4")) as source:
            assert source.name == f"{url}/film.mp4"
            assert "geheim" not in repr(source)
        for name in ("missing.mp4", "text.mp4"):
            with pytest.raises(SourceNotFound, match=f"{name} cannot be opened") as caught:
                open_source(with_credentials(f"{url}/{name}"))
            assert "geheim" not in str(caught.value)
            assert caught.value.__context__ is None
    with pytest.raises(SourceNotFound, match="Connection refused") as caught:
        open_source(with_credentials("http://127.0.0.1:1/cam"))
    assert "geheim" not in str(caught.value)


def test_a_web_page_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html><body>It works!</body></html>" * 30)
    with serve_folder(tmp_path) as url, pytest.raises(SourceNotFound, match="cannot be opened"):
        open_source(f"{url}/index.html")
