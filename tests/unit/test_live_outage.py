"""The live loop while a camera is away, and when it is back."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from parts import FunctionSegmenter, ListSink, StepSource
from waiting import wait_until

from livesegment.frame import Frame, Image
from livesegment.live.loop import LiveLoop
from livesegment.live.mask_buffer import ArrivedMask, MaskBuffer
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.mask import Mask
from livesegment.metrics import Metrics
from livesegment.output import Output, Shown, Wants
from livesegment.overlay.captions import draw_notice
from livesegment.settings.controls import Controls


class ReturningSource(StepSource):
    """A stepped source that a test loses and brings back."""

    def __init__(self) -> None:
        super().__init__()
        self._lost_since_s: float | None = None

    @property
    def lost_since_s(self) -> float | None:
        return self._lost_since_s

    def lose(self) -> None:
        self._lost_since_s = time.monotonic()

    def bring_back(self, scene_began: int) -> None:
        self._lost_since_s = None
        self.reconnects += 1
        self.scene_began = scene_began


class Screen(Output):
    """A window that keeps what it is shown."""

    wants = Wants.WINDOW

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.image: Image | None = None

    def on_frame(self, shown: Shown) -> None:
        assert shown.image is not None
        with self._changed:
            self.image = shown.image.copy()
            self._changed.notify_all()

    def wait_for(self, wanted: float) -> None:
        """Wait until the lower right corner has a level."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: self.image is not None and abs(self.image[-4:, -4:].mean() - wanted) < 3, 10
            )


@pytest.mark.parametrize("align", ["paste", "delay"])
def test_a_mask_of_before_the_loss_is_not_drawn_on_what_comes_after(align: str) -> None:
    source, sink, metrics = ReturningSource(), ListSink(), Metrics()
    asked, answer = threading.Event(), threading.Event()

    def segment(frame: Frame) -> int:
        if frame.index == 1:
            asked.set()
            assert answer.wait(10)
        return 1

    parts = LiveParts(source, FunctionSegmenter(segment), [sink])
    limits = LiveLimits(max_delay_s=0.05 if align == "delay" else 0.0)
    loop = LiveLoop(parts, limits, Controls(align=align), metrics)
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        source.step()
        sink.wait_for(1)
        wait_until(lambda: metrics.get("masks_received") >= 1, "the first mask")
        source.step()
        assert asked.wait(10)
        sink.wait_for(2)
        assert sink.written[1] == (1, 0)
        source.lose()
        source.bring_back(scene_began=2)
        source.step()
        sink.wait_for(3)
        # Neither the one that was there nor the one that comes now.
        answer.set()
        wait_until(lambda: metrics.get("masks_received") >= 2, "the second mask")
        source.step()
        sink.wait_for(4)
        source.end()
        end.result(10)
    assert all(mask is None or mask >= 2 for _, mask in sink.written[2:])
    assert metrics.get("masks_stale") == 1
    assert metrics.report()["reconnects"] == 1


def test_the_last_picture_turns_grey_while_the_camera_is_away() -> None:
    source, screen = ReturningSource(), Screen()
    parts = LiveParts(source, FunctionSegmenter(lambda frame: 0), outputs=[screen])
    loop = LiveLoop(parts, LiveLimits(), Controls(), Metrics())
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        for _ in range(100):
            source.step()
        screen.wait_for(99)
        assert loop.status().lost_since_s is None
        source.lose()
        screen.wait_for(99 / 2)
        assert loop.status().lost_since_s == source.lost_since_s
        source.bring_back(scene_began=100)
        source.step()
        screen.wait_for(100)
        source.end()
        end.result(10)


def test_a_notice_takes_the_colours_out_and_writes_in_the_middle() -> None:
    canvas = np.full((240, 320, 3), (200, 40, 40), np.uint8)
    draw_notice(canvas, "camera lost since 12:34:56")
    assert (canvas[:, :, 0] == canvas[:, :, 2]).mean() > 0.7
    corner = canvas[:10, :10]
    assert (corner == corner[0, 0, 0]).all()
    assert 15 < corner[0, 0, 0] < 45
    assert canvas[100:140, 60:260].max() > 200


def test_a_notice_without_room_leaves_the_grey() -> None:
    canvas = np.full((6, 8, 3), (200, 40, 40), np.uint8)
    draw_notice(canvas, "camera lost since 12:34:56")
    assert (canvas == canvas[0, 0, 0]).all()


def test_masks_of_a_scene_that_is_over_are_forgotten_and_refused() -> None:
    def arrived(index: int) -> ArrivedMask:
        return ArrivedMask(Mask(np.zeros((2, 2), np.uint8), {}, index), 0.0, 0.1)

    for for_delayed in (False, True):
        board = MaskBuffer(for_delayed=for_delayed)
        board.post(arrived(4))
        board.forget_before(6)
        assert board.newest(up_to=9) is None
        assert not board.post(arrived(5))
        assert board.post(arrived(6))
        newest = board.newest(up_to=9)
        assert newest is not None
        assert newest.frame_index == 6
