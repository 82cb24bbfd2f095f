"""No run destroys what it reads, whatever the user names as its output."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from livesegment import AnnotateOptions, Frame, LiveOptions, OptionsError, annotate, live
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    grey = np.full((48, 64, 3), 90, np.uint8)
    for name in ("clip.mp4", "other.part.mp4", "clip.mkv"):
        with VideoFileSink(tmp_path / name, fps=25) as sink:
            for index in range(3):
                frame = Frame(grey, index, index / 25, 0.0)
                sink.write(Annotated(frame, None, grey))
            sink.commit()
    (tmp_path / "album").mkdir()
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(tmp_path / "album" / name), grey)
    (tmp_path / "link.mp4").symlink_to("clip.mp4")
    os.link(tmp_path / "clip.mp4", tmp_path / "twin.mp4")
    (tmp_path / "again").symlink_to("album")
    return tmp_path


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("clip.mp4", "clip.mp4"),
        ("clip.mp4", "."),
        ("link.mp4", "clip.mp4"),
        ("clip.mp4", "link.mp4"),
        ("twin.mp4", "clip.mp4"),
        ("other.part.mp4", "other.mp4"),
        ("album/1.png", "album/1.png"),
        ("album", "album"),
        ("album", "again"),
        ("album/*.png", "album"),
    ],
)
def test_annotate_does_not_replace_its_input(folder: Path, source: str, output: str) -> None:
    before = contents(folder)
    with pytest.raises(OptionsError, match="which is read"):
        annotate(folder / source, folder / output, options=AnnotateOptions(overwrite=True))
    assert contents(folder) == before


def test_annotate_does_not_write_two_outputs_into_one_file(folder: Path) -> None:
    masks = str(folder / "x.mkv")
    with pytest.raises(OptionsError, match="one file"):
        annotate(folder / "clip.mp4", folder / "x.mkv", options=AnnotateOptions(masks=masks))
    assert not (folder / "x.mkv").exists()


@pytest.mark.parametrize("option", ["record", "masks", "stats"])
def test_live_does_not_replace_its_source(folder: Path, option: str) -> None:
    source = str(folder / "clip.mkv")
    options = LiveOptions(window=False, overwrite=True, **{option: source})  # type: ignore[arg-type]
    before = contents(folder)
    with pytest.raises(OptionsError, match="which is read"):
        live(source, options=options)
    assert contents(folder) == before


def test_live_does_not_write_two_outputs_into_one_file(folder: Path) -> None:
    path = str(folder / "x.mkv")
    with pytest.raises(OptionsError, match="one file"):
        live("pattern:", options=LiveOptions(window=False, record=path, masks=path))
    assert not (folder / "x.mkv").exists()
