"""Annotating real files: every frame, in order, at its time, with its own mask."""

import signal
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from parts import started
from waiting import wait_until

from livesegment import (
    AnnotateOptions,
    EndpointOptions,
    Frame,
    HttpSegmenter,
    Mask,
    OverlayOptions,
    Segmenter,
    annotate,
)
from livesegment.annotate.progress import Progress
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings import Codec
from livesegment.settings.serve import ServeOptions
from livesegment.sinks.mask_file import MaskFileReader
from livesegment.sources.pattern import PatternSource

PLAIN = OverlayOptions(opacity=0.0, legend=False)


class TruthSegmenter(Segmenter):
    """Knows the true mask of each frame of a pattern by the frame's index."""

    max_concurrency = None

    def __init__(self, pattern: PatternSource) -> None:
        self._pattern = pattern

    def segment(self, frame: Frame) -> Mask:
        return self._pattern.truth(frame.index)


def write_bars(path: Path, times_s: list[float], size: tuple[int, int] = (64, 48)) -> None:
    """Write a video whose frame i has a brightness that tells i, at the times given."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "1", "bf": "2"})
        stream.width, stream.height = size
        stream.codec_context.time_base = Fraction(1, 90_000)
        for index, time_s in enumerate(times_s):
            image = np.full((size[1], size[0], 3), 20 + 20 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = round(time_s * 90_000), Fraction(1, 90_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def read_bars(path: Path) -> tuple[list[float], list[int]]:
    """Return the times and the frame numbers that the brightness tells."""
    times, numbers = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.time is not None
            times.append(round(frame.time, 3))
            numbers.append(round((float(frame.to_ndarray(format="bgr24").mean()) - 20) / 20))
    return times, numbers


@pytest.mark.parametrize("in_flight", [1, 8])
def test_every_frame_gets_its_own_mask_over_http(tmp_path: Path, in_flight: int) -> None:
    pattern = PatternSource((160, 120), frame_count=40)

    known = [each.image for each in iter(PatternSource((160, 120), frame_count=40).read, None)]

    class ByPixels(Segmenter):
        """Recognises the frame it is sent by its pixels, as an endpoint must."""

        max_concurrency = None

        def segment(self, frame: Frame) -> Mask:
            errors = [np.abs(frame.image.astype(int) - each).mean() for each in known]
            return pattern.truth(int(np.argmin(errors)))

    with EmbeddedServer(ByPixels(), ServeOptions(port=0)) as server:
        endpoint = EndpointOptions(
            endpoint=server.url, model="any/1", max_in_flight=in_flight, jpeg_quality=95
        )
        report = annotate(
            "pattern:160x120:40",
            tmp_path / "out.mp4",
            options=AnnotateOptions(endpoint=endpoint, masks=str(tmp_path / "masks.mkv")),
        )
    assert (report.frames, report.calls, report.frames_without_mask) == (40, 40, 0)
    with MaskFileReader(tmp_path / "masks.mkv") as reader:
        assert reader.class_map == {0: "background", 1: "ball", 2: "box", 3: "star"}
        masks = list(reader)
    assert [round(time_s * 30) for time_s, _ in masks] == list(range(40))
    for index, (_, class_ids) in enumerate(masks):
        np.testing.assert_array_equal(class_ids, pattern.truth(index).class_ids)


def test_frames_keep_their_order_and_a_variable_frame_rate(tmp_path: Path) -> None:
    times = [0.0, 0.033, 0.067, 0.5, 1.0, 1.033, 2.5, 2.6, 2.7, 3.0]
    write_bars(tmp_path / "vfr.mp4", times)
    options = AnnotateOptions(overlay=PLAIN, masks=str(tmp_path / "masks.mkv"))
    annotate(tmp_path / "vfr.mp4", tmp_path / "out.mp4", options=options)
    assert read_bars(tmp_path / "out.mp4") == (times, list(range(10)))
    with MaskFileReader(tmp_path / "masks.mkv") as reader:
        assert [round(time_s, 3) for time_s, _ in reader] == times


def test_a_folder_becomes_a_folder_of_the_same_names(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("2.png", "10.png", "1.jpg"):
        cv2.imwrite(str(tmp_path / "in" / name), np.full((30, 40, 3), 77, np.uint8))
    annotate(tmp_path / "in", tmp_path / "out", options=AnnotateOptions(overlay=PLAIN))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "1.jpg",
        "10.png",
        "2.png",
    ]
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out" / "2.png")), 77)


def test_a_folder_becomes_a_video_where_the_output_is_named_so(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for index in range(10):
        image = np.full((48, 64, 3), 20 + 20 * index, np.uint8)
        cv2.imwrite(str(tmp_path / "in" / f"{index}.png"), image)
    annotate(tmp_path / "in", tmp_path / "out.mp4", options=AnnotateOptions(overlay=PLAIN))
    times, numbers = read_bars(tmp_path / "out.mp4")
    assert numbers == list(range(10))
    assert times == [round(index / 25, 3) for index in range(10)]


def test_masks_are_drawn_where_the_objects_are(tmp_path: Path) -> None:
    pattern = PatternSource((320, 240), frame_count=3)
    annotate(
        "pattern:320x240:3",
        tmp_path / "out.mp4",
        segmenter=TruthSegmenter(pattern),
        options=AnnotateOptions(overlay=OverlayOptions(style="cutout", opacity=1.0, legend=False)),
    )
    with av.open(str(tmp_path / "out.mp4")) as container:
        drawn = next(container.decode(video=0)).to_ndarray(format="bgr24").astype(int)
    first = PatternSource((320, 240)).read()
    assert first is not None
    objects = cv2.erode((pattern.truth(0).class_ids > 0).astype(np.uint8), np.ones((9, 9))) > 0
    rest = cv2.dilate((pattern.truth(0).class_ids > 0).astype(np.uint8), np.ones((9, 9))) == 0
    assert np.abs(drawn - first.image)[objects].mean() < 8
    assert drawn[rest].std(axis=0).max() < 3  # one colour


@pytest.mark.parametrize(("name", "codec"), [("out.webm", "vp9"), ("out.mp4", "h264")])
def test_the_name_chooses_the_codec_and_saying_so_makes_no_difference(
    tmp_path: Path, name: str, codec: Codec
) -> None:
    outcomes = []
    for options in (AnnotateOptions(), AnnotateOptions(codec=codec)):
        report = annotate("pattern:64x48:3", tmp_path / name, options=options)
        outcomes.append(report.files[0].outcome)
    assert outcomes == ["done", "already complete"]
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.video[0].codec_context.name == codec


def test_what_was_cut_out_is_not_taken_for_what_is_drawn(tmp_path: Path) -> None:
    for style, overwrite in (("cutout", False), ("blur", True)):
        options = AnnotateOptions(overlay=OverlayOptions(style=style), overwrite=overwrite)
        annotate("pattern:64x48:3", tmp_path / "out.webm", options=options)
        with av.open(str(tmp_path / "out.webm")) as container:
            is_clear = "alpha_mode" in container.streams.video[0].metadata
        assert is_clear == (style == "cutout")


def test_progress_counts_to_the_number_of_frames_over_all_files(tmp_path: Path) -> None:
    seen: list[Progress] = []
    annotate(["pattern:64x48:5", "pattern:64x48:3"], tmp_path / "out", on_progress=seen.append)
    assert [each.frames for each in seen] == [1, 2, 3, 4, 5, 5, 6, 7, 8, 8]
    assert {each.frames_total for each in seen} == {8}
    assert [each.files for each in seen] == [0] * 5 + [1] * 4 + [2]
    assert (seen[-1].calls, seen[-1].calls_saved, seen[-1].files_total) == (8, 0, 2)


def test_an_interrupted_run_leaves_a_playable_part_and_says_where(tmp_path: Path) -> None:
    with started(tmp_path, "annotate", "pattern:640x480:1000000", "-o", "out.mp4") as program:
        part = tmp_path / "out.part.mp4"

        def begun() -> bool:
            assert program.poll() is None
            return part.exists() and part.stat().st_size > 0

        wait_until(begun, "the first of the video")
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=30)
    assert program.returncode == 130
    assert "out.part.mp4" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out.mp4").exists()
    with av.open(str(tmp_path / "out.part.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) > 0


def test_the_segmenter_given_stays_open_for_the_next_file(tmp_path: Path) -> None:
    pattern = PatternSource((64, 48), frame_count=2)
    with (
        EmbeddedServer(TruthSegmenter(pattern), ServeOptions(port=0)) as server,
        HttpSegmenter(server.url, "any/1") as segmenter,
    ):
        for name in ("one.mp4", "two.mp4"):
            report = annotate("pattern:64x48:2", tmp_path / name, segmenter=segmenter)
            assert report.outputs == (tmp_path / name,)
            assert (tmp_path / name).exists()
