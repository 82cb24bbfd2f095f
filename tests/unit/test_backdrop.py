"""What stands behind the classes of a live run, and what is seen of the room: nothing."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import shows, write_video
from privacy import BEHIND, CLASS_ID, CLASS_NAME, THE_ROOM, Shot, entering_shots, pattern_shots
from waiting import wait_until

from livesegment import Frame, LiveOptions, Mask, OptionsError, OverlayOptions, RedactOptions
from livesegment.frame import Image
from livesegment.live.backdrop import LoopedVideo, open_behind
from livesegment.redaction.backdrop import Backdrop, Still, covering
from livesegment.redaction.hiding import spots
from livesegment.redaction.redactor import Redactor
from livesegment.settings.group import option_of
from livesegment.sources.pattern import CLASS_MAP


def frame(image: Image, index: int) -> Frame:
    return Frame(image, index, index / 10, 0.0)


def mask(shot: Shot, index: int) -> Mask:
    return Mask(shot.class_ids, CLASS_MAP, index)


def is_behind(image: Image) -> np.ndarray:
    return (image == BEHIND).all(axis=2)


def test_the_class_is_seen_as_it_is_and_nothing_of_the_room() -> None:
    redactor = THE_ROOM.redactor(1.0)
    for index, shot in enumerate(pattern_shots(60)[::12]):
        own = mask(shot, index)
        image = redactor.leave(frame(shot.image, index), own, own, 0.0).frame.image
        inside = shot.class_ids == CLASS_ID
        assert (image[inside] == shot.image[inside]).all()
        assert THE_ROOM.seen(image, shot.class_ids) == 0


def test_between_the_answers_of_a_slow_model_the_last_picture_stays_and_then_nobody_is_seen() -> (
    None
):
    shots = entering_shots(14, 0, (40, 190, 240))[4:]
    redactor = THE_ROOM.redactor(0.5)
    said = mask(shots[0], 0)
    first = redactor.leave(frame(shots[0].image, 0), said, said, 0.0)
    for index in range(1, 10):
        carried = Mask(shots[index].class_ids, CLASS_MAP, index)
        left = redactor.leave(frame(shots[index].image, index), said, carried, index / 10)
        assert left.frame.index == index
        if index < 5:
            assert np.array_equal(left.frame.image, first.frame.image)
        else:
            assert left.is_whole
            assert is_behind(left.frame.image).all()


def test_a_mask_that_comes_late_shows_what_has_not_changed_since() -> None:
    shots = entering_shots(9, 0, (40, 190, 240))
    still, moved = shots[6], shots[8]
    for now, is_seen in ((still, True), (moved, False)):
        redactor, said = THE_ROOM.redactor(1.0), mask(still, 0)
        redactor.leave(frame(still.image, 0), None, None, 0.0)
        image = redactor.leave(frame(now.image, 1), said, mask(now, 1), 0.1).frame.image
        assert THE_ROOM.seen(image, now.class_ids) == 0
        inside = now.class_ids == CLASS_ID
        assert bool((image[inside] == now.image[inside]).all()) == is_seen


def test_the_viewer_may_hide_more_but_show_no_more_than_was_asked_for() -> None:
    shot = pattern_shots(1)[0]
    redactor, own = THE_ROOM.redactor(1.0), mask(shot, 0)
    for classes, is_seen in (({CLASS_NAME.upper()}, True), ({"box"}, False), (set(), False)):
        names = frozenset(classes)
        image = redactor.leave(frame(shot.image, 0), own, own, 0.0, names).frame.image
        assert THE_ROOM.seen(image, shot.class_ids) == 0
        assert bool(is_behind(image).all()) != is_seen


def test_a_model_without_a_background_needs_to_be_told_who_stands_before_one() -> None:
    shot = pattern_shots(1)[0]
    everything = Mask(shot.class_ids, {0: "wall", 1: "ball", 2: "box", 3: "star"})
    behind = Still(np.full((2, 2, 3), BEHIND, np.uint8))
    redactor = Redactor(RedactOptions(), backdrop=Backdrop(behind))
    with pytest.raises(OptionsError, match=r"say with --classes who .*; it has: wall, ball, box"):
        redactor.leave(frame(shot.image, 0), everything, everything, 0.0)
    redactor = Redactor(RedactOptions(), backdrop=Backdrop(behind, frozenset({"ball"})))
    left = redactor.leave(frame(shot.image, 0), everything, everything, 0.0)
    assert THE_ROOM.seen(left.frame.image, shot.class_ids) == 0


def test_of_a_blurred_room_no_edges_are_left_and_without_a_mask_a_few_spots() -> None:
    room = np.random.default_rng(1).integers(0, 256, (360, 480, 3), np.uint8)
    ids = np.zeros(room.shape[:2], np.uint8)
    cv2.circle(ids, (240, 180), 80, CLASS_ID, -1)
    redactor, own = Redactor(RedactOptions(), backdrop=Backdrop(None)), Mask(ids, CLASS_MAP)
    hidden = redactor.leave(frame(room, 0), None, None, 0.0)
    assert hidden.is_whole
    assert np.array_equal(hidden.frame.image, spots(room))
    image = redactor.leave(frame(room, 0), own, own, 0.0).frame.image
    assert (image[ids > 0] == room[ids > 0]).all()
    away = cv2.dilate(ids, np.ones((9, 9))) == 0
    assert image[away].std() < room[away].std() / 10


@pytest.mark.parametrize("size", [(30, 60), (60, 30), (7, 7), (400, 300)])
def test_a_picture_covers_another_shape_without_being_distorted(size: tuple[int, int]) -> None:
    image = np.zeros((90, 160, 3), np.uint8)
    cv2.circle(image, (80, 45), 20, (255, 255, 255), -1)
    fitted = covering(image, size)
    assert fitted.shape == (size[1], size[0], 3)
    rows, columns = (fitted[:, :, 0] > 127).nonzero()
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 2


def test_a_video_goes_on_by_itself_and_begins_again_at_its_end(tmp_path: Path) -> None:
    video = LoopedVideo(write_video(tmp_path / "v.mp4", 4, rate=20))
    with video:
        seen: list[int] = []

        def note() -> bool:
            image = video.at((48, 32))
            assert image.shape == (32, 48, 3)
            found = [index for index in range(4) if shows(image, index)]
            if found and seen[-1:] != found:
                seen.extend(found)
            return len(seen) > 6

        wait_until(note, "two rounds of the video")
    # Whoever looks seldom misses some.
    steps = [(after - before) % 4 for before, after in pairwise(seen)]
    assert steps.count(1) > len(steps) / 2


def test_of_a_video_that_breaks_off_what_is_there_is_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = write_video(tmp_path / "whole.mkv", 40, rate=60, noisy=True).read_bytes()
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole[: len(whole) // 2])
    with caplog.at_level("WARNING", "livesegment.live"), LoopedVideo(broken) as video:
        wait_until(lambda: "breaks off" in caplog.text, "the end of what is there")
        broken.unlink()
        wait_until(lambda: "stands still" in caplog.text, "the next beginning")
        assert video.at((96, 64)).any()
    assert [each.levelname for each in caplog.records] == ["WARNING", "WARNING"]


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    words = tmp_path / "words.png"
    words.write_text("no picture")
    film = tmp_path / "film.mp4"
    film.write_text("no film")
    for path, sentence in (
        (tmp_path / "none.png", "the background is no file: "),
        (tmp_path, "the background is no file: "),
        (words, "the background cannot be read: .*words.png is no image"),
        (film, "the background cannot be read: .*film.mp4 cannot be read as a video"),
    ):
        with pytest.raises(OptionsError, match=sentence):
            open_behind(str(path))


def test_a_colour_is_red_green_and_blue() -> None:
    behind = open_behind("#ff8000")
    assert behind is not None
    assert (behind.at((5, 3)) == (0, 128, 255)).all()
    assert open_behind("blur") is None


def test_with_a_background_pictures_wait_for_their_masks_and_nobody_is_tinted() -> None:
    wanted = LiveOptions(background="blur")
    nothing = wanted.settled(lambda option: False)
    assert (nothing.align, nothing.overlay.shown) == ("delay", False)
    style, align = option_of(OverlayOptions, "style"), option_of(LiveOptions, "align")
    said = wanted.settled(lambda option: option in (style, align))
    assert (said.align, said.overlay.shown) == ("warp", True)
    assert LiveOptions().settled(lambda option: False) == LiveOptions()
