import numpy as np
import pytest

from livesegment.errors import OptionsError
from livesegment.sources import open_source
from livesegment.sources.pattern import PatternSource


def test_the_plain_form_is_endless() -> None:
    source = open_source("pattern:")
    assert isinstance(source, PatternSource)
    assert source.frame_count is None
    assert source.fps == 30
    frame = source.read()
    assert frame is not None
    assert frame.frame_size == (640, 480)


def test_the_form_gives_size_rate_and_length() -> None:
    source = open_source("pattern:320x180@12.5:3")
    assert source.fps == 12.5
    frames = list(iter(source.read, None))
    assert [frame.pts_s for frame in frames] == [0, 0.08, 0.16]
    assert frames[0].frame_size == (320, 180)
    only_length = open_source("pattern::2")
    assert len(list(iter(only_length.read, None))) == 2


@pytest.mark.parametrize(
    "form",
    [
        "pattern:big",
        "pattern:640",
        "pattern:640x480@",
        "pattern:8x8",
        "pattern:64x64@0",
        "pattern:9999x9999",
        "pattern:64x64:0",
        "pattern:64x64@25:-1",
        "pattern:?",
        "pattern:?latency",
        "pattern:?latency=",
        "pattern:?latency=x",
        "pattern:?latency=-1",
        "pattern:?latency=1e3",
        "pattern:?latency=10001",
        "pattern:?latency=99999999999999999999",
        "pattern:?latency=1&latency=2",
        "pattern:?speed=3",
        "pattern:64x64@25:3?latency=٣",
        "pattern:99999999999999999999x64",
        f"pattern:?{'x' * 9999}",
    ],
)
def test_another_form_is_refused(form: str) -> None:
    with pytest.raises(OptionsError, match="pattern") as raised:
        open_source(form)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("form", "latency_s"),
    [
        ("pattern:", None),
        ("pattern:?latency=300", 0.3),
        ("pattern:640x480@30?latency=0", 0.0),
        ("pattern:64x48@30:9?latency=12.5", 0.0125),
        ("pattern::9?latency=10000", 10.0),
    ],
)
def test_how_late_its_masks_come_may_stand_behind_every_form(
    form: str, latency_s: float | None
) -> None:
    source = open_source(form)
    assert source.scene is not None
    assert source.scene.latency_s == latency_s
    assert source.frame_count == (9 if ":9" in form else None)


@pytest.mark.parametrize("size", [(640, 480), (161, 97), (16, 16), (48, 400)])
def test_the_truth_is_where_the_objects_are(size: tuple[int, int]) -> None:
    source = PatternSource(size, frame_count=4)
    for frame in iter(source.read, None):
        truth = source.truth(frame.index)
        assert truth.frame_size == frame.frame_size == size
        assert truth.frame_index == frame.index
        assert set(truth.coverage()) <= set(truth.class_map)


def test_objects_have_their_colours_and_the_background_others() -> None:
    source = PatternSource(frame_count=200)
    for frame in list(iter(source.read, None))[::40]:
        ids = source.truth(frame.index).class_ids
        # The background is never strongly coloured, the objects are but for the ball's stripes.
        saturation = np.ptp(frame.image.astype(int), axis=2)
        assert set(np.unique(ids)) == {0, 1, 2, 3}
        assert np.percentile(saturation[ids == 0], 99) < 60
        for class_id in (2, 3):
            assert np.percentile(saturation[ids == class_id], 5) > 50
        assert np.median(saturation[ids == 1]) > 100


def test_objects_and_background_move() -> None:
    source = PatternSource(frame_count=31)
    frames = list(iter(source.read, None))
    first, second, last = (source.truth(index) for index in (0, 1, 30))
    for class_id in (1, 2, 3):
        assert first.similarity(last, class_id) < 0.8 < first.similarity(second, class_id) < 1
    still = (first.class_ids == 0) & (last.class_ids == 0)
    moved = np.abs(frames[0].image[still].astype(int) - frames[30].image[still])
    assert moved.mean() > 2


def test_frame_i_is_the_same_whoever_reads_it() -> None:
    one, other = PatternSource(frame_count=6), PatternSource(frame_count=90)
    sixth = list(iter(one.read, None))[5]
    for _ in range(6):
        again = other.read()
    assert again is not None
    np.testing.assert_array_equal(sixth.image, again.image)
    np.testing.assert_array_equal(one.truth(5).class_ids, other.truth(5).class_ids)
