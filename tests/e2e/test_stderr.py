"""What the program says may be lost; what it does is not."""

import io
import json
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import av
import httpx
import pytest
from parts import started
from PIL import Image

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")

NOWHERE = ["2>/dev/full", "2>&-", "2> >(exec true)"]


def run(folder: Path, nowhere: str, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-c", f'"$@" {nowhere}', "-", sys.executable, "-m", "livesegment", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("nowhere", NOWHERE)
def test_an_output_is_complete_though_nobody_can_be_told(tmp_path: Path, nowhere: str) -> None:
    ran = run(tmp_path, nowhere, "annotate", "pattern:64x48@10:6", "-o", "out.mp4", "-v")
    assert (ran.returncode, ran.stdout) == (0, "")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert len(list(container.decode(video=0))) == 6


@pytest.mark.parametrize("nowhere", NOWHERE)
def test_the_answer_is_all_that_stands_on_stdout(tmp_path: Path, nowhere: str) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "photo.png")
    ran = run(tmp_path, nowhere, "predict", "photo.png")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["image"] == {"width": 64, "height": 48}


@pytest.mark.parametrize("nowhere", NOWHERE)
def test_a_mistake_keeps_its_exit_code(tmp_path: Path, nowhere: str) -> None:
    ran = run(tmp_path, nowhere, "annotate", "absent.mp4", "-o", "out.mp4")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert run(tmp_path, nowhere, "live", "--fps-limit", "no").returncode == 2


def test_a_picture_that_a_library_finds_odd_leaves_json_logs_alone(tmp_path: Path) -> None:
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    whole = png.getvalue()
    content = b"acTL" + bytes(8)  # a film of no pictures
    odd = b"\0\0\0\x08" + content + zlib.crc32(content).to_bytes(4, "big")
    with started(tmp_path, "serve", "--port", "0", "--log-format", "json") as program:
        assert program.stderr is not None
        said_first = (json.loads(line)["message"] for line in program.stderr)
        serving = next(message for message in said_first if message.startswith("serving"))
        url = serving.split()[1].rpartition("/ANY")[0]
        answer = httpx.post(f"{url}/any/1", content=whole[:33] + odd + whole[33:], trust_env=False)
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=30)
    assert answer.status_code in {200, 400}  # as that OpenCV takes it
    for line in said.splitlines():
        json.loads(line)
