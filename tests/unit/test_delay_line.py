"""Pictures that wait for their masks."""

import numpy as np

from livesegment.frame import Frame
from livesegment.live.delay_line import DelayLine

IMAGE = np.zeros((2, 2, 3), np.uint8)


def frame(index: int) -> Frame:
    return Frame(IMAGE, index, index / 10, captured_at_s=100 + index / 10)


def taken(line: DelayLine, now_s: float) -> list[int]:
    indices = []
    while (due := line.take_due(now_s)) is not None:
        indices.append(due.index)
    return indices


def test_nothing_is_held_back_before_the_first_mask() -> None:
    line = DelayLine(max_delay_s=2.0)
    line.put(frame(0))
    assert line.wait_s(100.0) == 0
    assert taken(line, 100.0) == [0]


def test_frames_wait_for_as_long_as_masks_take() -> None:
    line = DelayLine(max_delay_s=2.0)
    line.note_latency(0.25)
    for index in range(4):
        line.put(frame(index))
    assert taken(line, 100.2) == []
    assert taken(line, 100.3) == [0]
    assert taken(line, 100.5) == [1, 2]
    assert len(line) == 1


def test_the_delay_has_a_bound() -> None:
    line = DelayLine(max_delay_s=0.3)
    line.note_latency(5.0)
    line.put(frame(0))
    assert line.delay_s == 0.3


def test_one_slow_answer_in_twenty_does_not_count() -> None:
    line = DelayLine(max_delay_s=2.0)
    for _ in range(19):
        line.note_latency(0.2)
    line.note_latency(1.5)
    line.put(frame(0))
    assert line.delay_s == 0.2


def test_a_shrinking_delay_speeds_the_picture_up_by_a_tenth() -> None:
    line = DelayLine(max_delay_s=2.0)
    line.note_latency(1.0)
    line.put(frame(0))
    for _ in range(32):
        line.note_latency(0.5)
    delays = []
    for index in range(1, 61):
        line.put(frame(index))
        delays.append(round(line.delay_s, 6))
    assert delays[0] == 0.99
    assert delays[9] == 0.9
    assert delays[-1] == 0.5


def test_a_delay_that_is_not_wanted_any_more_shrinks_until_it_is_gone() -> None:
    line = DelayLine(max_delay_s=2.0)
    line.note_latency(0.5)
    line.put(frame(0))
    assert line.delay_s == 0.5
    for index in range(1, 52):
        line.put(frame(index), hold=False)
    assert line.delay_s == 0
    line.put(frame(52))
    assert line.delay_s == 0.5


def test_memory_is_bounded_however_long_the_delay() -> None:
    line = DelayLine(max_delay_s=1000.0)
    line.note_latency(900.0)
    for index in range(400):
        line.put(frame(index))
    assert taken(line, 100.0) == list(range(100))


def test_without_a_delay_every_frame_passes() -> None:
    line = DelayLine(max_delay_s=0.0)
    line.note_latency(0.5)
    line.put(frame(0))
    assert taken(line, 100.0) == [0]


def test_of_large_frames_fewer_are_held_back_but_one_in_any_case() -> None:
    line = DelayLine(max_delay_s=2.0, most_bytes=2 * IMAGE.nbytes)
    line.note_latency(1.0)
    for index in range(5):
        line.put(frame(index))
    assert taken(line, 100.4) == [0, 1, 2]
    tight = DelayLine(max_delay_s=2.0, most_bytes=1)
    tight.note_latency(1.0)
    tight.put(frame(0))
    assert taken(tight, 100.0) == []
