"""How coarsely a mask was decided stays known, wherever it goes until it is drawn."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx_bytes
import pytest

from livesegment.errors import BadReply
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner, Propagator
from livesegment.motion.smooth import MaskSmoother
from livesegment.protocol.reply import decode_reply, flat_reply, kept_reply, packed_reply
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.segmenters.network_file import NetworkFileSegmenter

NAMES = {0: "background", 1: "ball"}
SIZE = (640, 360)
Picture = npt.NDArray[np.uint8]


def texture(seed: int, side: int) -> Picture:
    width, height = SIZE
    cells = np.random.default_rng(seed).integers(0, 256, (height // side, width // side, 3))
    return cv2.resize(cells.astype(np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)


def moving(step: int, grain: float = 1.0, size: tuple[int, int] = SIZE) -> tuple[Frame, Mask]:
    """A ball that moves and grows before a still ground."""
    ids = np.zeros(SIZE[::-1], np.uint8)
    cv2.circle(ids, (200 + 7 * step, 150 + 2 * step), 70 + 2 * step, 1, -1)
    picture = texture(1, 20)
    picture[ids > 0] = np.roll(texture(2, 8) // 2 + 90, (2 * step, 7 * step), (0, 1))[ids > 0]
    image = cv2.resize(picture, size)
    mask = Mask(cv2.resize(ids, size), NAMES, step, grain=grain)
    return Frame(image, step, step / 30, step / 30), mask


def still(step: int, grain: float = 1.0) -> tuple[Frame, Mask]:
    frame, mask = moving(0, grain)
    return Frame(frame.image, step, step / 30, step / 30), Mask(
        mask.class_ids, NAMES, step, grain=grain
    )


def shifting(step: int, grain: float = 1.0) -> tuple[Frame, Mask]:
    frame, mask = moving(0, grain)
    image = np.roll(frame.image, 4 * step, axis=1)
    ids = np.roll(mask.class_ids, 4 * step, axis=1)
    return Frame(image, step, step / 30, step / 30), Mask(ids, NAMES, step, grain=grain)


def late(scene: Callable[..., tuple[Frame, Mask]], grain: float, **how: object) -> Mask:
    """Return a mask as it is shown three frames late."""
    aligner = MaskAligner()
    pairs = [scene(step, grain, **how) for step in range(8)]
    for frame, _ in pairs:
        aligner.observe(frame)
    shown = aligner.align(pairs[4][1])
    assert shown is not None
    return shown


def test_enlarging_makes_it_coarser_and_shrinking_finer() -> None:
    mask = Mask(np.zeros((90, 160), np.uint8))
    assert mask.grain == 1
    assert mask.resized((1280, 720)).grain == 8
    assert mask.resized((640, 360)).resized((1280, 720)).grain == 8
    assert mask.resized((1280, 720)).resized((640, 360)).grain == 4
    assert mask.resized((40, 20)).grain == 1
    assert mask.resized((160, 90)).grain == 1


def test_a_small_answer_of_an_endpoint_is_coarse_and_one_of_the_frames_size_is_not() -> None:
    for size, grain in (((256, 144), 5.0), ((1280, 720), 1.0)):
        body = json.dumps(flat_reply(Mask(np.zeros(size[::-1], np.uint8), NAMES))).encode()
        assert decode_reply(body, frame_size=(1280, 720), frame_index=0).grain == grain


def test_what_is_kept_of_a_reply_says_it() -> None:
    mask = Mask(np.zeros((72, 128), np.uint8), NAMES, grain=5.0)
    kept = kept_reply(mask)
    body = packed_reply(json.dumps(kept).encode(), (128, 72))
    assert decode_reply(body, frame_size=(128, 72), frame_index=0).grain == 5
    for wrong in (0, -3, 1e9, float("nan"), "5", [5], True):
        body = json.dumps({**kept, "livesegment_grain": wrong}).encode()
        with pytest.raises(BadReply, match="grain"):
            decode_reply(body, frame_size=(128, 72), frame_index=0)


def test_a_mask_that_was_carried_is_as_coarse_as_the_decision() -> None:
    assert 1.5 < late(moving, 1.0).grain < 8
    assert late(moving, 20.0).grain == 20
    large = late(moving, 1.0, size=(1920, 1080)).grain
    assert large > 1.3 * late(moving, 1.0).grain, "the same grid lies on more pixels"


@pytest.mark.parametrize("scene", [still, shifting])
@pytest.mark.parametrize("grain", [1.0, 5.0])
def test_a_mask_that_only_shifts_keeps_its_own(
    scene: Callable[..., tuple[Frame, Mask]], grain: float
) -> None:
    assert late(scene, grain).grain == grain


def test_masks_between_keyframes_are_as_coarse_as_the_decision() -> None:
    pairs = [moving(step) for step in range(5)]
    masks = Propagator().between([frame for frame, _ in pairs], pairs[0][1], pairs[-1][1])
    grains = [mask.grain for mask in masks if mask is not None]
    assert grains[0] == grains[-1] == 1
    assert all(1.5 < grain < 8 for grain in grains[1:-1])
    pairs = [still(step, 5.0) for step in range(4)]
    masks = Propagator().between([frame for frame, _ in pairs], pairs[0][1], pairs[-1][1])
    assert [mask.grain for mask in masks if mask is not None] == [5, 5, 5, 5]


def test_smoothing_keeps_it() -> None:
    smoother = MaskSmoother()
    for step in range(3):
        frame, mask = still(step, 5.0)
        assert smoother.smooth(frame, mask).grain == 5


def test_the_built_in_model_has_256_pixels_a_side() -> None:
    frame = Frame(np.zeros((720, 1280, 3), np.uint8), 0, 0.0, 0.0)
    with BuiltinSegmenter() as segmenter:
        assert segmenter.segment(frame).grain == 5


def test_a_model_file_has_those_of_its_input(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    weights = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
    conv = onnx_bytes.node("Conv", ["x", "w"], "y", kernel_shape=[1, 1])
    size = [1, 3, 64, 64]
    path.write_bytes(onnx_bytes.model([conv], size, size, {"w": weights}))
    frame = Frame(np.zeros((160, 320, 3), np.uint8), 0, 0.0, 0.0)
    for letterbox in (False, True):
        segmenter = NetworkFileSegmenter(path, letterbox=letterbox)
        assert segmenter.segment(frame).grain == 5
        segmenter.close()
