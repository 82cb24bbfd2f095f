"""A drawn scene is asked itself, unless a model is named."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import picture

from livesegment import (
    Annotated,
    AnnotateOptions,
    EndpointOptions,
    Frame,
    LiveOptions,
    Mask,
    Sink,
    annotate,
    live,
)
from livesegment.mask import ClassIds
from livesegment.segmenters.opening import open_segmenter
from livesegment.segmenters.pattern import PatternSegmenter
from livesegment.sinks.mask_file import MaskFileReader
from livesegment.sources import open_source
from livesegment.sources.pattern import CLASS_MAP, PatternSource

SIZE = (96, 64)
BUILTIN = EndpointOptions(endpoint="builtin")


class Masks(Sink):
    """Keeps what is shown, with the masks on it."""

    def __init__(self) -> None:
        self.shown: list[tuple[Frame, Mask]] = []

    def write(self, picture: Annotated) -> None:
        if picture.mask is not None:
            self.shown.append((picture.frame, picture.mask))


def truths(frames: int) -> list[ClassIds]:
    scene = PatternSource(SIZE, fps=60, frame_count=frames)
    return [scene.truth(index).class_ids for index in range(frames)]


def shown(spec: str, **changes: Any) -> list[tuple[Frame, Mask]]:
    sink = Masks()
    options = replace(LiveOptions(window=False, align="paste"), **changes)
    live(spec, sinks=[sink], options=options)
    return sink.shown


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("loop", [False, True])
def test_what_live_shows_is_what_was_drawn(mirror: bool, loop: bool) -> None:
    masks = shown("pattern:96x64@60:9?latency=20", mirror=mirror, loop=loop, max_frames=25)
    assert masks
    for _, mask in masks:
        truth = truths(9)[mask.frame_index % 9]
        np.testing.assert_array_equal(mask.class_ids, truth[:, ::-1] if mirror else truth)
        assert mask.class_map == CLASS_MAP


def test_the_builtin_model_is_asked_where_it_is_named() -> None:
    masks = shown("pattern:96x64@60:30?latency=0", endpoint=BUILTIN)
    assert {tuple(mask.class_map.values()) for _, mask in masks} == {("background", "person")}


def test_annotate_writes_what_was_drawn_of_each_input(tmp_path: Path) -> None:
    options = AnnotateOptions(masks=str(tmp_path / "masks"))
    inputs = ["pattern:96x64@60:5?latency=1", "pattern:96x64@60:7"]
    report = annotate(inputs, tmp_path / "out", options=options)
    assert [(each.frames, each.calls) for each in report.files] == [(5, 5), (7, 7)]
    for path, frames in zip(sorted((tmp_path / "masks").iterdir()), (5, 7), strict=True):
        with MaskFileReader(path) as reader:
            assert reader.class_map == CLASS_MAP
            written = [ids for _, ids in reader]
        np.testing.assert_array_equal(written, truths(frames))


def test_annotate_asks_a_drawn_input_itself_and_a_photo_the_builtin_model(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), picture(0, SIZE))
    options = AnnotateOptions(masks=str(tmp_path / "masks"))
    annotate([str(tmp_path / "photo.png"), "pattern:96x64:2"], tmp_path / "out", options=options)
    names = []
    for path in sorted((tmp_path / "masks").iterdir()):
        with MaskFileReader(path) as reader:
            names.append(reader.class_map[1])
    assert sorted(names) == ["ball", "person"]


def test_many_wait_at_once_and_none_after_it_is_closed() -> None:
    source = open_source("pattern:96x64?latency=10000")
    frame = source.read()
    assert frame is not None
    with open_segmenter(EndpointOptions(), source.scene) as segmenter:
        assert isinstance(segmenter, PatternSegmenter)
        answers: list[Mask] = []
        threads = [
            threading.Thread(target=lambda: answers.append(segmenter.segment(frame)), daemon=True)
            for _ in range(PatternSegmenter.max_concurrency)
        ]
        for thread in threads:
            thread.start()
        assert answers == []
    for thread in threads:
        thread.join(9)
    assert len(answers) == len(threads)
