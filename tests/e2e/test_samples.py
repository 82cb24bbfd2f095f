"""The samples run as their README says, and the sample clip is what it says."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import av
import pytest
from clips import write_video

from livesegment import Frame, LiveOptions, live, open_source, sources
from livesegment.annotate.jobs import plan_jobs
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.sinks.mask_file import read_masks
from livesegment.sources import SAMPLE_FILE

SAMPLES = Path(__file__).parents[2] / "samples"
CLIP = SAMPLES / "sample.mp4"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"sample_{name}", SAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_clip_is_small_and_plays_in_browsers():
    assert CLIP.stat().st_size < 1_000_000
    with av.open(str(CLIP)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.width, context.height) == (640, 360)
        assert stream.average_rate == 30
        assert container.duration == pytest.approx(8 * av.time_base, rel=1e-3)


def test_the_builtin_model_finds_the_person_in_every_picture():
    shares = []
    with av.open(str(CLIP)) as container, BuiltinSegmenter() as segmenter:
        for index, picture in enumerate(container.decode(video=0)):
            if index % 12 == 0:
                frame = Frame(picture.to_ndarray(format="bgr24"), index, 0.0, 0.0)
                shares.append(segmenter.segment(frame).coverage().get(1, 0.0))
    assert len(shares) == 20
    assert min(shares) > 0.18
    assert max(shares) < 0.35


def test_the_clip_is_in_the_package_and_is_named_so_everywhere(tmp_path: Path) -> None:
    with open_source("sample:") as source:
        assert (source.name, source.frame_count) == ("sample.mp4", 240)
    assert CLIP.samefile(SAMPLE_FILE)
    [alone] = plan_jobs(["sample:"], str(tmp_path / "out.mp4"))
    [among, _] = plan_jobs(["sample:", "photo.png"], str(tmp_path))
    assert (alone.source, alone.output) == (str(SAMPLE_FILE), tmp_path / "out.mp4")
    assert among.output == tmp_path / "sample.mp4"


@pytest.mark.parametrize("loop", [False, True])
def test_live_shows_the_clip_again_and_again(
    loop: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "brief.mp4", range(4))
    monkeypatch.setattr(sources, "SAMPLE_FILE", tmp_path / "brief.mp4")
    options = LiveOptions(window=False, loop=loop, max_frames=6)
    figures = live("sample:", options=options)
    assert figures["loops"] >= 1
    assert figures["masks_received"] >= 1


def test_own_segmenter_finds_what_is_red(capsys):
    sample = load("own_segmenter")
    with open_source("pattern:320x240@30:1") as source:
        frame = source.read()
    assert frame is not None
    with sample.RedThings() as segmenter:
        mask = segmenter.segment(frame)
    assert mask.frame_size == (320, 240)
    sample.main("pattern:320x240@100:50", LiveOptions(window=False))
    assert re.match(r"\d+ pictures, mask age [\d.]+ ms\n", capsys.readouterr().out)


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Return a folder that holds the first two seconds of the sample as short.mp4."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    with av.open(str(CLIP)) as whole, av.open(str(folder / "short.mp4"), "w") as cut:
        video = whole.streams.video[0]
        stream = cut.add_stream_from_template(video)
        for packet in whole.demux(video):
            if packet.pts is not None and packet.pts * video.time_base < 2:
                packet.stream = stream
                cut.mux(packet)
    return folder


def test_own_sink_prints_a_line_a_second(capsys, short):
    load("own_sink").main(str(short / "short.mp4"))
    lines = capsys.readouterr().out.splitlines()
    assert [line[:5] for line in lines] == ["  0 s", "  1 s"]
    for line in lines:
        assert re.search(r"person (1\d|2\d|3\d)%", line), line


def test_annotate_folder_writes_video_and_masks_once(tmp_path, short):
    out = tmp_path / "out"
    program = [sys.executable, str(SAMPLES / "annotate_folder.py"), str(short), str(out)]
    outputs = [
        subprocess.run(program, capture_output=True, text=True, check=True, timeout=120).stdout
        for _ in range(2)
    ]
    clip = short / "short.mp4"
    assert outputs == [f"{clip}: done, 60 frames\n", f"{clip}: already complete, 0 frames\n"]
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.*4*")) == [
        ".livesegment/short.mp4.journal",
        "short.mp4",
    ]
    assert sorted(path.name for path in out.iterdir()) == [".livesegment", "short.mkv", "short.mp4"]
    with av.open(str(out / "short.mp4")) as container:
        times = [float(p.pts * p.time_base) for p in container.decode(video=0)]
    masks = list(read_masks(out / "short.mkv"))
    assert times == pytest.approx([i / 30 for i in range(60)], abs=1e-4)
    assert [pts_s for pts_s, _ in masks] == pytest.approx(times, abs=1e-3)
    assert all(0.1 < ids.mean() < 0.4 for _, ids in masks)
