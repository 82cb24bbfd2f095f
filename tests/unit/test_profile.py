"""Where a run's time went, as `--profile` says it."""

import re
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import livesegment.profile
from livesegment.cli.app import run
from livesegment.cli.line import read_line
from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.profile import Profile, count_frame, on_thread, stage
from livesegment.settings.commands import AnnotateCommand
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink


class Clock:
    """A clock, and CPU times, that go on only when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = self.cpu_s = self.process_s = 0.0
        times = SimpleNamespace(
            perf_counter=lambda: self.now_s,
            thread_time=lambda: self.cpu_s,
            process_time=lambda: self.process_s,
        )
        monkeypatch.setattr(livesegment.profile, "time", times)

    def work(self, wall_ms: float, cpu_ms: float, elsewhere_ms: float = 0.0) -> None:
        self.now_s += wall_ms / 1000
        self.cpu_s += cpu_ms / 1000
        self.process_s += (cpu_ms + elsewhere_ms) / 1000


def rows(table: str) -> dict[str, list[str]]:
    """Return the figures of each line of the table, by what it is about."""
    split = (re.split(r" {2,}", line) for line in table.splitlines())
    return {name: figures for name, *figures in split}


def test_each_stage_is_shown_without_those_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, profile = Clock(monkeypatch), Profile()
    with profile.running():
        clock.work(50, 40)
        for _ in range(2):
            with stage("encode"):
                clock.work(10, 2, elsewhere_ms=30)
                with stage("to YUV"):
                    clock.work(5, 4)
                clock.work(1, 1)
            clock.work(3, 3)
            count_frame()
    assert rows(profile.table()) == {
        "ms a frame": ["times", "clock", "CPU"],
        "to YUV": ["2", "5.00", "4.00"],
        "encode": ["2", "11.00", "3.00"],
        "between the stages": ["3.00"],
        "the libraries' own threads": ["30.00"],
        "all": ["2", "19.00", "40.00"],
        "before the first, once": ["50.00", "40.00"],
    }


def test_a_stage_that_fails_is_counted_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, profile = Clock(monkeypatch), Profile()

    def failing() -> None:
        with stage("HTTP"):
            clock.work(7, 1)
            raise ConnectionError

    with profile.running():
        with stage("ask"), pytest.raises(ConnectionError):
            failing()
        with stage("draw"):
            clock.work(2, 2)
    found = rows(profile.table())
    assert found["HTTP"] == ["1", "7.00", "1.00"]
    assert found["ask"] == ["1", "0.00", "0.00"]
    assert found["draw"] == ["1", "2.00", "2.00"]


def test_threads_belong_to_the_run_that_starts_them() -> None:
    one, other = Profile(), Profile()

    def draw() -> None:
        with stage("draw"):
            pass

    def on_a_thread(of: Profile | None) -> None:
        if of is None:
            work = on_thread(draw)
        else:
            with of.running():
                work = on_thread(draw)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(10)

    for each in (one, other, one, None):
        on_a_thread(each)
    assert [rows(each.table())["draw"][0] for each in (one, other)] == ["2", "1"]


def test_outside_of_a_profile_a_stage_is_nothing() -> None:
    assert stage("draw") is stage("encode")
    with stage("draw"):
        count_frame()


@pytest.mark.parametrize(
    ("words", "stages"),
    [
        (
            ["annotate", "{clip}", "-o", "{out}"],
            ["decode", "to BGR", "ask", "draw", "to YUV", "encode"],
        ),
        (
            ["live", "{clip}", "--no-window", "--record", "{out}"],
            ["decode", "to BGR", "ask", "align", "draw", "to YUV", "encode"],
        ),
    ],
)
def test_a_run_says_at_its_end_where_its_time_went(
    words: list[str],
    stages: list[str],
    clip: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    given = [word.format(clip=clip, out=tmp_path / "out.mp4") for word in words]
    assert run([*given, "--profile"]) == 0
    said = capfd.readouterr()
    found = rows(said.err[said.err.index("ms a frame") :])
    assert set(stages) <= found.keys()
    assert 0 < int(found["all"][0]) <= int(found["to BGR"][0]) == 6  # live leaves out some
    assert said.out == ""
    assert run([*given, "--overwrite"]) == 0
    assert "ms a frame" not in capfd.readouterr().err


def test_what_others_do_is_not_to_be_measured_here() -> None:
    with pytest.raises(OptionsError, match="--profile measures this process, and --cluster"):
        read_line(AnnotateCommand, ["a.mp4", "-o", "b.mp4", "--cluster", "local", "--profile"])


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video of six frames."""
    path = tmp_path / "clip.mp4"
    with VideoFileSink(path, fps=25) as sink:
        for index in range(6):
            frame = Frame(np.full((48, 64, 3), 20 * index, np.uint8), index, index / 25, 0.0)
            sink.write(Annotated(frame, None, frame.image))
        sink.commit()
    return path
