import dataclasses
import gc
import logging
import subprocess
import wave
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clips import HEIGHT, WIDTH, cut, damage_packet, picture, shows, turn, write_video
from memory import resident_at_most

from livesegment.errors import SourceLost, SourceNotFound
from livesegment.frame import CodedFrame, Frame
from livesegment.sources import SAMPLE_FILE
from livesegment.sources.video_file import VideoFileSource

FASTSTART = {"movflags": "faststart"}


def frames_of(path: Path) -> Iterator[Frame]:
    with VideoFileSource(path) as source:
        yield from iter(source.read, None)


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    times = [0, 1, 2, 30, 31, 45, 90]
    path = write_video(tmp_path / "phone.mp4", times)
    assert [frame.pts_s for frame in frames_of(path)] == pytest.approx([t / 30 for t in times])


def test_a_picture_goes_as_soon_as_nobody_has_it(tmp_path: Path) -> None:
    """And not once Python looks for what refers to itself: many large ones would be kept."""
    path = write_video(tmp_path / "a.mp4", 60)
    gc.collect()
    gc.disable()
    try:
        count = sum(1 for _ in frames_of(path))
        kept = sum(isinstance(each, av.VideoFrame) for each in gc.get_objects())
    finally:
        gc.enable()
    assert count == 60
    assert kept <= 5


def test_a_video_that_starts_late_keeps_its_start(tmp_path: Path) -> None:
    path = write_video(tmp_path / "late.mkv", range(60, 70), sound_s=3)
    assert next(frames_of(path)).pts_s == pytest.approx(2.0, abs=0.03)


def test_a_recorded_broadcast_starts_at_zero(tmp_path: Path) -> None:
    hour = 3600 * 30
    path = write_video(tmp_path / "broadcast.ts", range(hour, hour + 10))
    times = [frame.pts_s for frame in frames_of(path)]
    assert times == pytest.approx([index / 30 for index in range(10)], abs=1e-4)


def test_every_frame_comes_although_encoders_reorder_them(tmp_path: Path) -> None:
    frames = list(frames_of(write_video(tmp_path / "b-frames.mp4", 50)))
    assert len(frames) == 50
    assert all(shows(frame.image, frame.index) for frame in frames)


@pytest.mark.parametrize(("degrees", "turns"), [(90, -1), (180, 2), (270, 1)])
def test_a_phone_video_is_upright(tmp_path: Path, degrees: int, turns: int) -> None:
    path = write_video(tmp_path / "phone.mp4", 3)
    lying = next(frames_of(path)).image
    turn(path, degrees)
    upright = next(frames_of(path)).image
    np.testing.assert_array_equal(upright, np.rot90(lying, turns))
    capture = cv2.VideoCapture(str(path))
    _, as_opencv_turns_it = capture.read()
    capture.release()
    assert np.abs(upright.astype(int) - as_opencv_turns_it).mean() < 1


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_mirrored_video_is_shown_as_it_says(tmp_path: Path, degrees: int) -> None:
    path = write_video(tmp_path / "selfie.mp4", 3)
    lying = next(frames_of(path)).image
    turn(path, degrees, mirrored=True)
    shown = next(frames_of(path))
    np.testing.assert_array_equal(shown.image, np.rot90(lying[:, ::-1], -degrees // 90))
    with VideoFileSource(path) as source:
        source.is_lazy = True
        kept = source.read()
        assert kept is not None
        assert kept.frame_size == shown.frame_size
        np.testing.assert_array_equal(kept.image, shown.image)


@pytest.mark.parametrize(
    ("codec", "pixels"),
    [
        ("libx264", "yuv420p"),
        ("libx264", "yuvj420p"),
        ("libx264", "yuv444p"),
        ("libx264", "yuv420p10le"),
        ("ffv1", "yuva420p"),
        ("ffv1", "bgr0"),
    ],
)
def test_colours_survive(tmp_path: Path, codec: str, pixels: str) -> None:
    path = write_video(tmp_path / "colours.mkv", 3, codec=codec, pixels=pixels)
    found, drawn = next(frames_of(path)).image, picture(0)
    for row, column in ((16, 24), (16, 72), (48, 24), (48, 72)):
        off = np.abs(found[row, column].astype(int) - drawn[row, column]).max()
        assert off <= 5, (found[row, column], drawn[row, column])


def test_grey_video_becomes_three_equal_channels(tmp_path: Path) -> None:
    path = write_video(tmp_path / "grey.mkv", 3, codec="ffv1", pixels="gray")
    image = next(frames_of(path)).image
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert image.std(axis=2).max() == 0


def test_odd_sizes_are_kept(tmp_path: Path) -> None:
    path = write_video(tmp_path / "odd.mkv", 3, codec="ffv1", size=(37, 21))
    assert next(frames_of(path)).frame_size == (37, 21)


def test_it_knows_rate_and_length(tmp_path: Path) -> None:
    with VideoFileSource(write_video(tmp_path / "film.mp4", 50, rate=25)) as source:
        assert source.fps == 25
        assert source.frame_count == 50
        assert source.name == "film.mp4"


def test_a_name_in_any_script_is_fine(tmp_path: Path) -> None:
    path = write_video(tmp_path / "Прогулка 犬 #1%20.mp4", 3)
    assert len(list(frames_of(path))) == 3


def test_a_name_that_looks_like_an_address_is_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "clip.mp4", 3).rename(tmp_path / "http:x.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(list(frames_of(Path("http:x.mp4")))) == 3


@pytest.mark.parametrize(
    ("name", "sound_s"),
    [("film.mp4", 0), ("film.mkv", 0), ("film.mkv", 2), ("film.webm", 0), ("film.avi", 0)],
)
@pytest.mark.parametrize("share", [0.35, 0.8])
def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes_and_then_lost(
    tmp_path: Path, name: str, sound_s: int, share: float
) -> None:
    codec = {"film.webm": "libvpx", "film.avi": "mpeg4"}.get(name, "libx264")
    muxer = FASTSTART if name == "film.mp4" else None
    path = tmp_path / name
    cut(write_video(path, codec=codec, muxer=muxer, sound_s=sound_s, noisy=True), share)
    frames = []
    with VideoFileSource(path) as source:
        with pytest.raises(SourceLost, match=rf"{name} breaks off after \d+ frames"):
            frames.extend(iter(source.read, None))
        assert source.read() is None
    assert 60 * share * 0.5 < len(frames) < 60
    assert all(shows(frame.image, frame.index) for frame in frames[:-2])


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.webm", "film.avi", "film.ts"])
@pytest.mark.parametrize("times", [60, [0, 1, 2, 40, 90]])
def test_a_whole_file_is_not_lost(tmp_path: Path, name: str, times: int | list[int]) -> None:
    codec = {"film.webm": "libvpx", "film.avi": "mpeg4"}.get(name, "libx264")
    frames = list(frames_of(write_video(tmp_path / name, times, codec=codec)))
    assert len(frames) == (times if isinstance(times, int) else len(times))


def test_sound_that_goes_on_after_the_picture_is_no_cut(tmp_path: Path) -> None:
    for name in ("film.mp4", "film.mkv"):
        path = write_video(tmp_path / name, 30, sound_s=4)
        assert len(list(frames_of(path))) == 30


def test_a_trimmed_file_is_no_cut(tmp_path: Path, need_tool: Callable[[str], str]) -> None:
    write_video(tmp_path / "whole.mp4", 60)
    program = [need_tool("ffmpeg"), "-v", "error", "-i", "whole.mp4", "-ss", "0.5", "-t", "1"]
    subprocess.run([*program, "-c", "copy", "trimmed.mp4"], cwd=tmp_path, check=True)
    assert 20 <= len(list(frames_of(tmp_path / "trimmed.mp4"))) <= 50


def test_a_damaged_packet_in_the_middle_is_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = damage_packet(write_video(tmp_path / "film.mp4", 60), 30)
    frames = list(frames_of(path))
    assert 45 <= len(frames) < 60
    # What is missing has a number and a time as well: the others keep theirs.
    assert all(shows(frame.image, frame.index) for frame in frames[-20:])
    assert [frame.pts_s for frame in frames] == pytest.approx([each.index / 30 for each in frames])
    assert all(one.pts_s < other.pts_s for one, other in pairwise(frames))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "film.mp4: 1 damaged packets were skipped" in caplog.text


def test_a_film_that_is_mostly_damaged_is_read_as_far_as_it_goes_and_then_lost(
    tmp_path: Path,
) -> None:
    path = write_video(tmp_path / "film.mp4", 30)
    for number in range(5, 30):
        damage_packet(path, number)
    frames = []
    with (
        VideoFileSource(path) as source,
        pytest.raises(SourceLost, match=r"film.mp4 is damaged: 2\d of 30 frames cannot be decoded"),
    ):
        frames.extend(iter(source.read, None))
    assert 0 < len(frames) <= 7
    assert source.read() is None


def test_a_damaged_frame_that_others_are_made_from_counts_with_them(tmp_path: Path) -> None:
    path = damage_packet(write_video(tmp_path / "film.mp4", 20), 10)
    with VideoFileSource(path) as source, pytest.raises(SourceLost, match=r"of 20 frames cannot"):
        list(iter(source.read, None))


def test_a_film_without_its_index_cannot_be_opened(tmp_path: Path) -> None:
    path = cut(write_video(tmp_path / "film.mp4"), 0.6)
    with pytest.raises(SourceNotFound, match=r"film\.mp4 cannot be read as a video"):
        VideoFileSource(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"dear diary,\n" * 50, "cannot be read as a video"),
        (b"\x00" * 5000, "cannot be read as a video"),
    ],
)
def test_what_is_no_video_is_refused(
    tmp_path: Path, content: bytes, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("note.mp4", "note.txt", "note.mkv"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(SourceNotFound, match=f"{name} (is empty|cannot be|holds no)"):
            VideoFileSource(path)
    with pytest.raises(SourceNotFound, match=f"note.mp4 {sentence}"):
        VideoFileSource(tmp_path / "note.mp4")
    assert capfd.readouterr().err == ""


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    with wave.open(str(path), "wb") as song:
        song.setnchannels(1)
        song.setsampwidth(2)
        song.setframerate(8000)
        song.writeframes(b"\x00\x00" * 800)
    with pytest.raises(SourceNotFound, match=r"song\.wav holds no video"):
        VideoFileSource(path)


def test_the_cover_of_a_song_is_no_video(tmp_path: Path, need_tool: Callable[[str], str]) -> None:
    cv2.imwrite(str(tmp_path / "cover.jpg"), picture(0))
    program = [need_tool("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "sine=duration=1"]
    rest = ["-i", "cover.jpg", "-map", "0", "-map", "1", "-disposition:v", "attached_pic"]
    subprocess.run([*program, *rest, "song.mp3"], cwd=tmp_path, check=True)
    with pytest.raises(SourceNotFound, match=r"song\.mp3 holds no video"):
        VideoFileSource(tmp_path / "song.mp3")


def test_a_real_film_is_read_whole(media: Path) -> None:
    with VideoFileSource(media / "clips" / "asl-webcam.mp4") as source:
        assert source.fps == 30
        assert source.frame_count == 1323
        first = source.read()
    assert first is not None
    assert first.frame_size == (640, 480)


def test_pictures_that_say_they_are_huge_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.mkv"
    write_video(path, 2, codec="mjpeg", pixels="yuvj420p", size=(9000, 9000))
    with resident_at_most(60 * 2**20), pytest.raises((SourceLost, SourceNotFound)):
        list(frames_of(path))


def test_a_video_that_nobody_can_decode_is_no_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", 5)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(SourceNotFound, match="holds no video"):
        VideoFileSource(path)


def test_a_picture_that_was_kept_as_it_came_is_the_same(tmp_path: Path) -> None:
    path = write_video(tmp_path / "phone.mp4", 4)
    turn(path, 90)
    with VideoFileSource(path) as source:
        source.is_lazy = True
        for expected in frames_of(path):
            frame = source.read()
            assert isinstance(frame, CodedFrame)
            assert frame.frame_size == expected.frame_size
            came_as = frame.nbytes
            assert came_as < expected.nbytes
            np.testing.assert_array_equal(frame.image, expected.image)
            assert frame.nbytes > came_as
            frame.let_go()
            assert frame.nbytes == came_as
            np.testing.assert_array_equal(frame.image, expected.image)
        assert source.read() is None


@pytest.mark.parametrize("size", [(320, 180), (160, 90), (100, 57), (426, 240)])
def test_a_picture_made_smaller_as_it_came_is_the_whole_one_made_smaller(
    size: tuple[int, int],
) -> None:
    with VideoFileSource(SAMPLE_FILE) as source:
        source.is_lazy = True
        for whole, _ in zip(frames_of(SAMPLE_FILE), range(3), strict=False):
            frame = source.read()
            assert isinstance(frame, CodedFrame)
            smaller = frame.downscaled(size)
            assert frame.nbytes < whole.nbytes
            assert smaller.shape[1::-1] == size
            expected = whole.downscaled(size)
            error = cv2.absdiff(
                *(cv2.cvtColor(each, cv2.COLOR_BGR2GRAY) for each in (smaller, expected))
            )
            assert error.mean() < 0.5
            assert np.percentile(error, 99.9) <= 8
            # Colours are coded at half the size, and cut off at black and white once, not twice.
            assert cv2.absdiff(smaller, expected).mean() < 2


def test_another_number_or_time_leaves_a_picture_as_it_came() -> None:
    with VideoFileSource(SAMPLE_FILE) as source:
        source.is_lazy = True
        frame = source.read()
        assert frame is not None
        came_as = frame.nbytes
        later = frame.renumbered(index=7, captured_at_s=3.0)
        assert (later.index, later.pts_s, later.captured_at_s) == (7, frame.pts_s, 3.0)
        assert later.nbytes == came_as
        changed = dataclasses.replace(later, image=np.zeros((2, 3, 3), np.uint8))
        assert (changed.index, changed.frame_size) == (7, (3, 2))


def test_what_an_edit_list_leaves_out_is_neither_shown_nor_counted(tmp_path: Path) -> None:
    path = write_video(tmp_path / "edited.mp4", range(-15, 45))
    found = list(frames_of(path))
    with VideoFileSource(path) as source:
        assert source.frame_count == len(found) == 45
    assert all(shows(frame.image, frame.index + 15) for frame in found)
    assert [frame.pts_s for frame in found] == pytest.approx([at / 30 for at in range(45)])
