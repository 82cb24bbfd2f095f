"""How many of a class are in a zone, as instances and as regions."""

import numpy as np
import pytest

from livesegment.events.counts import CountWatch
from livesegment.mask import Mask
from livesegment.settings.rule_text import parse_rule

NAMES = {0: "background", 1: "person", 2: "cat"}


def things(*boxes: tuple[float, float, float, float], size: tuple[int, int] = (640, 360)) -> Mask:
    """Return a mask with persons at boxes (x, y, width, height) in shares, instances told apart."""
    width, height = size
    ids, numbers = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
    for number, (x, y, w, h) in enumerate(boxes, 1):
        rows = slice(round(y * height), round((y + h) * height))
        columns = slice(round(x * width), round((x + w) * width))
        ids[rows, columns], numbers[rows, columns] = 1, number
    return Mask(ids, NAMES, instance_ids=numbers)


def carried(mask: Mask) -> Mask:
    """Return what is left of a mask that was carried to another picture."""
    return Mask(mask.class_ids, mask.class_map)


APART = [(0.1 + 0.2 * number, 0.3, 0.1, 0.4) for number in range(4)]


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (3840, 2160)])
def test_regions_are_counted_where_there_are_no_instances(size: tuple[int, int]) -> None:
    watch = CountWatch(parse_rule("person count > 3 for 0s"))
    assert watch.step(0, carried(things(*APART, size=size))) == "begin"
    assert (watch.count, watch.counted, watch.coverage) == (4, "regions", None)
    assert watch.step(1, carried(things(*APART[:3], size=size))) == "end"
    assert watch.count == 3


def test_instances_are_counted_though_they_touch_and_by_the_answer_of_the_model() -> None:
    watch = CountWatch(parse_rule("person count > 1 for 0s"))
    two = things((0.1, 0.3, 0.2, 0.4), (0.3, 0.3, 0.2, 0.4))
    moved = carried(two)
    assert watch.step(0, moved, two) == "begin"
    assert (watch.count, watch.counted) == (2, "instances")
    # The next picture has the same answer still; without instances it would be one region.
    assert watch.step(1, moved, two) is None
    assert watch.count == 2
    assert watch.step(2, moved, moved) == "end"
    assert (watch.count, watch.counted) == (1, "regions")


def test_only_what_lies_in_the_zone_counts() -> None:
    rule = parse_rule("person count > 0 in 0,0 0.5,0 0.5,1 0,1")
    for mask, count in ((things(*APART), 2), (carried(things(*APART)), 2)):
        watch = CountWatch(rule)
        watch.step(0, mask)
        assert watch.count == count
    # Its feet are in the zone; and one of which a pixel is.
    floor = CountWatch(parse_rule("person count > 0 in 0,0.6 1,0.6 1,1 0,1"))
    floor.step(0, things((0.1, 0.3, 0.1, 0.4), (0.5, 0.3, 0.1, 0.305)))
    assert floor.count == 1


def test_regions_that_are_too_small_and_other_classes_do_not_count() -> None:
    mask = carried(things((0.1, 0.1, 0.3, 0.3), (0.6, 0.6, 0.02, 0.02)))
    ids = mask.class_ids.copy()
    ids[:40, 500:] = 2
    mask = Mask(ids, NAMES)
    for rule, count in (
        ("person count > 0", 1),
        ("person count > 0 smallest 0.01%", 2),
        ("person count > 0 smallest 20%", 0),
        ("cat count > 0", 1),
        ("dog count > 0", 0),
    ):
        watch = CountWatch(parse_rule(rule))
        watch.step(0, mask)
        assert watch.count == count, rule


def test_a_count_has_its_time_and_its_hysteresis_and_waits_while_nobody_knows() -> None:
    watch = CountWatch(parse_rule("person count > 2 hysteresis 1 for 2s"))
    happened = []
    for second, count in enumerate([3, 3, 3, 2, 2, 2, 2, None, 1, 1, None, 1, 1, 1, 1]):
        kind = watch.step(second, None if count is None else things(*APART[:count]))
        if kind is not None:
            happened.append((kind, second))
    assert happened == [("begin", 2), ("end", 13)]
    few = CountWatch(parse_rule("person count < 1 for 0s"))
    assert [few.step(s, things(*APART[:n])) for s, n in enumerate([1, 0, 0, 1])] == [
        None,
        "begin",
        None,
        "end",
    ]


def test_an_instance_is_counted_whatever_the_size_of_the_masks() -> None:
    for size in ((320, 180), (1280, 720), (3840, 2160)):
        watch = CountWatch(parse_rule("person count > 0"))
        watch.step(0, things(*((0.1 * n, 0.5, 0.01, 0.02) for n in range(9)), size=size))
        assert watch.count == 9
