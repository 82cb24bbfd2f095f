"""Rules stepped by hand: what begins and ends, and when."""

import logging
from collections.abc import Iterable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livesegment import Rule
from livesegment.events.rules import AnswerClock, CoverageWatch, OutageWatch
from livesegment.events.zone import ZoneGrid
from livesegment.mask import Mask
from livesegment.settings.rule_text import parse_rule

NAMES = {0: "background", 1: "person", 2: "cat"}
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def covered(share: float, size: tuple[int, int] = (100, 20)) -> Mask:
    """Return a mask whose left columns, that share of the width, are a person."""
    width, height = size
    ids = np.zeros((height, width), np.uint8)
    ids[:, : round(share * width)] = 1
    return Mask(ids, NAMES)


def changes(rule: Rule | str, steps: Iterable[tuple[float, float | None]]) -> list[tuple]:
    """Return (kind, time) of what happens with coverages at times; None is no mask."""
    watch = CoverageWatch(parse_rule(rule) if isinstance(rule, str) else rule)
    found = []
    for now_s, share in steps:
        kind = watch.step(now_s, None if share is None else covered(share))
        if kind is not None:
            found.append((kind, now_s))
    return found


def every(step_s: float, shares: Iterable[float | None]) -> list[tuple[float, float | None]]:
    return [(number * step_s, share) for number, share in enumerate(shares)]


def test_it_begins_after_its_time_and_ends_after_the_same_time() -> None:
    steps = every(0.5, [0, 0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0, 0, 0, 0])
    assert changes("person > 10% for 2s", steps) == [("begin", 2.5), ("end", 5.0)]


def test_it_begins_on_the_frame_of_its_time_however_times_are_rounded() -> None:
    steps = [(10.0 + number / 25, 0.2) for number in range(60)]
    assert changes("person > 10% for 2s", steps) == [("begin", 10.0 + 50 / 25)]


def test_less_than_a_share_is_watched_too() -> None:
    steps = every(1, [0.5, 0.05, 0.05, 0.05, 0.5, 0.5, 0.5])
    assert changes("person < 10% for 2s", steps) == [("begin", 3), ("end", 6)]


def test_no_time_means_the_first_picture() -> None:
    steps = every(1, [0, 0.2, 0, 0.2])
    expected = [("begin", 1), ("end", 2), ("begin", 3)]
    assert changes("person > 10% for 0s", steps) == expected


def test_flicker_around_the_threshold_neither_delays_the_begin_nor_ends_the_event() -> None:
    # 10% with a fifth of hysteresis: between 8% and 10% nothing changes.
    steps = every(0.5, [0.11, 0.09, 0.11, 0.09, 0.11, 0.09, 0.11, 0.09, 0.09])
    assert changes("person > 10% for 2s", steps) == [("begin", 2.0)]


def test_a_dip_below_the_hysteresis_begins_the_time_anew() -> None:
    steps = every(0.5, [0.11, 0.11, 0.11, 0.07, 0.11, 0.11, 0.11, 0.11, 0.11])
    assert changes("person > 10% for 2s", steps) == [("begin", 4.0)]


def test_within_the_hysteresis_nothing_begins() -> None:
    assert changes("person > 10% for 1s", every(0.5, [0.09, 0.1] * 10)) == []


def test_hysteresis_that_is_given_decides_where_it_ends() -> None:
    steps = every(1, [0.2, 0.06, 0.04, 0.04])
    assert changes("person > 10% for 0s hysteresis 5%", steps) == [("begin", 0), ("end", 2)]


def test_more_than_nothing_ends_when_nothing_is_left() -> None:
    steps = every(1, [0, 0.01, 0.01, 0, 0])
    assert changes("person > 0% for 1s", steps) == [("begin", 2), ("end", 4)]


def test_in_the_cooldown_nothing_begins_and_after_it_what_still_holds_does() -> None:
    steps = every(1, [0.2, 0, 0.2, 0.2, 0.2, 0.2, 0.2])
    expected = [("begin", 0), ("end", 1), ("begin", 5)]
    assert changes("person > 10% for 0s cooldown 4s", steps) == expected


def test_without_a_mask_nothing_changes_and_the_time_begins_anew() -> None:
    steps = every(1, [0.2, 0.2, None, 0.2, 0.2, 0.2, None, None, None, None, 0, 0, 0])
    assert changes("person > 10% for 2s", steps) == [("begin", 5), ("end", 12)]


def test_the_coverage_is_told_and_is_unknown_without_a_mask() -> None:
    watch = CoverageWatch(Rule("door", class_name="Person ", above=0.1, zone=LEFT))
    watch.step(0, covered(0.25))
    assert watch.coverage == pytest.approx(0.5)
    watch.step(1, None)
    assert watch.coverage is None


def test_masks_of_another_size_are_looked_at_in_the_same_place() -> None:
    watch = CoverageWatch(Rule("door", class_name="person", above=0.1, zone=LEFT))
    for size in ((100, 20), (640, 480), (33, 7), (1, 1), (3840, 16)):
        watch.step(0, covered(1.0, size))
        assert watch.coverage == 1.0
        watch.step(1, covered(0.0, size))
        assert watch.coverage == 0.0
    watch.step(2, covered(0.25, (640, 480)))
    assert watch.coverage == pytest.approx(0.5)


def test_an_unknown_class_is_said_once_with_those_there_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = CoverageWatch(Rule("door", class_name="persn", above=0.1))
    with caplog.at_level(logging.WARNING):
        watch.step(0, None)
        assert caplog.messages == []
        for now_s in range(1, 4):
            watch.step(now_s, covered(1.0))
    assert caplog.messages == [
        "rule 'door': the model has no class 'persn'; its classes are: background, cat, person"
    ]
    assert watch.coverage == 0.0


def test_classes_that_are_numbered_otherwise_later_are_found_again() -> None:
    watch = CoverageWatch(Rule("door", class_name="person", above=0.1))
    watch.step(0, covered(1.0))
    ids = np.full((20, 100), 7, np.uint8)
    watch.step(1, Mask(ids, {0: "background", 7: "person", 8: "person"}))
    assert watch.coverage == 1.0
    watch.step(2, Mask(ids, {7: "cat"}))
    assert watch.coverage == 0.0


def test_an_id_without_a_name_can_be_watched() -> None:
    watch = CoverageWatch(Rule("door", class_name="class 9", above=0.1))
    watch.step(0, Mask(np.full((20, 100), 9, np.uint8), NAMES))
    assert watch.coverage == 1.0


def test_a_zone_that_is_partly_outside_counts_what_is_inside() -> None:
    zone = ((-1.0, -0.5), (0.5, -0.5), (0.5, 2.0), (-1.0, 2.0))
    grid = ZoneGrid(zone, (100, 20))
    assert grid.coverage(covered(0.25).class_ids, [1]) == pytest.approx(0.5)
    assert grid.coverage(covered(0.5).class_ids, [1]) == 1.0


def test_a_sliver_between_two_pixels_is_the_pixel_next_to_it() -> None:
    zone = ((0.501, 0.5), (0.502, 0.5), (0.502, 0.51))
    grid = ZoneGrid(zone, (10, 10))
    ids = np.zeros((10, 10), np.uint8)
    ids[5, 5] = 1
    assert grid.coverage(ids, [1]) == 1.0


CORNER = st.tuples(st.floats(-0.3, 1.3), st.floats(-0.3, 1.3))


@settings(max_examples=60, deadline=None)
@given(st.lists(CORNER, min_size=3, max_size=3), st.integers(0, 2**16))
def test_a_triangles_coverage_is_that_of_its_pixels(
    zone: list[tuple[float, float]], seed: int
) -> None:
    width, height = 320, 200  # every pixel is looked at
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    sides = [
        (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        for (x0, y0), (x1, y1) in zip(zone, [*zone[1:], zone[0]], strict=True)
    ]
    inside = np.all([side > 1e-6 for side in sides], 0) | np.all(
        [side < -1e-6 for side in sides], 0
    )
    on_the_line = ~inside & np.all(np.abs(sides) < 2e-2, 0)
    if inside.sum() < 200 or on_the_line.sum() > 0.05 * inside.sum():
        return
    ids = np.random.default_rng(seed).integers(0, 3, (height, width)).astype(np.uint8)
    cv2.circle(ids, (150, 90), 60, 1, -1)
    expected = np.count_nonzero(ids[inside] == 1) / inside.sum()
    assert ZoneGrid(tuple(zone), (width, height)).coverage(ids, [1]) == pytest.approx(
        expected, abs=0.02
    )


def test_of_a_large_picture_a_part_is_looked_at_and_the_share_is_right() -> None:
    ids = np.zeros((1080, 1920), np.uint8)
    cv2.ellipse(ids, (700, 500), (300, 200), 30, 0, 360, 1, -1)
    share = ZoneGrid(None, (1920, 1080)).coverage(ids, [1])
    assert share == pytest.approx(np.count_nonzero(ids) / ids.size, rel=0.01)


def test_a_camera_is_lost_after_its_time_and_back_at_once() -> None:
    watch = OutageWatch(parse_rule("camera lost for 5s"))
    told = [
        (now_s, watch.step(now_s, 100.0 if 100 < now_s < 110 else None)) for now_s in range(98, 115)
    ]
    assert [each for each in told if each[1]] == [(105, "begin"), (110, "end")]


def test_a_camera_that_is_back_in_time_was_not_lost() -> None:
    watch = OutageWatch(parse_rule("camera lost for 5s"))
    assert [watch.step(now_s, 100.0) for now_s in (101, 104.9)] == [None, None]
    assert watch.step(105.5, None) is None
    assert [watch.step(now_s, 105.6) for now_s in (106, 110.5, 110.6)] == [None, None, "begin"]


def test_an_endpoint_without_a_good_reply_since_it_was_asked_fails_until_one_comes() -> None:
    watch, answers = OutageWatch(parse_rule("endpoint failing for 10s")), AnswerClock()
    history = [
        (0, 0, 0),
        (5, 1, 0),
        (14, 3, 0),
        (15, 4, 0),
        (20, 5, 0),
        (21, 5, 1),
        (40, 5, 1),
        (41, 6, 1),
        (50, 7, 1),
        (51, 7, 2),
        (52, 8, 2),
        (62, 8, 2),
    ]
    told = [(now_s, watch.step(now_s, answers.step(now_s, *counts))) for now_s, *counts in history]
    assert [each for each in told if each[1]] == [(15, "begin"), (21, "end"), (62, "begin")]
