"""Live, as a user runs it: files, figures, a real window, keys."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.error import InvalidDataError
from parts import run_with_small_files, started
from waiting import wait_until

from livesegment import LiveOptions, live
from livesegment.overlay.background import CUTOUT_BGR
from livesegment.sinks.mask_file import MaskFileReader

LIVE = [sys.executable, "-m", "livesegment", "live"]


def test_what_is_shown_is_recorded_with_its_masks_and_figures(tmp_path: Path) -> None:
    outputs = ["--record", "r.mp4", "--masks", "m.mkv", "--stats", "s.json"]
    result = subprocess.run(
        [*LIVE, "pattern:160x120@60:90?latency=40", "--no-window", *outputs],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    stats = json.loads((tmp_path / "s.json").read_text())
    shown = stats["frames_shown"]
    assert stats["frames_captured"] == 90
    assert 0 < shown <= 90
    assert stats["frames_unwritten"] == 0
    assert stats["calls"] == stats["frames_submitted"] >= stats["masks_received"] > 0
    assert stats["errors"] == {}
    for name in ("mask_age_ms", "round_trip_ms", "capture_to_show_ms"):
        assert 0 < stats[name]["p50"] <= stats[name]["p95"] <= stats[name]["max"]
    with av.open(str(tmp_path / "r.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    with MaskFileReader(tmp_path / "m.mkv") as reader:
        assert reader.class_map == {0: "background", 1: "ball", 2: "box", 3: "star"}
        masks = list(reader)
    assert len(times) == len(masks) == shown
    assert [round(time_s, 2) for time_s, _ in masks] == [round(each or 0, 2) for each in times]
    assert not masks[0][1].any()  # shown before the first mask could come


def test_the_figures_are_written_although_the_run_is_interrupted(tmp_path: Path) -> None:
    outputs = ["--record", "r.mp4", "--stats", "s.json"]
    with started(tmp_path, "live", "pattern:64x48", "--no-window", *outputs) as program:
        record = tmp_path / "r.mp4"

        def begun() -> bool:
            assert program.poll() is None
            return record.exists() and record.stat().st_size > 0

        wait_until(begun, "the first of the recording")
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=30)
    assert program.returncode == 130
    assert "Traceback" not in said
    shown = json.loads((tmp_path / "s.json").read_text())["frames_shown"]
    with av.open(str(tmp_path / "r.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == shown


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_older_figures_stay_until_the_new_ones_are_whole(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("older")
    arguments = ("live", "pattern:32x24@60:3", "--no-window", "--stats", "s.json")
    result = run_with_small_files(tmp_path, *arguments, blocks=1)
    assert result.returncode == 5, result.stderr
    assert result.stderr.splitlines()[-1] == "livesegment: cannot write s.json: file too large"
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("s.json", "older")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
@pytest.mark.parametrize(("output", "blocks"), [("--record r.mp4", 64), ("--masks m.mkv", 40)])
def test_the_picture_goes_on_when_the_disk_is_full(
    tmp_path: Path, output: str, blocks: int
) -> None:
    arguments = ("live", "pattern:160x120@60:150", "--no-window", "--stats", "s.json")
    result = run_with_small_files(tmp_path, *arguments, *output.split(), blocks=blocks)
    assert result.returncode == 5, result.stderr
    said = [line for line in result.stderr.splitlines() if "too large" in line]
    assert len(said) == 2, result.stderr
    assert "the picture goes on" in said[0]
    stats = json.loads((tmp_path / "s.json").read_text())
    assert stats["frames_captured"] == 150
    with av.open(str(tmp_path / output.split()[1])) as container, suppress(InvalidDataError):
        frames = 0
        for _ in container.decode(video=0):
            frames += 1
    assert 0 < frames == stats["frames_shown"] - stats["frames_unwritten"]


def test_a_mirror_flips_the_picture_before_it_is_segmented(tmp_path: Path) -> None:
    photo = np.zeros((48, 64, 3), np.uint8)
    photo[:, :32] = 200
    cv2.imwrite(str(tmp_path / "photo.png"), photo)
    options = LiveOptions(window=False, mirror=True, record=str(tmp_path / "r.mp4"))
    report = live(tmp_path / "photo.png", options=options)
    assert report["frames_shown"] == 1
    with av.open(str(tmp_path / "r.mp4")) as container:
        image = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert image[:, 40:].mean() > 150
    assert image[:, :24].mean() < 50


def test_the_window_shows_the_picture_and_obeys_its_keys(
    screen: dict[str, str], need_tool: Callable[[str], str], tmp_path: Path
) -> None:
    xdotool, take = need_tool("xdotool"), need_tool("import")

    def tool(*command: str) -> bytes:
        ran = subprocess.run(command, env=screen, capture_output=True, timeout=20, check=True)
        return ran.stdout

    def picture() -> "np.ndarray":
        png = tool(take, "-window", "root", "png:-")
        return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)

    def until(condition: Callable[["np.ndarray"], bool]) -> None:
        def shows() -> bool:
            assert program.poll() is None
            return condition(picture())

        wait_until(shows, "the window showing it", 60)

    builtin = ["--endpoint", "builtin"]
    arguments = ["live", "pattern:320x240", *builtin, "--style", "cutout", "--opacity", "1"]
    with started(tmp_path, *arguments, environment=screen) as program:
        find = [xdotool, "search", "--sync", "--onlyvisible", "--name", "livesegment"]
        tool(*find)
        # No person is in the pattern, so the cutout leaves one colour; o brings the picture back.
        until(lambda image: np.abs(image[150:230, 150:310] - np.float32(CUTOUT_BGR)).max() < 4)
        tool(*find, "windowfocus", "--sync")
        tool(xdotool, "key", "o")
        until(lambda image: image[150:230, 150:310].std(axis=(0, 1)).max() > 5)
        tool(xdotool, "key", "s")
        until(lambda _: bool(list(tmp_path.glob("livesegment-*.png"))))
        tool(xdotool, "key", "q")
        _, said = program.communicate(timeout=30)
    assert program.returncode == 0, said
    saved = list(tmp_path.glob("livesegment-*.png"))
    assert len(saved) == 1
    assert saved[0].name in said
    snapshot = cv2.imread(str(saved[0]))
    assert snapshot is not None
    assert snapshot.shape == (240, 320, 3)


def test_a_photo_stays_in_its_window_until_the_viewer_quits(
    screen: dict[str, str], need_tool: Callable[[str], str], tmp_path: Path
) -> None:
    xdotool = need_tool("xdotool")
    cv2.imwrite(str(tmp_path / "photo.png"), np.full((120, 160, 3), 90, np.uint8))
    with started(tmp_path, "live", "photo.png", "--stats", "s.json", environment=screen) as program:
        find = [xdotool, "search", "--sync", "--onlyvisible", "--name", "livesegment"]
        subprocess.run([*find, "windowfocus"], env=screen, timeout=20, check=True)
        # It has long been read to its end; a key still finds it.
        subprocess.run([*find, "key", "q"], env=screen, timeout=20, check=True)
        _, said = program.communicate(timeout=30)
    assert program.returncode == 0, said
    assert json.loads((tmp_path / "s.json").read_text())["frames_shown"] == 1
