"""A run that is broken off, however, goes on where it was and pays for nothing twice."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from parts import run_with_small_files
from waiting import wait_until

from livesegment import AnnotateOptions, EndpointOptions, Frame, Mask, Segmenter, annotate
from livesegment.errors import JournalMismatch, OutputExists
from livesegment.export.coco import CocoExporter
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings import EXPORTS
from livesegment.settings.serve import ServeOptions

FRAMES = 120
IN_FLIGHT = 4


class Bright(Segmenter):
    """Tells bright pixels from dark ones, and counts."""

    max_concurrency = None

    def __init__(self) -> None:
        self.calls = 0
        self._changed = threading.Condition()

    def segment(self, frame: Frame) -> Mask:
        with self._changed:
            self.calls += 1
            self._changed.notify_all()
        ids = (frame.image.mean(axis=2) > 128).astype(np.uint8)
        return Mask(ids, {0: "dark", 1: "bright"}, frame.index)

    def wait_for(self, calls: int, program: "subprocess.Popen[str]") -> None:
        """Wait until so many calls were made, or the program has ended."""
        with self._changed:
            deadline_s = time.monotonic() + 60
            while self.calls < calls and program.poll() is None:
                assert time.monotonic() < deadline_s, f"{self.calls} calls, not {calls}"
                self._changed.wait(0.05)


@pytest.fixture
def model() -> Bright:
    return Bright()


@pytest.fixture
def endpoint(model: Bright) -> Iterator[str]:
    with EmbeddedServer(model, ServeOptions(port=0)) as server:
        yield server.url


def start(folder: Path, endpoint: str, *more: str, frames: int = FRAMES) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "livesegment", "annotate", f"pattern:128x96:{frames}"),
            *("-o", "out.mp4", "--masks", "masks.mkv", "--export", "coco", "--table", "out.csv"),
            *("--endpoint", endpoint, "--model", "any/1", "--in-flight", str(IN_FLIGHT), *more),
        ],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(
    folder: Path, endpoint: str, *more: str, frames: int = FRAMES
) -> "subprocess.CompletedProcess[str]":
    with start(folder, endpoint, *more, frames=frames) as program:
        _, said = program.communicate(timeout=60)
    return subprocess.CompletedProcess(program.args, program.returncode, None, said)


def outputs(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.suffix != ".journal"
    }


def has_files(folder: Path, count: int) -> bool:
    return len([*folder.glob("*")]) >= count


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".journal")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_killed_at_twenty_moments_it_ends_as_if_undisturbed(
    tmp_path: Path, model: Bright, endpoint: str
) -> None:
    for name in ("calm", "stormy"):
        (tmp_path / name).mkdir()
    assert finish(tmp_path / "calm", endpoint).returncode == 0
    assert model.calls == FRAMES
    calm = outputs(tmp_path / "calm")
    assert sorted(calm) == ["masks.mkv", "out.coco.json", "out.csv", "out.mp4"]

    moments = random.Random(4)
    model.calls = kills = 0
    while kills < 20:
        # Two in three are killed after some calls, the others as they draw, write, finish.
        pays = kills % 3 and model.calls < FRAMES
        calls = model.calls + moments.randint(1, 12) if pays else 0
        with start(tmp_path / "stormy", endpoint) as program:
            model.wait_for(calls, program)
            try:
                program.wait(moments.uniform(0, 0.05) if pays else moments.uniform(0.5, 1.5))
            except subprocess.TimeoutExpired:
                program.send_signal(signal.SIGKILL)
            assert program.stderr is not None
            said = program.stderr.read()
        if program.returncode == 0:
            # It was too quick: what it wrote is taken away, what it paid for stays.
            for name in calm:
                (tmp_path / "stormy" / name).unlink()
        else:
            assert program.returncode == -signal.SIGKILL, said
            kills += 1
    last = finish(tmp_path / "stormy", endpoint)
    assert last.returncode == 0, last.stderr
    assert outputs(tmp_path / "stormy") == calm
    assert model.calls <= FRAMES + kills * IN_FLIGHT


def test_killed_as_it_exports_it_ends_as_if_undisturbed(
    tmp_path: Path, model: Bright, endpoint: str
) -> None:
    frames = 24
    more = [*(f"--export={kind}" for kind in EXPORTS if kind != "coco"), "--split", "0.7"]
    for name in ("calm", "stormy"):
        (tmp_path / name).mkdir()
    assert finish(tmp_path / "calm", endpoint, *more, frames=frames).returncode == 0
    pictures = tmp_path / "stormy" / "out.part.yolo" / "images" / "train"
    for written in (1, frames):
        with start(tmp_path / "stormy", endpoint, *more, frames=frames) as program:
            wait_until(partial(has_files, pictures, written), f"{written} pictures")
            program.send_signal(signal.SIGKILL)
            program.communicate()
        assert pictures.exists()
    last = finish(tmp_path / "stormy", endpoint, *more, frames=frames)
    assert last.returncode == 0, last.stderr
    calm, stormy = (tree(tmp_path / name) for name in ("calm", "stormy"))
    assert len(calm) > 8 * frames
    assert stormy == calm


def test_killed_after_its_last_call_it_pays_for_nothing_more(
    tmp_path: Path, model: Bright, endpoint: str
) -> None:
    with start(tmp_path, endpoint) as program:
        model.wait_for(FRAMES, program)
        program.send_signal(signal.SIGKILL)
        program.communicate()
    paid = model.calls
    assert finish(tmp_path, endpoint).returncode == 0
    assert model.calls <= paid + IN_FLIGHT


def test_killed_before_and_as_it_looks_again_it_chooses_the_same_frames(
    tmp_path: Path, model: Bright, endpoint: str
) -> None:
    more = ("--export", "yolo", "--export-uncertain", "5")
    for name in ("calm", "stormy"):
        (tmp_path / name).mkdir()
    assert finish(tmp_path / "calm", endpoint, *more).returncode == 0
    calls = model.calls
    model.calls = 0
    with start(tmp_path / "stormy", endpoint, *more) as program:
        model.wait_for(10, program)
        program.send_signal(signal.SIGKILL)
    with start(tmp_path / "stormy", endpoint, *more) as program:
        assert program.stderr is not None
        assert any("looking again at its 5 frames" in line for line in program.stderr)
        program.send_signal(signal.SIGKILL)
    assert program.returncode in {0, -signal.SIGKILL}  # it may have been too quick
    assert finish(tmp_path / "stormy", endpoint, *more).returncode == 0
    assert model.calls <= calls + IN_FLIGHT
    assert outputs(tmp_path / "stormy") == outputs(tmp_path / "calm")
    chosen = sorted((tmp_path / "calm" / "out.yolo").rglob("*.*"))
    assert len([path for path in chosen if path.suffix == ".jpg"]) == 5
    for path in chosen:
        again = tmp_path / "stormy" / path.relative_to(tmp_path / "calm")
        assert again.read_bytes() == path.read_bytes()


def test_finished_work_is_not_done_again(tmp_path: Path, model: Bright, endpoint: str) -> None:
    assert finish(tmp_path, endpoint).returncode == 0
    before, paid = outputs(tmp_path), model.calls
    again = finish(tmp_path, endpoint)
    assert (again.returncode, "already complete" in again.stderr) == (0, True)
    assert (outputs(tmp_path), model.calls) == (before, paid)


def test_work_done_again_may_break_off_between_two_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = "pattern:64x48@10:3", tmp_path / "out.mp4"
    options = AnnotateOptions(export=("coco",))
    exported = tmp_path / "out.coco.json"
    annotate(source, output, options=options)
    before = output.read_bytes()
    output.unlink()
    exported.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(CocoExporter, "commit", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            annotate(source, output, options=options)
    assert output.exists()
    assert not exported.exists()
    report = annotate(source, output, options=options)
    assert (report.files[0].outcome, report.calls) == ("done", 0)
    assert exported.exists()
    assert output.read_bytes() == before


def test_another_style_is_drawn_from_the_journal(
    tmp_path: Path, model: Bright, endpoint: str
) -> None:
    assert finish(tmp_path, endpoint).returncode == 0
    before = outputs(tmp_path)
    refused = finish(tmp_path, endpoint, "--style", "outline")
    assert refused.returncode == 5
    assert "--overwrite" in refused.stderr
    assert outputs(tmp_path) == before
    assert finish(tmp_path, endpoint, "--style", "outline", "--overwrite").returncode == 0
    assert outputs(tmp_path)["out.mp4"] != before["out.mp4"]
    assert outputs(tmp_path)["masks.mkv"] == before["masks.mkv"]
    assert model.calls == FRAMES


def test_an_output_that_was_exchanged_is_not_taken_for_ours(
    tmp_path: Path, model: Bright, endpoint: str
) -> None:
    assert finish(tmp_path, endpoint).returncode == 0
    (tmp_path / "out.mp4").write_text("my holidays")
    assert finish(tmp_path, endpoint).returncode == 5
    assert (tmp_path / "out.mp4").read_text() == "my holidays"


def test_an_output_that_was_removed_is_drawn_again_without_a_call(
    tmp_path: Path, model: Bright, endpoint: str
) -> None:
    assert finish(tmp_path, endpoint).returncode == 0
    before = outputs(tmp_path)
    for name in before:
        (tmp_path / name).unlink()
    assert finish(tmp_path, endpoint).returncode == 0
    assert (outputs(tmp_path), model.calls) == (before, FRAMES)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (["--confidence", "30"], "confidence 30"),
        (["--max-side", "64"], "64 pixels"),
        (["--model", "other/2"], "other/2"),
    ],
)
def test_replies_to_other_questions_are_refused(
    tmp_path: Path, model: Bright, endpoint: str, more: list[str], what: str
) -> None:
    with start(tmp_path, endpoint) as program:
        model.wait_for(20, program)
        program.send_signal(signal.SIGKILL)
        program.communicate()
    refused = finish(tmp_path, endpoint, *more)
    assert refused.returncode == 5
    assert "out.mp4.journal belongs to another model" in refused.stderr
    assert what in refused.stderr
    assert "Traceback" not in refused.stderr


def test_ctrl_c_says_how_to_go_on(tmp_path: Path, model: Bright, endpoint: str) -> None:
    with start(tmp_path, endpoint, "--call-rate", "40", "--report", "report.json") as program:
        model.wait_for(20, program)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=60)
    assert program.returncode == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["calls"] >= 20
    paid = model.calls
    assert finish(tmp_path, endpoint).returncode == 0
    assert model.calls <= FRAMES + IN_FLIGHT
    assert paid >= 20


@pytest.mark.skipif(sys.platform == "win32", reason="the limit of a file's size is POSIX's")
def test_a_full_disk_loses_nothing_that_was_paid_for(
    tmp_path: Path, model: Bright, endpoint: str
) -> None:
    arguments = f"pattern:128x96:{FRAMES} -o out.mp4 --endpoint {endpoint} --model any/1"
    result = run_with_small_files(tmp_path, "annotate", *arguments.split(), blocks=80)
    assert result.returncode == 5, result.stderr
    assert "Traceback" not in result.stderr
    paid = model.calls
    assert 0 < paid < FRAMES
    result = subprocess.run(
        [sys.executable, "-m", "livesegment", "annotate", *arguments.split()],
        cwd=tmp_path,
        env=os.environ,
        check=False,
    )
    assert result.returncode == 0
    assert model.calls <= FRAMES + IN_FLIGHT


def test_what_the_version_before_paid_for_is_not_paid_for_again(tmp_path: Path) -> None:
    # Written by commit cc3a308 with `annotate pattern:64x48@10:6 -o out.mp4 --max-calls 3`.
    written = (Path(__file__).parents[1] / "golden" / "before.journal").read_bytes()
    (tmp_path / "out.mp4.journal").write_bytes(written)
    options = AnnotateOptions(endpoint=EndpointOptions(endpoint="builtin"))
    report = annotate("pattern:64x48@10:6", tmp_path / "out.mp4", options=options)
    assert (report.frames, report.calls) == (6, 3)
    assert report.files[0].masks_recalled == 3
    again = annotate("pattern:64x48@10:6", tmp_path / "out.mp4", options=options)
    assert again.files[0].outcome == "already complete"


class Sure(Bright):
    """Tells bright pixels from dark ones, and how sure it is: the brighter, the surer."""

    def segment(self, frame: Frame) -> Mask:
        return self.segment_at(frame, 50)

    def segment_at(self, frame: Frame, confidence: float) -> Mask:
        super().segment(frame)
        certainty = frame.image.mean(axis=2).round().astype(np.uint8)
        is_sure = certainty >= confidence * 2.55 - 1e-9
        ids = (is_sure & (certainty % 5 > 0)).astype(np.uint8)
        certainty = np.where(is_sure, certainty, 0).astype(np.uint8)
        return Mask(ids, {1: "bright", 0: "background"}, frame.index, certainty)


def drawn(folder: Path, url: str, confidence: object, **more: Any) -> tuple[int, dict[str, bytes]]:
    """Return the calls that annotating took, and all that is written."""
    asking = {"max_calls": more.pop("max_calls", None), "max_in_flight": IN_FLIGHT}
    options = AnnotateOptions(
        endpoint=EndpointOptions(endpoint=url, model="any/1", confidence=confidence, **asking),
        masks=str(folder / "masks.mkv"),
        export=("coco",),
        **more,
    )
    folder.mkdir(exist_ok=True)
    report = annotate("pattern:128x96:20", folder / "out.mp4", options=options)
    return report.calls, outputs(folder)


@pytest.fixture
def sure_endpoint() -> Iterator[str]:
    with EmbeddedServer(Sure(), ServeOptions(port=0)) as server:
        yield server.url


def test_a_higher_threshold_is_drawn_from_the_journal_as_if_it_had_been_asked_with(
    tmp_path: Path, sure_endpoint: str
) -> None:
    asked = drawn(tmp_path / "asked", sure_endpoint, 60)[1]
    kept = partial(drawn, tmp_path / "kept", sure_endpoint)
    calls, lower = kept(45)
    assert calls == 20
    with pytest.raises(OutputExists, match="overwrite"):
        kept(60)
    calls, higher = kept(60, overwrite=True)
    assert calls == 0
    assert higher == asked != lower
    assert kept(60) == (0, higher)
    # And down again, as far as it was asked with.
    assert kept(45, overwrite=True) == (0, lower)
    for wrong, reason in {
        40: "what fell below a threshold is not in the replies",
        "best": "what confidence 'best' is, only the endpoint knows",
        60.5: "in whole percents",
    }.items():
        with pytest.raises(JournalMismatch, match=reason):
            kept(wrong)
    # Whoever drops the replies is served anew.
    assert kept(40, overwrite=True)[0] == 20


def test_what_is_missing_is_asked_as_the_rest_was_and_drawn_as_it_is(
    tmp_path: Path, sure_endpoint: str
) -> None:
    asked = drawn(tmp_path / "asked", sure_endpoint, 60)[1]
    assert drawn(tmp_path / "kept", sure_endpoint, 45, max_calls=8)[0] == 8
    assert drawn(tmp_path / "kept", sure_endpoint, 60, overwrite=True) == (12, asked)
    assert drawn(tmp_path / "kept", sure_endpoint, 45, overwrite=True)[0] == 0


def test_replies_that_do_not_say_how_sure_the_model_is_keep_their_threshold(
    tmp_path: Path, model: Bright, endpoint: str
) -> None:
    assert drawn(tmp_path, endpoint, 50)[0] == 20
    with pytest.raises(JournalMismatch, match=r"of each pixel \(confidence_mask\)"):
        drawn(tmp_path, endpoint, 60)
    assert model.calls == 20
