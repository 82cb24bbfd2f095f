"""How pictures are put into a user's model: every pixel of its masks, against the sums by hand."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx_bytes
import pytest
from onnx_bytes import FLOAT, FLOAT16, INT8, UINT8, node

from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.segmenters import network_file
from livesegment.segmenters.network_file import NetworkFileSegmenter
from livesegment.segmenters.placement import Placement
from livesegment.segmenters.runtimes.opencv import OpenCVNetwork

WIDTH, HEIGHT = 64, 48
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
COLOURS = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)

Put = Callable[[np.ndarray], np.ndarray]
"""From an RGB picture to a model's input (3, H, W), written out with numpy."""


@pytest.fixture(
    params=["opencv", pytest.param("any", marks=pytest.mark.needs_package("onnxruntime", "onnx"))]
)
def runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run models with OpenCV, and with what runs them where more is installed."""
    if request.param == "opencv":
        monkeypatch.setattr(network_file, "open_network", lambda path, _: OpenCVNetwork(path))


@pytest.fixture
def three(tmp_path: Path) -> Path:
    path = tmp_path / "three.onnx"
    path.write_bytes(onnx_bytes.three_classes(WIDTH, HEIGHT))
    return path


def picture(width: int, height: int) -> Frame:
    """Return blots of all colours, BGR."""
    small = np.random.default_rng(7).integers(0, 256, (9, 12, 3), np.uint8)
    image = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return Frame(np.asarray(image, np.uint8), 3, 0.0, 0.0)


def logits(values: np.ndarray) -> np.ndarray:
    """Return what the model of three classes makes of its input, both (3, H, W)."""
    weights, biases = onnx_bytes.THREE_WEIGHTS, onnx_bytes.THREE_BIASES
    return np.einsum("kc,chw->khw", weights, values) + biases[:, None, None]


def per_channel(numbers: tuple[float, float, float]) -> np.ndarray:
    return np.array(numbers).reshape(3, 1, 1)


WAYS: dict[str, tuple[dict[str, object], Put]] = {
    "as it is": ({}, lambda rgb: rgb / 255),
    "ImageNet": (
        {"mean": MEAN, "std": STD},
        lambda rgb: (rgb / 255 - per_channel(MEAN)) / per_channel(STD),
    ),
    "blue first": (
        {"mean": MEAN, "std": STD, "bgr": True},
        lambda rgb: (rgb[::-1] / 255 - per_channel(MEAN)) / per_channel(STD),
    ),
    "of 0 to 255": (
        {"scale": 1.0, "mean": (123.7, 116.3, 103.5), "std": (58.4, 57.1, 57.4)},
        lambda rgb: (rgb - per_channel((123.7, 116.3, 103.5))) / per_channel((58.4, 57.1, 57.4)),
    ),
    "from -1 to 1": (
        {"scale": 1 / 127.5, "mean": (1.0, 1.0, 1.0)},
        lambda rgb: rgb / 127.5 - 1,
    ),
}


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("way", WAYS)
def test_every_pixel_is_what_the_sums_by_hand_say(three: Path, way: str) -> None:
    options, put = WAYS[way]
    frame = picture(WIDTH, HEIGHT)
    mask = NetworkFileSegmenter(three, **options).segment(frame)  # type: ignore[arg-type]
    rgb = frame.image[:, :, ::-1].transpose(2, 0, 1).astype(float)
    np.testing.assert_array_equal(mask.class_ids, logits(put(rgb)).argmax(axis=0))
    assert set(np.unique(mask.class_ids)) == {0, 1, 2}
    if way != "as it is":
        assert (NetworkFileSegmenter(three).segment(frame).class_ids != mask.class_ids).any()


@pytest.mark.usefixtures("runtime")
def test_a_larger_picture_is_stretched_and_scores_are_enlarged_before_they_are_compared(
    three: Path,
) -> None:
    frame = picture(203, 91)
    mask = NetworkFileSegmenter(three, mean=MEAN, std=STD).segment(frame)
    small = cv2.resize(frame.image, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    rgb = small[:, :, ::-1].transpose(2, 0, 1)
    scores = logits((rgb / 255 - per_channel(MEAN)) / per_channel(STD)).astype(np.float32)
    large = [cv2.resize(plane, (203, 91), interpolation=cv2.INTER_LINEAR) for plane in scores]
    np.testing.assert_array_equal(mask.class_ids, np.argmax(large, axis=0))


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("frame_size", [(128, 48), (30, 48), (81, 47), (7, 300)])
def test_a_letterboxed_picture_keeps_its_shape_and_the_mask_is_cut_back_to_it(
    three: Path, frame_size: tuple[int, int]
) -> None:
    frame = picture(*frame_size)
    mask = NetworkFileSegmenter(three, letterbox=True).segment(frame)
    ratio = min(WIDTH / frame_size[0], HEIGHT / frame_size[1])
    width, height = (round(side * ratio) for side in frame_size)
    left, top = (WIDTH - width) // 2, (HEIGHT - height) // 2
    canvas = np.full((HEIGHT, WIDTH, 3), 114, np.uint8)
    within = slice(top, top + height), slice(left, left + width)
    canvas[within] = cv2.resize(frame.image, (width, height))
    scores = logits(canvas[:, :, ::-1].transpose(2, 0, 1) / 255).astype(np.float32)
    large = [cv2.resize(np.ascontiguousarray(plane[within]), frame_size) for plane in scores]
    np.testing.assert_array_equal(mask.class_ids, np.argmax(large, axis=0))


@pytest.mark.parametrize("frame_size", [(640, 480), (481, 640), (101, 640)])
@pytest.mark.parametrize("stride", [1, 4, 32])
def test_a_letterboxed_edge_comes_back_where_it_was_whatever_the_outputs_stride(
    frame_size: tuple[int, int], stride: int
) -> None:
    placement = Placement.letterboxed(frame_size, (320, 320))
    x, y, width, height = placement.box
    # A ramp over the input that is 0 at the frame's left or upper end and 1 at the other.
    at = (np.arange(320 // stride) + 0.5) * stride
    across = np.tile((at - x) / width, (len(at), 1))
    down = np.tile((at - y) / height, (len(at), 1)).T
    for ramp, side, axis in ((across, frame_size[0], 0), (down, frame_size[1], 1)):
        back = placement.scores(ramp).mean(axis=axis)
        wanted = (np.arange(side) + 0.5) / side
        # At the ends there is nothing to interpolate with for half a pixel of the output.
        end = int(np.ceil(stride / min(width, height) * side)) + 1
        inner = slice(end, -end)
        np.testing.assert_allclose(back[inner], wanted[inner], atol=0.6 / min(width, height))
        ids = placement.ids((ramp.clip(0, 0.999) * 4).astype(np.uint8))
        assert set(np.unique(ids)) <= {0, 1, 2, 3}
        assert ids.shape == frame_size[::-1]


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("kind", [UINT8, INT8, FLOAT16])
@pytest.mark.parametrize("is_last", [False, True])
def test_a_model_gets_numbers_of_the_type_that_it_takes(
    tmp_path: Path, kind: int, is_last: bool
) -> None:
    frame = picture(WIDTH, HEIGHT)
    nodes = [node("Cast", ["x"], "f", to=FLOAT)]
    if is_last:
        nodes.append(node("Transpose", ["f"], "g", perm=[0, 3, 1, 2]))
    nodes.append(node("Conv", ["g" if is_last else "f", "w"], "y", kernel_shape=[1, 1]))
    shape = [1, HEIGHT, WIDTH, 3] if is_last else [1, 3, HEIGHT, WIDTH]
    path = tmp_path / "model.onnx"
    path.write_bytes(
        onnx_bytes.model(nodes, shape, [1, 3, HEIGHT, WIDTH], {"w": COLOURS}, input_type=kind)
    )
    segmenter = NetworkFileSegmenter(path)
    rgb = frame.image[:, :, ::-1]
    np.testing.assert_array_equal(segmenter.segment(frame).class_ids, rgb.argmax(axis=2))
    if kind == UINT8:
        with pytest.raises(OptionsError, match=r"takes uint8 numbers, and --scale, .* only 2 of"):
            NetworkFileSegmenter(path, scale=1 / 255)
