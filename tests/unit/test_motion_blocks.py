"""Block matching: what a pixel looks like is found again nearby."""

import numpy as np

from livesegment.motion.blocks import best_offsets, brightness, colour, taken, within


def test_what_moved_by_a_pixel_or_two_is_found_and_takes_its_id_along() -> None:
    random = np.random.default_rng(3)
    image = random.integers(0, 256, (60, 90, 3)).astype(np.uint8)
    ids = random.integers(0, 256, (60, 90)).astype(np.uint8)
    offsets = within(2)
    for x, y in offsets.tolist():
        moved, truth = (np.roll(each, (-y, -x), axis=(0, 1)) for each in (image, ids))
        then = brightness(np.ascontiguousarray(image[..., 1])), colour(image)
        now = brightness(np.ascontiguousarray(moved[..., 1])), colour(moved)
        found = taken(ids, best_offsets(then, now, offsets), offsets)
        inside = np.s_[4:-4, 4:-4]
        assert np.array_equal(found[inside], truth[inside])


def test_where_nothing_differs_the_pixel_itself_is_taken() -> None:
    plain = np.full((40, 50), 90, np.uint8)
    assert not best_offsets((plain, plain), (plain, plain), within(2)).any()
