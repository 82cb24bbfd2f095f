"""How a run ends when it is told to from outside."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

LIVE = [sys.executable, "-m", "livesegment", "live", "--no-window", "--record", "r.mp4"]


@contextmanager
def recording(folder: Path, source: str, *before: str) -> "Iterator[subprocess.Popen[str]]":
    """Run it until it records; it does not outlive a test that fails."""
    record = folder / "r.mp4"
    with subprocess.Popen(
        [*before, *LIVE, source], cwd=folder, stderr=subprocess.PIPE, text=True
    ) as program:
        try:
            wait_until(
                lambda: program.poll() is not None or (record.exists() and record.stat().st_size),
                "the first of the recording",
            )
            yield program
        except BaseException:
            program.kill()
            raise


def test_ctrl_c_again_and_again_ends_it_as_the_first_one_does(tmp_path: Path) -> None:
    with recording(tmp_path, "pattern:64x48") as program:

        def ended() -> bool:
            program.send_signal(signal.SIGINT)
            return program.poll() is not None

        wait_until(ended, "its end", pause_s=0)
        assert program.stderr is not None
        assert "Traceback" not in program.stderr.read()
    assert program.returncode == 130


def test_a_run_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    with recording(
        tmp_path, "pattern:64x48@30:60", "sh", "-c", 'trap "" HUP; exec "$@"', "-"
    ) as program:
        program.send_signal(signal.SIGHUP)
    assert program.returncode == 0
