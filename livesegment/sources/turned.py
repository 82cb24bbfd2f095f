"""Pictures turned by right angles, and mirrored: as a file says, or as somebody wants them."""

from dataclasses import replace
from typing import TypeVar

import cv2

from livesegment.frame import Image
from livesegment.mask import ClassIds, InstanceIds, Mask
from livesegment.media_file import Turn
from livesegment.scene import Scene
from livesegment.settings.part import Rotation
from livesegment.sources.base import Source
from livesegment.sources.wrapped import ChangedSource

Array = TypeVar("Array", Image, ClassIds, InstanceIds)

_ROTATIONS = {
    1: cv2.ROTATE_90_CLOCKWISE,
    2: cv2.ROTATE_180,
    3: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def turned(array: Array, turn: Turn) -> Array:
    """Return a picture or mask turned, (H, W) or (H, W, 3); itself where nothing is to do."""
    if turn.is_mirrored:
        array = cv2.flip(array, 1).astype(array.dtype, copy=False)
    if turn.quarters:
        array = cv2.rotate(array, _ROTATIONS[turn.quarters]).astype(array.dtype, copy=False)
    return array


def rotated(source: Source, degrees: Rotation | None) -> Source:
    """Return a source whose pictures are turned clockwise; the source itself by no degrees."""
    return source if degrees is None else _TurnedSource(source, Turn(quarters=degrees // 90))


class _TurnedSource(ChangedSource):
    """Hands on a source's pictures turned."""

    def __init__(self, source: Source, turn: Turn) -> None:
        super().__init__(source)
        self._turn = turn
        self.scene = None if source.scene is None else _TurnedScene(source.scene, turn)

    def _changed(self, image: Image) -> Image:
        return turned(image, self._turn)


class _TurnedScene:
    """A drawn scene whose masks are turned as its pictures are."""

    def __init__(self, scene: Scene, turn: Turn) -> None:
        self.frame_count = scene.frame_count
        self.latency_s = scene.latency_s
        self._scene = scene
        self._turn = turn

    def truth(self, index: int) -> Mask:
        """Return the mask of frame `index`."""
        mask = self._scene.truth(index)
        certainty, instances = mask.certainty, mask.instance_ids
        return replace(
            mask,
            class_ids=turned(mask.class_ids, self._turn),
            certainty=None if certainty is None else turned(certainty, self._turn),
            instance_ids=None if instances is None else turned(instances, self._turn),
        )
