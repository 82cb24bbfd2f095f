"""What a media file says of itself, which the source of its pictures and a sink must read alike."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.stream import Disposition
from av.video.plane import VideoPlane
from av.video.stream import VideoStream

# The clock of these runs on from whatever was recorded before: the first picture may be at 26 h.
_FREE_CLOCKS = frozenset(("mpegts", "mpeg"))

MOST_PIXELS = 2**26
"""Of a picture of a video, 8192x8192: a few bytes can say that there are gigabytes."""

BOUNDED = {"max_pixels": f"{MOST_PIXELS}"}
"""FFmpeg's option for it. Who opens a container gives it, as its first pictures are decoded to
find out what it holds, and so does who decodes a stream."""

# Code points of ITU-T H.273.
BT709, BT601_625, BT601_525, SMPTE240, BT2020 = 1, 5, 6, 7, 9
UNSPECIFIED = 2
_PQ, _HLG = 16, 18
_FULL_RANGE = 2  # as libavutil counts

# BT.709, BT.2020 and both kinds of P3; libswscale refuses numbers that it does not know.
_CONVERTIBLE_PRIMARIES = frozenset((BT709, BT2020, 11, 12))
_MATRICES = frozenset((BT709, BT601_625, BT601_525, SMPTE240, BT2020))


def find_video(container: InputContainer) -> VideoStream | None:
    """Return the first stream of moving pictures that can be decoded; None if there is none.

    The cover picture of a piece of music is no video, though FFmpeg lists it as a video stream.
    """
    for stream in container.streams.video:
        # PyAV's types do not say that it is None where FFmpeg has no decoder.
        is_known = getattr(stream, "codec_context", None) is not None
        if is_known and not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def first_picture(container: InputContainer, video: VideoStream) -> av.VideoFrame | None:
    """Decode the first picture of a container that was just opened; None if it cannot be."""
    video.codec_context.options = BOUNDED
    try:
        return next(container.decode(video), None)
    except av.FFmpegError:
        return None


def origin_s(container: InputContainer) -> Fraction:
    """Return what counts as time 0, in seconds of the container's own clock.

    That is the container's 0 where it means anything, or the first picture if it stands before
    that. Sound before 0 changes nothing: it only prepares the decoder, or was cut off.
    """
    video = find_video(container)
    is_free = container.format.name in _FREE_CLOCKS
    starts_s = [
        stream.start_time * stream.time_base
        for stream in (container.streams if is_free else [video])
        if stream is not None and stream.start_time is not None and stream.time_base is not None
    ]
    start_s = min(starts_s, default=Fraction(0))
    return start_s if is_free else min(start_s, Fraction(0))


@dataclass(frozen=True, slots=True)
class Colour:
    """How the numbers of a video stand for colours: code points of ITU-T H.273.

    Attributes:
        matrix: From RGB to luma and chroma.
        primaries: Which red, green and blue.
        transfer: From light to numbers.
        is_full_range: Black is 0 and white is 255, not 16 and 235.
    """

    matrix: int = BT709
    primaries: int = BT709
    transfer: int = BT709
    is_full_range: bool = False

    @property
    def is_hdr(self) -> bool:
        """Whether it goes beyond the white of a page, PQ or HLG, and can be brought down to it."""
        return self.transfer in {_PQ, _HLG} and self.primaries in _CONVERTIBLE_PRIMARIES

    @property
    def swscale_matrix(self) -> int:
        """The matrix as libswscale calls it, where both standards of BT.601 are one."""
        return BT601_625 if self.matrix == BT601_525 else self.matrix


class Turn(NamedTuple):
    """What makes a picture upright.

    Attributes:
        is_mirrored: Left and right are exchanged, before it is turned.
        quarters: By how many right angles it is turned clockwise, 0 to 3.
    """

    is_mirrored: bool = False
    quarters: int = 0

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (width, height) of a picture of a size when it is turned."""
        return size[::-1] if self.quarters % 2 else size


def turn_of(picture: av.VideoFrame) -> Turn:
    """Return how a decoded picture is to be turned; by right angles only, as players do.

    PyAV's picture and its side data refer to each other from then on: its memory goes only when
    Python looks for such cycles. Of many pictures, `Turns` tells it.

    Source: the display matrix of ISO/IEC 14496-12, which FFmpeg hands on from any container: a
    point (x, y) of the coded picture is shown at (ax + cy, bx + dy).
    """
    said = picture.side_data.get("DISPLAYMATRIX")
    if said is None:
        return Turn()
    matrix: Any = said  # it has a buffer, which its stubs do not say
    numbers = np.frombuffer(matrix, np.int32).astype(float)
    a, b, c, d = numbers[[0, 1, 3, 4]] if numbers.size >= 9 else (1.0, 0.0, 0.0, 1.0)
    is_mirrored = a * d - b * c < 0
    if is_mirrored:
        a, b = -a, -b
    degrees = round(math.degrees(math.atan2(b, a)))
    return Turn(is_mirrored, degrees // 90 % 4 if degrees % 90 == 0 else 0)


class Turns:
    """Tells how the pictures of a stream are to be turned, without keeping them.

    It is looked up of the first picture, and of one that is turned by another angle than the one
    before.
    """

    def __init__(self) -> None:
        self._angle: int | None = None
        self._turn = Turn()

    def of(self, picture: av.VideoFrame) -> Turn:
        """Return it for the next picture."""
        if picture.rotation != self._angle:
            self._angle, self._turn = picture.rotation, turn_of(picture)
        return self._turn


def plane_pixels(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    """Return the bytes of a picture's plane, uint8 (H, W): the memory itself, not a copy."""
    memory: Any = plane  # it has a buffer, which its stubs do not say
    rows = np.frombuffer(memory, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def colour_of(picture: av.VideoFrame) -> Colour:
    """Return how a decoded picture is coded; what it does not say is guessed as browsers do.

    Source: the guess by height is that of Chromium and of most televisions: below 720 lines a
    picture is of the standard-definition age, BT.601, else BT.709.
    """
    if picture.format.is_rgb or picture.format.has_palette:
        return Colour()
    guess = BT709 if picture.height >= 720 else BT601_525
    matrix = picture.colorspace if picture.colorspace in _MATRICES else guess
    is_known = picture.color_primaries not in {0, UNSPECIFIED}
    return Colour(
        matrix=matrix,
        primaries=picture.color_primaries if is_known else matrix,
        transfer=_transfer(picture.color_trc, matrix),
        is_full_range=picture.color_range == _FULL_RANGE,
    )


def _transfer(transfer: int, matrix: int) -> int:
    if transfer not in {0, UNSPECIFIED}:
        return transfer
    # The same curve has a number of its own in each standard; BT.2020 took that of BT.709.
    return BT709 if matrix in {BT709, BT2020} else BT601_525
