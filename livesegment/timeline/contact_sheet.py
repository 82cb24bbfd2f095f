"""A few small pictures that stand for a whole film."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from livesegment.downscale import downscaled, fitting
from livesegment.sinks.base import Annotated
from livesegment.timeline.measuring import Measured

MOST_PICTURES = 24
_KEPT = 2 * MOST_PICTURES
_LEAST_S = 1.0  # of a part, where the film is short
_BOX = (320, 240)
_QUALITY = 72
_SEEN_BETTER = 1.3  # times the share of all classes
_MOST_NAMES = 4
_NOTHING, _UNMASKED = -2.0, -1.0


@dataclass(slots=True)
class Part:
    """A part of a film: a scene, or a piece of a long one.

    Attributes:
        begin_s: Media time at which it begins.
        end_s: That of its last frame.
        begins_scene: Whether the frame before it shows another scene.
        at_s: That of its picture.
        shown: The share of all classes in that, below 0 where it has no mask.
        classes: Their names and shares, the greatest first.
        jpeg: The picture; empty: there is none yet.
    """

    begin_s: float
    end_s: float
    begins_scene: bool
    at_s: float = 0.0
    shown: float = _NOTHING
    classes: tuple[tuple[str, float], ...] = ()
    jpeg: bytes = b""

    def joined(self, later: "Part") -> "Part":
        """Return both as one, with the picture of the one in which more is to be seen."""
        kept = self if self.shown >= later.shown else later
        begin_s, begins_scene = self.begin_s, self.begins_scene
        return replace(kept, begin_s=begin_s, end_s=later.end_s, begins_scene=begins_scene)


class ContactSheet:
    """Takes in the pictures of a film of any length and keeps a few small ones.

    A part begins with each scene, and within one that goes on for long. Where there are too many,
    the shortest neighbours become one, those of one scene first. Pictures are those that leave the
    program, with all that is drawn on them and hidden in them.
    """

    def __init__(self) -> None:
        self._scene = 0
        self._parts: list[Part] = []

    def add(self, picture: Annotated, found: Sequence[Measured]) -> None:
        """Take in the next picture and the classes that it shows."""
        pts_s = picture.frame.pts_s
        has_mask = picture.mask is not None
        # Of a scene that begins hidden whole, without a mask, there is nothing to see as yet.
        is_cut = has_mask and picture.scene != self._scene
        if is_cut or not self._parts or pts_s - self._parts[-1].begin_s >= self._longest_s(pts_s):
            self._parts.append(Part(pts_s, pts_s, is_cut or not self._parts))
            if len(self._parts) > _KEPT:
                self._parts = _fewer(self._parts, MOST_PICTURES)
        if has_mask:
            self._scene = picture.scene
        part = self._parts[-1]
        part.end_s = pts_s
        shown = sum(each.share for each in found) if has_mask else _UNMASKED
        if shown > part.shown * (_SEEN_BETTER if part.shown > 0 else 1.0):
            part.at_s, part.shown, part.jpeg = pts_s, shown, _small(picture)
            most = sorted(found, key=lambda each: -each.share)[:_MOST_NAMES]
            part.classes = tuple((each.name, each.share) for each in most)

    def _longest_s(self, pts_s: float) -> float:
        return max(_LEAST_S, (pts_s - self._parts[0].begin_s) / MOST_PICTURES)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the pictures as plain JSON types, in order."""
        return [
            {
                "begin_s": round(each.begin_s, 3),
                "end_s": round(each.end_s, 3),
                "at_s": round(each.at_s, 3),
                "begins_scene": each.begins_scene,
                "classes": [[name, round(share, 6)] for name, share in each.classes],
                "jpeg": base64.b64encode(each.jpeg).decode("ascii"),
            }
            for each in _fewer(self._parts, MOST_PICTURES)
        ]


def _fewer(parts: Sequence[Part], most: int) -> list[Part]:
    """Return parts of which so many are left, at the most."""
    left = list(parts)
    while len(left) > most:
        # Pieces of one scene before scenes.
        lengths = [
            (later.begins_scene, later.end_s - first.begin_s) for first, later in pairwise(left)
        ]
        place = min(range(len(lengths)), key=lengths.__getitem__)
        left[place : place + 2] = [left[place].joined(left[place + 1])]
    return left


def _small(picture: Annotated) -> bytes:
    """Return a picture as it leaves the program, as a small JPEG file; black where it is clear."""
    size = fitting(picture.frame.frame_size, _BOX)
    image = downscaled(picture.image, size)
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(np.asarray(coded))
