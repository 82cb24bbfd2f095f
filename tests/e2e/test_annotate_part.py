"""Parts of files: what they show, that their sound fits, and that nothing is paid for twice."""

import io
import json
import signal
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import cv2
import numpy as np
import pytest
from clips import HEIGHT, WIDTH, write_video
from privacy import CLASS_NAME, pattern_shots, seen_pixels
from waiting import wait_until

from livesegment import (
    AnnotateOptions,
    Frame,
    KeyframeOptions,
    LayoutOptions,
    Mask,
    OptionsError,
    OverlayOptions,
    PartOptions,
    RedactOptions,
    Segmenter,
    annotate,
)
from livesegment.annotate.estimate import estimate
from livesegment.errors import JournalMismatch, SourceNotFound
from livesegment.frame import Image
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions
from livesegment.sinks.mask_file import MaskFileReader
from livesegment.sources.pattern import CLASS_MAP

PLAIN = OverlayOptions(opacity=0, legend=False)
FRAMES = 60


class Counting(Segmenter):
    """Finds the brighter half, and remembers which frames it was asked about."""

    max_concurrency = None

    def __init__(self) -> None:
        self.asked: list[int] = []

    def segment(self, frame: Frame) -> Mask:
        self.asked.append(frame.index)
        ids = (frame.image.mean(axis=2) > 128).astype(np.uint8)
        return Mask(ids, {0: "dark", 1: "bright"}, frame.index)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.mp4", FRAMES)


def options(**fields: Any) -> AnnotateOptions:
    return AnnotateOptions(overlay=PLAIN, **fields)


def part(start_s: float | None = None, end_s: float | None = None, **more: Any) -> AnnotateOptions:
    return options(part=PartOptions(start_s, end_s, **more))


def pictures(path: Path | io.BytesIO) -> list[tuple[float, Image]]:
    with av.open(path if isinstance(path, io.BytesIO) else str(path)) as container:
        return [
            (float(each.time or 0), each.to_ndarray(format="bgr24"))
            for each in container.decode(video=0)
        ]


def nearest(film: Path, image: Image) -> int:
    """Return which of a film's first twenty pictures, ten levels apart, is most like another."""
    levels = np.array([each[:30, 50:].mean() for _, each in pictures(film)[:20]])
    return int(np.abs(levels - image[:30, 50:].mean()).argmin())


def test_a_part_has_the_frames_of_its_time_from_0_on(clip: Path, tmp_path: Path) -> None:
    wanted = replace(part(0.5, 1.0), masks=str(tmp_path / "masks.mkv"), export=("coco",))
    report = annotate(clip, tmp_path / "out.mp4", options=wanted)
    assert report.frames == 15
    found = pictures(tmp_path / "out.mp4")
    assert [time_s for time_s, _ in found] == pytest.approx([each / 30 for each in range(15)])
    assert [nearest(clip, image) for _, image in found] == [each % 20 for each in range(15, 30)]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.duration == pytest.approx(500_000, abs=1000)
    # What is told of frames is told of the input's.
    with MaskFileReader(tmp_path / "masks.mkv") as masks:
        assert [round(time_s * 30) for time_s, _ in masks] == list(range(15, 30))
    told = json.loads((tmp_path / "out.coco.json").read_text())["images"]
    assert [each["frame_index"] for each in told] == list(range(15, 30))
    assert told[0]["file_name"] == "clip_000015.jpg"
    assert told[0]["time_s"] == pytest.approx(0.5)


def test_what_the_whole_was_asked_about_no_part_asks_again(clip: Path, tmp_path: Path) -> None:
    model = Counting()
    annotate(clip, tmp_path / "whole.mp4", segmenter=model, options=options())
    assert sorted(model.asked) == list(range(FRAMES))
    model.asked.clear()
    for name, wanted in {
        "part.mp4": part(0.5, 1.5),
        "few.mkv": part(fps=10),
        "small.webm": options(layout=LayoutOptions((48, 48), side_by_side=True)),
    }.items():
        report = annotate(clip, tmp_path / name, segmenter=model, options=wanted)
        assert report.calls_saved == report.frames
    assert model.asked == []


def test_what_a_part_was_asked_about_the_whole_does_not_ask_again(
    clip: Path, tmp_path: Path
) -> None:
    model = Counting()
    out = tmp_path / "out.mp4"
    annotate(clip, tmp_path / "few.mp4", segmenter=model, options=part(0.1, 0.5, fps=10))
    annotate(clip, out, segmenter=model, options=part(1.0, 1.5))
    before = [6, 3, 9, 12, *range(30, 45)]
    assert sorted(model.asked) == sorted(before)
    model.asked.clear()
    annotate(clip, out, segmenter=model, options=replace(options(), overwrite=True))
    assert sorted(model.asked) == sorted(set(range(FRAMES)) - set(before))
    # What came from beside is kept here as well.
    (tmp_path / ".livesegment" / "few.mp4.journal").unlink()
    model.asked.clear()
    again = replace(options(), overwrite=True, quality=50)
    annotate(clip, out, segmenter=model, options=again)
    assert model.asked == []


def test_other_pictures_are_asked_about_anew(clip: Path, tmp_path: Path) -> None:
    model = Counting()
    annotate(clip, tmp_path / "out.mp4", segmenter=model, options=part(0, 0.2))
    model.asked.clear()
    turned = part(0, 0.2, rotate=90)
    annotate(clip, tmp_path / "turned.mp4", segmenter=model, options=turned)
    assert sorted(model.asked) == list(range(6))
    with pytest.raises(JournalMismatch, match="another rotation"):
        annotate(clip, tmp_path / "out.mp4", segmenter=model, options=turned)


def test_parts_ask_about_the_same_keyframes(clip: Path, tmp_path: Path) -> None:
    model = Counting()
    every = replace(part(0.4), keyframes=KeyframeOptions(every=10))
    annotate(clip, tmp_path / "out.mp4", segmenter=model, options=every)
    # The first and the last in any case, and those between that the whole asks about.
    assert sorted(model.asked) == [12, 20, 30, 40, 50, 59]


def test_killed_in_a_part_the_whole_pays_only_for_the_rest(clip: Path, tmp_path: Path) -> None:
    class Slow(Counting):
        def segment(self, frame: Frame) -> Mask:
            mask = super().segment(frame)
            if len(self.asked) == 12:
                program.send_signal(signal.SIGKILL)
            return mask

    model = Slow()
    with EmbeddedServer(model, ServeOptions(port=0)) as server:
        ask = ("--endpoint", server.url, "--model", "any/1", "--in-flight", "2")
        line = [sys.executable, "-m", "livesegment", "annotate", str(clip)]
        killed = [*line, "-o", str(tmp_path / "part.mp4"), "--start", "0.5", "--end", "1.5", *ask]
        with subprocess.Popen(killed, stderr=subprocess.PIPE) as program:
            program.communicate(timeout=60)
        assert program.returncode == -signal.SIGKILL
        whole = [*line, "-o", str(tmp_path / "whole.mp4"), *ask]
        subprocess.run(whole, check=True, timeout=60, stderr=subprocess.PIPE)
    assert len(model.asked) <= FRAMES + 2 + 1  # those under way, and one that was being written


def write_sounding(path: Path) -> Path:
    """Write a film of 4 s whose frame i shows i, and whose sound has its time in its numbers."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=5, options={"g": "7", "bf": "2"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for index in range(20):
            image = np.full((HEIGHT, WIDTH, 3), 20 + 10 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 5)
            container.mux(video.encode(frame))
            samples = np.arange(index * 1600, (index + 1) * 1600, dtype=np.int16)[None]
            heard = av.AudioFrame.from_ndarray(samples, "s16", "mono")
            heard.sample_rate, heard.pts, heard.time_base = 8000, index * 1600, Fraction(1, 8000)
            container.mux(sound.encode(heard))
        container.mux(video.encode())
        container.mux(sound.encode())
    return path


@pytest.mark.parametrize("name", ["out.mov", "out.mkv"])
@pytest.mark.parametrize(("start_s", "end_s"), [(1.3, 2.7), (0.0, 1.0), (2.6, None)])
def test_a_part_has_its_part_of_the_sound(
    tmp_path: Path, name: str, start_s: float, end_s: float | None
) -> None:
    film = write_sounding(tmp_path / "film.mov")
    annotate(film, tmp_path / name, options=part(start_s, end_s))
    last_s = 4.0 if end_s is None else end_s
    with av.open(str(tmp_path / name)) as container:
        heard = [
            (float(each.time or 0), each.to_ndarray().ravel()) for each in container.decode(audio=0)
        ]
    for time_s, samples in heard:
        assert samples[0] / 8000 == pytest.approx(start_s + time_s, abs=0.001)
    assert heard[0][0] == pytest.approx(0, abs=0.15)  # a packet has a tenth of a second
    end = heard[-1][0] + heard[-1][1].size / 8000
    assert end == pytest.approx(last_s - start_s, abs=0.15)
    for time_s, image in pictures(tmp_path / name):
        assert nearest(film, image) / 5 == pytest.approx(start_s + time_s, abs=0.01)


def test_kept_masks_of_the_whole_are_drawn_on_a_part(clip: Path, tmp_path: Path) -> None:
    kept = tmp_path / "masks.mkv"
    annotate(clip, tmp_path / "whole.mp4", options=options(masks=str(kept)))
    for number, wanted in enumerate((part(0.5, 1.0), part(0.5, fps=5))):
        told = replace(wanted, kept_masks=str(kept), masks=str(tmp_path / f"{number}.mkv"))
        annotate(clip, tmp_path / f"{number}.mp4", options=told)
        with MaskFileReader(kept) as whole, MaskFileReader(tmp_path / f"{number}.mkv") as found:
            masks = dict(whole)
            for time_s, class_ids in found:
                np.testing.assert_array_equal(class_ids, masks[time_s])
    turned = replace(part(rotate=180), kept_masks=str(kept))
    with pytest.raises(SourceNotFound, match="belongs to another input"):
        annotate(clip, tmp_path / "turned.mp4", options=turned)


def test_a_turned_input_becomes_a_turned_output(clip: Path, tmp_path: Path) -> None:
    masks = str(tmp_path / "masks.mkv")
    annotate(clip, tmp_path / "out.mp4", options=replace(part(0, 0.1, rotate=90), masks=masks))
    for _, image in pictures(tmp_path / "out.mp4"):
        assert image.shape == (WIDTH, HEIGHT, 3)
        red = image[: WIDTH // 2 - 4, HEIGHT // 2 + 4 :]  # it was at the upper left
        assert np.abs(red.reshape(-1, 3).mean(axis=0) - (20, 20, 220)).max() < 10
    with MaskFileReader(masks) as reader:
        assert {class_ids.shape for _, class_ids in reader} == {(WIDTH, HEIGHT)}


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        (LayoutOptions((48, 48)), (48, 32)),
        (LayoutOptions((400, 100)), (150, 100)),
        (LayoutOptions(side_by_side=True), (192, 64)),
        (LayoutOptions((96, 96), side_by_side=True), (96, 32)),
    ],
)
@pytest.mark.parametrize("style", ["fill", "cutout"])
def test_an_output_is_as_large_as_its_shape_fits(
    clip: Path, tmp_path: Path, wanted: LayoutOptions, size: tuple[int, int], style: Any
) -> None:
    drawn = AnnotateOptions(
        layout=wanted, part=PartOptions(end_s=0.1), overlay=OverlayOptions(style, legend=False)
    )
    name = "out.mov" if style == "cutout" else "out.mp4"
    annotate(clip, tmp_path / name, options=drawn)
    assert [image.shape[1::-1] for _, image in pictures(tmp_path / name)] == [size] * 3
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    annotate(photo, tmp_path / "out.png", options=options(layout=wanted))
    assert cv2.imread(str(tmp_path / "out.png")).shape[1::-1] == size


def test_what_is_hidden_is_hidden_on_both_sides(tmp_path: Path) -> None:
    shots = pattern_shots(6)

    class Truth(Segmenter):
        def segment(self, frame: Frame) -> Mask:
            return Mask(shots[frame.index].class_ids, CLASS_MAP, frame.index)

    (tmp_path / "in").mkdir()
    for index, shot in enumerate(shots):
        cv2.imwrite(str(tmp_path / "in" / f"{index}.png"), shot.image)
    zone = ((0.0, 0.0), (0.25, 0.0), (0.25, 1.0), (0.0, 1.0))
    told = options(
        redact=RedactOptions(frozenset({CLASS_NAME}), "black"),
        hide=(zone,),
        layout=LayoutOptions(side_by_side=True),
    )
    annotate(tmp_path / "in", tmp_path / "out", segmenter=Truth(), options=told)
    for index, shot in enumerate(shots):
        image = cv2.imread(str(tmp_path / "out" / f"{index}.png"))
        for side in np.hsplit(image, 2):
            assert seen_pixels(side, shot.class_ids) == 0
            assert side[:, : side.shape[1] // 4].max() == 0
            assert side.max() > 100


def test_a_dry_run_is_about_the_part(clip: Path, tmp_path: Path) -> None:
    annotate(clip, tmp_path / "one.mp4", options=part(0.0, 0.5))
    for wanted, frames, kept in (
        (part(0.0, 1.0), 30, 15),
        (part(1.0, 2.0), 30, 0),
        (part(0.0, 1.0, fps=10), 10, 10),
        (options(), 60, 15),
    ):
        found = estimate(clip, tmp_path / "other.mp4", options=wanted)
        assert (found.frames, found.kept) == (frames, kept)
        if wanted.part.fps is None:
            counted = estimate(clip, tmp_path / "one.mp4", options=wanted, count=True)
            assert (counted.frames, counted.calls) == (frames, frames - kept)
    assert not (tmp_path / "other.mp4").exists()


def run_to_stdout(clip: Path, *more: str) -> "subprocess.CompletedProcess[bytes]":
    line = [sys.executable, "-m", "livesegment", "annotate", str(clip), "-o", "-", *more]
    return subprocess.run(line, capture_output=True, timeout=60, cwd=clip.parent)


def test_another_program_reads_a_part_with_its_sound(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", FRAMES, sound_s=2)
    done = run_to_stdout(clip, "--start", "0.5", "--end", "1.5")
    assert done.returncode == 0, done.stderr
    assert b"standard output has no journal" in done.stderr
    assert not (tmp_path / ".livesegment").exists()
    assert len(done.stdout) % 188 == 0
    found = pictures(io.BytesIO(done.stdout))
    assert len(found) == 30
    assert np.diff([time_s for time_s, _ in found]) == pytest.approx(1 / 30, abs=1e-4)
    with av.open(io.BytesIO(done.stdout)) as container:
        times = [each.time for each in container.decode(audio=0) if each.time is not None]
    assert max(times) - min(times) == pytest.approx(1.0, abs=0.1)
    assert abs(min(times) - found[0][0]) < 0.05


def test_a_reader_who_goes_ends_it_quietly(clip: Path) -> None:
    line = [sys.executable, "-m", "livesegment", "annotate", str(clip), "-o", "-"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.close()
        assert program.stderr is not None
        said = program.stderr.read().decode()
    assert program.returncode == 5
    assert "Traceback" not in said
    assert "pipe" not in said.lower()


@pytest.mark.skipif(sys.platform == "win32", reason="its pipes cannot be looked into")
def test_a_reader_who_stands_still_holds_up_no_end() -> None:
    import fcntl
    import termios

    seen = [0]

    def is_full(pipe: IO[bytes]) -> bool:
        held = int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
        seen.append(held)
        return seen[-2] == held > 0

    pattern = "pattern:640x480@30:3000"
    line = [sys.executable, "-m", "livesegment", "annotate", pattern, "-o", "-"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        pipe = program.stdout
        wait_until(lambda: is_full(pipe), "a full pipe", pause_s=1.0)
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 130


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"export": ("coco",)}, "--export writes annotations beside the output, and -o - has no"),
        ({"codec": "av1"}, "-o - writes h264 to standard output, not av1"),
    ],
)
def test_what_cannot_go_to_stdout_is_told(clip: Path, wanted: Any, sentence: str) -> None:
    with pytest.raises(OptionsError, match=sentence):
        annotate(clip, "-", options=options(**wanted))


def test_stdout_takes_one_video(clip: Path) -> None:
    with pytest.raises(OptionsError, match=r"standard output \(-o -\) takes one video"):
        annotate([clip, clip], "-")


@pytest.mark.parametrize("wanted", [part(90.0), part(fps=60)])
def test_a_part_that_cannot_be_leaves_no_output(
    clip: Path, tmp_path: Path, wanted: AnnotateOptions
) -> None:
    with pytest.raises(OptionsError, match=r"of clip\.mp4"):
        annotate(clip, tmp_path / "out.mp4", options=wanted)
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [
        "clip.mp4"
    ]
