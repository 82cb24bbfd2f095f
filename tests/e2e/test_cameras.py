"""A network camera that comes and goes, as a user watches and records it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import pytest
from cameras import Camera, has_rtsp_server
from clock import read_stamp
from conftest import skip_or_fail
from parts import started
from waiting import read_until, wait_until


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    if not has_rtsp_server():
        skip_or_fail("this test needs gir1.2-gst-rtsp-server-1.0 and plugins of GStreamer")
    served = Camera("rtsp", tmp_path)
    yield served
    served.kill()


def wait_for_segments(folder: Path, count: int, program: "subprocess.Popen[str]") -> None:
    def written() -> bool:
        assert program.poll() is None
        return sum(path.stat().st_size > 0 for path in folder.glob("garden_*Z*.mp4")) >= count

    wait_until(written, f"{count} files")


def test_a_recording_goes_on_when_the_camera_is_back(camera: Camera, tmp_path: Path) -> None:
    recorded = ["--record", "garden.mp4", "--segment", "60", "--stats", "s.json"]
    arguments = ["live", camera.secret_url, "--no-window", "--wait-for-source", *recorded]
    with started(tmp_path, *arguments) as program:
        assert program.stderr is not None
        said = read_until(program.stderr, "Connection refused; waiting for it")
        camera.start("320x240")
        wait_for_segments(tmp_path, 1, program)
        camera.kill()
        camera.start("640x360")
        # A camera of another size begins another file.
        wait_for_segments(tmp_path, 2, program)
        program.send_signal(signal.SIGTERM)
        said += program.communicate(timeout=30)[1]
    assert program.returncode == 130
    assert "geheim" not in said
    assert "Traceback" not in said
    stats = json.loads((tmp_path / "s.json").read_text())
    assert stats["reconnects"] >= 1
    sizes, made_ms = [], []
    for path in sorted(tmp_path.glob("garden_*Z*.mp4")):
        with av.open(str(path)) as container:
            pictures = list(container.decode(video=0))
        sizes.append((pictures[0].width, pictures[0].height))
        made_ms += [read_stamp(each.to_ndarray(format="bgr24")) for each in pictures]
    assert sizes == [(320, 240), (640, 360)]
    assert len(made_ms) == stats["frames_shown"]
    assert all(one < other for one, other in pairwise(made_ms))


def test_a_camera_that_refuses_at_first_is_one_sentence(camera: Camera, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "livesegment", "live", camera.secret_url, "--no-window"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 3
    assert result.stderr == f"livesegment: {camera.url} cannot be opened: Connection refused\n"
