from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from runtimes import hide

from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.segmenters.builtin import BuiltinSegmenter


@pytest.fixture(scope="module", params=["whatever is installed", "OpenCV"])
def segmenter(request: pytest.FixtureRequest) -> Iterator[BuiltinSegmenter]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "OpenCV":
            hide(patch)
        with BuiltinSegmenter() as segmenter:
            yield segmenter


@pytest.fixture
def webcam(media: Path) -> Frame:
    """A person in the middle of a white room."""
    capture = cv2.VideoCapture(str(media / "clips" / "asl-webcam.mp4"))
    ok, image = capture.read()
    capture.release()
    assert ok
    return Frame(np.asarray(image, np.uint8), 7, 0.0, 0.0)


def test_a_person_at_a_webcam_is_found(segmenter: BuiltinSegmenter, webcam: Frame) -> None:
    mask = segmenter.segment(webcam)
    assert mask.class_map == {0: "background", 1: "person"}
    assert mask.frame_index == 7
    assert mask.frame_size == webcam.frame_size
    assert mask.class_ids[300, 320] == 1
    assert mask.class_ids[20, 320] == 0
    assert 0.25 < mask.coverage()[1] < 0.45


def test_edges_of_a_large_frame_are_smooth(segmenter: BuiltinSegmenter, webcam: Frame) -> None:
    large = cv2.resize(webcam.image, (2048, 1536))
    ids = segmenter.segment(Frame(np.asarray(large, np.uint8), 0, 0.0, 0.0)).class_ids
    # One cell of the model is 8 pixels wide here: a mask enlarged from cells would have edges at
    # every eighth column only.
    columns = np.nonzero(np.diff(ids.astype(np.int8), axis=1))[1]
    assert len(set((columns + 1) % 8)) == 8


def test_more_confidence_means_fewer_pixels(segmenter: BuiltinSegmenter, webcam: Frame) -> None:
    pixels = [
        np.count_nonzero(segmenter.segment_at(webcam, confidence).class_ids)
        for confidence in (0, 10, 50, 90, 100)
    ]
    assert pixels == sorted(pixels, reverse=True)
    assert pixels[1] > pixels[3] > 0
    assert pixels[-1] == 0
    np.testing.assert_array_equal(
        BuiltinSegmenter(90).segment(webcam).class_ids,
        segmenter.segment_at(webcam, 90).class_ids,
    )


@pytest.mark.parametrize("size", [(1, 1), (33, 17), (256, 256), (200, 1000)])
def test_a_mask_has_the_size_of_its_frame(
    segmenter: BuiltinSegmenter, size: tuple[int, int]
) -> None:
    width, height = size
    frame = Frame(np.zeros((height, width, 3), np.uint8), 0, 0.0, 0.0)
    assert segmenter.segment(frame).frame_size == size


def test_calls_from_many_threads_agree(segmenter: BuiltinSegmenter) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 90, 120, 3), np.uint8)
    frames = [Frame(image, index, 0.0, 0.0) for index, image in enumerate(noise)] * 3
    expected = [segmenter.segment(frame).class_ids for frame in frames]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(segmenter.segment, frames))
    for mask, ids in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mask.class_ids, ids)


@pytest.mark.parametrize("confidence", [-1, 100.5, float("nan")])
def test_a_confidence_out_of_range_is_refused(
    segmenter: BuiltinSegmenter, confidence: float
) -> None:
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0, 0.0)
    with pytest.raises(OptionsError, match="0 to 100"):
        BuiltinSegmenter(confidence)
    with pytest.raises(OptionsError, match="0 to 100"):
        segmenter.segment_at(frame, confidence)


def test_it_says_how_sure_it_is_of_each_pixel(segmenter: BuiltinSegmenter, webcam: Frame) -> None:
    mask = segmenter.segment(webcam)
    assert mask.certainty is not None
    # Sure far from the edge, unsure on it, and of the class that won: never below a half.
    edge = cv2.morphologyEx(mask.class_ids, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    assert np.median(mask.certainty[edge]) < 200
    assert np.median(mask.certainty[~edge]) > 250
    assert mask.certainty.min() >= 127
    higher = segmenter.segment_at(webcam, 80).class_ids
    drawn_from_it = (mask.class_ids == 1) & (mask.certainty > 0.8 * 255)
    np.testing.assert_array_equal(drawn_from_it, higher == 1)


def test_what_it_says_is_kept_without_that(segmenter: BuiltinSegmenter, webcam: Frame) -> None:
    kept: list[bytes] = []
    mask = segmenter.prepare(webcam)(kept.append)
    assert mask.certainty is None
    assert segmenter.recall(kept[0], webcam).certainty is None
    np.testing.assert_array_equal(segmenter.recall(kept[0], webcam).class_ids, mask.class_ids)
