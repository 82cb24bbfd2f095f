"""A picture as the codec gave it, and the pixels that are made of it."""

import threading
from typing import Any

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from livesegment.downscale import downscaled
from livesegment.errors import SHORTAGES, OutOfMemory
from livesegment.frame import CodedFrame, Frame, Image
from livesegment.media_file import BT709, Colour, Turn, colour_of, plane_pixels
from livesegment.profile import stage
from livesegment.sources.turned import turned

_PLANAR = frozenset(("yuv420p", "yuvj420p"))
"""Pixel formats whose planes are made smaller one by one: what nearly every video has."""

# One context for all pictures of a thread: making one takes seven times as long as using it, and
# no two threads may use one.
_local = threading.local()


class DecodedPicture:
    """A picture as the codec gave it: of H.264 half as large as its pixels. See `Coded`.

    Args:
        frame: The picture.
        turn: What makes it upright.
    """

    def __init__(self, frame: av.VideoFrame, turn: Turn) -> None:
        self._frame = frame
        self._colour = colour_of(frame)
        self._turn = turn
        self._came_as = sum(plane.buffer_size for plane in frame.planes)
        is_plain = self._turn == Turn() and not self._colour.is_hdr
        self._is_planar = is_plain and frame.format.name in _PLANAR
        self._lock = threading.Lock()
        self._image: Image | None = None
        self._halves: list[dict[int, Any]] = [{} for _ in range(3)]

    @property
    def frame_size(self) -> tuple[int, int]:
        """(width, height) in pixels, upright."""
        return self._turn.size((self._frame.width, self._frame.height))

    @property
    def nbytes(self) -> int:
        """How many bytes it takes now, with its pixels if they have been made."""
        image = self._image
        return self._came_as + (0 if image is None else image.nbytes)

    def image(self) -> Image:
        """Return the picture upright, BGR uint8 (H, W, 3), read-only.

        Raises:
            OutOfMemory: If there is too little memory for it.
        """
        with self._lock:
            if self._image is None:
                with stage("to BGR"):
                    self._image = self._made()
                self._image.flags.writeable = False
            return self._image

    def downscaled(self, size: tuple[int, int]) -> Image:
        """Return the picture at a size of at most its own, (width, height) in pixels.

        Where it can be, the picture is made smaller as it came: there is half as much to read, and
        nothing to write.
        """
        if size == self.frame_size or not self._is_planar:
            return downscaled(self.image(), size, self._halves[0])
        width, height = size
        smaller = av.VideoFrame(width, height, self._frame.format.name)
        smaller.color_range = self._frame.color_range
        for plane, target, halves in zip(
            self._frame.planes, smaller.planes, self._halves, strict=True
        ):
            pixels = plane_pixels(target)
            pixels[:] = downscaled(plane_pixels(plane), pixels.shape[::-1], halves)
        return _bgr(smaller, self._colour)

    def frame(self, index: int, pts_s: float, captured_at_s: float, *, is_lazy: bool) -> Frame:
        """Return it as a frame, with its pixels unless `is_lazy`."""
        if is_lazy:
            return CodedFrame(self, index, pts_s, captured_at_s)
        return Frame(self.image(), index, pts_s, captured_at_s)

    def let_go(self) -> None:
        """Keep the pixels no longer."""
        with self._lock:
            self._image = None
            for halves in self._halves:
                halves.clear()

    def _made(self) -> Image:
        return turned(_bgr(self._frame, self._colour), self._turn)  # PyAV does not by itself


def _bgr(frame: av.VideoFrame, colour: Colour) -> Image:
    if not hasattr(_local, "reformatter"):
        _local.reformatter = VideoReformatter()
    to_page_white = {}
    if colour.is_hdr:
        # Unconverted, models and viewers would see a grey haze. What is brighter than a white
        # page turns white.
        to_page_white = {"dst_color_trc": BT709, "dst_color_primaries": BT709}
    try:
        converted = _local.reformatter.reformat(
            frame,
            format="bgr24",
            src_colorspace=colour.swscale_matrix,
            dst_colorspace=BT709,
            threads=1,
            **to_page_white,
        )
    except av.error.FFmpegError as error:
        if error.errno in SHORTAGES:
            raise OutOfMemory from error
        raise
    pixels: Image = converted.to_ndarray().astype(np.uint8, copy=False)
    return pixels
