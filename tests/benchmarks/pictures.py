"""Pictures of what the benchmarks measure, side by side."""

import cv2
import numpy as np
from sequences import Ids, Sequence

from livesegment.mask import Mask
from livesegment.overlay.palette import class_colours


def draw(image: Ids, mask: Mask, label: str) -> Ids:
    canvas = image.copy()
    objects = mask.class_ids > 0
    canvas[objects] = canvas[objects] // 2 + np.array([0, 90, 127], np.uint8)
    edges, _ = cv2.findContours(objects.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, edges, -1, (255, 255, 255), 1)
    canvas = cv2.resize(canvas, (570, 320), interpolation=cv2.INTER_AREA)
    cv2.rectangle(canvas, (0, 0), (canvas.shape[1], 28), (0, 0, 0), -1)
    cv2.putText(canvas, label, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1)
    return canvas


def drawn(sequence: Sequence, index: int, shown: dict[str, Mask | None]) -> Ids:
    """Draw three masks and the truth of a frame on it."""
    pictures = []
    for label, mask in (*shown.items(), ("truth", sequence.masks[index])):
        picture = sequence.frames[index].image.copy()
        if mask is not None:
            colours = class_colours(mask.class_map)[mask.class_ids]
            picture = cv2.addWeighted(picture, 0.5, colours, 0.5, 0)
        cv2.putText(picture, label, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1)
        pictures.append(picture)
    return np.vstack([np.hstack(pictures[:2]), np.hstack(pictures[2:])])


def stacked(pictures: list[Ids]) -> Ids:
    """Return pictures of any width below each other."""
    width = max(picture.shape[1] for picture in pictures)
    return np.vstack(
        [
            cv2.copyMakeBorder(one, 0, 0, 0, width - one.shape[1], cv2.BORDER_CONSTANT)
            for one in pictures
        ]
    )
