"""Nothing of a redacted class leaves a live run, whatever becomes of its masks."""

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

import av
import numpy as np
import pytest
from privacy import (
    CLASS_ID,
    CLASS_NAME,
    THE_CLASS,
    THE_ROOM,
    Hiding,
    Outlets,
    Shot,
    ShotSource,
    TruthSegmenter,
    entering_shots,
    is_notice,
    pattern_shots,
)
from waiting import wait_until

from livesegment import OptionsError, RedactOptions
from livesegment.errors import ServerFailed
from livesegment.frame import Image
from livesegment.live.alignment import ChosenAlignment, Paste
from livesegment.live.loop import LiveLoop
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.metrics import Metrics
from livesegment.motion import MaskAligner
from livesegment.output import Output
from livesegment.redaction.redactor import Redactor
from livesegment.settings.controls import Align, ControlPanel, Controls
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import PictureEncoder
from livesegment.web.video import Fragment

ALIGNMENTS: tuple[Align, ...] = ("warp", "delay", "paste")
TTL_S = 1.05  # ten pictures
BLACK = RedactOptions(frozenset({CLASS_NAME}), "black")
whatever_is_hidden = pytest.mark.parametrize(
    "hiding", [THE_CLASS, THE_ROOM], ids=["the class", "the room"]
)


@dataclass
class Run:
    """A live run that is stepped by hand."""

    shots: Sequence[Shot]
    source: ShotSource
    segmenter: TruthSegmenter
    outlets: Outlets
    metrics: Metrics
    panel: ControlPanel
    snapshots: list[Image]
    end: "Future[None]"
    hiding: Hiding = THE_CLASS

    def step(self, *answered: int) -> None:
        """Let the masks of frames come, then the next picture."""
        for index in answered:
            before = self.metrics.get("masks_received")
            self.segmenter.answer(index)
            self.until(lambda: self.metrics.get("masks_received") > before)  # noqa: B023
        shown = len(self.outlets.written)
        self.source.step()
        self.outlets.wait_for(shown + 1)
        self.until(lambda: self.metrics.get("frames_submitted") > shown)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, or the run has ended."""
        wait_until(lambda: is_so() or self.end.done(), "what the step leads to")

    def finish(self) -> None:
        self.segmenter.answer_all()
        self.source.end()
        self.end.result(20)

    def check_nothing_is_seen(self) -> None:
        """Compare everything that left with the truth, pixel by pixel."""
        for by_index in (self.outlets.written, self.outlets.viewed):
            for index, images in by_index.items():
                for image in images:
                    assert self._is_safe(image, index), index
        for index, image in self.outlets.watched.items():
            assert self._is_safe(image, index), index
        assert len(self.outlets.shown) >= len(self.outlets.written)
        is_one_size = len({shot.image.shape for shot in self.shots}) == 1
        filmed = self.outlets.filmed if is_one_size else []  # else with margins
        assert filmed or not is_one_size
        for image in [*self.outlets.shown, *filmed]:
            # Neither window nor virtual camera says which frame it shows.
            fitting = [shot for shot in self.shots if shot.image.shape == image.shape]
            assert any(self._is_free(image, shot) for shot in fitting)

    def _is_safe(self, image: Image, index: int) -> bool:
        return self._is_free(image, self.shots[index])

    def _is_free(self, image: Image, shot: Shot) -> bool:
        return self.hiding.seen(image, shot.class_ids) == 0 or self.is_notice(image)

    def is_notice(self, image: Image) -> bool:
        """Tell whether a picture stands for one that is hidden whole."""
        return is_notice(image, self.hiding.behind)

    def shares_seen(self) -> list[float]:
        """Return how much of each picture written is as the camera saw it."""
        return [
            float((images[0] == self.shots[index].image).all(axis=2).mean())
            for index, images in sorted(self.outlets.written.items())
        ]


@contextmanager
def running(
    shots: Sequence[Shot],
    align: Align = "warp",
    options: RedactOptions = BLACK,
    source: ShotSource | None = None,
    class_map: dict[int, str] | None = None,
    others: Sequence[Output] = (),
    hiding: Hiding | None = None,
) -> Iterator[Run]:
    source = source or ShotSource(shots)
    segmenter, outlets = TruthSegmenter(shots, class_map), Outlets()
    looking_on = outlets.all()
    metrics, snapshots = Metrics(), []
    panel = ControlPanel(Controls(align=align, show_overlay=False, show_hud=False))
    aligner = lambda: MaskAligner(max_age_s=TTL_S)  # noqa: E731
    alignment = ChosenAlignment(panel, {"warp": aligner, "delay": aligner, "paste": Paste})
    loop = LiveLoop(
        LiveParts(source, segmenter, [*looking_on, *others], snapshots.append, alignment),
        LiveLimits(max_in_flight=len(shots), mask_ttl_s=TTL_S, max_delay_s=0.001),
        panel,
        metrics,
        redactor=Redactor(options, TTL_S) if hiding is None else hiding.redactor(TTL_S),
    )
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        try:
            hidden = hiding or THE_CLASS
            yield Run(shots, source, segmenter, outlets, metrics, panel, snapshots, end, hidden)
        finally:
            segmenter.answer_all()
            source.end()
            wait([end])
            for each in looking_on:
                each.close()


@whatever_is_hidden
def test_before_the_first_mask_every_picture_is_hidden_whole(hiding: Hiding) -> None:
    with running(pattern_shots(6), hiding=hiding) as run:
        for _ in range(6):
            run.step()
        run.finish()
        run.check_nothing_is_seen()
        for images in run.outlets.written.values():
            assert (images[0] == hiding.behind).all()
        assert run.metrics.get("frames_hidden") == 6
        assert any(run.is_notice(image) for image in run.outlets.shown)


def test_video_of_the_page_shows_nothing_that_is_hidden() -> None:
    shots = pattern_shots(12)
    encoder = PictureEncoder(Broadcast(), Coverage())
    viewer = encoder.video.subscribe(lambda: None)
    coded: list[Fragment] = []

    def has_come() -> bool:
        while (fragment := viewer.take()) is not None:
            coded.append(fragment)
        return bool(coded)

    with encoder, running(shots, others=[encoder]) as run:
        for index in range(12):
            run.step(*([index - 3] if index >= 6 else []))
            run.until(has_come)
        run.finish()
        encoder.close()
        has_come()
    file = coded[0].head.segment + b"".join(fragment.media for fragment in coded)
    with av.open(io.BytesIO(file)) as container:
        shown = [each.to_ndarray(format="bgr24") for each in container.decode(video=0)]
    assert len(shown) == len(coded)
    # What is coded is not exact, and does not say which frame it was.
    seen = [min(image[shot.class_ids == CLASS_ID].mean() for shot in shots) for image in shown]
    assert max(seen) < 20
    assert (shown[0] < 40).mean() > 0.8, "hidden whole"
    assert (shown[-1] > 60).mean() > 0.3, "something is left to see"


@whatever_is_hidden
@pytest.mark.parametrize("align", ALIGNMENTS)
def test_late_masks_hide_the_class_where_it_is_now(align: Align, hiding: Hiding) -> None:
    with running(pattern_shots(24), align, hiding=hiding) as run:
        for index in range(24):
            run.step(*([index - 3] if index >= 3 else []))
        run.finish()
        run.check_nothing_is_seen()
        if not hiding.is_of_the_room:  # of a class that moves, nothing is known where it is now
            assert max(run.shares_seen()) > 0.3, "something is left to see"


@pytest.mark.parametrize(
    ("align", "colour"),
    [
        ("warp", (105, 105, 105)),
        ("warp", (40, 40, 40)),
        ("delay", (40, 190, 240)),
        ("paste", (40, 190, 240)),
    ],
)
def test_who_enters_after_the_masks_frame_is_hidden(
    align: Align, colour: tuple[int, int, int]
) -> None:
    shots = entering_shots(14, 6, colour)
    with running(shots, align) as run:
        run.step()
        run.step(0)
        for _ in range(12):
            run.step()
        run.finish()
        run.check_nothing_is_seen()
        shares = run.shares_seen()
        assert min(shares[1:6]) == 1.0, "nothing changes before"
        assert 0 < shares[8] < 1, "and the rest stays in sight"


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_while_the_endpoint_fails_pictures_are_hidden_once_the_mask_is_old(align: Align) -> None:
    shots = entering_shots(20, 100, (40, 190, 240))
    with running(shots, align) as run:
        run.step()
        run.step(0)
        for index in range(2, 20):
            run.segmenter.fail(index - 1, ServerFailed("restarting", retry_after_s=0.0))
            shown = len(run.outlets.written)
            run.source.step()
            run.outlets.wait_for(shown + 1)
        run.finish()
        run.check_nothing_is_seen()
        shares = run.shares_seen()
        assert shares[5] == 1.0
        assert max(shares[11:]) == 0.0, "a mask of more than a second ago"


@whatever_is_hidden
@pytest.mark.parametrize("align", ALIGNMENTS)
def test_after_a_cut_nothing_is_seen_until_the_scene_has_a_mask(
    align: Align, hiding: Hiding
) -> None:
    after = [
        Shot(np.ascontiguousarray(255 - shot.image[::-1, ::-1]), shot.class_ids[::-1, ::-1].copy())
        for shot in pattern_shots(6, begin=40)
    ]
    shots = [*pattern_shots(5), *after]
    with running(shots, align, hiding=hiding) as run:
        run.step()
        for index in range(1, 9):
            run.step(*([index - 1] if index < 5 else []))
        run.step(7)
        run.step(8)
        run.finish()
        run.check_nothing_is_seen()
        shares = run.shares_seen()
        assert shares[5:9] == [0.0] * 4
        assert shares[9] > 0 or hiding.is_of_the_room


def test_a_camera_that_comes_back_is_hidden_until_it_has_a_mask_of_its_own() -> None:
    # It shows the same wall, and the mask of the time before is still fresh.
    shots = entering_shots(12, 100, (40, 190, 240))
    with running(shots) as run:
        run.step()
        for index in range(1, 5):
            run.step(index - 1)
        run.source.reconnects += 1
        run.source.scene_began = 5
        for _ in range(3):
            run.step()
        run.step(4)  # late, of the time before
        run.step(6)
        run.finish()
        shares = run.shares_seen()
        assert shares[4] == 1.0
        assert shares[5:9] == [0.0] * 4
        assert shares[9] == 1.0


@whatever_is_hidden
def test_a_picture_of_another_size_is_hidden_until_it_has_a_mask_of_its_own(
    hiding: Hiding,
) -> None:
    shots = [*entering_shots(4, 100, (0, 0, 0)), *pattern_shots(4, (160, 160))]
    with running(shots, hiding=hiding) as run:
        run.step()
        for index in range(1, 6):
            run.step(*([index - 1] if index < 5 else []))
        run.step(5)
        run.finish()
        run.check_nothing_is_seen()
        shares = run.shares_seen()
        assert shares[3] == (0.0 if hiding.is_of_the_room else 1.0)
        assert shares[4:6] == [0.0, 0.0]
        assert shares[6] > 0 or hiding.is_of_the_room


@whatever_is_hidden
def test_whatever_the_viewer_changes_nothing_more_is_seen(hiding: Hiding) -> None:
    with running(pattern_shots(24), hiding=hiding) as run:
        run.step()
        changes = [
            {"align": "paste"},
            {"show_legend": False},
            {"classes": frozenset({"box", "star"})},
            {"align": "delay"},
            {"opacity": 0.0},
            {"classes": frozenset()},
            {"classes": None},
            {"style": "cutout"},
        ]
        for index in range(1, 20):
            run.panel.change(**changes[index % 8])
            run.step(index - 1)
        run.outlets.key = ord("s")
        run.step()
        run.finish()
        run.check_nothing_is_seen()
        assert len(run.snapshots) == 1
        assert any(not hiding.seen(run.snapshots[0], shot.class_ids) for shot in run.shots[18:21])


@whatever_is_hidden
def test_a_picture_that_stands_still_is_shown_once_its_mask_has_come(hiding: Hiding) -> None:
    with running(pattern_shots(1), hiding=hiding) as run:
        run.step()
        shown = run.outlets.shown
        run.until(lambda: bool(shown) and run.is_notice(shown[-1]))
        run.segmenter.answer(0)
        run.until(lambda: not run.is_notice(shown[-1]))
        if hiding.is_of_the_room:
            # Nobody says so, but the picture is drawn again without the class, and with it.
            before = len(shown)
            run.panel.change(classes=frozenset({"box"}))
            run.until(lambda: len(shown) > before and bool((shown[-1] == hiding.behind).all()))
            run.panel.change(classes=None)
            run.until(lambda: not bool((shown[-1] == hiding.behind).all()))
        run.finish()
        run.check_nothing_is_seen()
        is_there = (shown[-1] == run.shots[0].image).all(axis=2)
        if hiding.is_of_the_room:
            is_there = is_there[run.shots[0].class_ids == CLASS_ID]
        assert is_there.mean() > 0.5


@pytest.mark.parametrize("names", [{"bal"}, {CLASS_NAME, "persn"}])
def test_a_class_that_the_model_does_not_have_ends_the_run_before_anything_is_seen(
    names: set[str],
) -> None:
    with running(pattern_shots(4), options=RedactOptions(frozenset(names))) as run:
        run.step()
        run.segmenter.answer_all()
        for _ in range(3):
            run.source.step()
        with pytest.raises(OptionsError, match=r"no class '(bal|persn)'.* ball, box, star"):
            run.end.result(20)
        for images in run.outlets.written.values():
            assert not any(image.any() for image in images)


def test_what_the_model_does_not_name_is_hidden_too() -> None:
    shots = pattern_shots(4)
    with running(
        shots,
        options=RedactOptions(frozenset({"box"}), "black"),
        class_map={0: "background", 2: "box"},
    ) as run:
        for index in range(4):
            run.step(*([index - 1] if index else []))
        run.finish()
        run.check_nothing_is_seen()
        assert max(run.shares_seen()) > 0.2
