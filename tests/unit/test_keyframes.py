"""Which frames are asked about, and what the others get."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from livesegment.annotate.carrier import Carrier, Masked
from livesegment.annotate.keyframes import (
    MOST_BETWEEN,
    Chosen,
    KeyframeChooser,
    Role,
    plan_keyframes,
)
from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.propagate import Propagator
from livesegment.settings import KeyframeOptions
from livesegment.sources.pattern import PatternSource

SIZE = (96, 64)


def scene(seed: int) -> np.ndarray:
    """Return a picture that has nothing in common with that of another seed."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (8, 12, 3), np.uint8)
    return blocks.repeat(8, axis=0).repeat(8, axis=1)


def frames_of(pictures: Iterable[np.ndarray]) -> list[Frame]:
    return [Frame(each, index, index / 25, 0.0) for index, each in enumerate(pictures)]


def still(count: int, seed: int = 0) -> list[np.ndarray]:
    return [scene(seed)] * count


def moving(count: int) -> list[np.ndarray]:
    source = PatternSource(SIZE, frame_count=count)
    return [frame.image for frame in iter(source.read, None)]


def choose(
    frames: Sequence[Frame], options: KeyframeOptions, planned: frozenset[int] | None = None
) -> list[Chosen]:
    chooser = KeyframeChooser(options, planned)
    chosen = [chooser.add(frame) for frame in frames] + [chooser.end()]
    return [each for each in chosen if each is not None]


def asked(
    frames: Sequence[Frame], options: KeyframeOptions, planned: frozenset[int] | None = None
) -> list[int]:
    chosen = choose(frames, options, planned)
    return [each.frame.index for each in chosen if each.role is Role.ASKED]


def test_without_a_rule_every_frame_is_asked_about() -> None:
    assert asked(frames_of(moving(10)), KeyframeOptions()) == list(range(10))


def test_one_in_so_many_and_the_last() -> None:
    assert asked(frames_of(moving(20)), KeyframeOptions(every=8)) == [0, 8, 16, 19]
    assert asked(frames_of(moving(17)), KeyframeOptions(every=8)) == [0, 8, 16]
    assert asked(frames_of(moving(1)), KeyframeOptions(every=8)) == [0]
    assert asked([], KeyframeOptions(every=8)) == []


def test_a_cut_begins_anew() -> None:
    frames = frames_of([*moving(11), *still(1, 7), *still(9, 7)])
    chosen = choose(frames, KeyframeOptions(every=8))
    assert [each.frame.index for each in chosen if each.role is Role.ASKED] == [0, 8, 11, 19, 20]
    assert [each.frame.index for each in chosen if each.begins_scene] == [0, 11]


@pytest.mark.parametrize("rule", [KeyframeOptions(every=8), KeyframeOptions(skip_still=True)])
def test_another_size_begins_anew(rule: KeyframeOptions) -> None:
    small = scene(2)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    chosen = choose(frames_of([small] * 4 + [large] * 4), rule)
    assert [each.frame.index for each in chosen if each.begins_scene] == [0, 4]
    assert chosen[4].role is Role.ASKED


def test_nothing_is_asked_while_nothing_moves() -> None:
    frames = frames_of([*still(10), *moving(4), *still(10, 5)])
    chosen = choose(frames, KeyframeOptions(skip_still=True))
    roles = [each.role for each in chosen]
    assert roles[:10] == [Role.ASKED] + [Role.STILL] * 9
    assert roles[10] is Role.ASKED
    assert roles[14:] == [Role.ASKED] + [Role.STILL] * 9


def test_still_frames_do_not_count_towards_the_next_keyframe() -> None:
    frames = frames_of([*still(10, 3), *moving(20)])
    chosen = choose(frames, KeyframeOptions(every=8, skip_still=True))
    roles = [each.role for each in chosen]
    assert roles[:10] == [Role.ASKED] + [Role.STILL] * 9
    assert roles[10] is Role.ASKED  # a cut
    assert roles[11:18].count(Role.ASKED) == 0


def test_a_plan_stays_within_its_budget_and_spends_it_where_something_moves() -> None:
    pictures = [*still(60, 3), *moving(40), *still(60, 4)]
    plan = plan_keyframes(frames_of(pictures), budget=14)
    assert len(plan) == 14
    assert {0, 60, 100, 159} <= plan  # the first, the cuts, the last
    assert len([index for index in plan if 60 <= index < 100]) == 14 - 3
    assert asked(frames_of(pictures), KeyframeOptions(budget=len(plan)), plan) == sorted(plan)


def test_a_plan_for_less_frames_than_calls_takes_them_all() -> None:
    assert plan_keyframes(frames_of(moving(5)), budget=100) == frozenset(range(5))
    assert plan_keyframes([], budget=100) == frozenset()


def test_a_budget_below_the_number_of_scenes_is_said() -> None:
    pictures = [picture for seed in range(5) for picture in still(3, seed)]
    with pytest.raises(OptionsError, match=r"--budget 4 is too small.* need 6 calls"):
        plan_keyframes(frames_of(pictures), budget=4)


def give_masks(
    chosen: Sequence[Chosen], missing: frozenset[int] = frozenset()
) -> tuple[list[tuple[int, int | None]], int]:
    """Carry true masks of a pattern; return (index, mask's frame index) and the most held."""
    truth = PatternSource(SIZE, frame_count=1000)
    carrier = Carrier()
    given: list[tuple[int, int | None]] = []
    most = 0

    def take(masked: Iterable[Masked]) -> None:
        given.extend((each.frame.index, each.mask and each.mask.frame_index) for each in masked)

    for taken, each in enumerate(chosen, 1):
        index = each.frame.index
        known = each.role is Role.ASKED and index not in missing
        take(carrier.add(each, truth.truth(index) if known else None))
        most = max(most, taken - len(given))
    take(carrier.end())
    return given, most


def test_every_frame_between_keyframes_gets_a_mask_of_its_own_in_order() -> None:
    given, most = give_masks(choose(frames_of(moving(30)), KeyframeOptions(every=8)))
    assert given == [(index, index) for index in range(30)]
    assert most == 7


def test_no_more_than_64_frames_wait_for_a_keyframe() -> None:
    plan = frozenset({0, 149})
    given, most = give_masks(
        choose(frames_of(moving(150)), KeyframeOptions(budget=len(plan)), plan)
    )
    assert given == [(index, index) for index in range(150)]
    assert most < MOST_BETWEEN + 1


def test_frames_beside_a_keyframe_without_a_mask_get_the_other_sides() -> None:
    chosen = choose(frames_of(moving(17)), KeyframeOptions(every=8))
    given, _ = give_masks(chosen, missing=frozenset({8, 16}))
    assert [index for index, mask in given if mask is None] == [8, *range(9, 17)]


def test_nothing_is_carried_over_a_cut() -> None:
    frames = frames_of([*still(6, 8), *moving(6)])
    chosen = choose(frames, KeyframeOptions(every=8))
    carrier = Carrier()
    everywhere = np.ones(SIZE[::-1], np.uint8)
    masks = {0: everywhere * 0, 6: everywhere, 11: everywhere}
    shares = []
    for each in chosen:
        ids = masks.get(each.frame.index)
        mask = None if ids is None else Mask(ids, {0: "ground", 1: "thing"}, each.frame.index)
        shares += [m.mask.class_ids.mean() for m in carrier.add(each, mask) if m.mask is not None]
    assert shares[:6] == [0] * 6
    assert shares[6] == 1


def test_frames_that_stand_still_share_the_mask_of_their_keyframe() -> None:
    frames = frames_of(still(5))
    carrier, mask = Carrier(), PatternSource(SIZE).truth(0)
    given = []
    for each in choose(frames, KeyframeOptions(skip_still=True)):
        given += carrier.add(each, mask if each.role is Role.ASKED else None)
    assert [each.mask is not None and each.mask.frame_index for each in given] == list(range(5))
    for each in given:
        assert each.mask is not None
        np.testing.assert_array_equal(each.mask.class_ids, mask.class_ids)


@contextmanager
def carriers(count: int, carrier: Carrier) -> Iterator[None]:
    """Have so many threads carry."""
    threads = [threading.Thread(target=carrier.run) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        carrier.stop()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()


def all_masked(at_once: int, most_bytes: int = 2**40) -> list[Masked]:
    """Carry a pattern's true masks over its own pictures, one in six of them asked for."""
    source = PatternSource(SIZE, frame_count=45)
    frames = list(iter(source.read, None))
    carrier = Carrier(at_once=at_once, most_bytes=lambda _: most_bytes)
    given: list[Masked] = []
    with carriers(at_once, carrier):
        for each in choose(frames, KeyframeOptions(every=6)):
            truth = source.truth(each.frame.index) if each.role is Role.ASKED else None
            given += carrier.add(each, truth)
        given += carrier.end()
    return given


def test_any_number_of_threads_gives_the_same_masks_in_order() -> None:
    alone = all_masked(0)
    assert [each.frame.index for each in alone] == list(range(45))
    for at_once, most_bytes in ((1, 2**40), (3, 2**40), (3, 1)):
        given = all_masked(at_once, most_bytes)
        assert [each.frame.index for each in given] == list(range(45))
        for one, other in zip(alone, given, strict=True):
            assert one.role is other.role
            assert one.mask is not None
            assert other.mask is not None
            np.testing.assert_array_equal(one.mask.class_ids, other.mask.class_ids)


def test_whoever_waits_for_what_is_carried_goes_on_when_it_stops() -> None:
    source = PatternSource(SIZE, frame_count=9)
    carrier = Carrier(at_once=1)  # and nobody who runs it
    for each in choose(list(iter(source.read, None)), KeyframeOptions(every=8)):
        assert [m.frame.index for m in carrier.add(each, source.truth(each.frame.index))] == (
            [0] if each.frame.index == 0 else []
        )
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: list(carrier.end()))
        carrier.stop()
        assert [each.frame.index for each in waiting.result(20)] == [8]


def test_what_goes_wrong_while_carrying_is_raised_where_its_frames_are_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def between(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Propagator, "between", between)
    with pytest.raises(MemoryError):
        all_masked(2)
