"""Archives: many inputs, fewer calls, kept masks."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from livesegment import (
    AnnotateOptions,
    EndpointOptions,
    Frame,
    KeyframeOptions,
    Mask,
    OverlayOptions,
    Segmenter,
    SourceNotFound,
    annotate,
)
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions
from livesegment.sinks.base import Annotated
from livesegment.sinks.mask_file import MaskFileReader
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources.pattern import PatternSource

CLASS_MAP = {0: "dark", 1: "bright"}


class Bright(Segmenter):
    """Tells bright pixels from dark ones; counts calls, and how many are under way at once."""

    max_concurrency = None

    def __init__(self) -> None:
        self.calls = self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self.enough = threading.Event()

    def segment(self, frame: Frame) -> Mask:
        with self._lock:
            self.calls += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            if self._at_once >= 3:
                self.enough.set()
        # The first calls wait until there are as many as may be, so that more would show.
        self.enough.wait(1)
        with self._lock:
            self._at_once -= 1
        return Mask((frame.image.mean(axis=2) > 128).astype(np.uint8), CLASS_MAP, frame.index)


class Truth(Segmenter):
    """Knows the true mask of each frame of a pattern, and counts."""

    max_concurrency = None

    def __init__(self, size: tuple[int, int]) -> None:
        self._pattern = PatternSource(size)
        self.asked: list[int] = []

    def segment(self, frame: Frame) -> Mask:
        self.asked.append(frame.index)
        return self._pattern.truth(frame.index)


def write_video(path: Path, frames: int = 6, size: tuple[int, int] = (64, 48)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoFileSink(path, fps=25) as sink:
        for index in range(frames):
            image = np.full((size[1], size[0], 3), 100 + 10 * index, np.uint8)
            sink.write(Annotated(Frame(image, index, index / 25, 0.0), None, image))
        sink.commit()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    for name in ("monday/a.mp4", "monday/b.mp4", "tuesday/c.mkv"):
        write_video(folder / name)
    (folder / "photos").mkdir()
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(folder / "photos" / name), np.full((48, 64, 3), 200, np.uint8))
    (folder / "readme.txt").write_text("no video")
    return folder


@pytest.fixture
def model() -> Bright:
    return Bright()


@pytest.fixture
def endpoint(model: Bright) -> Iterator[EndpointOptions]:
    with EmbeddedServer(model, ServeOptions(port=0)) as server:
        yield EndpointOptions(endpoint=server.url, model="any/1", max_in_flight=3)


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "livesegment", "annotate", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def files(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.suffix != ".journal")


def count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_folder_is_mirrored_under_one_limit_of_requests(
    tmp_path: Path, archive: Path, model: Bright, endpoint: EndpointOptions
) -> None:
    options = AnnotateOptions(endpoint=endpoint, jobs=3)
    report = annotate(archive, tmp_path / "out", options=options)
    assert files(tmp_path / "out") == [
        "monday/a.mp4",
        "monday/b.mp4",
        "photos/1.png",
        "photos/2.png",
        "tuesday/c.mp4",
    ]
    assert [each.outcome for each in report.files] == ["done"] * 4
    assert (report.frames, report.calls, model.calls) == (20, 20, 20)
    assert model.most_at_once == 3
    again = annotate(archive, tmp_path / "out", options=options)
    assert [each.outcome for each in again.files] == ["already complete"] * 4
    write_video(archive / "wednesday/d.mp4")
    more = annotate(archive, tmp_path / "out", options=options)
    assert [each.outcome for each in more.files].count("done") == 1
    assert model.calls == 26


def test_a_file_that_fails_is_reported_and_the_others_go_on(tmp_path: Path, archive: Path) -> None:
    (archive / "monday/b.mp4").write_text("This is a text and no video.")
    result = run(tmp_path, "archive", "-o", "out", "--report", "report.json", "--jobs", "2")
    assert result.returncode == 3
    assert "Traceback" not in result.stderr
    assert files(tmp_path / "out") == [
        "monday/a.mp4",
        "photos/1.png",
        "photos/2.png",
        "tuesday/c.mp4",
    ]
    table = [line for line in result.stderr.splitlines() if line.startswith("failed")]
    assert len(table) == 1
    assert "b.mp4 cannot be read" in table[0]
    report = json.loads((tmp_path / "report.json").read_text())
    outcomes = {Path(each["source"]).name: each["outcome"] for each in report["files"]}
    assert outcomes == {"a.mp4": "done", "b.mp4": "failed", "c.mkv": "done", "photos": "done"}
    assert report["frames"] == 14


def test_a_key_that_is_refused_ends_all_of_it(tmp_path: Path, archive: Path) -> None:
    (tmp_path / "keys").write_text("right\n")
    with EmbeddedServer(Bright(), ServeOptions(port=0, api_key_file=str(tmp_path / "keys"))) as up:
        result = run(
            tmp_path,
            *("archive", "-o", "out", "--endpoint", up.url, "--model", "any/1"),
            *("--api-key", "wrong-key-123", "--report", "report.json"),
        )
    assert result.returncode == 4
    assert "wrong-key-123" not in result.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert [each["outcome"] for each in report["files"]].count("not started") >= 2
    assert files(tmp_path / "out") == []


def test_a_dry_run_counts_without_a_call_or_a_file(
    tmp_path: Path, archive: Path, model: Bright, endpoint: EndpointOptions
) -> None:
    where = ("--endpoint", str(endpoint.endpoint), "--model", "any/1", "--in-flight", "2")
    asked = ("archive", "-o", "out", "--dry-run", "--every", "3", *where)
    result = run(tmp_path, *asked, "--count")
    assert result.returncode == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[-2][:3] == ["20", "11", "0"]  # 3 of each 6 frames, both photos
    assert lines[-1][:1] == ["about"]
    assert "(assumed: " in result.stdout
    assert "~" not in result.stdout
    guessed = run(tmp_path, *asked).stdout.splitlines()
    # Matroska says how long it is, and how many pictures a second it has as a rule.
    frames = {line.split()[-1]: line.split()[0] for line in guessed if "->" in line}
    assert frames["out/monday/a.mp4"] == "6"
    assert frames["out/tuesday/c.mp4"].startswith("~")
    assert guessed[-3].startswith("~")
    assert guessed[-2].startswith("~: guessed")
    assert model.calls == 0
    assert not (tmp_path / "out").exists()


def test_a_dry_run_goes_on_behind_an_input_that_cannot_be_read(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        (tmp_path / "in" / folder / "0.png").write_text("no image")
        (tmp_path / "in" / folder / "1.png").write_text("no image")
    cv2.imwrite(str(tmp_path / "in" / "b" / "2.png"), np.zeros((48, 64, 3), np.uint8))
    result = run(tmp_path, "in/a", "in/b", "-o", "out", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()[1:4]] == ["2", "3", "5"]
    assert result.stdout.splitlines()[-1].startswith("about")


def test_a_dry_run_ends_as_annotating_what_cannot_be_read_would(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    given = ("broken.mp4", "-o", "out.mp4")
    tried = run(tmp_path, *given, "--dry-run")
    assert tried.returncode == run(tmp_path, *given).returncode == 3
    assert "broken.mp4" in tried.stdout
    assert "Traceback" not in tried.stderr


@pytest.mark.parametrize("every", ["1", "3"])
def test_a_dry_run_takes_images_of_any_sizes(tmp_path: Path, every: str) -> None:
    (tmp_path / "in").mkdir()
    for number, size in enumerate([(48, 64), (64, 48), (48, 64), (1, 1)]):
        cv2.imwrite(str(tmp_path / "in" / f"{number}.png"), np.zeros((*size, 3), np.uint8))
    result = run(tmp_path, "in", "-o", "out", "--dry-run", "--every", every)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[1].split()[0] == "4"


def test_kept_masks_are_drawn_again_without_a_call(
    tmp_path: Path, archive: Path, model: Bright, endpoint: EndpointOptions
) -> None:
    clip, masks = archive / "monday/a.mp4", str(tmp_path / "masks.mkv")
    annotate(clip, tmp_path / "asked.mp4", options=AnnotateOptions(endpoint=endpoint, masks=masks))
    outline = OverlayOptions(style="outline")
    paid = model.calls
    report = annotate(
        clip,
        tmp_path / "kept.mp4",
        options=AnnotateOptions(endpoint=endpoint, overlay=outline, kept_masks=masks),
    )
    annotate(
        clip,
        tmp_path / "asked.mp4",
        options=AnnotateOptions(endpoint=endpoint, overlay=outline, masks=masks, overwrite=True),
    )
    assert (model.calls, report.calls, report.frames) == (paid, 0, 6)
    assert (tmp_path / "kept.mp4").read_bytes() == (tmp_path / "asked.mp4").read_bytes()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: write_video(path, frames=12), "has no mask for frame 6"),
        (lambda path: path.write_text("no video"), "cannot be read"),
    ],
)
def test_masks_of_another_input_are_refused(
    tmp_path: Path, archive: Path, make: Callable[[Path], object], why: str
) -> None:
    masks = str(tmp_path / "masks.mkv")
    annotate(archive / "monday/a.mp4", tmp_path / "a.mp4", options=AnnotateOptions(masks=masks))
    make(tmp_path / "other.mp4")
    with pytest.raises(SourceNotFound, match=why):
        annotate(
            tmp_path / "other.mp4",
            tmp_path / "b.mp4",
            options=AnnotateOptions(kept_masks=masks),
        )
    assert not (tmp_path / "b.mp4").exists()


def test_keyframes_cost_one_call_in_so_many_and_the_masks_between_fit(tmp_path: Path) -> None:
    size, model = (240, 160), Truth((240, 160))
    report = annotate(
        "pattern:240x160:33",
        tmp_path / "out.mp4",
        segmenter=model,
        options=AnnotateOptions(
            keyframes=KeyframeOptions(every=8), masks=str(tmp_path / "masks.mkv")
        ),
    )
    assert sorted(model.asked) == [0, 8, 16, 24, 32]
    assert (report.calls, report.calls_saved) == (5, 28)
    truth = PatternSource(size)
    with MaskFileReader(tmp_path / "masks.mkv") as reader:
        masks = [Mask(ids, reader.class_map) for _, ids in reader]
    carried = [mask.similarity(truth.truth(i), 1) for i, mask in enumerate(masks)]
    copied = [truth.truth(i - i % 8).similarity(truth.truth(i), 1) for i in range(33)]
    assert min(carried) > 0.8
    assert np.mean(carried) > np.mean(copied) + 0.1


def test_a_budget_is_kept_and_pays_for_every_mask(tmp_path: Path) -> None:
    model = Truth((120, 80))
    report = annotate(
        "pattern:120x80:60",
        tmp_path / "out.mp4",
        segmenter=model,
        options=AnnotateOptions(keyframes=KeyframeOptions(budget=7)),
    )
    assert len(model.asked) == report.calls == 7
    assert {0, 59} <= set(model.asked)
    assert (report.frames, report.frames_without_mask) == (60, 0)


def test_annotations_for_other_tools_tell_the_same_masks(tmp_path: Path, archive: Path) -> None:
    result = run(
        tmp_path,
        *("archive/photos", "archive/monday/a.mp4", "-o", "out"),
        *("--export", "coco", "--export", "png", "--export", "yolo"),
    )
    assert result.returncode == 0, result.stderr
    for name in ("photos", "a"):
        assert (tmp_path / "out" / f"{name}.coco.json").exists()
        assert (tmp_path / "out" / f"{name}.yolo" / "data.yaml").exists()
    ids = cv2.imread(str(tmp_path / "out/photos.masks/1.png"), cv2.IMREAD_UNCHANGED)
    assert ids is not None
    assert count_frames(tmp_path / "out/a.mp4") == 6


def test_one_input_that_cannot_be_read_is_an_error_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="there is no file"):
        annotate(tmp_path / "nothing.mp4", tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []
