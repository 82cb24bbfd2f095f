"""How much of each pixel is there, in the files that can say it."""

import subprocess
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from livesegment.frame import Frame
from livesegment.sinks.base import Annotated
from livesegment.sinks.image_file import ImageFileSink, ImageFolderSink
from livesegment.sinks.video_file import VideoFileSink

UNEVEN = [0.5, 0.533, 0.6, 1.0, 1.04, 2.0]
KINDS = [(".webm", None), (".mkv", "vp9"), (".mov", None), (".mkv", "prores")]
Pixels = npt.NDArray[np.uint8]


def clear(index: int, size: tuple[int, int] = (128, 96)) -> tuple[Pixels, Pixels]:
    """Return a picture of one colour, of which a part is there, another half and the rest not."""
    width, height = size
    alpha = np.zeros((height, width), np.uint8)
    alpha[:, 16 + 8 * index :][:, :32] = 255
    alpha[height // 2 :, 48 + 8 * index :][:, :16] = 128
    image = np.where(alpha[:, :, None] > 0, np.uint8((40, 90, 200)), np.uint8(0))
    return image, alpha


def given(index: int, pts_s: float = 0.0, size: tuple[int, int] = (128, 96)) -> Annotated:
    image, alpha = clear(index, size)
    return Annotated(Frame(image, index, pts_s, 0.0), None, image, alpha)


def write(path: Path, pictures: list[Annotated], **options: Any) -> Path:
    with VideoFileSink(path, fps=25, **options) as sink:
        for picture in pictures:
            sink.write(picture)
        sink.commit()
    return path


def read(path: Path) -> tuple[list[float], list[Pixels]]:
    """Return the times and the pictures, BGRA; by libvpx, as FFmpeg's own VP9 sees no alpha."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        if video.codec_context.name == "vp9":
            decoder = av.CodecContext.create("libvpx-vp9", "r")
            pictures = list(chain(*map(decoder.decode, container.demux(video))))
        else:
            pictures = list(container.decode(video))
        times = [float(each.pts * video.time_base) for each in pictures]
        return times, [each.to_ndarray(format="bgra") for each in pictures]


@pytest.mark.parametrize(("suffix", "codec"), KINDS)
def test_a_video_keeps_alpha_colours_and_times(
    tmp_path: Path, suffix: str, codec: str | None
) -> None:
    pictures = [given(index, pts_s) for index, pts_s in enumerate(UNEVEN)]
    path = write(tmp_path / f"out{suffix}", pictures, codec=codec, quality=90, alpha=True)
    times, seen = read(path)
    assert times == pytest.approx(UNEVEN, abs=5e-4)
    for index, bgra in enumerate(seen):
        image, alpha = clear(index)
        assert np.abs(bgra[:, :, 3].astype(int) - alpha).mean() < 1
        for level in (0, 128, 255):
            inside = cv2.erode(np.uint8(alpha == level), np.ones((7, 7))) > 0
            assert np.abs(bgra[inside, 3].astype(int) - level).max() < 5
            assert np.abs(bgra[inside, :3].astype(int) - image[inside]).mean() < 4
    again = write(tmp_path / f"again{suffix}", pictures, codec=codec, quality=90, alpha=True)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".webm", ".mov"])
def test_a_picture_without_alpha_is_all_there(tmp_path: Path, suffix: str) -> None:
    image = np.full((95, 127, 3), 90, np.uint8)  # and an odd size grows, all of it there too
    whole = Annotated(Frame(image, 0, 0.0, 0.0), None, image)
    _, [seen] = read(write(tmp_path / f"out{suffix}", [whole], alpha=True))
    assert seen.shape == (96, 128, 4)
    assert (seen[:, :, 3] >= 254).all()


def test_what_a_picture_of_another_shape_leaves_free_is_clear(tmp_path: Path) -> None:
    tall = np.full((128, 64, 3), 90, np.uint8)
    pictures = [given(0), Annotated(Frame(tall, 1, 0.04, 0.0), None, tall)]
    _, [_, seen] = read(write(tmp_path / "out.mov", pictures, alpha=True))
    assert (seen[:, :36, 3] == 0).all()
    assert (seen[8:-8, 44:84, 3] == 255).all()


def test_a_picture_that_is_made_smaller_has_no_dark_seam(tmp_path: Path) -> None:
    pictures = [given(0), given(1, 0.04, (300, 210))]
    _, [_, seen] = read(write(tmp_path / "out.mov", pictures, alpha=True))
    there = seen[seen[:, :, 3] > 40].astype(int)
    assert np.abs(there[:, :3] - (40, 90, 200)).max() < 45
    assert (there[:, 3] < 250).any()


@pytest.mark.parametrize(
    ("name", "alpha", "codec", "pixel_format"),
    [
        ("out.mp4", False, "h264", "yuv420p"),
        ("out.mov", False, "h264", "yuv420p"),
        ("out.mkv", False, "h264", "yuv420p"),
        ("out.webm", False, "vp9", "yuv420p"),
        ("out.mp4", True, "h264", "yuv420p"),
        ("out.mkv", True, "h264", "yuv420p"),
        ("OUT.MOV", True, "prores", "yuva444p12le"),
    ],
)
def test_the_name_chooses_the_codec(
    tmp_path: Path, name: str, alpha: bool, codec: str, pixel_format: str
) -> None:
    image = np.full((96, 128, 3), 90, np.uint8)
    whole = Annotated(Frame(image, 0, 0.0, 0.0), None, image)
    with av.open(str(write(tmp_path / name, [whole], alpha=alpha))) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.pix_fmt) == (codec, pixel_format)
        assert "alpha_mode" not in video.metadata


@pytest.mark.parametrize(
    ("name", "codec"), [("out.mov", "h264"), ("out.webm", "av1"), ("out.mp4", "vp9")]
)
def test_where_there_is_no_alpha_a_video_takes_none(tmp_path: Path, name: str, codec: str) -> None:
    with VideoFileSink(tmp_path / name, codec=codec, alpha=True) as sink:
        assert not sink.takes_alpha(given(0).frame)


def opened(path: Path) -> Pixels:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".tif", ".webp"])
def test_an_image_keeps_colours_and_alpha(tmp_path: Path, suffix: str) -> None:
    picture = given(0)
    with ImageFileSink(tmp_path / f"out{suffix}") as sink:
        assert sink.takes_alpha(picture.frame)
        sink.write(picture)
    seen = opened(tmp_path / f"out{suffix}")
    assert np.array_equal(seen[:, :, 3], picture.alpha)
    assert np.abs(seen[:, :, :3].astype(int) - picture.image).mean() < (
        4 if suffix == ".webp" else 1e-9
    )


def test_in_a_folder_each_name_says_whether_it_keeps_alpha(tmp_path: Path) -> None:
    with ImageFolderSink(tmp_path / "out", ["0.jpg", "1.png", "2.bmp"]) as sink:
        assert [sink.takes_alpha(given(index).frame) for index in range(4)] == [
            *(False, True, False),
            False,
        ]
        sink.write(given(1))
    assert opened(tmp_path / "out" / "1.png").shape == (96, 128, 4)


def test_ffmpeg_reads_the_alpha(tmp_path: Path, need_tool: Callable[[str], str]) -> None:
    path = write(tmp_path / "out.webm", [given(0)], alpha=True)
    rgba = subprocess.run(
        [
            *(need_tool("ffmpeg"), "-v", "error", "-c:v", "libvpx-vp9", "-i", path),
            *("-f", "rawvideo", "-pix_fmt", "rgba", "-"),
        ],
        capture_output=True,
        check=True,
    ).stdout
    seen = np.frombuffer(rgba, np.uint8).reshape(96, 128, 4)
    assert np.abs(seen[:, :, 3].astype(int) - clear(0)[1]).mean() < 1
