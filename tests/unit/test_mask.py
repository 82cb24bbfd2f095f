"""A mask: what it says of instances, of certainty, and at other sizes."""

import numpy as np
import pytest

from livesegment import Mask
from livesegment.mask import Instance

IDS = np.zeros((6, 8), np.uint8)
IDS[1:3, 1:4] = 2
IDS[2:5, 3:6] = 1
NUMBERS = np.zeros((6, 8), np.uint16)
NUMBERS[1:3, 1:4] = 1
NUMBERS[2:5, 3:6] = 3


def test_instances_are_what_the_mask_shows_of_them() -> None:
    mask = Mask(IDS, {1: "car", 2: "cup"}, instance_ids=NUMBERS, confidences=(0.9, 0.5, 0.25))
    # The second is hidden by others entirely; the third hides a pixel of the first.
    assert mask.instances == (
        Instance(1, 2, 0.9, (1, 1, 3, 2), 5),
        Instance(3, 1, 0.25, (3, 2, 3, 3), 9),
    )


def test_without_instances_there_are_none_and_none_found_is_another_thing() -> None:
    assert Mask(IDS).instances is None
    assert Mask(IDS, instance_ids=np.zeros(IDS.shape, np.uint16)).instances == ()


def test_more_than_256_instances_are_told_apart() -> None:
    numbers = np.arange(1, 401, dtype=np.uint16).reshape(20, 20)
    mask = Mask(np.ones((20, 20), np.uint8), instance_ids=numbers)
    assert [each.id for each in mask.instances or ()] == list(range(1, 401))


@pytest.mark.parametrize("size", [(16, 12), (4, 3), (7, 5)])
def test_instances_and_certainty_are_resized_with_the_classes(size: tuple[int, int]) -> None:
    certainty = (IDS * 100).astype(np.uint8)
    mask = Mask(IDS, instance_ids=NUMBERS, certainty=certainty).resized(size)
    assert mask.certainty is not None
    assert mask.instance_ids is not None
    assert mask.instance_ids.dtype == np.uint16
    assert np.array_equal(mask.certainty, mask.class_ids * 100)
    assert np.array_equal(mask.instance_ids > 0, mask.class_ids > 0)


@pytest.mark.parametrize(("across", "down"), [(1, 3), (2, 2), (3, 1), (6, 6), (40, 25)])
def test_each_pixel_becomes_so_many(across: int, down: int) -> None:
    mask = Mask(IDS, instance_ids=NUMBERS).resized((8 * across, 6 * down))
    block = np.ones((down, across), np.uint8)
    assert np.array_equal(mask.class_ids, np.kron(IDS, block))
    assert mask.instance_ids is not None
    assert np.array_equal(mask.instance_ids, np.kron(NUMBERS, block))


def test_what_came_is_not_changed_by_whoever_reads_it() -> None:
    mask = Mask(IDS, instance_ids=NUMBERS, certainty=IDS)
    for array in (mask.class_ids, mask.instance_ids, mask.certainty):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"certainty": IDS[:2]},
        {"certainty": IDS.astype(float)},
        {"instance_ids": IDS},
        {"instance_ids": NUMBERS[:, :2]},
    ],
    ids=["certainty's size", "certainty's type", "instances' type", "instances' size"],
)
def test_arrays_that_do_not_fit_are_refused(wrong: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"a mask.s (certainty|instance_ids)"):
        Mask(IDS, **wrong)


def test_an_id_without_a_name_has_one_to_be_shown_by() -> None:
    assert Mask(IDS).class_name(0) == "background"
    assert Mask(IDS, {5: "background"}).class_name(0) == "class 0"
    assert Mask(IDS, {0: "road"}).class_name(7) == "class 7"


@pytest.mark.parametrize(
    "class_ids", [[0], [7], [0, 255], range(5), range(0, 40, 3), range(249, 256)]
)
def test_pixels_are_counted_however_many_classes_there_are(class_ids):
    ids = np.random.default_rng(1).choice(np.array(class_ids, np.uint8), (37, 53))
    expected = {each: int((ids == each).sum()) for each in class_ids}
    assert Mask(ids).pixel_counts() == expected
