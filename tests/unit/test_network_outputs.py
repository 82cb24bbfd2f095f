"""What a user's model answers: which output it is, how it is read, what its classes are called."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx_bytes
import pytest
from onnx_bytes import FLOAT, INT32, INT64, UINT8, Dimensions, node

from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.segmenters import network_file
from livesegment.segmenters.class_naming import class_names_in
from livesegment.segmenters.network_file import NetworkFileSegmenter
from livesegment.segmenters.runtimes.opencv import OpenCVNetwork

HEIGHT, WIDTH = 24, 32
COLOURS = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
PLANAR = [1, 3, HEIGHT, WIDTH]
LOGITS = node("Conv", ["x", "w"], "t", kernel_shape=[1, 1])
GREY = np.ones((1, 3, 1, 1), np.float32) / 3


@pytest.fixture(
    params=["opencv", pytest.param("any", marks=pytest.mark.needs_package("onnxruntime", "onnx"))]
)
def runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run models with OpenCV, and with what runs them where more is installed."""
    if request.param == "opencv":
        monkeypatch.setattr(network_file, "open_network", lambda path, _: OpenCVNetwork(path))


def save(
    folder: Path,
    nodes: list[bytes],
    outputs: Mapping[str, Dimensions],
    *,
    kind: int = FLOAT,
    metadata: Mapping[str, str] | None = None,
    **constants: np.ndarray,
) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(
        onnx_bytes.model(
            nodes,
            PLANAR,
            [],
            {"w": COLOURS, **constants},
            outputs=outputs,
            output_type=kind,
            metadata=metadata,
        )
    )
    return path


@pytest.fixture
def stripes() -> Frame:
    """A red, a green and a blue stripe, three times as large as the input."""
    image = np.zeros((HEIGHT * 3, WIDTH * 3, 3), np.uint8)
    for number, channel in enumerate((2, 1, 0)):
        image[:, number * WIDTH : (number + 1) * WIDTH, channel] = 200
    return Frame(image, 5, 0.0, 0.0)


def stripe_ids(path: Path, frame: Frame, **options: object) -> list[int]:
    mask = NetworkFileSegmenter(path, **options).segment(frame)  # type: ignore[arg-type]
    assert mask.frame_size == frame.frame_size
    return [int(mask.class_ids[HEIGHT, WIDTH // 2 + WIDTH * number]) for number in range(3)]


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("kind", [INT64, INT32, UINT8])
@pytest.mark.parametrize(
    ("keepdims", "perm", "shape"),
    [
        (0, None, [1, HEIGHT, WIDTH]),
        (1, None, [1, 1, HEIGHT, WIDTH]),
        (1, [0, 2, 3, 1], [1, HEIGHT, WIDTH, 1]),
    ],
)
@pytest.mark.parametrize("letterbox", [False, True])
def test_ids_that_the_model_chose_itself(
    tmp_path: Path,
    stripes: Frame,
    kind: int,
    keepdims: int,
    perm: list[int] | None,
    shape: list[int],
    letterbox: bool,
) -> None:
    nodes = [LOGITS, node("ArgMax", ["t"], "i", axis=1, keepdims=keepdims)]
    if perm:
        nodes += [node("Transpose", ["i"], "p", perm=perm)]
    nodes += [node("Cast", ["p" if perm else "i"], "y", to=kind)]
    path = save(tmp_path, nodes, {"y": shape}, kind=kind)
    assert stripe_ids(path, stripes, letterbox=letterbox) == [0, 1, 2]


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("is_last", [False, True])
def test_a_class_a_channel_as_a_logit_or_a_probability(
    tmp_path: Path, stripes: Frame, is_last: bool
) -> None:
    nodes = [LOGITS, node("Softmax", ["t"], "s", axis=1)]
    nodes += [node("Transpose", ["s"], "y", perm=[0, 2, 3, 1] if is_last else [0, 1, 2, 3])]
    shape = [1, HEIGHT, WIDTH, 3] if is_last else PLANAR
    assert stripe_ids(save(tmp_path, nodes, {"y": shape}), stripes) == [0, 1, 2]


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("is_last", [False, True])
def test_one_channel_behind_a_sigmoid(tmp_path: Path, stripes: Frame, is_last: bool) -> None:
    # A sigmoid of 8 x green - 4: 91% in the green stripe.
    green = np.array([0, 8, 0], np.float32).reshape(1, 3, 1, 1)
    nodes = [
        node("Conv", ["x", "g", "b"], "t", kernel_shape=[1, 1]),
        node("Sigmoid", ["t"], "s"),
        node("Transpose", ["s"], "y", perm=[0, 2, 3, 1] if is_last else [0, 1, 2, 3]),
    ]
    shape = [1, HEIGHT, WIDTH, 1] if is_last else [1, 1, HEIGHT, WIDTH]
    path = save(tmp_path, nodes, {"y": shape}, g=green, b=np.array([-4], np.float32))
    assert stripe_ids(path, stripes) == [0, 1, 0]
    assert stripe_ids(path, stripes, confidence=95) == [0, 0, 0]


def test_probabilities_that_overshoot_a_little_are_no_logits(
    tmp_path: Path, stripes: Frame
) -> None:
    # 1.4 x green - 0.05: -0.05 outside of the green stripe, 1.05 within.
    green = np.array([0, 1.4, 0], np.float32).reshape(1, 3, 1, 1)
    nodes = [node("Conv", ["x", "g", "b"], "y", kernel_shape=[1, 1])]
    constants = {"g": green, "b": np.array([-0.05], np.float32)}
    path = save(tmp_path, nodes, {"y": [1, 1, HEIGHT, WIDTH]}, **constants)
    assert stripe_ids(path, stripes, confidence=20) == [0, 1, 0]
    assert stripe_ids(path, stripes, confidence=99) == [0, 1, 0]


def two_outputs(folder: Path) -> Path:
    turned = COLOURS[[1, 2, 0]]
    nodes = [
        node("Conv", ["x", "w"], "main", kernel_shape=[1, 1]),
        node("Conv", ["x", "v"], "aux", kernel_shape=[1, 1]),
        node("GlobalAveragePool", ["main"], "scene"),
    ]
    outputs = {"scene": [1, 3, 1, 1], "main": PLANAR, "aux": PLANAR}
    return save(folder, nodes, outputs, v=turned)


@pytest.mark.usefixtures("runtime")
def test_of_several_outputs_the_first_that_can_be_it_is_taken_or_the_one_that_is_named(
    tmp_path: Path, stripes: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    path = two_outputs(tmp_path)
    caplog.set_level(logging.INFO)
    assert stripe_ids(path, stripes) == [0, 1, 2]
    assert [each.getMessage() for each in caplog.records] == [
        f"{path}: of its outputs main, aux, main is used; --model-output chooses another"
    ]
    caplog.clear()
    assert stripe_ids(path, stripes, output="aux") == [2, 0, 1]
    assert not caplog.records
    for name, what in (("scene", "gives 1 x 3 x 1 x 1"), ("else", "is not there")):
        with pytest.raises(
            OptionsError,
            match=f"the output {name} of --model-output {what}; a class for every pixel is in main,"
            " aux of its outputs scene, main, aux$",
        ):
            NetworkFileSegmenter(path, output=name)


@pytest.mark.usefixtures("runtime")
def test_a_model_that_finds_objects_is_refused_in_a_sentence(tmp_path: Path) -> None:
    prototypes = node("Conv", ["x", "w"], "prototypes", kernel_shape=[1, 1])
    many = np.repeat(GREY, 8, axis=0)
    wide = node("Conv", ["x", "m"], "wide", kernel_shape=[1, 1])
    boxes = node("Reshape", ["wide", "shape"], "boxes")
    rows = [1, 8, HEIGHT * WIDTH]
    path = save(
        tmp_path,
        [wide, boxes, prototypes],
        {"boxes": rows, "prototypes": PLANAR},
        m=many,
        shape=np.array(rows, np.int64),
    )
    with pytest.raises(
        OptionsError, match=r"finds objects \(its output boxes is 1 x 8 x 768\), .* --endpoint, or"
    ):
        NetworkFileSegmenter(path)
    path = save(tmp_path, [wide, boxes], {"boxes": rows}, m=many, shape=np.array(rows, np.int64))
    with pytest.raises(OptionsError, match=r"finds objects .* ask such a model by --endpoint$"):
        NetworkFileSegmenter(path)
    for task, is_refused in (("segment", True), ("semantic", False)):
        path = save(tmp_path, [prototypes], {"prototypes": PLANAR}, metadata={"task": task})
        if is_refused:
            with pytest.raises(OptionsError, match="is made to segment objects"):
                NetworkFileSegmenter(path)
        else:
            NetworkFileSegmenter(path)


CONV = node("Conv", ["x", "w"], "y", kernel_shape=[1, 1])


@pytest.mark.usefixtures("runtime")
def test_names_come_from_the_file_unless_others_are_given(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    metadata = {"author": "somebody", "names": "{0: 'road', 1: 'per\\nson', 2: \"child's bike\"}"}
    path = save(tmp_path, [CONV], {"y": PLANAR}, metadata=metadata)
    named = NetworkFileSegmenter(path)
    assert named.class_map == {0: "road", 1: "per son", 2: "child's bike"}
    given = NetworkFileSegmenter(path, ["a", "b", "c"])
    assert given.class_map == {0: "a", 1: "b", 2: "c"}
    assert named.identity != given.identity
    assert not caplog.records
    path = save(tmp_path, [CONV], {"y": PLANAR}, metadata={"names": '["a", "b", "c", "d"]'})
    assert NetworkFileSegmenter(path).class_map == {0: "class 0", 1: "class 1", 2: "class 2"}
    assert "has 3 classes and names for 4: they are numbered; --class-names" in caplog.text


@pytest.mark.parametrize(
    ("metadata", "names"),
    [
        ({"names": "{0: 'a', 2: 'b'}"}, {0: "a", 2: "b"}),
        ({"names": '{"0": "a", "1": "b"}'}, {0: "a", 1: "b"}),
        ({"id2label": '{"0": "wall"}', "names": "[]"}, {0: "wall"}),
        ({"classes": "('a', 'b')"}, {0: "a", 1: "b"}),
        ({"labels": "a\nb\n"}, {0: "a", 1: "b"}),
        ({"class_names": "a,b"}, {0: "a", 1: "b"}),
        ({"vocabulary.txt": "x\ny", "labelmap.txt": "a\r\nb\r\n"}, {0: "a", 1: "b"}),
        ({"names": "{0: 'a', 1: None}"}, {}),
        ({"names": "{0: 'a', 999: 'b'}"}, {}),
        ({"names": "[__import__('os').getpid()]"}, {}),
        ({"names": "[" * 100_000}, {}),
        ({"names": "{" * 100_000}, {}),
        ({"names": "(" + "-" * 100_000}, {}),
        ({"names": "7"}, {}),
        ({"names": "  "}, {}),
        ({}, {}),
    ],
)
def test_names_are_read_in_every_form_and_nothing_is_computed(
    metadata: dict[str, str], names: dict[int, str]
) -> None:
    assert class_names_in(metadata) == names


def test_what_cannot_be_right_is_a_sentence_with_the_option_that_mends_it(tmp_path: Path) -> None:
    path = save(tmp_path, [CONV], {"y": PLANAR})
    for options, sentence in (
        ({"classes": ["a", "b"]}, "has 3 classes and --class-names gives 2 names"),
        ({"input_size": (64, 64)}, "takes pictures of 32x24 only: leave --input-size 64x64 out"),
    ):
        with pytest.raises(OptionsError, match=sentence):
            NetworkFileSegmenter(path, **options)  # type: ignore[arg-type]


def test_the_identity_tells_each_option_and_is_as_it_was_without_any(tmp_path: Path) -> None:
    path = save(tmp_path, [CONV], {"y": PLANAR})
    plain = NetworkFileSegmenter(path).identity
    # What journals of earlier versions have.
    assert plain.endswith(
        ", [(32, 24), 50.0, array([0., 0., 0.], dtype=float32), array([1., 1., 1.], dtype=float32)]"
        ", {0: 'class 0', 1: 'class 1', 2: 'class 2'})"
    )
    others: list[dict[str, object]] = [
        {"scale": 1.0},
        {"mean": (1.0, 0.0, 0.0)},
        {"std": (1.0, 2.0, 1.0)},
        {"bgr": True},
        {"letterbox": True},
        {"output": "y"},
        {"confidence": 51},
        {"classes": ["a", "b", "c"]},
    ]
    beside = path.with_name("model.onnx.data")
    beside.write_bytes(b"weights")
    assert NetworkFileSegmenter(path).identity != plain
    beside.unlink()
    identities = {NetworkFileSegmenter(path, **each).identity for each in others}  # type: ignore[arg-type]
    assert len(identities | {plain}) == len(others) + 1
