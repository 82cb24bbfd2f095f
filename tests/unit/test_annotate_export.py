"""What `annotate` exports: divided where the picture changes, with where it comes from."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from livesegment import (
    AnnotateOptions,
    EndpointOptions,
    ExportedFramesOptions,
    Frame,
    KeyframeOptions,
    Mask,
    Segmenter,
    annotate,
)
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions

SIZE = (64, 48)
SCENES = (3, 2, 4)


class Bright(Segmenter):
    """Tells bright pixels from dark ones."""

    max_concurrency = None

    def segment(self, frame: Frame) -> Mask:
        ids = (frame.image.mean(axis=2) > 128).astype(np.uint8)
        return Mask(ids, {0: "background", 1: "bright"}, frame.index)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder with pictures of three scenes, in each of which something moves a little."""
    folder = tmp_path / "in"
    folder.mkdir()
    for scene, count in enumerate(SCENES):
        ground = np.random.default_rng(scene).integers(0, 255, (6, 8, 3), np.uint8)
        ground = cv2.resize(ground // (scene + 1), SIZE, interpolation=cv2.INTER_NEAREST)
        for index in range(count):
            image = ground.copy()
            image[10:20, 10 + index : 20 + index] = 255
            cv2.imwrite(str(folder / f"{scene}_{index}.png"), image)
    return folder


def exported(path: Path) -> dict[str, list[str]]:
    return {
        each: sorted(file.stem for file in (path / "images" / each).iterdir())
        for each in ("train", "val")
    }


@pytest.mark.parametrize("every", [1, 2])
def test_a_page_begins_a_part_and_hard_frames_are_compared_anew_where_a_scene_does(
    pictures: Path, tmp_path: Path, every: int
) -> None:
    halves = (np.s_[:, :32], np.s_[:, 32:], np.s_[:24])
    for path in pictures.iterdir():
        scene = int(path.name[0])
        image = np.full((*SIZE[::-1], 3), 20, np.uint8)
        image[halves[scene]] = 250
        image[..., scene] //= 2
        cv2.imwrite(str(path), image)
    options = AnnotateOptions(
        export=("coco",),
        exported=ExportedFramesOptions(export_uncertain=sum(SCENES)),
        report=f"{tmp_path / 'report.html'}",
        keyframes=KeyframeOptions(every=every),
    )
    annotate(pictures, tmp_path / "out", segmenter=Bright(), options=options)
    kept = json.loads((tmp_path / ".livesegment" / "out.timeline").read_text())
    begins = [each["begin_s"] for each in kept["scenes"] if each["begins_scene"]]
    assert begins == [sum(SCENES[:number]) / 25 for number in range(len(SCENES))]
    with (tmp_path / "out.frames.csv").open(newline="") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file)]
    # Over a cut, what is bright is elsewhere.
    assert len(scores) >= 2
    assert max(scores) < 0.5


@pytest.mark.parametrize("every", [1, 2])
def test_no_scene_of_an_input_is_on_both_sides(pictures: Path, tmp_path: Path, every: int) -> None:
    options = AnnotateOptions(export=("yolo",), split=0.6, keyframes=KeyframeOptions(every=every))
    annotate(pictures, tmp_path / "out", segmenter=Bright(), options=options)
    subsets = exported(tmp_path / "out.yolo")
    assert len(subsets["train"] + subsets["val"]) == sum(SCENES)
    scenes = [{name[0] for name in names} for names in subsets.values()]
    assert all(scenes)
    assert not scenes[0] & scenes[1]


def test_what_is_divided_otherwise_is_not_taken_for_complete(
    pictures: Path, tmp_path: Path
) -> None:
    outcomes = []
    for seed in (0, 0, 1):
        options = AnnotateOptions(export=("png",), split=0.6, split_seed=seed, overwrite=True)
        report = annotate(pictures, tmp_path / "out", segmenter=Bright(), options=options)
        outcomes.append(report.files[0].outcome)
    assert outcomes == ["done", "already complete", "done"]


def test_the_card_names_source_model_and_confidence_but_no_address(
    pictures: Path, tmp_path: Path
) -> None:
    with EmbeddedServer(Bright(), ServeOptions(port=0)) as server:
        endpoint = EndpointOptions(endpoint=server.url, model="my-model/3", confidence=40)
        options = AnnotateOptions(endpoint=endpoint, export=("yolo", "coco"))
        annotate(pictures, tmp_path / "out", options=options)
    card = (tmp_path / "out.yolo" / "README.md").read_text(encoding="utf-8")
    assert "| Source | in |" in card
    assert "| Model | my-model/3 |" in card
    assert "| Confidence | 40 |" in card
    for text in (card, (tmp_path / "out.coco.json").read_text()):
        assert "127.0.0.1" not in text
        assert str(tmp_path) not in text


def test_the_card_names_the_built_in_model_and_a_programs_own(
    pictures: Path, tmp_path: Path
) -> None:
    options = AnnotateOptions(export=("yolo",))
    annotate(pictures, tmp_path / "own", segmenter=Bright(), options=options)
    annotate(pictures, tmp_path / "out", options=options)
    annotate("pattern:64x48@10:2", tmp_path / "pattern.mp4", options=options)
    own, built_in, drawn = (
        (tmp_path / f"{name}.yolo" / "README.md").read_text(encoding="utf-8")
        for name in ("own", "out", "pattern")
    )
    assert "| Model | Bright |" in own
    assert "Confidence" not in own
    assert "| Model | the built-in person model |\n| Confidence | 50 |" in built_in
    assert "| Model | the drawn scene's own masks |" in drawn
