"""Files of recordings: where their fragments lie, and stretches of them."""

import os
import random
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import write_video
from past import BEGAN_S, FPS, opened, write_recording

from livesegment.errors import OutputNotWritable, SourceNotFound
from livesegment.frame import Frame
from livesegment.review.fragments import Fragments
from livesegment.review.stretch import write_stretch
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink


def test_fragments_are_found_while_the_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    ends = []
    with VideoFileSink(path, fps=FPS, fragmented=True) as sink:
        for index in range(55):
            image = np.full((64, 96, 3), index, np.uint8)
            sink.write(Annotated(Frame(image, index, index / FPS, 0.0), None, image))
            found = Fragments.read(path)
            if found is not None and found.places:
                ends.append(found.end_s)
        sink.commit()
    whole = Fragments.read(path)
    assert whole is not None
    assert [time_s for _, time_s in whole.places] == [0, 1, 2, 3, 4, 5]
    assert whole.end_s == pytest.approx(5.5)
    assert 0 <= path.stat().st_size - whole.end < 1000  # behind them stands but an index
    assert ends == sorted(ends)
    assert {1.0, 2.0, 3.0} <= set(ends)
    assert whole.codec is not None
    assert whole.codec.startswith("avc1.")
    # What a browser is given, piece by piece, is a video from any fragment on.
    data = path.read_bytes()
    piece = tmp_path / "piece.mp4"
    piece.write_bytes(data[: whole.head] + data[whole.places[3][0] :])
    with av.open(str(piece)) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    assert times == pytest.approx([3 + index / FPS for index in range(25)])
    later = Fragments.read(path, whole.places[3][0])
    assert later is not None
    assert later.places == whole.places[3:]
    after = Fragments.read(path, whole.end)
    assert after is not None
    assert (after.places, after.end) == ((), whole.end)


def test_what_is_no_fragmented_video_has_none(tmp_path: Path) -> None:
    write_video(tmp_path / "whole.mp4", 10)
    assert Fragments.read(tmp_path / "whole.mp4") is None
    (tmp_path / "text.mp4").write_bytes(b"this is no video at all, but a text")
    assert Fragments.read(tmp_path / "text.mp4") is None
    (tmp_path / "empty.mp4").touch()
    assert Fragments.read(tmp_path / "empty.mp4") is None


def test_a_spoiled_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    data = write_recording(tmp_path / "gate.mp4", 3).read_bytes()
    spoiled = tmp_path / "spoiled.mp4"
    for seed in range(100):
        chance = random.Random(seed)
        changed = bytearray(data[: chance.randrange(1, len(data) + 1)])
        for _ in range(chance.randrange(6)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        spoiled.write_bytes(changed)
        found = Fragments.read(spoiled)
        if found is not None:
            assert found.head <= found.end <= len(changed)
            assert all(0 <= begin < len(changed) for begin, _ in found.places)


def levels(path: Path) -> list[tuple[float, int]]:
    """Return the time and the brightness of each picture of a video."""
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames > 0  # its index knows all of them
        return [
            (float(frame.time), round(float(frame.to_ndarray(format="gray").mean())))
            for frame in container.decode(video=0)
        ]


def test_a_stretch_goes_from_one_file_into_the_next_and_is_not_coded_again(tmp_path: Path) -> None:
    first = write_recording(tmp_path / "recorded" / "gate.mp4", 4)
    write_recording(tmp_path / "recorded" / "gate.mp4", 4, BEGAN_S + 4)
    output = tmp_path / "stretch.mp4"
    with opened(tmp_path) as review:
        found = review.recordings("gate", BEGAN_S + 2.5, BEGAN_S + 6.0)
        write_stretch(first.parent, found, BEGAN_S + 2.5, BEGAN_S + 6.0, output)
    shown = levels(output)
    # From the keyframe before, at 2 s, up to 6 s.
    assert [time for time, _ in shown] == pytest.approx([index / FPS for index in range(40)])
    assert [round((level - 20) / 10) for _, level in shown[5::10]] == [2, 3, 0, 1]
    with av.open(str(first)) as recorded, av.open(str(output)) as copied:
        recorded_packets = [bytes(packet) for packet in recorded.demux(video=0)]
        copied_packets = [bytes(packet) for packet in copied.demux(video=0)]
    assert copied_packets[:20] == recorded_packets[20:40]


def test_a_gap_stays_a_gap_and_another_size_ends_a_stretch(tmp_path: Path) -> None:
    path = tmp_path / "recorded" / "gate.mp4"
    write_recording(path, 2)
    write_recording(path, 2, BEGAN_S + 10)
    write_recording(path, 2, BEGAN_S + 12, (128, 96))
    output = tmp_path / "stretch.mp4"
    with opened(tmp_path) as review:
        found = review.recordings("gate", BEGAN_S, BEGAN_S + 99)
        write_stretch(path.parent, found, BEGAN_S, BEGAN_S + 99, output)
    times = [time for time, _ in levels(output)]
    assert len(times) == 40
    assert times[20] - times[19] == pytest.approx(8.1, abs=float(Fraction(1, 90_000)))


def test_nothing_recorded_and_no_room_are_said(tmp_path: Path) -> None:
    path = tmp_path / "recorded" / "gate.mp4"
    segment = write_recording(path, 2)
    with opened(tmp_path) as review:
        found = review.recordings("gate", BEGAN_S, BEGAN_S + 1)
    with pytest.raises(OutputNotWritable, match="the stretch cannot be written"):
        write_stretch(path.parent, found, BEGAN_S, BEGAN_S + 1, tmp_path / "no" / "a.mp4")
    segment.write_bytes(b"spoiled" * 100)
    with pytest.raises(SourceNotFound, match="nothing was recorded"):
        write_stretch(path.parent, found, BEGAN_S, BEGAN_S + 1, tmp_path / "a.mp4")
    segment.unlink()
    with pytest.raises(SourceNotFound, match="nothing was recorded"):
        write_stretch(path.parent, found, BEGAN_S, BEGAN_S + 1, tmp_path / "a.mp4")


def test_what_lies_in_the_working_directory_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("open('was run', 'w')\n")
    monkeypatch.chdir(tmp_path)
    recorded = tmp_path / "recorded"
    write_recording(recorded / "gate.mp4", 2)
    with opened(tmp_path) as review:
        review.write_stretch("gate", BEGAN_S, BEGAN_S + 2, tmp_path / "stretch.mp4")
    assert (tmp_path / "stretch.mp4").is_file()
    assert not (tmp_path / "was run").exists()


def test_a_copy_under_way_ends_with_the_page_and_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = write_recording(tmp_path / "recorded" / "gate.mp4", 1).name
    refusals: list[str] = []
    with opened(tmp_path) as review:
        # From here on it is read for as long as nobody writes to it.
        (tmp_path / "recorded" / name).unlink()
        os.mkfifo(tmp_path / "recorded" / name)

        def copy() -> None:
            with pytest.raises(OutputNotWritable) as refused:
                review.write_stretch("gate", BEGAN_S, BEGAN_S + 1, tmp_path / "stretch.mp4")
            refusals.append(str(refused.value))

        copying = threading.Thread(target=copy)
        copying.start()
        with (tmp_path / "recorded" / name).open("wb"):  # once it is read
            review.stop()
            copying.join(30)
    assert refusals == ["the stretch cannot be written: it failed"]
    assert capfd.readouterr().err == ""
