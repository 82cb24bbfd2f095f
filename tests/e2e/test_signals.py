"""How a run ends when it is told to from outside."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

LIVE = [sys.executable, "-m", "livesegment", "live", "--no-window", "--record", "r.mp4"]


def start(folder: Path, source: str, *before: str) -> "subprocess.Popen[str]":
    program = subprocess.Popen(
        [*before, *LIVE, source], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    record = folder / "r.mp4"
    while program.poll() is None and not (record.exists() and record.stat().st_size):
        pass
    return program


def test_ctrl_c_again_and_again_ends_it_as_the_first_one_does(tmp_path: Path) -> None:
    with start(tmp_path, "pattern:64x48") as program:
        while program.poll() is None:
            program.send_signal(signal.SIGINT)
        assert program.stderr is not None
        assert "Traceback" not in program.stderr.read()
    assert program.returncode == 130


def test_a_run_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    with start(
        tmp_path, "pattern:64x48@30:60", "sh", "-c", 'trap "" HUP; exec "$@"', "-"
    ) as program:
        program.send_signal(signal.SIGHUP)
    assert program.returncode == 0
