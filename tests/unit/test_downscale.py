"""Pictures and masks at other sizes."""

import cv2
import numpy as np
import pytest

from livesegment.downscale import cell_means, downscaled, fitting
from livesegment.frame import Frame
from livesegment.mask import Mask


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_by_a_power_of_two_the_result_is_the_mean(factor):
    picture = noise(320, 160)
    size = 320 // factor, 160 // factor
    exact = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    # Means are rounded at each halving.
    assert np.abs(downscaled(picture, size).astype(int) - exact).max() <= 1


@pytest.mark.parametrize("side", [1, 3, 4, 5, 6, 12])
def test_cells_are_whole_and_their_values_means(side):
    picture = noise(131, 75)
    means = cell_means(picture, side)
    rows, columns = 75 // side, 131 // side
    whole = picture[: rows * side, : columns * side].astype(float)
    exact = whole.reshape(rows, side, columns, side, 3).mean(axis=(1, 3))
    assert means.shape == exact.shape
    assert np.abs(means - exact).max() <= 2


def test_every_pixel_counts():
    """Checkered pixels turn grey at every size; pixels left out would show as patterns."""
    checkered = np.indices((1080, 1920)).sum(0).astype(np.uint8) % 2 * 255
    for size in ((640, 360), (854, 480), (601, 331), (160, 90)):
        small = downscaled(checkered, size)
        assert small.shape == size[::-1]
        assert small.min() >= 96
        assert small.max() <= 160


def test_a_frame_gives_each_size_as_if_it_were_the_only_one():
    picture = noise(640, 360)
    frame = Frame(picture.copy(), 0, 0.0, 0.0)
    for size in ((320, 180), (213, 120), (100, 56), (320, 180), (640, 360)):
        np.testing.assert_array_equal(frame.downscaled(size), downscaled(picture, size))
    with pytest.raises(ValueError, match="read-only"):
        frame.downscaled((320, 180))[0] = 0


@pytest.mark.parametrize(
    ("box", "size"),
    [((100, 100), (100, 50)), ((800, 100), (200, 100)), ((900, 900), (400, 200)), ((3, 1), (2, 1))],
)
def test_what_fits_into_a_box_keeps_its_proportions(box, size):
    assert fitting((400, 200), box) == size


@pytest.mark.parametrize("size", [(1001, 777), (266, 194), (134, 97), (133, 98), (64, 300)])
def test_a_mask_at_another_size_has_what_lies_nearest_to_the_centre_of_each_pixel(size):
    ids = np.random.default_rng(3).integers(0, 256, (97, 133), dtype=np.uint8)
    resized = Mask(ids).resized(size).class_ids
    exact = cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST_EXACT)
    np.testing.assert_array_equal(resized, exact)
