"""A drawn, moving scene whose true mask is known."""

import math
import time
from typing import NamedTuple, Self

import cv2
import numpy as np

from livesegment.frame import Frame, Image
from livesegment.mask import ClassIds, Mask
from livesegment.settings.pattern import PatternForm
from livesegment.sources.base import Source

CLASS_MAP = {0: "background", 1: "ball", 2: "box", 3: "star"}

_SPRITE = 192  # sprites are drawn once at this size and then moved, turned and scaled
_MARGIN = 1.3  # the background is larger than the picture by this, and pans


class _Pose(NamedTuple):
    """Where an object is: shares of the picture, radians, share of the picture's height."""

    x: float
    y: float
    angle: float
    size: float


def _poses(time_s: float) -> dict[int, _Pose]:
    turn = 2 * math.pi * time_s
    return {
        3: _Pose(
            0.5 + 0.38 * math.sin(turn / 13 + 2), 0.3 + 0.14 * math.cos(turn / 9), -turn / 8, 0.3
        ),
        2: _Pose(
            0.5 + 0.34 * math.cos(turn / 11), 0.62 + 0.16 * math.sin(turn / 7), turn / 10, 0.36
        ),
        1: _Pose(
            0.5 + 0.4 * math.sin(turn / 6),
            0.5 + 0.3 * math.sin(turn / 4 + 1),
            turn / 5,
            0.28 + 0.08 * math.sin(turn / 5),
        ),
    }


class PatternSource(Source):
    """Draws a ball, a box and a star that move over a panning, textured background.

    For newcomers without a camera, and for tests: frame i is always the same picture, and `truth`
    gives its true mask. Written `pattern:`, with size, rate and length if wanted:
    `pattern:640x480@30` or `pattern:320x240@25:100` for 100 frames. `?latency=300` behind any of
    them says how many milliseconds late the scene's own masks are to come.

    Args:
        frame_size: (width, height) in pixels.
        fps: Frames a second.
        frame_count: Length; None: endless.
        latency_s: How late its masks come, at most 10 s; None: as late as fits the command.

    Raises:
        OptionsError: If a value is out of range.
    """

    def __init__(
        self,
        frame_size: tuple[int, int] = (640, 480),
        fps: float = 30.0,
        frame_count: int | None = None,
        latency_s: float | None = None,
    ) -> None:
        PatternForm(frame_size, fps, frame_count, latency_s)
        width, height = frame_size
        self.name = f"pattern {width}x{height}"
        self.fps: float = fps
        self.frame_count = frame_count
        self.is_endless = frame_count is None
        self.scene, self.latency_s = self, latency_s
        self._frame_size = frame_size
        self._background = _texture((round(width * _MARGIN), round(height * _MARGIN)))
        self._sprites = {class_id: _sprite(class_id) for class_id in (1, 2, 3)}
        self._index = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the source that `pattern:[WIDTHxHEIGHT][@FPS][:FRAMES][?latency=MS]` means.

        Raises:
            OptionsError: If the text has another form.
        """
        form = PatternForm.parse(text)
        return cls(form.frame_size, form.fps, form.frame_count, form.latency_s)

    def read(self) -> Frame | None:
        """Return the next picture; None after the last one."""
        if self.frame_count is not None and self._index >= self.frame_count:
            return None
        index, self._index = self._index, self._index + 1
        return Frame(self._draw(index), index, index / self.fps, time.monotonic())

    def skip_to(self, pts_s: float) -> None:
        """Begin with the first picture at or after a media time."""
        self._index = max(0, math.ceil(pts_s * self.fps))

    def truth(self, index: int) -> Mask:
        """Return the true mask of frame `index`, of the picture's size."""
        width, height = self._frame_size
        ids: ClassIds = np.zeros((height, width), np.uint8)
        for class_id, pose in _poses(index / self.fps).items():
            _, shape = self._sprites[class_id]
            left, top, moved = self._placed(shape, pose)
            region = ids[top : top + moved.shape[0], left : left + moved.shape[1]]
            region[moved > 127] = class_id
        return Mask(ids, CLASS_MAP, index)

    def _draw(self, index: int) -> Image:
        time_s = index / self.fps
        image = self._panned(time_s)
        for class_id, pose in _poses(time_s).items():
            colours, shape = self._sprites[class_id]
            left, top, alpha = self._placed(shape, pose)
            _, _, moved = self._placed(colours, pose)
            region = image[top : top + alpha.shape[0], left : left + alpha.shape[1]]
            share = cv2.merge([alpha, alpha, alpha])
            kept = cv2.multiply(region, 255 - share, scale=1 / 255)
            region[:] = cv2.add(kept, cv2.multiply(moved, share, scale=1 / 255))
        return image

    def _panned(self, time_s: float) -> Image:
        width, height = self._frame_size
        room = (_MARGIN - 1) / 2
        left = room * width * (1 + 0.9 * math.sin(time_s / 3))
        top = room * height * (1 + 0.9 * math.sin(time_s / 4 + 1))
        shift = np.array([[1, 0, -left], [0, 1, -top]], np.float32)
        panned = cv2.warpAffine(self._background, shift, self._frame_size, flags=cv2.INTER_LINEAR)
        return panned.astype(np.uint8, copy=False)

    def _placed(self, sprite: Image | ClassIds, pose: _Pose) -> tuple[int, int, Image]:
        """Return a sprite moved, turned and scaled, with the place of its upper left pixel."""
        width, height = self._frame_size
        scale = pose.size * height / _SPRITE
        reach = math.ceil(_SPRITE * scale * 0.75)  # half the diagonal of the sprite, and some
        x, y = pose.x * width, pose.y * height
        left, top = max(0, int(x) - reach), max(0, int(y) - reach)
        right, bottom = min(width, int(x) + reach), min(height, int(y) + reach)
        cosine, sine = scale * math.cos(pose.angle), scale * math.sin(pose.angle)
        middle = (_SPRITE - 1) / 2
        matrix = np.array(
            [
                [cosine, -sine, x - left - middle * (cosine - sine)],
                [sine, cosine, y - top - middle * (sine + cosine)],
            ],
            np.float32,
        )
        moved = cv2.warpAffine(sprite, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
        return left, top, moved.astype(np.uint8, copy=False)


def _texture(frame_size: tuple[int, int]) -> Image:
    """Return a soft landscape of blobs of several sizes: something for motion to hold on to."""
    width, height = frame_size
    noise = np.random.default_rng(7)
    height_map = np.zeros((height, width), np.float32)
    for cells, weight in ((5, 1.0), (11, 0.6), (27, 0.35), (71, 0.2)):
        grid = noise.random((max(2, cells * height // width), cells), np.float32)
        height_map += weight * cv2.resize(grid, frame_size, interpolation=cv2.INTER_CUBIC)
    low, high = height_map.min(), height_map.max()
    share = ((height_map - low) / (high - low))[:, :, None]
    dark, light = np.array([74, 52, 38], np.float32), np.array([178, 186, 168], np.float32)
    colours: Image = (dark + (light - dark) * share).astype(np.uint8)
    return colours


def _sprite(class_id: int) -> tuple[Image, ClassIds]:
    """Return an object's colours, BGR (S, S, 3), and its soft shape, 0 to 255 (S, S).

    They are akin to those in which classes of these names are drawn, paler or darker: one sees what
    is tinted, and finds its colour in the legend.
    """
    shape = np.zeros((_SPRITE, _SPRITE), np.uint8)
    colours = np.zeros((_SPRITE, _SPRITE, 3), np.uint8)
    middle, radius = _SPRITE // 2, round(_SPRITE * 0.46)
    if class_id == 1:
        cv2.circle(shape, (middle, middle), radius, 255, cv2.FILLED, cv2.LINE_AA)
        colours[:] = (60, 80, 225)
        for step in range(-2, 3):
            x = middle + step * radius // 2
            cv2.line(colours, (x, 0), (x, _SPRITE), (235, 240, 245), _SPRITE // 14, cv2.LINE_AA)
    elif class_id == 2:
        low, high = round(_SPRITE * 0.16), round(_SPRITE * 0.84)
        cv2.rectangle(shape, (low, low), (high, high), 255, cv2.FILLED)
        cell = (high - low) // 4
        rows, columns = np.indices((_SPRITE, _SPRITE)) // cell
        checks = ((rows + columns) % 2)[:, :, None]
        colours[:] = np.where(checks, (175, 100, 170), (110, 45, 90))
    else:
        points = [
            (
                middle + (radius if tip % 2 == 0 else radius * 0.45) * math.sin(tip * math.pi / 5),
                middle - (radius if tip % 2 == 0 else radius * 0.45) * math.cos(tip * math.pi / 5),
            )
            for tip in range(10)
        ]
        cv2.fillPoly(shape, [np.array(points, np.int32)], 255, cv2.LINE_AA)
        colours[:] = (250, 222, 165)
        for ring in range(radius, 0, -radius // 4):
            cv2.circle(colours, (middle, middle), ring, (245, 130 + ring, 105), 5, cv2.LINE_AA)
    return colours, shape
