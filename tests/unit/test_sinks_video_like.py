"""What a video keeps of its original: sound, colours, shape, words, and when it ends."""

import logging
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import cut, damage_packet, turn
from recordings import (
    SOUND_RATE,
    TONE_HZ,
    chart_error,
    coded,
    colour_chart,
    write_recording,
)

from livesegment.errors import OptionsError, SourceLost, SourceNotFound
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources.video_file import VideoFileSource

CHART = colour_chart()
SECOND = [index / 25 for index in range(25)]


def annotated(original: Path, path: Path, *, stop_after: int = 10_000, **options: object) -> Path:
    """Write the pictures of a video once more, as `annotate` does."""
    with (
        VideoFileSource(original) as source,
        VideoFileSink(path, fps=source.fps, like=original, **options) as sink,
    ):
        while (frame := source.read()) is not None and frame.index < stop_after:
            sink.write(Annotated(frame, None, frame.image))
        sink.commit()
    return path


def sound(path: Path, number: int = 0) -> list[tuple[float, bytes]]:
    """Return when each packet of a stream of sound begins, and its bytes."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.audio[number])
        return [(float(p.pts * p.time_base), bytes(p)) for p in packets if p.size]


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [picture.time for picture in container.decode(video=0)]


def original(path: Path, *sounds: tuple[str, float, float], **options: object) -> Path:
    pictures = [CHART] * 25
    return write_recording(path, pictures, options.pop("times", SECOND), sounds=sounds, **options)


# What is not the same in both: the codec of the sound, and which suffixes carry it.
CARRIED = [
    ("aac", ".mp4", ".mp4"),
    ("aac", ".mp4", ".mov"),
    ("aac", ".mkv", ".mp4"),
    ("libopus", ".mkv", ".mp4"),
    ("libopus", ".mp4", ".mkv"),
    ("libopus", ".mkv", ".webm"),
    ("libmp3lame", ".mkv", ".mp4"),
    ("flac", ".mkv", ".mp4"),
    ("pcm_s16le", ".mov", ".mp4"),
    ("pcm_s16le", ".mov", ".mkv"),
    ("ac3", ".mkv", ".mov"),
]


@pytest.mark.parametrize(("codec", "suffix", "new_suffix"), CARRIED)
def test_sound_is_copied_packet_by_packet_at_its_times(tmp_path, codec, suffix, new_suffix):
    source = original(tmp_path / f"in{suffix}", (codec, 0.0, 1.0))
    path = tmp_path / f"out{new_suffix}"
    annotated(source, path, codec="vp9" if new_suffix == ".webm" else "h264")
    old, new = sound(source), sound(path)
    assert [packet for _, packet in new] == [packet for _, packet in old]
    assert [t for t, _ in new] == pytest.approx([t for t, _ in old], abs=1.1e-3)


def test_all_streams_keep_their_language(tmp_path):
    source = original(
        tmp_path / "in.mkv", ("aac", 0.0, 1.0), ("libopus", 0.2, 0.7), language="ger", title="Duo"
    )
    path = annotated(source, tmp_path / "out.mp4")
    assert [bytes_ for _, bytes_ in sound(path, 1)] == [bytes_ for _, bytes_ in sound(source, 1)]
    with av.open(str(path)) as container:
        assert [stream.metadata["language"] for stream in container.streams.audio] == ["ger"] * 2
        assert container.metadata["title"] == "Duo"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("first_picture_s", "begin_s", "end_s"),
    [(0.0, 0.4, 1.0), (0.4, 0.0, 1.2), (0.0, 0.0, 2.5), (1.5, 0.0, 0.8)],
    ids=["late sound", "late pictures", "long sound", "one after the other"],
)
def test_sound_and_pictures_stay_together(tmp_path, suffix, first_picture_s, begin_s, end_s):
    source = original(
        tmp_path / "in.mkv",
        ("flac", begin_s, end_s),
        times=[first_picture_s + pts_s for pts_s in SECOND],
    )
    path = annotated(source, tmp_path / f"out{suffix}")
    assert times(path) == pytest.approx(times(source), abs=1e-3)
    assert [t for t, _ in sound(path)] == pytest.approx([t for t, _ in sound(source)], abs=1e-3)


def test_a_clock_that_runs_on_begins_at_0_for_both(tmp_path):
    source = original(tmp_path / "in.ts", ("aac", 0.0, 1.0), muxer={"output_ts_offset": "3600"})
    path = annotated(source, tmp_path / "out.mp4")
    origin_s = min(times(source)[0], sound(source)[0][0])
    assert origin_s > 3599
    assert times(path) == pytest.approx([t - origin_s for t in times(source)], abs=1e-4)
    expected = [t - origin_s for t, _ in sound(source)]
    assert [t for t, _ in sound(path)] == pytest.approx(expected, abs=1e-4)


def test_samples_that_only_prepare_the_decoder_are_not_heard(tmp_path):
    # AAC begins with 1024 of them; players know from an edit list in MP4. Matroska has none.
    source = original(tmp_path / "in.mp4", ("aac", 0.0, 1.0))
    assert sound(source)[0][0] < 0
    for suffix in (".mp4", ".mkv"):
        path = annotated(source, tmp_path / f"out{suffix}")
        assert times(path) == pytest.approx(SECOND, abs=1e-6)
        with av.open(str(path)) as container:
            first = next(container.decode(audio=0))
        assert first.time == pytest.approx(0, abs=1e-3)


def test_sound_that_begins_before_0_moves_no_picture(tmp_path):
    # Opus begins with 312 samples that only prepare the decoder.
    source = original(
        tmp_path / "in.mkv", ("libopus", 0.0, 1.0), muxer={"avoid_negative_ts": "disabled"}
    )
    assert sound(source)[0][0] < 0
    for suffix in (".mp4", ".mkv"):
        path = annotated(source, tmp_path / f"out{suffix}")
        assert times(path) == pytest.approx(SECOND, abs=1e-6)
        assert [t for t, _ in sound(path)] == pytest.approx([t for t, _ in sound(source)], abs=1e-3)


def test_the_tone_is_where_it_was(tmp_path):
    source = original(tmp_path / "in.mp4", ("aac", 0.5, 1.0))
    path = annotated(source, tmp_path / "out.mp4")
    with av.open(str(path)) as container:
        heard = [(f.time, f.to_ndarray()[0]) for f in container.decode(audio=0)]
    begin_s = heard[0][0]
    samples = np.concatenate([samples for _, samples in heard])[: SOUND_RATE // 2]
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    assert begin_s + loud[0] / SOUND_RATE == pytest.approx(0.5, abs=0.01)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * SOUND_RATE / samples.size == pytest.approx(TONE_HZ, abs=5)


def test_sound_lies_beside_its_pictures_in_the_file(tmp_path):
    source = original(tmp_path / "in.mkv", ("pcm_s16le", 0.0, 1.0))
    with av.open(str(annotated(source, tmp_path / "out.mkv"))) as container:
        packets = [packet for packet in container.demux() if packet.size]
        reached_s = {"audio": 0.0, "video": 0.0}
        for packet in sorted(packets, key=lambda packet: packet.pos):
            reached_s[packet.stream.type] = float(packet.pts * packet.time_base)
            assert abs(reached_s["audio"] - reached_s["video"]) < 0.1


def test_sound_ends_with_the_pictures_of_a_run_that_ended_early(tmp_path):
    source = original(tmp_path / "in.mp4", ("aac", 0.0, 1.0))
    path = annotated(source, tmp_path / "out.mp4", stop_after=10)
    assert times(path)[-1] == pytest.approx(9 / 25)
    assert 0.35 < sound(path)[-1][0] < 0.4


def test_a_part_that_was_not_committed_has_sound_too(tmp_path):
    source = original(tmp_path / "in.mp4", ("aac", 0.0, 1.0))
    with (
        VideoFileSource(source) as pictures,
        VideoFileSink(tmp_path / "out.mp4", like=source) as sink,
    ):
        for _ in range(10):
            frame = pictures.read()
            sink.write(Annotated(frame, None, frame.image))
    assert 0.35 < sound(tmp_path / "out.part.mp4")[-1][0] < 0.45


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_sound_of_a_file_that_is_cut_short_goes_as_far_as_the_pictures(tmp_path, suffix):
    noise = np.random.default_rng(1).integers(0, 256, (25, 64, 256, 3), np.uint8)
    muxer = {"movflags": "+faststart"} if suffix == ".mp4" else {}
    source = write_recording(
        tmp_path / f"in{suffix}", list(noise), SECOND, sounds=[("aac", 0.0, 1.0)], muxer=muxer
    )
    cut(source, 0.6)
    path = tmp_path / "out.mkv"
    count = 0
    with VideoFileSource(source) as pictures, VideoFileSink(path, fps=25, like=source) as sink:
        with pytest.raises(SourceLost):
            while (frame := pictures.read()) is not None:
                sink.write(Annotated(frame, None, frame.image))
                count += 1
        sink.commit()
    assert 5 < count < 25
    assert times(path)[-1] - 0.3 < sound(path)[-1][0] < times(path)[-1] + 0.1


def test_a_damaged_place_costs_only_itself(tmp_path):
    source = original(tmp_path / "in.mp4", ("aac", 0.0, 1.0))
    damage_packet(source, 12)
    path = annotated(source, tmp_path / "out.mp4")
    assert len(sound(path)) == len(sound(source))


def test_sound_that_cannot_be_carried_is_said_before_the_first_picture(tmp_path, caplog):
    source = original(tmp_path / "in.mp4", ("aac", 0.0, 1.0))
    with caplog.at_level(logging.WARNING):
        sink = VideoFileSink(tmp_path / "out.webm", codec="vp9", like=source)
    assert caplog.messages == [
        f"{tmp_path / 'out.webm'} cannot carry the sound of {source} (aac) and goes without: "
        "give a name that ends in .mkv to keep it"
    ]
    sink.close()
    path = annotated(source, tmp_path / "out.webm", codec="vp9")
    with av.open(str(path)) as container:
        assert not container.streams.audio
    assert len(times(path)) == 25


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_run_started_again_ends_with_the_same_file(tmp_path, suffix):
    source = original(tmp_path / "in.mkv", ("libopus" if suffix != ".mov" else "aac", 0.0, 1.0))
    codec = "vp9" if suffix == ".webm" else "h264"
    whole = annotated(source, tmp_path / f"whole{suffix}", codec=codec)
    # What a killed run leaves: a part that no one closed.
    (tmp_path / f"again.part{suffix}").write_bytes(whole.read_bytes()[:5000] + b"\xff" * 90_000)
    again = annotated(source, tmp_path / f"again{suffix}", codec=codec)
    assert again.read_bytes() == whole.read_bytes()
    assert not (tmp_path / f"again.part{suffix}").exists()


def test_the_last_picture_is_shown_as_long_as_in_the_original(tmp_path):
    source = tmp_path / "in.mp4"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0"})
        stream.width, stream.height = 256, 64
        for pts, duration in ((0, 1), (1, 24), (25, 75)):
            frame = coded(CHART)
            frame.pts, frame.duration = pts, duration
            container.mux(stream.encode(frame))
        for packet in stream.encode():
            packet.duration = {0: 1, 1: 24, 25: 75}[packet.pts]
            container.mux(packet)
    with av.open(str(source)) as container:
        assert container.duration == 4_000_000
    path = annotated(source, tmp_path / "out.mp4")
    with av.open(str(path)) as container:
        assert container.duration == 4_000_000
    assert times(path) == [0.0, 0.04, 1.0]


@pytest.mark.parametrize("codec", ["h264", "vp9", "av1"])
@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("bits", [8, 10])
def test_colours_and_their_range_are_those_of_the_original(
    tmp_path, codec, full_range, matrix, bits
):
    source = write_recording(
        tmp_path / "in.mkv",
        [coded(CHART, matrix=matrix, full_range=full_range, bits=bits)] * 2,
        [0.0, 0.04],
        codec="ffv1",
        tags={
            "colorspace": matrix,
            "color_primaries": matrix,
            "color_trc": 14 if matrix == 9 else matrix,
            "color_range": 2 if full_range else 1,
        },
    )
    path = annotated(source, tmp_path / "out.mp4", codec=codec, quality=100)
    with av.open(str(path)) as container:
        first = next(container.decode(video=0))
    assert (first.colorspace, first.color_primaries) == (matrix, matrix)
    assert first.color_trc == (14 if matrix == 9 else matrix)
    assert first.color_range == (2 if full_range else 1)
    for file in (source, path):
        with VideoFileSource(file) as pictures:
            assert chart_error(pictures.read().image) <= 5
    luma = first.to_ndarray()[:64]
    assert (int(luma[16, 8]), int(luma[16, -8])) == ((0, 255) if full_range else (16, 235))


@pytest.mark.parametrize(("height", "matrix"), [(480, 6), (720, 1)])
def test_colours_that_nobody_names_are_guessed_and_then_named(tmp_path, height, matrix):
    chart = colour_chart(640, height)
    source = write_recording(tmp_path / "in.mp4", [coded(chart, matrix=matrix)], [0.0])
    path = annotated(source, tmp_path / "out.mp4", quality=100)
    with VideoFileSource(source) as pictures:
        assert chart_error(pictures.read().image) <= 4
    with av.open(str(path)) as container:
        first = next(container.decode(video=0))
    assert (first.colorspace, first.color_range) == (matrix, 1)


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_hdr_becomes_what_a_page_shows(tmp_path, transfer):
    source = write_recording(
        tmp_path / "in.mkv",
        [coded(CHART, matrix=9, bits=10)],
        [0.0],
        codec="ffv1",
        tags={"colorspace": 9, "color_primaries": 9, "color_trc": transfer, "color_range": 1},
    )
    path = annotated(source, tmp_path / "out.mp4", quality=100)
    with av.open(str(path)) as container:
        first = next(container.decode(video=0))
    assert (first.colorspace, first.color_primaries, first.color_trc) == (1, 1, 1)
    greys = first.to_ndarray(format="gray")[16, 8::16].astype(int)
    assert np.all(np.diff(greys) >= 0)
    # A white page is 203 cd/m2 (ITU-R BT.2408): 58% of PQ, 75% of HLG.
    white = 0.58 if transfer == 16 else 0.75
    assert greys[round(white * 15) + 1] > 245
    assert greys[round(white * 15) - 3] < 225


@pytest.mark.parametrize("degrees", [0, 90])
@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("h264", ".mkv"), ("av1", ".mp4")])
def test_pixels_that_are_not_square_are_shown_in_their_shape(tmp_path, codec, suffix, degrees):
    aspect = Fraction(16, 15)
    source = original(tmp_path / "in.mp4", tags={"sample_aspect_ratio": aspect})
    if degrees:
        turn(source, degrees)
    path = annotated(source, tmp_path / f"out{suffix}", codec=codec)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        size = stream.codec_context.width, stream.codec_context.height
        assert stream.sample_aspect_ratio == (1 / aspect if degrees else aspect)
        assert size == ((64, 256) if degrees else (256, 64))


def test_pixels_that_webm_cannot_shape_are_said(tmp_path, caplog):
    source = original(tmp_path / "in.mp4", tags={"sample_aspect_ratio": 2})
    VideoFileSink(tmp_path / "out.webm", codec="vp9", like=source).close()
    assert "pixels" in caplog.text
    assert ".mp4" in caplog.text


def test_what_is_no_video_cannot_be_like(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    for name in ("text.mp4", "missing.mp4"):
        with pytest.raises(SourceNotFound, match=name):
            VideoFileSink(tmp_path / "out.mp4", like=tmp_path / name)
    assert not (tmp_path / "out.part.mp4").exists()


def test_a_live_recording_has_no_original(tmp_path):
    with pytest.raises(OptionsError, match="live recording"):
        VideoFileSink(tmp_path / "out.mp4", fragmented=True, like=tmp_path / "in.mp4")


FULL_DISK = """
import resource, sys
from livesegment.errors import OutputNotWritable
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources.video_file import VideoFileSource

source = VideoFileSource(sys.argv[1])
sink = VideoFileSink(sys.argv[2], like=sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
try:
    while (frame := source.read()) is not None:
        sink.write(Annotated(frame, None, frame.image))
    sink.commit()
except OutputNotWritable as error:
    print(error)
sink.close()
source.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_full_disk_is_one_sentence_with_sound_too(tmp_path):
    source = original(tmp_path / "in.mkv", ("pcm_s16le", 0.0, 1.0))
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(source), str(tmp_path / "out.mkv")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"cannot write {tmp_path / 'out.part.mkv'}: ")
    assert ran.stdout.count("\n") == 1
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "out.mkv").exists()
