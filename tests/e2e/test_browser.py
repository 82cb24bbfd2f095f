"""What `annotate` writes plays in a browser: all of it, in its colours, with its sound."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import played
from recordings import coded, colour_chart, write_recording

from livesegment import AnnotateOptions, OverlayOptions, annotate
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources.pattern import PatternSource
from livesegment.sources.video_file import VideoFileSource

SIZE = (256, 144)


@pytest.mark.parametrize(
    ("size", "shown"), [("320x240", (320, 240)), ("321x241", (322, 242))], ids=["even", "odd"]
)
def test_an_annotated_video_plays_to_its_end_in_chromium(
    tmp_path: Path, need_tool: Callable[[str], str], size: str, shown: tuple[int, int]
) -> None:
    chromium = need_tool("chromium")
    options = AnnotateOptions(overlay=OverlayOptions(legend=False))
    annotate(f"pattern:{size}@30:45", tmp_path / "out.mp4", options=options)
    [seen] = played(chromium, tmp_path / "profile", tmp_path / "out.mp4")
    assert (seen["width"], seen["height"]) == shown
    assert seen["duration"] == seen["ended"] == pytest.approx(1.5, abs=1e-3)


def test_what_is_cut_out_lies_over_the_page_in_chromium(
    tmp_path: Path, need_tool: Callable[[str], str]
) -> None:
    chromium = need_tool("chromium")
    options = AnnotateOptions(overlay=OverlayOptions(style="cutout", legend=False))
    annotate("pattern:320x240@30:20", tmp_path / "out.webm", options=options)
    [seen] = played(chromium, tmp_path / "profile", tmp_path / "out.webm")
    assert seen["ended"] == pytest.approx(20 / 30, abs=2e-3)
    shown = np.array(seen["first"]).reshape(2, 320, 4)
    objects = PatternSource((320, 240)).truth(0).class_ids[[60, 180]] > 0
    assert objects.any()
    assert not objects.all()
    assert np.abs(shown[:, :, 3] - 255 * objects).mean() < 8
    assert shown[shown[:, :, 3] == 0].max() == 0


def picture(number: int) -> np.ndarray:
    """Return a colour chart whose last field tells which picture it is."""
    chart = colour_chart(*SIZE)
    chart[72:, -32:] = 60 + 6 * number
    return chart


def fields(seen: dict[str, Any], which: str) -> np.ndarray:
    """Return the greys and colours of the first or last chart shown."""
    width = seen["width"]
    upper, lower = np.array(seen[which]).reshape(2, width, 4)[:, :, :3]
    return np.concatenate([upper[width // 32 :: width // 16], lower[width // 16 :: width // 8]])


@pytest.mark.parametrize(
    ("codec", "suffix", "sound", "full_range"),
    [
        ("h264", ".mp4", "aac", False),
        ("h264", ".mp4", "libopus", True),
        ("vp9", ".webm", "libopus", True),
        ("vp9", ".mp4", "aac", False),
        ("av1", ".webm", "libopus", False),
        ("av1", ".mp4", "aac", True),
    ],
)
def test_sound_and_colours_of_the_original_reach_the_viewer(
    tmp_path: Path,
    need_tool: Callable[[str], str],
    codec: str,
    suffix: str,
    sound: str,
    full_range: bool,
) -> None:
    chromium = need_tool("chromium")
    original = write_recording(
        tmp_path / "original.mp4",
        [coded(picture(number), full_range=full_range) for number in range(25)],
        [number / 25 for number in range(25)],
        tags={
            "color_range": 2 if full_range else 1,
            "colorspace": 1,
            "color_primaries": 1,
            "color_trc": 1,
            "sample_aspect_ratio": 2,
        },
        sounds=[(sound, 0.0, 1.0)],
    )
    path = tmp_path / f"out{suffix}"
    with (
        VideoFileSource(original) as source,
        VideoFileSink(path, fps=source.fps, codec=codec, quality=90, like=original) as sink,
    ):
        while (frame := source.read()) is not None:
            sink.write(Annotated(frame, None, frame.image))
        sink.commit()
    expected, seen = played(chromium, tmp_path / "profile", original, path)
    assert "error" not in seen
    assert (expected["width"], expected["height"]) == (512, 144)
    # PyAV cannot tell WebM that pixels are not square, which the sink warns of.
    assert (seen["width"], seen["height"]) == (256 if suffix == ".webm" else 512, 144)
    assert seen["ended"] == pytest.approx(1.0, abs=0.03)
    assert seen["sound_bytes"] > 1000
    assert seen["sound"]["seconds"] == pytest.approx(1.0, abs=0.03)
    assert seen["sound"]["rms"] == pytest.approx(0.21, abs=0.01)
    for which in ("first", "last"):
        assert fields(seen, which) == pytest.approx(fields(expected, which), abs=6)
    assert fields(seen, "last")[-1] == pytest.approx([60 + 6 * 24] * 3, abs=5)
