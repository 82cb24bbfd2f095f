"""A part of a source has the frames that the whole has there, with their numbers and times."""

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import damage_packet, write_video
from parts import FrameList

from livesegment.errors import OptionsError
from livesegment.frame import CodedFrame, Frame
from livesegment.settings import PartOptions
from livesegment.sources import open_source
from livesegment.sources.decoding import Decoder
from livesegment.sources.part import part_of
from livesegment.sources.turned import rotated

UNEVEN = [0, 1, 2, 30, 31, 45, 90, 91, 92, 93, 150, 151, 152, 153, 154, 155, 200, 201, 202, 203]
X264 = {"g": "6", "bf": "3", "preset": "veryfast"}


def frames_of(path: Path, **part: Any) -> Iterator[Frame]:
    with part_of(open_source(path), PartOptions(**part)) as source:
        yield from iter(source.read, None)


def same(one: Frame, other: Frame) -> bool:
    return (one.index, one.pts_s) == (other.index, other.pts_s) and bool(
        (one.image == other.image).all()
    )


def is_part(found: list[Frame], whole: list[Frame], start_s: float, end_s: float) -> bool:
    expected = [frame for frame in whole if start_s <= frame.pts_s + 0.0005 < end_s]
    return len(found) == len(expected) and all(map(same, found, expected))


@pytest.mark.parametrize(
    ("name", "coding"),
    [
        ("even.mp4", {"times": 60}),
        ("uneven.mp4", {"times": UNEVEN}),
        ("uneven.mkv", {"times": UNEVEN}),
        ("uneven.ts", {"times": [90_000 + time for time in UNEVEN]}),
        ("open.mp4", {"times": 60, "coder": {**X264, "x264-params": "open-gop=1"}}),
        ("refreshed.mp4", {"times": 60, "coder": {**X264, "x264-params": "intra-refresh=1"}}),
        ("interlaced.mp4", {"times": 40, "coder": {**X264, "x264-params": "tff=1"}}),
        ("hidden.webm", {"times": 40, "codec": "libvpx", "coder": {"auto-alt-ref": "1"}}),
        ("reordered.avi", {"times": 40, "codec": "mpeg4"}),
        ("broadcast.ts", {"times": 40, "codec": "mpeg2video", "coder": {"bf": "2"}}),
        ("spoiled.mp4", {"times": 60}),
        # What stands before 0 or begins late has an edit list, as what was cut without coding has.
        ("edited.mp4", {"times": range(-15, 45)}),
        ("late.mp4", {"times": range(15, 75)}),
    ],
)
def test_a_part_is_what_the_whole_has_there(
    tmp_path: Path, name: str, coding: dict[str, Any]
) -> None:
    path = write_video(tmp_path / name, **coding, noisy=True)
    if name == "spoiled.mp4":
        damage_packet(path, 20)  # a keyframe: behind it, pictures come in another order
    whole = list(frames_of(path))
    moments = random.Random(5)
    times = [frame.pts_s for frame in whole]
    for start_s in [*moments.sample(times, 5), *(moments.uniform(0, times[-2]) for _ in range(5))]:
        end_s = start_s + moments.uniform(1.5, 3)
        if not any(start_s <= time < end_s for time in times):
            continue
        found = list(frames_of(path, start_s=start_s, end_s=end_s))
        assert is_part(found, whole, start_s, end_s), (start_s, end_s)


def test_two_parts_that_meet_are_the_whole(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mkv", 60)
    for meet_s in (0.5, 1.0, 1.0333):
        parts = [*frames_of(path, end_s=meet_s), *frames_of(path, start_s=meet_s)]
        assert [frame.index for frame in parts] == list(range(60))


def test_what_is_before_a_part_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "long.mp4", 300)
    decoded: list[object] = []
    is_in_order = Decoder._is_in_order
    monkeypatch.setattr(
        Decoder,
        "_is_in_order",
        lambda self, frame: decoded.append(frame) or is_in_order(self, frame),
    )
    with part_of(open_source(path), PartOptions(start_s=9.0, end_s=9.2)) as source:
        assert len(list(iter(source.read, None))) == 6
    assert len(decoded) < 30  # its group of pictures, and what is in the decoder


def test_fewer_frames_keep_their_times_and_are_the_same_in_any_part(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", 60)
    whole = list(frames_of(path, fps=10))
    assert [frame.index for frame in whole] == list(range(0, 60, 3))
    assert [frame.pts_s for frame in whole] == pytest.approx([each / 10 for each in range(20)])
    part = list(frames_of(path, fps=10, start_s=0.95, end_s=1.55))
    assert [frame.index for frame in part] == [30, 33, 36, 39, 42, 45]
    odd = [frame.index for frame in frames_of(path, fps=7)]
    assert [frame.index for frame in frames_of(path, fps=7, start_s=1.0)] == [
        index for index in odd if index >= 30
    ]


def test_fewer_frames_of_an_uneven_film_are_never_more_than_wanted(tmp_path: Path) -> None:
    path = write_video(tmp_path / "phone.mp4", UNEVEN)
    found = list(frames_of(path, fps=1))
    seconds = [int(frame.pts_s) for frame in found]
    assert seconds == sorted({time // 30 for time in UNEVEN})
    assert all(int(one.pts_s) < int(other.pts_s) for one, other in pairwise(found))


def test_frames_between_have_no_pixels_made_of_them(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", 30)
    with part_of(open_source(path), PartOptions(fps=10)) as source:
        source.is_lazy = True
        assert isinstance(source.read(), CodedFrame)
        source.is_lazy = False
        assert not isinstance(source.read(), CodedFrame)


@pytest.mark.parametrize(
    ("part", "frames"),
    [
        ({"start_s": 0.5}, 45),
        ({"end_s": 0.5}, 15),
        ({"start_s": 0.5, "end_s": 1.0, "fps": 10}, 5),
        ({"end_s": 90}, 60),
    ],
)
def test_a_part_knows_about_how_long_it_is(
    tmp_path: Path, part: dict[str, float], frames: int
) -> None:
    path = write_video(tmp_path / "clip.mp4", 60)
    with part_of(open_source(path), PartOptions(**part)) as source:
        assert (source.frame_count, source.is_count_guessed) == (frames, True)
        assert source.fps == part.get("fps", 30)
    assert len(list(frames_of(path, **part))) == frames


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (
            {"start_s": 90},
            r"--start 00:01:30 is beyond the end of clip.mp4, which is 00:00:02 long",
        ),
        ({"start_s": 1.01, "end_s": 1.02}, r"clip.mp4 has no frame from 00:00:01.010 to"),
        ({"fps": 60}, r"--fps 60 is more than the 30 frames a second of clip.mp4"),
    ],
)
def test_a_part_that_cannot_be_is_told(
    tmp_path: Path, part: dict[str, float], sentence: str
) -> None:
    path = write_video(tmp_path / "clip.mp4", 60)
    with pytest.raises(OptionsError, match=sentence):
        list(frames_of(path, **part))


def test_an_endless_source_ends_where_its_part_does() -> None:
    with part_of(open_source("pattern:64x48@10"), PartOptions(start_s=1, end_s=2)) as source:
        assert not source.is_endless
        assert [frame.index for frame in iter(source.read, None)] == list(range(10, 20))


def test_any_source_has_parts() -> None:
    with part_of(FrameList(100, fps=10), PartOptions(start_s=9.5)) as source:
        assert [frame.index for frame in iter(source.read, None)] == [95, 96, 97, 98, 99]


@pytest.mark.parametrize(("degrees", "turns"), [(90, -1), (180, 2), (270, 1)])
def test_pictures_and_drawn_masks_are_turned_together(degrees: Any, turns: int) -> None:
    plain, source = (open_source("pattern:64x48:3") for _ in range(2))
    turned = rotated(source, degrees)
    frame, upright = turned.read(), plain.read()
    assert frame is not None
    assert upright is not None
    assert turned.scene is not None
    assert plain.scene is not None
    np.testing.assert_array_equal(frame.image, np.rot90(upright.image, turns))
    truth = plain.scene.truth(0).class_ids
    np.testing.assert_array_equal(turned.scene.truth(0).class_ids, np.rot90(truth, turns))
