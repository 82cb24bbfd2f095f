"""A late mask of a drawn scene, carried to the newest frame: a picture that somebody has looked at.

After a wanted change write it anew, look at it, and commit it::

    python tests/golden/test_golden_motion.py
"""

from pathlib import Path

import cv2
import numpy as np
import pytest

from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.sources.pattern import CLASS_MAP, PatternSource

GOLDEN = Path(__file__).with_name("carried.png")
SIZE, FRAMES, LATE = (320, 240), 24, 8

DIFFERING_SHARE = 0.01
"""So large a share of the pixels may have another class: OpenCV's versions round differently."""


def carried() -> tuple[Mask, Mask, Mask]:
    """Return the last mask that was aligned, the late one as it is, and the truth."""
    scene = PatternSource(SIZE, fps=15)
    aligner = MaskAligner()
    aligned = None
    for index in range(FRAMES):
        frame = scene.read()
        assert frame is not None
        aligner.observe(frame)
        if index >= LATE:
            aligned = aligner.align(scene.truth(index - LATE))
    assert aligned is not None
    return aligned, scene.truth(FRAMES - 1 - LATE), scene.truth(FRAMES - 1)


def test_the_carried_mask_is_the_one_that_was_looked_at() -> None:
    aligned, _, _ = carried()
    golden = cv2.imread(str(GOLDEN), cv2.IMREAD_GRAYSCALE)
    assert golden is not None
    differing = np.count_nonzero(aligned.class_ids != golden // 80)
    assert differing <= DIFFERING_SHARE * golden.size


@pytest.mark.parametrize("class_id", [1, 2, 3], ids=[CLASS_MAP[each] for each in (1, 2, 3)])
def test_each_object_is_where_it_is_now(class_id: int) -> None:
    aligned, late, truth = carried()
    assert late.similarity(truth, class_id) < 0.7
    assert aligned.similarity(truth, class_id) > 0.85


if __name__ == "__main__":
    cv2.imwrite(str(GOLDEN), carried()[0].class_ids * 80)
