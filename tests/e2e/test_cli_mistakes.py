"""Every mistake a user can make is one sentence on stderr, an exit code, and no key."""

import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

KEY = "secret-key-0123456789"


def run(
    folder: Path, *arguments: str, key: str = KEY, display: str | None = None
) -> "subprocess.CompletedProcess[str]":
    environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    environment["LIVESEGMENT_API_KEY"] = key
    if display is not None:
        environment["DISPLAY"] = display
    return subprocess.run(
        [sys.executable, "-m", "livesegment", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def write_video(path: Path, frames: int = 90) -> None:
    """Write a video with its index at the front, so that what is cut off later still opens."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(30))
        stream.width, stream.height = 160, 120
        noise = np.random.default_rng(1)
        for _ in range(frames):
            image = noise.integers(0, 255, (120, 160, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of things that are wrong, and a few that are not."""
    folder = tmp_path_factory.mktemp("mistakes")
    cv2.imwrite(str(folder / "photo.jpg"), np.full((48, 64, 3), 90, np.uint8))
    cv2.imwrite(str(folder / "existing.jpg"), np.full((48, 64, 3), 90, np.uint8))
    write_video(folder / "clip.mp4")
    (folder / "text.mp4").write_text("This is a text and no video.\n" * 20)
    (folder / "empty.mp4").touch()
    (folder / "empty.png").touch()
    (folder / "nothing").mkdir()
    (folder / "not-a-model.onnx").write_text("no model")
    return folder


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers as wrongly as its path says."""

    KINDS = {  # noqa: RUF012 - never changed
        "html": (200, b"<!doctype html><title>Login</title>"),
        "nothing": (200, b""),
        "other": (
            200,
            b'{"predictions": [{"x": 9, "y": 9, "width": 4, "height": 4, "class": "cat"}]}',
        ),
        "refused": (403, b'{"Message": "User is not authorized to access this resource"}'),
        "missing": (404, b'{"message": "no such model"}'),
        "unpaid": (402, b'{"message": "credits are used up"}'),
    }

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.path.split("/")[1]
        # An echo is what servers under test, and broken ones, do with what they were sent.
        status, body = self.KINDS.get(kind, (400, self.path.encode()))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(result: "subprocess.CompletedProcess[str]", code: int, *parts: str) -> None:
    lines = [
        line
        for line in result.stderr.splitlines()
        if not re.search("built-in person model|drawn scene says|requests in flight", line)
    ]
    assert result.returncode == code, result.stderr
    assert len(lines) == 1, result.stderr
    for part in parts:
        assert part in lines[0]
    assert KEY not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        ("live 93 --no-window", 3, ["camera 93", "live sample:", "live pattern:"]),
        ("live /dev/video93 --no-window", 3, ["/dev/video93"]),
        ("live missing.mp4 --no-window", 3, ["missing.mp4"]),
        ("live clip.mp4", 5, ["display", "--no-window"]),
        (
            "live rtsp://user:secret-key-0123456789@127.0.0.1:9/x --no-window",
            3,
            ["rtsp://127.0.0.1:9"],
        ),
        ("live pattern:5 --no-window", 2, ["pattern:640x480@30"]),
        ("live pattern:?latency=x --no-window", 2, ["latency=MS", "latency=300"]),
        ("annotate pattern:64x48:9?latency=10001 -o x.mp4", 2, ["latency", "10000 ms"]),
        ("live clip.mp4 --no-window --record absent/x.mp4", 5, ["absent"]),
        ("live clip.mp4 --no-window --masks x.avi", 2, [".mkv"]),
        ("live clip.mp4 --no-window --stats absent/x.json", 5, ["absent"]),
        ("live clip.mp4 --no-window --max-frames 1 --stats /dev/full", 5, ["/dev/full", "space"]),
        ("live clip.mp4 --no-window --align teleport", 2, ["--align"]),
        ("live clip.mp4 --no-window", 2, ["nothing would be shown", "--web", "--record"]),
        ("live clip.mp4 --no-window --duration 0", 2, ["--duration"]),
        ("live clip.mp4 --no-window --fps-limit -1", 2, ["--fps-limit"]),
        ("live clip.mp4 --no-window --in-flight some", 2, ["--in-flight", "auto"]),
        ("annotate clip.mp4 -o x.mp4 --in-flight many", 2, ["--in-flight", "auto"]),
        ("annotate clip.mp4 -o x.mp4 --in-flight 257", 2, ["--in-flight", "256"]),
        ("annotate text.mp4 -o x.mp4", 3, ["text.mp4"]),
        ("annotate empty.mp4 -o x.mp4", 3, ["empty.mp4"]),
        ("annotate empty.png -o x.png", 3, ["empty.png", "empty"]),
        ("annotate missing.mp4 -o x.mp4", 3, ["missing.mp4"]),
        ("annotate nothing -o x", 3, ["nothing", "no images"]),
        ("annotate photo.jpg -o clip.mp4/x.jpg", 5, ["clip.mp4/x.jpg", "clip.mp4 is no folder"]),
        ("annotate photo.jpg -o existing.jpg", 5, ["existing.jpg", "--overwrite"]),
        ("annotate photo.jpg -o x.mp4", 2, ["photo.jpg", "x.mp4"]),
        ("annotate photo.jpg clip.mp4 -o x.mp4", 2, ["folder"]),
        ("annotate photo.jpg", 2, ["--output"]),
        ("annotate pattern: -o x.mp4", 2, ["no end"]),
        ("predict missing.jpg", 3, ["missing.jpg"]),
        ("predict text.mp4", 3, ["text.mp4"]),
        ("predict http://127.0.0.1:9/x.jpg", 3, ["http://127.0.0.1:9/x.jpg"]),
        ("predict photo.jpg --endpoint http://127.0.0.1:9", 2, ["--model"]),
        ("predict photo.jpg --endpoint ftp://x --model a/1", 2, ["http"]),
        ("predict photo.jpg --endpoint builtin --model a/1", 2, ["builtin"]),
        ("predict photo.jpg --model /", 2, ["slug/version"]),
        ("predict photo.jpg --confidence 101", 2, ["--confidence"]),
        ("predict photo.jpg --max-side 0", 2, ["--max-side"]),
        ("predict photo.jpg --jpeg-quality 0", 2, ["--jpeg-quality"]),
        ("predict photo.jpg --in-flight 0", 2, ["--in-flight"]),
        ("predict photo.jpg --in-flight many", 2, ["--in-flight"]),
        ("predict photo.jpg --timeout 0", 2, ["--timeout"]),
        ("predict photo.jpg --opacity 1.5", 2, ["--opacity"]),
        ("predict photo.jpg --style neon", 2, ["--style"]),
        ("predict photo.jpg --max-calls 0", 2, ["--max-calls"]),
        ("predict photo.jpg --save photo.jpg --overwrite", 2, ["photo.jpg", "which is read"]),
        ("predict photo.jpg --save existing.jpg --max-calls 0", 5, ["existing.jpg"]),
        ("serve --port 70000", 2, ["--port"]),
        ("serve --model-file missing.onnx", 2, ["missing.onnx"]),
        ("serve --model-file not-a-model.onnx", 2, ["not-a-model.onnx"]),
        ("serve --classes a,b", 2, ["--classes needs --model-file"]),
        ("serve --classes names.txt", 2, ["--classes is names such as"]),
        ("live pattern: --stats /dev/null --no-window --model x.onnx", 2, ["no model file x"]),
        (
            "live pattern: --stats /dev/null --no-window --model-file not-a-model.onnx",
            2,
            ["not-a-model"],
        ),
        ("annotate film.mp4 -o o.mp4 --model-file missing.tflite", 2, ["missing.tflite"]),
        ("predict photo.jpg --model-file model.pt", 2, ["model.pt must end in .onnx or .tflite"]),
        ("predict photo.jpg --preset imagenet", 2, ["--preset is about a model file"]),
        ("predict photo.jpg --model x.onnx --endpoint http://a", 2, ["leave --endpoint out"]),
        ("serve --api-key-file missing.txt", 2, ["missing.txt"]),
        ("sing", 2, ["sing"]),
    ],
)
def test_a_mistake_is_one_sentence_and_its_exit_code(
    folder: Path, arguments: str, code: int, parts: list[str]
) -> None:
    check(run(folder, *arguments.split()), code, *parts)


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        ("live rtsp:/anna:{}@door/x --no-window", 3, "rtsp:/anna:...@door/x"),
        ("live rtsp//anna:{}@door/x --no-window", 3, "anna:...@door/x"),
        ("live anna:{}@door --no-window", 3, "anna:...@door"),
        ("live http:/door/cam?user=anna&pwd={} --no-window", 3, "door/cam?user=...&pwd=..."),
        ("annotate http:/anna:{}@door/x.mp4 -o y.mp4", 3, "anna:...@door/x.mp4"),
        ("annotate http:/anna:{}@door/*.jpg -o y", 3, "anna:...@door/*.jpg"),
        ("predict ftp://anna:{}@door/x.jpg", 3, "anna:...@door/x.jpg"),
        ("predict photo.jpg anna:{}@door", 2, "anna:...@door"),
        ("predict photo.jpg --model a/1 --endpoint htp://anna:{}@door", 2, "htp://anna:...@door"),
        ("predict photo.jpg --model a/1 --endpoint anna:{}@door", 2, "anna:...@door"),
        ("predict photo.jpg --model a/1 --endpoint htp://door?api_key={}", 2, "?api_key=..."),
        ("live clip.mp4 --no-window --webhook htp://door/{}", 2, "--webhook"),
        ("live clip.mp4 --no-window --mqtt anna:{}@door", 2, "--mqtt"),
    ],
)
def test_an_address_that_is_mistyped_is_repeated_without_its_password(
    folder: Path, arguments: str, code: int, part: str
) -> None:
    check(run(folder, *arguments.format(KEY).split()), code, part)


@pytest.mark.parametrize(
    "kind", ["html", "nothing", "other", "refused", "missing", "unpaid", "echo"]
)
@pytest.mark.parametrize(
    "command", ["predict photo.jpg", "live clip.mp4 --stats /dev/null --no-window"]
)
def test_what_an_endpoint_answers_wrongly_is_exit_code_4(
    folder: Path, endpoint: str, command: str, kind: str
) -> None:
    result = run(folder, *command.split(), "--endpoint", endpoint, "--model", f"{kind}/1")
    check(result, 4, endpoint)


@pytest.mark.parametrize(
    "command",
    [
        "live clip.mp4 --no-window --record new.mp4",
        "annotate clip.mp4 -o y.mp4",
        "predict photo.jpg",
    ],
)
def test_a_key_that_is_missing_is_said_at_once(folder: Path, command: str) -> None:
    check(
        run(folder, *command.split(), "--model", "any/1", key=""),
        4,
        "https://segment.roboflow.com",
        "no key given: set LIVESEGMENT_API_KEY",
    )
    assert not list(folder.glob("new*"))


def test_a_dead_endpoint_is_exit_code_4(folder: Path) -> None:
    result = run(
        folder, "predict", "photo.jpg", "--endpoint", "http://127.0.0.1:9", "--model", "a/1"
    )
    check(result, 4, "http://127.0.0.1:9")


def test_live_shows_its_file_to_the_end_without_an_endpoint_and_then_says_so(folder: Path) -> None:
    result = run(
        folder,
        "live",
        "clip.mp4",
        "--no-window",
        *("--stats", "/dev/null"),
        "--endpoint",
        "http://127.0.0.1:9",
        "--model",
        "a/1",
    )
    assert result.returncode == 4
    assert "cannot be reached" in result.stderr.splitlines()[-1]
    assert KEY not in result.stderr


def test_a_cut_video_is_annotated_as_far_as_it_goes(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "clip.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    result = run(tmp_path, "annotate", "cut.mp4", "-o", "out.mp4")
    check(result, 3, "cut.mp4 breaks off after", "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert 10 < frames < 80
    assert f"after {frames} frames" in result.stderr


def test_a_failed_run_leaves_an_existing_output_alone(folder: Path, endpoint: str) -> None:
    before = (folder / "existing.jpg").read_bytes()
    model = ("--endpoint", endpoint, "--model", "html/1")
    result = run(folder, "annotate", "photo.jpg", "-o", "existing.jpg", "--overwrite", *model)
    assert result.returncode == 4
    assert (folder / "existing.jpg").read_bytes() == before
