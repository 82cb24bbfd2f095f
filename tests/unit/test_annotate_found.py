"""What annotating says and does around its outputs: folders, names, and what blocks nothing."""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clips import serve_folder, turn
from parts import CLASS_MAP

from livesegment.annotate.estimate import estimate
from livesegment.annotate.identity import reply_identity
from livesegment.annotate.jobs import plan_jobs
from livesegment.annotate.journal import Journal, journal_path
from livesegment.annotate.journal_file import SIGNATURE, read_records
from livesegment.annotate.runner import annotate
from livesegment.errors import JournalMismatch, ModelNotFound, OutputNotWritable, SourceNotFound
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.segmenters.base import Segmenter
from livesegment.settings import EXPORTS, AnnotateOptions, ExportedFramesOptions
from livesegment.sinks.base import Annotated
from livesegment.sinks.mask_file import MaskFileReader, MaskFileSink
from livesegment.sinks.source_mark import SourceMark
from livesegment.sinks.video_file import VideoFileSink


class Halves(Segmenter):
    """Says that the left half of each picture is an object; or that there is no such model."""

    def __init__(self, name: str, *, is_there: bool = True) -> None:
        self._name = name
        self._is_there = is_there

    @property
    def identity(self) -> str:
        return self._name

    def segment(self, frame: Frame) -> Mask:
        if not self._is_there:
            raise ModelNotFound(f"there is no model {self._name}", status=404)
        width, height = frame.frame_size
        ids = np.zeros((height, width), np.uint8)
        ids[:, : width // 2] = 1
        return Mask(ids, CLASS_MAP, frame.index)


def picture(seed: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)


def write_video(
    path: Path, seed: int = 1, frames: int = 6, size: tuple[int, int] = (64, 48), quality: int = 75
) -> Path:
    with VideoFileSink(path, fps=25, quality=quality) as sink:
        for index in range(frames):
            image = np.roll(picture(seed, size), index, 1)
            sink.write(Annotated(Frame(image, index, index / 25, 0.0), None, image))
        sink.commit()
    return path


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4")
    masks = tmp_path / "masks" / "of" / "clip.mkv"
    options = AnnotateOptions(masks=str(masks))
    annotate(clip, tmp_path / "exp" / "one" / "t.mp4", segmenter=Halves("a"), options=options)
    assert (tmp_path / "exp" / "one" / "t.mp4").is_file()
    assert masks.is_file()


def test_an_attempt_that_failed_does_not_block_the_next(tmp_path: Path) -> None:
    clip, output = write_video(tmp_path / "clip.mp4"), tmp_path / "out.mp4"
    with pytest.raises(ModelNotFound):
        annotate(clip, output, segmenter=Halves("tyop/1", is_there=False))
    report = annotate(clip, output, segmenter=Halves("typo/1"))
    assert [each.outcome for each in report.files] == ["done"]


def test_what_was_written_is_counted_and_images_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(7):
        cv2.imwrite(str(folder / f"{number}.png"), picture(number))
    (folder / "3.png").write_text("no image")
    annotate(folder, tmp_path / "out", segmenter=Halves("a"))
    annotate(folder / "5.png", tmp_path / "five.png", segmenter=Halves("a"))
    said = [record.getMessage() for record in caplog.records]
    listed = "6 images: 0.png, 1.png, 2.png, 4.png, 5.png and 1 more"
    assert f"wrote {tmp_path / 'out'}, {listed}" in said
    assert f"wrote {tmp_path / 'five.png'}, 1 frame" in said


@pytest.fixture
def masks(tmp_path: Path) -> str:
    """Masks of a video."""
    path = tmp_path / "masks.mkv"
    clip = write_video(tmp_path / "clip.mp4")
    options = AnnotateOptions(masks=str(path))
    annotate(clip, tmp_path / "clip-masked.mp4", segmenter=Halves("a"), options=options)
    return str(path)


def test_a_mask_file_knows_the_pictures_again_however_they_are_coded(
    tmp_path: Path, masks: str, caplog: pytest.LogCaptureFixture
) -> None:
    same = write_video(tmp_path / "renamed.mkv", quality=40)
    report = annotate(same, tmp_path / "x.mp4", options=AnnotateOptions(kept_masks=masks))
    assert report.calls == 0
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
    with MaskFileReader(masks) as reader:
        assert str(reader.source) == "clip.mp4 (64x48, 6 frames)"


@pytest.mark.parametrize(
    "make",
    [
        lambda path: write_video(path, seed=2),
        lambda path: write_video(path, size=(128, 96)),
    ],
    ids=["other pictures", "another size"],
)
def test_masks_of_another_video_are_refused(
    tmp_path: Path, masks: str, make: Callable[[Path], Path]
) -> None:
    other = make(tmp_path / "other.mp4")
    with pytest.raises(SourceNotFound, match=r"belongs to another input, clip\.mp4 .*not other"):
        annotate(other, tmp_path / "x.mp4", options=AnnotateOptions(kept_masks=masks))
    assert not (tmp_path / "x.mp4").exists()


def unmarked(masks: str, path: Path, size: tuple[int, int] | None = None) -> str:
    """Write masks again as they were written before they told whose they are."""
    with MaskFileReader(masks) as reader, MaskFileSink(path, class_map=CLASS_MAP) as sink:
        for index, (pts_s, ids) in enumerate(reader):
            mask = Mask(ids, CLASS_MAP, index).resized(size or (64, 48))
            width, height = mask.frame_size
            image = np.zeros((height, width, 3), np.uint8)
            sink.write(Annotated(Frame(image, index, pts_s, 0.0), mask, image))
        sink.commit()
    return str(path)


def test_masks_that_do_not_say_whose_they_are_are_taken_where_they_fit(
    tmp_path: Path, masks: str, caplog: pytest.LogCaptureFixture
) -> None:
    options = AnnotateOptions(kept_masks=unmarked(masks, tmp_path / "old.mkv"))
    report = annotate(tmp_path / "clip.mp4", tmp_path / "x.mp4", options=options)
    assert report.frames == 6
    assert any("does not say" in each.getMessage() for each in caplog.records)
    options = AnnotateOptions(kept_masks=unmarked(masks, tmp_path / "small.mkv", (32, 24)))
    with pytest.raises(SourceNotFound, match="its masks are of 32x24 pixels"):
        annotate(tmp_path / "clip.mp4", tmp_path / "y.mp4", options=options)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "7", "[" * 9000, '{"name": 1, "width": 1, "height": 1, "first": 2}',
     '{"name": "a", "width": true, "height": -1, "first": 1e9}'],
)  # fmt: skip
def test_a_mark_that_is_none_says_nothing(text: str) -> None:
    assert SourceMark.read(text) is None


def test_a_mark_tells_nothing_that_cannot_be_printed() -> None:
    mark = SourceMark("a\x1b[31m\n", 4, 3, 0)
    assert str(SourceMark.read(mark.written())).isprintable()


def test_masks_of_a_mark_are_read_by_anything_that_reads_matroska(masks: str) -> None:
    with av.open(masks) as container:
        tags = {name.upper() for name in container.metadata}
    assert {"CLASS_MAP", "SOURCE"} <= tags


@pytest.mark.parametrize(("degrees", "mirrored"), [(180, False), (0, True), (90, True)])
def test_replies_from_before_videos_were_mirrored_serve_all_others(
    tmp_path: Path, degrees: int, *, mirrored: bool
) -> None:
    clip, output, model = tmp_path / "clip.mp4", tmp_path / "out.mp4", Halves("a")
    turn(write_video(clip), degrees, mirrored=mirrored)
    [job] = plan_jobs([str(clip)], str(output))
    now = reply_identity(job, model)
    with Journal(journal_path(output), {name: now[name] for name in ("input", "model")}) as old:
        old.add(0, b"a reply")
    if mirrored:
        sentence = "another mirroring, none, not left and right exchanged, as the file says: give"
        with pytest.raises(JournalMismatch, match=sentence):
            annotate(clip, output, segmenter=model)
    options = AnnotateOptions(overwrite=mirrored)
    assert annotate(clip, output, segmenter=model, options=options).frames == 6
    output.unlink()
    [again] = annotate(clip, output, segmenter=model).files
    assert (again.calls, again.frames) == (0, 6)


def test_reports_go_where_their_names_lead(tmp_path: Path) -> None:
    clip, links = write_video(tmp_path / "clip.mp4"), tmp_path / "links"
    links.mkdir()
    (tmp_path / "older.json").write_text("older")
    for name in ("older", "new"):
        (links / f"{name}.json").symlink_to(tmp_path / f"{name}.json")
    reports = (f"{links / 'older.json'}", f"{links / 'new.json'}", os.devnull)
    options = AnnotateOptions(report=reports)
    annotate(clip, tmp_path / "out.mp4", segmenter=Halves("a"), options=options)
    for name in ("older", "new"):
        assert (links / f"{name}.json").is_symlink()
        assert json.loads((tmp_path / f"{name}.json").read_text())["frames"] == 6
    assert not Path(os.devnull).is_file()
    assert len([*links.iterdir()]) == 2


def test_nothing_that_is_written_or_said_has_the_secrets_of_an_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "there").mkdir()
    clip = write_video(tmp_path / "there" / "clip.mp4")
    other = write_video(tmp_path / "other.mp4")
    out = tmp_path / "out"
    model = Halves("a")
    wanted = AnnotateOptions(
        report=(f"{tmp_path / 'r.json'}", f"{tmp_path / 'r.html'}"),
        export=EXPORTS,
        exported=ExportedFramesOptions(export_uncertain=2),
        masks=f"{out}/",
        table=f"{out}/",
    )
    with serve_folder(clip.parent) as url:
        source = f"http://ana:sesame@{url.partition('//')[2]}/clip.mp4?token=hush.hush"
        report = annotate([source, other], out, segmenter=model, options=wanted)
        assert [each.outcome for each in report.files] == ["done", "done"]
        with pytest.raises(JournalMismatch) as raised:
            annotate(source.replace("hush", "loud"), out / "clip.mp4", segmenter=model)
    said = [*caplog.messages, str(raised.value)]
    for path in (each for each in tmp_path.rglob("*") if each.is_file()):
        said += [str(path), path.read_bytes().decode("latin-1")]
    for journal in out.rglob("*.journal"):
        with journal.open("rb") as file:
            file.seek(len(SIGNATURE))
            said += [each.content.decode("latin-1") for each in read_records(file)]
    for secret in ("sesame", "hush"):
        assert not [each for each in said if secret in each]


def test_names_that_are_too_long_for_what_stands_beside_them_are_said(tmp_path: Path) -> None:
    clip, long = write_video(tmp_path / "clip.mp4"), tmp_path / f"{246 * 'x'}.mp4"
    with pytest.raises(OutputNotWritable, match=r"journal: file name too long"):
        annotate(clip, long, segmenter=Halves("a"))
    [planned] = estimate(clip, long).files
    assert isinstance(planned.error, OutputNotWritable)
    options = AnnotateOptions(report=f"{tmp_path / (300 * 'x')}.json")
    with pytest.raises(OutputNotWritable, match=r"json: file name too long"):
        annotate(clip, tmp_path / "out.mp4", segmenter=Halves("a"), options=options)
