"""Replies of every kind of segmentation model about one picture, and what each says.

They are written by hand in the forms of today's servers. The picture has 64x48 pixels and is sent
in half of that; in it are a car with a hole, and a person, of whom the surest is on top.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco

from livesegment.mask import ClassIds

FRAME = (64, 48)
SENT = (32, 24)

CAR = [(8, 8), (39, 8), (39, 39), (8, 39)]
HOLE = [(15, 15), (24, 15), (24, 24), (15, 24)]
PERSON = [(30, 4), (55, 4), (55, 43), (30, 43)]
"""Corners in pixels of the frame, of the region itself; a hole's are around it."""

NAMES = {0: "background", 1: "car", 2: "person"}


def _filled() -> ClassIds:
    ids = np.zeros((48, 64), np.uint8)
    ids[4:44, 30:56] = 2
    ids[8:40, 8:40] = 1
    hole = np.zeros(ids.shape, bool)
    hole[16:24, 16:24] = True
    ids[hole] = 0
    return ids


CLASS_IDS = _filled()
"""What most replies say: uint8 (48, 64), the car before the person."""


@dataclass(frozen=True)
class Recorded:
    """A reply, and the mask that it means.

    Attributes:
        reply: The JSON.
        class_ids: uint8 (48, 64).
        class_map: Names of the classes.
        instances: (class id, confidence) of each instance in the order of the reply; None: the
            reply tells no instances apart.
        prompt: What has to be asked for; None: nothing.
        certainty: The reply's confidence mask, uint8 (24, 32); None: it has none.
    """

    reply: dict[str, Any]
    class_ids: ClassIds = field(default_factory=lambda: CLASS_IDS)
    class_map: dict[int, str] = field(default_factory=lambda: dict(NAMES))
    instances: list[tuple[int, float]] | None = None
    prompt: tuple[str, ...] | None = None
    certainty: ClassIds | None = None

    @property
    def body(self) -> bytes:
        """The reply as it is sent."""
        return json.dumps(self.reply).encode()


def _sent(corners: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Return corners in pixels of what was sent: of half the frame's size, by pixels' centres."""
    return [((x + 0.5) / 2 - 0.5, (y + 0.5) / 2 - 0.5) for x, y in corners]


def _points(corners: list[tuple[int, int]]) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in _sent(corners)]


def _pairs(corners: list[tuple[int, int]]) -> list[list[float]]:
    return [[x, y] for x, y in _sent(corners)]


def _box(name: str, class_id: int, confidence: float, at: list[tuple[int, int]]) -> dict[str, Any]:
    (left, top), (right, bottom) = _sent(at)[0], _sent(at)[2]
    return {
        "x": (left + right) / 2,
        "y": (top + bottom) / 2,
        "width": right - left,
        "height": bottom - top,
        "confidence": confidence,
        "class": name,
        "class_id": class_id,
        "detection_id": "5f1c1f8e-2b1a-4a51-8b43-0d5a3c9d1b11",
    }


def _listed(*predictions: dict[str, Any]) -> dict[str, Any]:
    return {
        "inference_id": "8f6a",
        "time": 0.1,
        "image": {"width": SENT[0], "height": SENT[1]},
        "predictions": list(predictions),
    }


def _region(*boxes: tuple[int, int, int, int]) -> ClassIds:
    """Return boxes (left, top, right, bottom) of the frame, less what lies in the ones before."""
    region = np.zeros((SENT[1], SENT[0]), np.uint8)
    for left, top, right, bottom in boxes:
        region[top // 2 : bottom // 2, left // 2 : right // 2] ^= 1
    return region


_CAR_REGION = _region((8, 8, 40, 40), (16, 16, 24, 24))
_PERSON_REGION = _region((30, 4, 56, 44))


def _compressed(region: ClassIds) -> dict[str, Any]:
    packed = coco.encode(np.asfortranarray(region))
    return {"size": list(packed["size"]), "counts": packed["counts"].decode()}


def _uncompressed(region: ClassIds) -> dict[str, Any]:
    flat = region.T.ravel()
    edges = np.append(np.flatnonzero(np.diff(flat, prepend=0)), flat.size)
    return {"size": list(region.shape), "counts": np.diff(edges, prepend=0).tolist()}


def _png(ids: ClassIds) -> str:
    return base64.b64encode(cv2.imencode(".png", ids)[1].tobytes()).decode()


def _semantic(ids: ClassIds, class_map: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"segmentation_mask": _png(ids), "class_map": class_map, **more}


def _small() -> ClassIds:
    return np.ascontiguousarray(CLASS_IDS[::2, ::2])


def _nested(segmentation: dict[str, Any]) -> dict[str, Any]:
    image = {"width": SENT[0], "height": SENT[1]}
    return {"inference_id": "8f6a", "time": 0.1, "image": image, "predictions": segmentation}


_CERTAINTY = np.where(_small() > 0, 200, 255).astype(np.uint8)
_FLAT = _semantic(_small(), {"0": " background", "1": "car ", "2": "person"})
_BOTH = [(2, 0.6), (1, 0.9)]
_PERSON_POINTS = _box("person", 1, 0.6, PERSON) | {"points": _points(PERSON)}
_LAST = np.array([2, 0, 1], np.uint8)  # car, person, background


def _without_hole() -> ClassIds:
    ids = CLASS_IDS.copy()
    ids[16:24, 16:24] = 1
    return ids


def _prompted(index: int, phrase: str, confidence: float, **masks: Any) -> dict[str, Any]:
    found = {"confidence": confidence, "format": "polygon", **masks}
    return {"prompt_index": index, "echo": {"text": phrase}, "predictions": [found]}


RECORDED = {
    "semantic, flat": Recorded(_FLAT | {"image": {"width": SENT[0], "height": SENT[1]}}),
    "semantic, nested, with certainty": Recorded(
        _nested(_FLAT | {"confidence_mask": _png(_CERTAINTY), "present_class_ids": [0, 1, 2]}),
        certainty=_CERTAINTY,
    ),
    "semantic, background last": Recorded(
        _nested(_semantic(_LAST[_small()], {"0": "car", "1": "person", "2": "Background"})),
        _LAST[CLASS_IDS],
        {0: "car", 1: "person", 2: "Background"},
    ),
    "semantic, background missing": Recorded(
        _semantic(np.where(_small(), _small() - 1, 255).astype("u1"), {"0": "car", "1": "person"}),
        np.where(CLASS_IDS, CLASS_IDS - 1, 255).astype(np.uint8),
        {0: "car", 1: "person"},
    ),
    "instances, polygons": Recorded(
        _listed(_PERSON_POINTS, _box("car", 0, 0.9, CAR) | {"points": _points(CAR)}),
        _without_hole(),
        instances=_BOTH,
    ),
    "instances, polygons with a hole": Recorded(
        _listed(_PERSON_POINTS, _box("car", 0, 0.9, CAR) | {"masks": [_pairs(CAR), _pairs(HOLE)]}),
        instances=_BOTH,
    ),
    "instances, compressed run lengths": Recorded(
        _listed(
            _box("person", 1, 0.6, PERSON)
            | {"rle": _compressed(_PERSON_REGION), "mask_format": "rle"},
            _box("car", 0, 0.9, CAR) | {"rle": _compressed(_CAR_REGION), "mask_format": "rle"},
        ),
        instances=_BOTH,
    ),
    "instances, run lengths": Recorded(
        _listed(
            _box("person", 1, 0.6, PERSON) | {"rle": _uncompressed(_PERSON_REGION)},
            _box("car", 0, 0.9, CAR) | {"rle": _uncompressed(_CAR_REGION)},
        ),
        instances=_BOTH,
    ),
    "instances, none": Recorded(
        _listed(), np.zeros((48, 64), np.uint8), {0: "background"}, instances=[]
    ),
    "prompted, polygons": Recorded(
        {
            "prompt_results": [
                _prompted(0, "car", 0.9, masks=[_pairs(CAR), _pairs(HOLE)]),
                _prompted(1, "person", 0.6, masks=[_pairs(PERSON)]),
            ],
            "time": 0.2,
        },
        instances=[(1, 0.9), (2, 0.6)],
        prompt=("car", "person"),
    ),
    "prompted, run lengths": Recorded(
        {
            "prompt_results": [
                _prompted(1, "person", 0.6, masks=_compressed(_PERSON_REGION), format="rle"),
                _prompted(0, "car", 0.9, masks=_compressed(_CAR_REGION), format="rle"),
            ],
            "time": 0.2,
        },
        instances=_BOTH,
        prompt=("car", "person"),
    ),
}
"""Replies by what they are."""
