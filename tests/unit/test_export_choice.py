"""Which frames are exported: one in so many, those that changed, those that are hard."""

import csv
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from masks import picture

from livesegment import (
    AnnotateOptions,
    ExportedFramesOptions,
    Frame,
    KeyframeOptions,
    Mask,
    RedactOptions,
    Segmenter,
    annotate,
    open_source,
)
from livesegment.annotate.choice import Changed, EveryNth, FrameChoice, Hardest, doubt, spread
from livesegment.annotate.chosen_frames import ChosenFrames
from livesegment.cli.line import read_line
from livesegment.errors import OptionsError, OutputExists, SinkError
from livesegment.settings.commands import AnnotateCommand
from livesegment.sinks.base import Annotated, Role
from livesegment.sinks.mask_file import read_masks

NAMES = {0: "background", 1: "person", 2: "cup"}
SIZE = (160, 120)
_DAVIS = ("JPEGImages", "Annotations")


def scene(seed: int = 0, shift: int = 0) -> np.ndarray:
    """Return a picture full of structure, as seen by a camera that has moved so many pixels."""
    noise = np.random.default_rng(seed).integers(0, 256, (30, 60, 3), np.uint8)
    wide = cv2.resize(noise, (2 * SIZE[0], SIZE[1]), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(wide[:, shift : shift + SIZE[0]])


def disc(x: int, radius: int = 30, class_id: int = 1) -> np.ndarray:
    ids = np.zeros(SIZE[::-1], np.uint8)
    cv2.circle(ids, (x, 60), radius, class_id, -1)
    return ids


def seen(
    index: int,
    ids: np.ndarray,
    image: np.ndarray,
    certainty: np.ndarray | None = None,
    *,
    role: Role | None = None,
    number: int = 0,
) -> Annotated:
    frame = Frame(image, index, index / 25, 0.0)
    mask = Mask(ids, NAMES, index, certainty)
    return Annotated(frame, mask, image, role=role, scene=number)


def chosen(choice: FrameChoice, pictures: Sequence[Annotated]) -> list[int]:
    return [each.frame.index for each in pictures if choice.consider(each) is not None]


def panned(wrong: Sequence[int], count: int = 40) -> Iterator[Annotated]:
    """Yield pictures of a camera that pans, with the mask of a disc, missing where it is wrong."""
    for index in range(count):
        ids = disc(120 - 2 * index, class_id=0 if index in wrong else 1)
        yield seen(index, ids, scene(shift=2 * index))


def test_one_in_so_many_counts_from_the_first() -> None:
    pictures = [seen(index, disc(80), scene()) for index in range(10)]
    assert chosen(EveryNth(4), pictures) == [0, 4, 8]
    assert chosen(EveryNth(1), pictures) == list(range(10))


def test_what_does_not_change_is_exported_once() -> None:
    noise = np.random.default_rng(1)
    pictures = [
        seen(index, disc(80), cv2.add(scene() // 2, noise.integers(0, 6, (120, 160, 3), np.uint8)))
        for index in range(5)
    ]
    assert chosen(Changed(), pictures) == [0]


def test_small_changes_add_up_until_they_are_notable() -> None:
    pictures = [seen(index, disc(40 + 2 * index), scene()) for index in range(30)]
    taken = chosen(Changed(), pictures)
    assert taken[0] == 0
    gaps = {later - earlier for earlier, later in pairwise(taken)}
    assert len(gaps) == 1
    assert gaps.pop() > 1


@pytest.mark.parametrize(
    ("ids", "image", "word"),
    [
        (disc(80), scene(seed=2), "picture"),
        (disc(80, class_id=2), scene(), "masks"),
        (disc(80, radius=50), scene(), "masks"),
        (disc(80, class_id=0), scene(), "masks"),
    ],
)
def test_a_change_is_told(ids: np.ndarray, image: np.ndarray, word: str) -> None:
    choice = Changed()
    first = choice.consider(seen(0, disc(80), scene()))
    assert first is not None
    assert (first.word, first.score) == ("first", None)
    reason = choice.consider(seen(1, ids, image))
    assert reason is not None
    assert reason.word == word
    assert reason.score is not None
    assert 0 < reason.score <= 1


def test_a_frame_of_another_size_has_changed() -> None:
    choice = Changed()
    choice.consider(seen(0, disc(80), scene()))
    assert choice.consider(picture(np.zeros((12, 16), np.uint8), 1)) is not None


def test_where_a_model_changes_its_mind_is_hard() -> None:
    choice = Hardest(2)
    assert chosen(choice, list(panned(wrong=[11, 30]))) == []
    taken = sorted(choice.settled())
    # Which of two frames that contradict each other is wrong, the masks do not tell.
    assert taken[0] in {10, 11, 12}
    assert taken[1] in {29, 30, 31}
    reasons = [choice.consider(each) for each in panned(wrong=[11, 30])]
    assert [reason.word for reason in reasons if reason] == ["disagrees"] * 2
    assert all(reason.score > 0.9 for reason in reasons if reason and reason.score is not None)


def test_a_camera_that_moves_is_no_disagreement() -> None:
    choice = Hardest(40)
    pictures = list(panned(wrong=[]))
    chosen(choice, pictures)
    choice.settled()
    scores = [reason.score for each in pictures if (reason := choice.consider(each)) is not None]
    assert len(scores) == 40
    assert all(score is not None and score < 0.1 for score in scores)


def test_a_mask_that_was_carried_tells_nothing_of_the_model() -> None:
    choice = Hardest(3)
    pictures = [
        replace(each, role=Role.CARRIED if each.frame.index % 4 else Role.ASKED)
        for each in panned(wrong=[11, 30])
    ]
    chosen(choice, pictures)
    assert all(index % 4 == 0 for index in choice.settled())


def test_a_model_that_says_how_sure_it_is_is_believed() -> None:
    choice = Hardest(2)
    for index in range(40):
        sure = 100 if index in (7, 8, 25) else 250
        certainty = np.full(SIZE[::-1], sure + (index == 8), np.uint8)
        choice.consider(seen(index, disc(80), scene(), certainty))
    assert sorted(choice.settled()) == [7, 25]
    reason = choice.consider(seen(7, disc(80), scene()))
    assert reason is not None
    assert reason.word == "unsure"


def test_what_cannot_be_told_is_said(caplog: pytest.LogCaptureFixture) -> None:
    choice = Hardest(3)
    with caplog.at_level(logging.WARNING):
        for index in range(4):  # each another scene
            choice.consider(seen(index, disc(80), scene(seed=index), number=index))
        assert choice.settled() == frozenset()
    assert "how hard 4 frames are cannot be told" in caplog.text


def test_doubt_is_about_what_may_be_there() -> None:
    def of(ids: np.ndarray, certainty: np.ndarray, names: dict[int, str] = NAMES) -> float:
        said = doubt(Mask(ids, names, 0, certainty))
        assert said is not None
        return said

    sure = np.full(SIZE[::-1], 255, np.uint8)
    unsure = np.full(SIZE[::-1], 200, np.uint8)
    edge = np.where(disc(80) != disc(80, radius=28), 130, 255).astype(np.uint8)
    lost = np.where(disc(80) > 0, 130, 255).astype(np.uint8)
    nothing = disc(80, class_id=0)
    assert of(disc(80), sure) == 0
    assert of(nothing, sure) == 0
    assert 0 < of(disc(80), edge) < of(disc(80), unsure) < of(nothing, lost) < 1
    # Where no class is called background, nothing was found where the certainty is 0.
    found = np.where(disc(80) > 0, 255, 0).astype(np.uint8)
    assert of(disc(80), found, {1: "person"}) == 0
    assert of(disc(80), found) > 0.5
    assert doubt(Mask(disc(80), NAMES)) is None


def test_doubt_about_instances_is_that_of_their_pixels() -> None:
    def of(*confidences: float) -> float | None:
        instances = np.where(disc(40, radius=20) > 0, 1, 2 * (disc(120) > 0)).astype(np.uint16)
        ids = (instances > 0).astype(np.uint8)
        return doubt(Mask(ids, NAMES, instance_ids=instances, confidences=confidences))

    assert of(1.0, 1.0) == 0
    small, large = of(0.5, 1.0), of(1.0, 0.5)
    assert small is not None
    assert large is not None
    assert 0 < small < large < 1


def taken_of(scores: list[float], scenes: list[int], count: int) -> list[int]:
    return spread(np.array(scores, np.float64), np.array(scenes, np.int32), count)


def test_the_hardest_are_taken_first_and_the_earlier_of_equals() -> None:
    assert taken_of([0.1, 0.9, 0.1, 0.1, 0.5, 0.1, 0.1, 0.1], [0] * 8, 2) == [1, 4]
    assert taken_of([0.5] * 8, [0] * 8, 2) == [0, 2]
    assert taken_of([], [], 5) == []
    assert taken_of([0.2, 0.1], [0, 0], 5) == [0, 1]


def test_neighbours_are_not_all_taken_unless_a_cut_is_between_them() -> None:
    scores = [0.0] * 10 + [0.9, 0.8, 0.7] + [0.0] * 17
    assert taken_of(scores, [0] * 30, 3)[:2] != [10, 11]
    assert taken_of(scores, [0] * 11 + [1] * 19, 2) == [10, 11]


def test_so_many_are_found_whatever_the_scores_and_none_are_close() -> None:
    random = np.random.default_rng(3)
    for _ in range(200):
        length, count = int(random.integers(1, 60)), int(random.integers(1, 20))
        scores = random.integers(0, 4, length).tolist()
        taken = taken_of(scores, [0] * length, count)
        assert len(taken) == min(count, length)
        assert taken == sorted(set(taken))
        apart = max(1, length // (2 * count))
        assert all(later - earlier >= apart for earlier, later in pairwise(taken))


def listed(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_list_appears_when_it_is_complete_and_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.frames.csv"
    with ChosenFrames(EveryNth(2), [], path, "a") as sink:
        for index in range(4):
            sink.write(seen(index, disc(80), scene()))
        sink.write(picture(None, 4))  # without a mask there is nothing to export
        assert not path.exists()
        sink.commit()
        with pytest.raises(SinkError, match="closed"):
            sink.write(seen(5, disc(80), scene()))
    assert [*tmp_path.iterdir()] == [path]
    assert listed(path) == [
        {
            "picture": f"a_00000{index}.jpg",
            "frame_index": f"{index}",
            "time_s": f"{index / 25:.3f}",
            "reason": "every",
            "score": "",
        }
        for index in (0, 2)
    ]
    with pytest.raises(OutputExists, match="--overwrite"):
        ChosenFrames(EveryNth(2), [], path, "a")


def test_without_commit_the_list_says_so(tmp_path: Path) -> None:
    with ChosenFrames(EveryNth(2), [], tmp_path / "a.frames.csv", "a") as sink:
        sink.write(seen(0, disc(80), scene()))
    assert [each.name for each in tmp_path.iterdir()] == ["a.frames.part.csv"]
    with ChosenFrames(EveryNth(2), [], tmp_path / "b.frames.csv", "b") as sink:
        sink.commit()
    assert [each.name for each in tmp_path.iterdir()] == ["a.frames.part.csv"]


def test_the_name_of_a_picture_is_no_formula(tmp_path: Path) -> None:
    with ChosenFrames(EveryNth(1), [], tmp_path / "a.csv", [Path("=1+1.png")]) as sink:
        sink.write(seen(0, disc(80), scene()))
        sink.commit()
    assert [each["picture"] for each in listed(tmp_path / "a.csv")] == ["'=1+1.png"]


class Unsure(Segmenter):
    """Finds what is bright, and says that it is not sure of some pictures; counts its calls."""

    max_concurrency = None

    def __init__(self, *unsure: int) -> None:
        self._unsure = unsure
        self.calls = 0

    def segment(self, frame: Frame) -> Mask:
        self.calls += 1
        ids = (frame.image.mean(axis=2) > 128).astype(np.uint8)
        sure = 140 if frame.index in self._unsure else 255
        return Mask(ids, {0: "background", 1: "box"}, frame.index, np.full_like(ids, sure))


def content(folder: Path) -> dict[str, bytes]:
    return {
        f"{each.relative_to(folder)}": each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


FRAMES = 24
PATTERN = f"pattern:96x72@10:{FRAMES}"
BOX = RedactOptions(frozenset({"box"}), "black")


@pytest.mark.parametrize(
    "options",
    [
        AnnotateOptions(keyframes=KeyframeOptions(every=3)),
        AnnotateOptions(keyframes=KeyframeOptions(budget=9, skip_still=True)),
        AnnotateOptions(redact=BOX, keyframes=KeyframeOptions(every=3)),
        AnnotateOptions(hide=(((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)),)),
    ],
    ids=["every", "budget", "redacted", "hidden"],
)
def test_a_frame_that_is_chosen_is_exported_as_if_all_were(
    tmp_path: Path, options: AnnotateOptions
) -> None:
    options = replace(options, export=("png", "yolo"))
    choices = {
        "all": ExportedFramesOptions(),
        "few": ExportedFramesOptions(export_uncertain=3),
    }
    for name, exported in choices.items():
        model, output = Unsure(6, 7, 15), tmp_path / f"{name}.mp4"
        report = annotate(
            PATTERN, output, segmenter=model, options=replace(options, exported=exported)
        )
        assert report.frames == FRAMES
        assert model.calls == report.calls
    few = [line["picture"] for line in listed(tmp_path / "few.frames.csv")]
    assert len(few) == 3
    pictures, masks = content(tmp_path / "few.yolo/images"), content(tmp_path / "few.masks")
    assert sorted(pictures) == few
    assert pictures.items() <= content(tmp_path / "all.yolo/images").items()
    assert masks.items() <= content(tmp_path / "all.masks").items()
    assert content(tmp_path)["few.mp4"] == content(tmp_path)["all.mp4"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--export-every 2", "--export-every says which frames --export writes: name a format"),
        (
            "--export coco --export-changed --export-uncertain 5",
            "--export-changed and --export-uncertain both say which frames are exported: give one",
        ),
        ("--export png --export-every 0", "--export-every is a whole number, 1 or more, not 0"),
    ],
)
def test_what_contradicts_itself_is_refused_in_a_sentence(words: str, sentence: str) -> None:
    with pytest.raises(OptionsError, match=f"^{sentence}"):
        read_line(AnnotateCommand, ["a.mp4", "-o", "b.mp4", *words.split()])


def test_an_earlier_list_speaks_of_no_other_run(tmp_path: Path) -> None:
    every = AnnotateOptions(export=("coco",), exported=ExportedFramesOptions(export_every=8))
    path, others = tmp_path / "a.frames.csv", tmp_path / "b.frames.csv"
    others.write_text("somebody's own")
    annotate(PATTERN, tmp_path / "a.mp4", segmenter=Unsure(), options=every)
    assert len(listed(path)) == 3
    path.write_bytes(path.read_bytes().replace(b"\r", b""))  # as version 0.2.0 wrote it
    for name in ("a.mp4", "a.coco.json"):
        (tmp_path / name).unlink()
    with pytest.raises(OutputExists, match=f"{path} exists already"):
        annotate(
            PATTERN,
            tmp_path / "a.mp4",
            segmenter=Unsure(),
            options=AnnotateOptions(export=("png",)),
        )
    for name in ("a.mp4", "b.mp4"):
        options = AnnotateOptions(export=("coco",), overwrite=True)
        annotate(PATTERN, tmp_path / name, segmenter=Unsure(), options=options)
    assert not path.exists()
    assert others.read_text() == "somebody's own"


def test_kept_masks_are_read_once_more(tmp_path: Path) -> None:
    kept = f"{tmp_path / 'kept.mkv'}"
    annotate(PATTERN, tmp_path / "a.mp4", options=AnnotateOptions(masks=kept))
    wanted = AnnotateOptions(
        kept_masks=kept, export=("png",), exported=ExportedFramesOptions(export_uncertain=3)
    )
    annotate(PATTERN, tmp_path / "b.mp4", options=wanted)
    assert len(listed(tmp_path / "b.frames.csv")) == 3
    assert len([*(tmp_path / "b.masks").glob("*.png")]) == 3


def test_an_image_folder_is_chosen_from_by_name(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with open_source(PATTERN) as source:
        for index in range(5):
            frame = source.read()
            assert frame is not None
            cv2.imwrite(f"{tmp_path / 'in' / f'é{index}.png'}", frame.image)
    wanted = AnnotateOptions(export=("coco",), exported=ExportedFramesOptions(export_uncertain=1))
    model = Unsure(3)
    annotate(tmp_path / "in", tmp_path / "out", segmenter=model, options=wanted)
    [line] = listed(tmp_path / "out.frames.csv")
    assert (line["picture"], line["reason"], model.calls) == ("é3.png", "unsure", 5)


def test_frames_without_a_mask_are_not_chosen(tmp_path: Path) -> None:
    options = AnnotateOptions(export=("coco",), exported=ExportedFramesOptions(export_uncertain=9))
    options = replace(options, endpoint=replace(options.endpoint, max_calls=5))
    report = annotate(PATTERN, tmp_path / "a.mp4", segmenter=Unsure(), options=options)
    assert report.calls == 5
    assert len(listed(tmp_path / "a.frames.csv")) == 5


@pytest.mark.parametrize("name", ["scooter-gray", "stroller"])
def test_on_real_footage_the_masks_of_hard_frames_are_worse(
    media: Path, tmp_path: Path, name: str
) -> None:
    pictures, truth = (media / "davis" / each / "480p" / name for each in _DAVIS)
    if not pictures.is_dir():
        pytest.skip(f"the real footage has no {pictures.name}")
    options = AnnotateOptions(
        masks=f"{tmp_path / 'masks.mkv'}",
        export=("coco",),
        exported=ExportedFramesOptions(export_uncertain=5),
    )
    annotate(pictures, tmp_path / "out.mp4", options=options)
    similarities = [
        Mask((cv2.imread(f"{path}", cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)).similarity(
            Mask(ids), 1
        )
        for path, (_, ids) in zip(
            sorted(truth.iterdir()), read_masks(tmp_path / "masks.mkv"), strict=True
        )
    ]
    hard = [similarities[int(line["frame_index"])] for line in listed(tmp_path / "out.frames.csv")]
    assert len(hard) == 5
    assert np.mean(hard) < np.mean(similarities)


def test_the_built_in_model_says_how_sure_it_is_and_so_does_its_journal(tmp_path: Path) -> None:
    with open_source("sample:") as source:
        frames = [frame for frame in iter(source.read, None) if frame.index < 12]
    (tmp_path / "in").mkdir()
    for frame in frames:
        cv2.imwrite(f"{tmp_path / 'in' / f'{frame.index:02}.png'}", frame.image)
    options = AnnotateOptions(export=("coco",), exported=ExportedFramesOptions(export_uncertain=3))
    said = []
    for calls in (12, 0):
        report = annotate(tmp_path / "in", tmp_path / "out.mp4", options=options)
        assert report.calls == calls
        said.append(content(tmp_path))
        for name in ("out.mp4", "out.frames.csv", "out.coco.json"):
            (tmp_path / name).rename(tmp_path / f"{name}.{calls}")
    lines = listed(tmp_path / "out.frames.csv.0")
    assert [line["reason"] for line in lines] == ["unsure"] * 3
    for name in ("out.mp4", "out.frames.csv", "out.coco.json"):
        assert said[0][name] == said[1][name]
