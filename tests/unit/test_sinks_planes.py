"""Pictures as encoders take them."""

import av
import numpy as np
import pytest
from av.video.reformatter import Interpolation, VideoReformatter

from livesegment.media_file import BT601_525, BT601_625, BT709, BT2020, SMPTE240, Colour
from livesegment.sinks.planes import Planes

EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


def values(frame: av.VideoFrame) -> list[np.ndarray]:
    """Return the planes of a frame, int (H, W) and twice (H / 2, W / 2)."""
    return [
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:, : plane.width].astype(int)
        for plane in frame.planes
    ]


@pytest.mark.parametrize("matrix", [BT709, BT601_625, BT601_525, SMPTE240, BT2020])
@pytest.mark.parametrize("is_full_range", [False, True])
@pytest.mark.parametrize("size", [(16, 16), (144, 80), (1104, 320)])
def test_planes_are_those_of_swscale(
    matrix: int, is_full_range: bool, size: tuple[int, int]
) -> None:
    colour = Colour(matrix=matrix, is_full_range=is_full_range)
    blocks = np.random.default_rng(2).integers(0, 256, (size[1] // 16, size[0] // 16, 3), np.uint8)
    image = blocks.repeat(16, axis=0).repeat(16, axis=1)
    frame = Planes(colour).of(image)
    expected = VideoReformatter().reformat(
        av.VideoFrame.from_ndarray(image, format="bgr24"),
        format="yuv420p",
        interpolation=EXACT,
        dst_colorspace=colour.swscale_matrix,
        dst_color_range="JPEG" if is_full_range else "MPEG",
    )
    assert (frame.width, frame.height, frame.format.name) == (*size, "yuv420p")
    for ours, theirs in zip(values(frame), values(expected), strict=True):
        assert ours.shape == theirs.shape
        # Within the blocks: it blurs colours where they meet.
        assert np.abs(ours - theirs)[4::8, 4::8].max() <= 1


def test_a_colour_is_the_mean_of_its_four_pixels() -> None:
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[::2, 1::2] = (255, 0, 0)  # a quarter of all pixels is blue
    planes = Planes(Colour(is_full_range=True))
    plain = np.full((8, 8, 3), (255, 0, 0), np.uint8)
    most = values(planes.of(plain))[1][0, 0] - 128
    assert np.abs(values(planes.of(stripes))[1] - 128 - most / 4).max() <= 1


def test_the_same_object_makes_pictures_of_other_sizes() -> None:
    planes = Planes(Colour())
    for width, height in ((64, 48), (320, 2), (64, 48)):
        grey = np.full((height, width, 3), 100, np.uint8)
        brightness, blue, red = values(planes.of(grey))
        assert (brightness == round(16 + 100 * 219 / 255)).all()
        assert (blue == 128).all()
        assert (red == 128).all()
