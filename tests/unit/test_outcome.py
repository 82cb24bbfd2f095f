"""What becomes of errors that nobody meant: too little memory is no bug."""

import errno
import subprocess
import sys

import av.error
import cv2
import pytest

from livesegment.cli.outcome import run_to_outcome


def caused(by: Exception) -> Exception:
    error = ValueError("what came of it")
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        cv2.error("std::bad_alloc"),
        cv2.error("OpenCV(4) error: (-4:Insufficient memory) Failed to allocate 8 bytes"),
        RuntimeError("can't start new thread"),
        ImportError("cv2.so: failed to map segment from shared object"),
        av.error.BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        caused(MemoryError()),
    ],
    ids=repr,
)
def test_too_little_memory_is_a_sentence(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise error

    assert run_to_outcome(command) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("livesegment: the system gives no more memory or threads")


def test_a_bug_is_shown_as_one() -> None:
    def command() -> int:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        run_to_outcome(command)


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v is Linux's")
@pytest.mark.parametrize(
    "command",
    [
        "live pattern: --no-window",
        "annotate pattern:64x48:3 -o a.mp4",
        "predict a.png",
        "serve --port 0",
        "doctor",
    ],
)
def test_too_little_address_space_is_said_before_anything_is_begun(tmp_path, command: str) -> None:
    limited = f"ulimit -v 400000; exec {sys.executable} -m livesegment {command}"
    ran = subprocess.run(
        ["sh", "-c", limited], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    (said,) = ran.stderr.splitlines()
    assert "ulimit -v" in said
    assert list(tmp_path.iterdir()) == []
