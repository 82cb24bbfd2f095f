"""What the doctor says of this machine, and that nothing it meets there stops it."""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from livesegment.doctor import cameras, codecs, machine
from livesegment.doctor.bounded import within
from livesegment.doctor.examination import Check, Finding, run_checks

_NOBODY = 65534
SECRET = "pa55word"


def test_a_check_that_breaks_is_a_line_and_the_others_go_on() -> None:
    def breaks() -> Iterator[Finding]:
        yield Finding("first", "ok", "fine")
        raise RuntimeError(f"http://user:{SECRET}@camera")

    def lacks() -> list[Finding]:
        raise ImportError("libfoo.so.1 is missing")

    found = list(
        run_checks(
            [
                Check("broken", "output", breaks),
                Check("lacking", "source", lacks),
                Check("last", "endpoint", lambda: [Finding("last", "fail", "so", "do")]),
                Check("after it", "endpoint", breaks, needs="last"),
            ]
        )
    )
    assert [(each.name, each.state, each.area) for each in found] == [
        ("first", "ok", "output"),
        ("broken", "fail", "output"),
        ("lacking", "fail", "source"),
        ("last", "fail", "endpoint"),
        ("after it", "warn", "endpoint"),
    ]
    assert "RuntimeError at test_doctor_machine.py:" in found[1].text
    assert "libfoo.so.1" in found[2].text
    assert all(each.advice for each in found[1:])
    assert SECRET not in repr(found)


def test_a_question_that_hangs_is_given_up() -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError, match=r"0\.05 s"):
        within(0.05, release.wait)
    release.set()


def test_a_question_that_fails_fails_in_the_caller() -> None:
    def fail() -> None:
        raise ValueError("so it is")

    with pytest.raises(ValueError, match="so it is"):
        within(5, fail)
    assert within(5, lambda: 7) == 7


def test_what_a_container_may_use_is_said_and_little_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text(f"{512 * 2**20}\n")
    found = {each.name: each for each in machine.check(tmp_path)}
    assert found["python"].state == "ok"
    assert "this container may use 0.5" in found["processors"].text
    assert found["processors"].state == "warn"
    assert "this container may have 0.5 GB" in found["memory"].text
    assert found["memory"].state == "warn"
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert "container" not in "".join(each.text for each in machine.check(tmp_path))


def test_every_codec_writes_and_reads_back() -> None:
    found = {each.name: each for each in codecs.check()}
    assert set(found) == {"pyav", "codec h264", "codec vp9", "codec av1", "codec prores"}
    assert {each.state for each in found.values()} == {"ok"}
    assert "libx264" in found["codec h264"].text


PROBES = {
    "webcam": 'print(\'{"size": [640, 480], "fps": 30.0, "first_picture_s": 0.31}\');'
    'print(\'{"size": [1280, 720], "fps": 10.0, "first_picture_s": 0.4}\')',
    "busy": 'print(\'{"error": "camera 1 cannot be opened"}\')',
    "hangs": 'import time; print(\'{"size": [640, 480], "fps": 0.0,'
    ' "first_picture_s": 1}\', flush=True); time.sleep(60)',
    "crashes": "import os; os.abort()",
}


def devices(folder: Path, **drivers: str) -> tuple[Path, Path, list[str]]:
    """Make a folder of devices, what the kernel knows of them, and a program that opens them."""
    dev, known = folder / "dev", folder / "known"
    dev.mkdir()
    for number, (title, driver) in enumerate(drivers.items()):
        (dev / f"video{number}").write_text(PROBES[driver])
        (known / f"video{number}").mkdir(parents=True)
        (known / f"video{number}" / "name").write_text(f"{title}\n")
        (known / f"video{number}" / "index").write_text("0\n")
    # The metadata of the first camera: a second device of the same.
    (dev / "video9").write_text(PROBES["crashes"])
    (known / "video9").mkdir(parents=True)
    (known / "video9" / "index").write_text("1\n")
    run = "import sys; exec(open(sys.argv[1]).read())"
    return dev, known, [sys.executable, "-c", run]


def test_every_camera_is_a_line_and_none_of_them_holds_the_others_up(tmp_path: Path) -> None:
    dev, known, probe = devices(tmp_path, Good="webcam", Taken="busy", Dead="crashes")
    found = list(cameras.on_linux(dev, known, probe=probe, patience_s=30))
    assert [(each.name, each.state) for each in found] == [
        ("camera 0", "ok"),
        ("camera 1", "warn"),
        ("camera 2", "warn"),
    ]
    assert found[0].text == (
        "Good: 640x480 at 30 frames/s, 1280x720 at 10 frames/s; a picture after 0.3 s"
    )
    assert found[1].text == "Taken: camera 1 cannot be opened"
    assert "ends the program" in found[2].text


def test_a_driver_that_hangs_is_given_up_and_what_it_said_is_kept(tmp_path: Path) -> None:
    dev, known, probe = devices(tmp_path, Slow="hangs")
    (found,) = cameras.on_linux(dev, known, probe=probe, patience_s=3)
    assert found.state == "warn"
    assert found.text == (
        "Slow: 640x480; a picture after 1.0 s; then it does not answer within 3 s"
    )


def test_a_device_that_is_no_camera_is_opened_and_refused(tmp_path: Path) -> None:
    (tmp_path / "video0").write_text("no camera")
    (found,) = cameras.on_linux(tmp_path, tmp_path / "known")
    assert (found.name, found.state) == ("camera 0", "warn")
    assert "cannot be opened" in found.text


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """A folder that an unprivileged user may read, while this process is one."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be an ordinary user for a while: root may open every device."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such permissions")
def test_a_camera_that_this_user_may_not_open_is_a_failure(everybodys: Path) -> None:
    dev, known, probe = devices(everybodys, Closed="webcam")
    (dev / "video0").chmod(0)
    with unprivileged():
        (found,) = cameras.on_linux(dev, known, probe=probe)
    assert (found.name, found.state) == ("camera 0", "fail")
    assert f"may not open {dev / 'video0'}" in found.text
    assert "usermod -aG" in found.advice


def test_a_machine_without_cameras_is_told_what_else_there_is(tmp_path: Path) -> None:
    (found,) = cameras.on_linux(tmp_path, tmp_path)
    assert found.state == "warn"
    assert "pattern:" in found.advice


def test_systems_that_list_no_cameras_are_asked_for_the_first_numbers(tmp_path: Path) -> None:
    said = json.dumps({"size": [640, 480], "fps": 30.0, "first_picture_s": 0.1})
    program = f"import sys; sys.argv[1] == '1' and print({said!r})"
    (found,) = cameras.elsewhere(probe=[sys.executable, "-c", program])
    assert (found.name, found.state) == ("camera 1", "ok")
    (found,) = cameras.elsewhere(probe=[sys.executable, "-c", ""])
    assert found.state == "warn"
    assert "privacy" in found.advice
