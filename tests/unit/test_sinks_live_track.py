"""A video that is watched while it is made."""

import io
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from livesegment.errors import SinkError
from livesegment.frame import Image
from livesegment.sinks.live_track import LiveTrack


def pictures(count: int, width: int = 160, height: int = 90) -> list[Image]:
    noise = np.random.default_rng(1).integers(0, 255, (height // 8, (width + count) // 8, 3))
    whole = cv2.resize(noise.astype(np.uint8), (width + count, height))
    return [np.ascontiguousarray(whole[:, at : at + width]) for at in range(count)]


def test_times_and_keyframes_are_those_asked_for() -> None:
    written = io.BytesIO()
    track = LiveTrack(written, "mpegts", (160, 90), name="a file", keyframe_s=1.0)
    times = [0.0, 0.1, 0.5, 1.0, 1.1, 1.7, 2.0, 2.4]
    said = [
        track.write(image, at, keyframe=at == 1.7)
        for image, at in zip(pictures(len(times)), times, strict=True)
    ]
    track.close()
    assert said == [True, False, False, True, False, True, False, False]
    written.seek(0)
    with av.open(written) as container:
        frames = list(container.decode(video=0))
    assert [frame.key_frame for frame in frames] == said
    first = frames[0].time
    assert first is not None
    assert [float(f.time or 0) - first for f in frames] == pytest.approx(times, abs=2e-5)


def test_every_picture_can_be_decoded_before_the_next_one_is_written() -> None:
    written, decoder = io.BytesIO(), av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    decoder.flags |= av.codec.context.Flags.low_delay
    track = LiveTrack(written, "h264", (160, 90), name="a file")
    for number, image in enumerate(pictures(5)):
        track.write(image, number / 30)
        frames = decoder.decode(av.Packet(written.getvalue()))
        written.seek(0)
        written.truncate()
        assert len(frames) == 1
        error = np.abs(frames[0].to_ndarray(format="bgr24").astype(int) - image)
        assert error.mean() < 8
    track.close()


def test_a_target_that_is_gone_is_said_without_its_address(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"^cannot send to the recorder: ") as caught:
        LiveTrack(str(tmp_path / "secret" / "x.ts"), "mpegts", (160, 90), name="the recorder")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_picture_of_another_size_is_fitted_into_the_first_ones() -> None:
    written = io.BytesIO()
    track = LiveTrack(written, "mpegts", (161, 91), name="a file")
    track.write(pictures(1, 161, 91)[0], 0.0)
    track.write(np.full((90, 40, 3), 255, np.uint8), 0.1)
    track.close()
    written.seek(0)
    with av.open(written) as container:
        shapes = [f.to_ndarray(format="bgr24") for f in container.decode(video=0)]
    assert [each.shape for each in shapes] == [(92, 162, 3)] * 2
    assert shapes[1][45, 5].max() < 40
    assert shapes[1][45, 80].min() > 200
