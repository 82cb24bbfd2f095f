"""How a run ends when it is told to from outside."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
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


def has_begun(folder: Path) -> bool:
    """Tell whether anything is recorded there: an empty file goes when nothing comes."""
    return any(each.stat().st_size for each in folder.glob("r*.mp4"))


def interrupted(program: "subprocess.Popen[str]") -> bool:
    """Press Ctrl-C, and tell whether the program has ended."""
    program.send_signal(signal.SIGINT)
    return program.poll() is not None


def test_ctrl_c_again_and_again_ends_it_as_the_first_one_does(tmp_path: Path) -> None:
    with recording(tmp_path, "pattern:64x48") as program:
        wait_until(lambda: interrupted(program), "its end", pause_s=0)
        assert program.stderr is not None
        assert "Traceback" not in program.stderr.read()
    assert program.returncode == 130


@pytest.mark.parametrize(
    "command",
    ["live pattern:64x48 --no-window --record r.mp4", "annotate pattern:64x48@10:50 -o r.mp4"],
)
def test_ctrl_c_twice_does_not_wait_for_an_endpoint_that_is_silent(
    tmp_path: Path, command: str
) -> None:
    # As patient as that, it ends within this test only if it stops to wait.
    patient = (
        "from importlib import import_module as module;"
        "module('livesegment.live.loop').GRACE_S = 3600;"
        "module('livesegment.annotate.loop').GRACE_S = 3600;"
        "from livesegment.cli import main; main()"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        asks = ["--endpoint", endpoint, "--model", "any/1", "--timeout", "600"]
        with subprocess.Popen(
            [sys.executable, "-c", patient, *command.split(), *asks],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        ) as program:
            try:
                asked, _ = silent.accept()
                with asked:
                    assert asked.recv(1)
                    if "live" in command:  # the request goes out beside the first pictures
                        wait_until(lambda: has_begun(tmp_path), "the first of a recording")
                    wait_until(lambda: interrupted(program), "its end", pause_s=0.1)
                    assert program.stderr is not None
                    said = program.stderr.read()
            except BaseException:
                program.kill()
                raise
    assert program.returncode == 130
    assert "Traceback" not in said
    if "live" in command:
        with av.open(str(tmp_path / "r.mp4")) as container:
            assert len(list(container.decode(video=0))) > 0


def test_a_run_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    with recording(
        tmp_path, "pattern:64x48@30:60", "sh", "-c", 'trap "" HUP; exec "$@"', "-"
    ) as program:
        program.send_signal(signal.SIGHUP)
    assert program.returncode == 0


def test_a_thread_that_a_library_does_not_let_go_changes_no_exit_code(tmp_path: Path) -> None:
    # Taking Python's lock while Python ends, it would tear down C++ that cannot be torn down.
    stuck = (
        "import sys, threading, cv2, numpy;"
        "png = cv2.imencode('.png', numpy.zeros((600, 600), 'uint8'))[1];"
        "decode = lambda: [cv2.imdecode(png, 0) for _ in iter(int, 1)];"
        "start = lambda: threading.Thread(target=decode, daemon=True).start();"
        "from livesegment.cli import app;"
        "app.run = lambda words: (start(), start(), print('an answer'), 3)[-1];"
        "app.main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", stuck], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (3, "an answer\n", "")
