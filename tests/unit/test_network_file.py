"""A user's model file; the models here tell red, green and blue apart."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx_bytes
import pytest
from onnx_bytes import Dimensions, node
from runtimes import hide

from livesegment import weights
from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.segmenters import network_file
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.segmenters.network_file import NetworkFileSegmenter
from livesegment.segmenters.runtimes.base import Network
from livesegment.segmenters.runtimes.opencv import OpenCVNetwork

HEIGHT, WIDTH = 24, 32
COLOURS = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
RED = COLOURS[:1]
CONV = node("Conv", ["x", "w"], "y", kernel_shape=[1, 1])
CONV_T = node("Conv", ["x", "w"], "t", kernel_shape=[1, 1])
PLANAR = [1, 3, HEIGHT, WIDTH]

Save = Callable[..., Path]


@pytest.fixture(autouse=True, params=["whatever is installed", "OpenCV"])
def runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test on what is installed, and without it."""
    if request.param == "OpenCV":
        hide(monkeypatch)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Return a function that writes a model file."""

    def write(
        nodes: Sequence[bytes],
        output_shape: Dimensions,
        *,
        w: np.ndarray = COLOURS,
        input_shape: Dimensions = PLANAR,
        **constants: np.ndarray,
    ) -> Path:
        path = tmp_path / "model.onnx"
        content = onnx_bytes.model(nodes, input_shape, output_shape, {"w": w, **constants})
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def stripes() -> Frame:
    """Three stripes, red, green and blue, in BGR, larger than the model's input."""
    image = np.zeros((HEIGHT * 4, WIDTH * 3, 3), np.uint8)
    for number, channel in enumerate((2, 1, 0)):
        image[:, number * WIDTH : (number + 1) * WIDTH, channel] = 200
    return Frame(image, 5, 0.0, 0.0)


def stripe_ids(segmenter: NetworkFileSegmenter, frame: Frame) -> list[int]:
    """Return the class in the middle of each stripe."""
    mask = segmenter.segment(frame)
    assert mask.frame_size == frame.frame_size
    assert mask.frame_index == frame.index
    return [int(mask.class_ids[HEIGHT * 2, WIDTH // 2 + WIDTH * number]) for number in range(3)]


def test_the_highest_channel_wins(save: Save, stripes: Frame) -> None:
    segmenter = NetworkFileSegmenter(save([CONV], PLANAR), ["red", " green", "blue "])
    assert stripe_ids(segmenter, stripes) == [0, 1, 2]
    mask = segmenter.segment(stripes)
    assert mask.class_map == {0: "red", 1: "green", 2: "blue"}
    assert mask.coverage() == pytest.approx({0: 1 / 3, 1: 1 / 3, 2: 1 / 3}, abs=0.03)


def test_channels_may_come_last(save: Save, stripes: Frame) -> None:
    nodes = [CONV_T, node("Transpose", ["t"], "y", perm=[0, 2, 3, 1])]
    segmenter = NetworkFileSegmenter(save(nodes, [1, HEIGHT, WIDTH, 3]))
    assert stripe_ids(segmenter, stripes) == [0, 1, 2]
    assert segmenter.segment(stripes).class_map == {0: "class 0", 1: "class 1", 2: "class 2"}


def test_the_input_may_have_its_channels_last(save: Save, stripes: Frame) -> None:
    nodes = [
        node("Transpose", ["x"], "t", perm=[0, 3, 1, 2]),
        node("Conv", ["t", "w"], "y", kernel_shape=[1, 1]),
    ]
    path = save(nodes, PLANAR, input_shape=[1, HEIGHT, WIDTH, 3])
    assert stripe_ids(NetworkFileSegmenter(path), stripes) == [0, 1, 2]


@pytest.mark.parametrize("keepdims", [0, 1])
def test_the_model_may_choose_the_class_itself(save: Save, stripes: Frame, keepdims: int) -> None:
    nodes = [CONV_T, node("ArgMax", ["t"], "y", axis=1, keepdims=keepdims)]
    shape = [1, 1, HEIGHT, WIDTH] if keepdims else [1, HEIGHT, WIDTH]
    segmenter = NetworkFileSegmenter(save(nodes, shape), ["red", "green", "blue"])
    assert stripe_ids(segmenter, stripes) == [0, 1, 2]
    assert segmenter.segment(stripes).class_map[2] == "blue"


def test_one_channel_is_a_probability(save: Save, stripes: Frame) -> None:
    segmenter = NetworkFileSegmenter(save([CONV], [1, 1, HEIGHT, WIDTH], w=RED), ["red"])
    assert stripe_ids(segmenter, stripes) == [1, 0, 0]
    mask = segmenter.segment(stripes)
    assert mask.class_map == {0: "background", 1: "red"}
    # The red stripe is at 200 / 255 = 78%.
    assert segmenter.segment_at(stripes, 75).class_ids.any()
    assert not segmenter.segment_at(stripes, 80).class_ids.any()
    with pytest.raises(OptionsError, match="0 to 100"):
        segmenter.segment_at(stripes, 101)


def test_one_channel_may_be_a_logit(save: Save, stripes: Frame) -> None:
    # 10 * red - 6 is 1.84 in the red stripe, a probability of 86%, and -6 elsewhere.
    nodes = [node("Conv", ["x", "w", "b"], "y", kernel_shape=[1, 1])]
    path = save(nodes, [1, 1, HEIGHT, WIDTH], w=RED * 10, b=np.array([-6], np.float32))
    segmenter = NetworkFileSegmenter(path)
    assert stripe_ids(segmenter, stripes) == [1, 0, 0]
    assert segmenter.segment_at(stripes, 80).class_ids.any()
    assert not segmenter.segment_at(stripes, 90).class_ids.any()
    assert segmenter.segment_at(stripes, 0).class_ids.all()
    assert not segmenter.segment_at(stripes, 100).class_ids.any()


def test_values_are_normalised_as_the_model_wants(save: Save, stripes: Frame) -> None:
    path = save([CONV], [1, 1, HEIGHT, WIDTH], w=RED)
    segmenter = NetworkFileSegmenter(path, mean=(0.7, 0.5, 0.5), std=(0.1, 0.1, 0.1))
    # (0.784 - 0.7) / 0.1 is 0.84, which is a logit because black is -7: a probability of 70%.
    assert segmenter.segment_at(stripes, 69).class_ids.any()
    assert not segmenter.segment_at(stripes, 71).class_ids.any()


def test_a_model_for_any_size_runs_at_the_size_given(
    save: Save, stripes: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    path = save([CONV], [1, 3, "h", "w"], input_shape=[1, 3, "h", "w"])
    segmenter = NetworkFileSegmenter(path, input_size=(12, 6))
    assert stripe_ids(segmenter, stripes) == [0, 1, 2]
    assert not caplog.records
    assert stripe_ids(NetworkFileSegmenter(path), stripes) == [0, 1, 2]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "512x512" in caplog.text


def test_a_tflite_file_gives_what_the_builtin_model_gives(tmp_path: Path, media: Path) -> None:
    import cv2

    capture = cv2.VideoCapture(str(media / "clips" / "asl-webcam.mp4"))
    ok, image = capture.read()
    capture.release()
    assert ok
    frame = Frame(np.asarray(image, np.uint8), 0, 0.0, 0.0)
    path = tmp_path / "person.tflite"
    path.write_bytes(weights.selfie_segmentation())
    with NetworkFileSegmenter(path, ["person"]) as own, BuiltinSegmenter() as builtin:
        mask = own.segment(frame)
        assert mask.class_map == {0: "background", 1: "person"}
        assert mask.similarity(builtin.segment(frame), 1) > 0.99


@pytest.mark.parametrize(
    "open_network",
    [
        pytest.param(network_file.open_network, id="any"),
        pytest.param(lambda path, _: OpenCVNetwork(path), id="opencv"),
    ],
)
def test_a_tflite_file_says_its_size_and_what_its_classes_are_called(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    open_network: Callable[..., Network],
) -> None:
    monkeypatch.setattr(network_file, "open_network", open_network)
    path = tmp_path / "person.tflite"
    path.write_bytes(weights.selfie_segmentation())
    black = Frame(np.zeros((40, 60, 3), np.uint8), 0, 0.0, 0.0)
    mask = NetworkFileSegmenter(path).segment(black)
    assert not mask.class_ids.any()
    assert mask.class_map == {0: "background", 1: "selfie"}
    assert not caplog.records


def test_calls_from_several_threads_agree(save: Save, stripes: Frame) -> None:
    segmenter = NetworkFileSegmenter(save([CONV], PLANAR))
    expected = segmenter.segment(stripes).class_ids
    with ThreadPoolExecutor(4) as threads:
        for mask in threads.map(segmenter.segment, [stripes] * 32):
            np.testing.assert_array_equal(mask.class_ids, expected)


def test_class_names_come_from_a_file(save: Save, tmp_path: Path) -> None:
    path, names = save([CONV], PLANAR), tmp_path / "names.txt"
    names.write_text("\ufeffrot\r\n grün \nblau\n\n", encoding="utf-8")
    assert NetworkFileSegmenter(path, names).class_map == {0: "rot", 1: "grün", 2: "blau"}
    names.write_text("one\ntwo\n", encoding="utf-8")
    with pytest.raises(OptionsError, match="has 3 classes and --class-names gives 2 names"):
        NetworkFileSegmenter(path, names)
    names.write_text("\n", encoding="utf-8")
    with pytest.raises(OptionsError, match=r"^classes is .*there is none"):
        NetworkFileSegmenter(path, names)
    names.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionsError, match=r"^classes is .*cannot be read"):
        NetworkFileSegmenter(path, names)
    with pytest.raises(OptionsError, match=r"classes is names .*cannot be read"):
        NetworkFileSegmenter(path, tmp_path / "nothing.txt")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.onnx", None, "there is no model file"),
        ("weights.pt", b"anything", "must end in .onnx or .tflite"),
        ("empty.onnx", b"", "is not an ONNX model"),
        ("text.onnx", b"hello, this is text", "is not an ONNX model"),
        ("empty.tflite", b"", "is not a TFLite model"),
        ("text.tflite", b"hello, this is text", "is not a TFLite model"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_one_sentence(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
    content: bytes | None,
    sentence: str,
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OptionsError, match=sentence) as caught:
        NetworkFileSegmenter(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_model_that_does_not_segment_is_refused(
    save: Save, capfd: pytest.CaptureFixture[str]
) -> None:
    pooled = save([CONV_T, node("GlobalAveragePool", ["t"], "y")], [1, 3, 1, 1])
    with pytest.raises(OptionsError, match="output of 1 x 3 x 1 x 1, not a class for every pixel"):
        NetworkFileSegmenter(pooled)
    grey = save([CONV], [1, 1, HEIGHT, WIDTH], w=RED[:, :1], input_shape=[1, 1, HEIGHT, WIDTH])
    with pytest.raises(OptionsError, match="input of 1 x 1 x 24 x 32, not one picture of three"):
        NetworkFileSegmenter(grey)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "options",
    [{"input_size": (0, 8)}, {"confidence": 120.0}, {"std": (1.0, 0.0, 1.0)}, {"classes": "abc"}],
)
def test_options_out_of_range_are_refused(save: Save, options: dict[str, object]) -> None:
    with pytest.raises(OptionsError):
        NetworkFileSegmenter(save([CONV], PLANAR), **options)  # type: ignore[arg-type]
