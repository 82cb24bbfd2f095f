"""Model files on each runtime that is installed: the same numbers, whichever it is."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import onnx_bytes
import pytest
from onnx_bytes import UINT8, node, three_classes
from runtimes import RUNTIMES, hide

from livesegment import weights
from livesegment.errors import MissingExtra, OptionsError, OutOfMemory
from livesegment.frame import Image
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.segmenters.runtimes.opencv import OpenCVNetwork
from livesegment.segmenters.runtimes.opening import open_network

needs_onnx = pytest.mark.needs_package("onnxruntime", "onnx")
needs_litert = pytest.mark.needs_package("ai_edge_litert.interpreter", "litert")

SAMPLE = Path(__file__).parents[2] / "samples" / "sample.mp4"
WIDTH, HEIGHT = 16, 12


@pytest.fixture
def without_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no other runtime than OpenCV, whatever is installed."""
    hide(monkeypatch)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A model of three classes, as a file."""
    path = tmp_path / "three.onnx"
    path.write_bytes(three_classes(WIDTH, HEIGHT, metadata={"names": "a,b,c", "long": "x" * 10**6}))
    return path


@pytest.fixture
def blob() -> np.ndarray:
    """An input of that model."""
    return np.random.default_rng(1).random((1, 3, HEIGHT, WIDTH), np.float32)


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    """Pictures of a person."""
    with av.open(str(SAMPLE)) as container:
        decoded = list(container.decode(video=0))
    return [np.asarray(each.to_ndarray(format="bgr24"), np.uint8) for each in decoded[::60]]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Path]:
    """The TFLite file of the built-in model."""
    with weights.selfie_segmentation_file(".tflite") as path:
        yield path


@needs_onnx
def test_onnx_runtime_gives_what_opencv_gives(three: Path, blob: np.ndarray) -> None:
    with open_network(three) as network, OpenCVNetwork(three) as opencv:
        assert network.device == "the processor, with ONNX Runtime"
        [taken] = network.inputs
        assert (taken.name, taken.shape) == ("x", (1, 3, HEIGHT, WIDTH))
        assert taken.dtype == np.float32
        assert network.outputs == ("y",)
        np.testing.assert_allclose(network.run(blob)["y"], opencv.run(blob)["y"], atol=1e-5)


@pytest.mark.parametrize("kind", [pytest.param("installed", marks=needs_onnx), "opencv"])
def test_what_a_network_gives_stays_when_it_runs_again(
    three: Path, blob: np.ndarray, kind: str
) -> None:
    with open_network(three) if kind == "installed" else OpenCVNetwork(three) as network:
        first = network.run(blob)["y"]
        kept = first.copy()
        network.run(1 - blob)
        np.testing.assert_array_equal(first, kept)


@needs_onnx
def test_what_a_file_says_of_itself_is_passed_on_within_bounds(three: Path) -> None:
    with open_network(three) as network:
        assert dict(network.metadata) == {"names": "a,b,c"}


@needs_onnx
def test_onnx_runtime_tells_open_sizes_and_kinds_of_numbers(tmp_path: Path) -> None:
    path = tmp_path / "bytes.onnx"
    nodes = [node("Cast", ["x"], "y", to=onnx_bytes.FLOAT)]
    shape = ["n", "h", "w", 3]
    path.write_bytes(onnx_bytes.model(nodes, shape, shape, {}, input_type=UINT8))
    with open_network(path) as network:
        assert network.inputs[0].shape == (None, None, None, 3)
        assert network.inputs[0].dtype == np.uint8
        pixels = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
        np.testing.assert_array_equal(network.run(pixels)["y"], pixels.astype(np.float32))


@needs_onnx
def test_what_onnx_runtime_does_not_take_opencv_may(tmp_path: Path, blob: np.ndarray) -> None:
    path = tmp_path / "liar.onnx"
    nodes = [node("ArgMax", ["x"], "y", axis=1)]  # whole numbers, though it says floats
    shape = [1, 3, HEIGHT, WIDTH]
    path.write_bytes(onnx_bytes.model(nodes, shape, [1, 1, HEIGHT, WIDTH], {}))
    with open_network(path) as network:
        assert network.device == "the processor, with OpenCV"
        np.testing.assert_array_equal(
            np.asarray(network.run(blob)["y"]).reshape(HEIGHT, WIDTH), blob[0].argmax(axis=0)
        )


@pytest.mark.parametrize(
    "kind",
    [pytest.param("installed", marks=needs_onnx), "opencv"],
)
def test_what_a_network_does_not_take_is_one_sentence(
    three: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    sentence = r"cannot run .*three\.onnx on 1 x 7 x 4 x 4 float32$"
    with (
        open_network(three) if kind == "installed" else OpenCVNetwork(three) as network,
        pytest.raises(OptionsError, match=sentence),
    ):
        network.run(np.zeros((1, 7, 4, 4), np.float32))
    assert capfd.readouterr().err == ""


@needs_litert
def test_litert_gives_what_opencv_gives(person: Path) -> None:
    rows = np.random.default_rng(1).random((1, 256, 256, 3), np.float32)
    with open_network(person) as network, OpenCVNetwork(person) as opencv:
        assert network.device == "the processor, with LiteRT"
        assert network.inputs[0].shape == rows.shape
        [given] = network.run(rows).values()
        [expected] = opencv.run(np.ascontiguousarray(rows.transpose(0, 3, 1, 2))).values()
        np.testing.assert_allclose(given.reshape(256, 256), expected.reshape(256, 256), atol=1e-3)
        assert network.metadata["labels.txt"] == "selfie\n"
        with pytest.raises(OptionsError, match=r"LiteRT cannot run .* on 1 x 4 x 4 x 2 float32"):
            network.run(np.zeros((1, 4, 4, 2), np.float32))


@needs_litert
def test_litert_writes_nothing_about_itself(person: Path) -> None:
    program = f"""
from pathlib import Path
import numpy
from livesegment.segmenters.runtimes.opening import open_network
network = open_network(Path({str(person)!r}))
network.run(numpy.zeros((1, 256, 256, 3), "float32"))
print(network.device)
"""
    # A process of its own: it writes once in each.
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert (ran.stdout, ran.stderr) == ("the processor, with LiteRT\n", "")


@pytest.mark.parametrize(
    "suffix",
    [
        pytest.param(".onnx", marks=needs_onnx),
        pytest.param(".tflite", marks=needs_litert),
    ],
)
def test_threads_may_share_a_network(suffix: str) -> None:
    with weights.selfie_segmentation_file(suffix) as path, open_network(path) as network:  # type: ignore[arg-type]
        shape = [size or 1 for size in network.inputs[0].shape]
        blobs = np.random.default_rng(2).random((4, *shape), np.float32)

        def first(blob: np.ndarray) -> np.ndarray:
            return next(iter(network.run(blob).values()))

        expected = [first(each) for each in blobs] * 3
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(first, [*blobs] * 3))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


@needs_onnx
@needs_litert
def test_the_builtin_model_is_the_same_on_every_runtime(
    pictures: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, devices = [], []
    for module in ("", *RUNTIMES):
        if module:
            hide(monkeypatch, module)
        with BuiltinSegmenter() as segmenter:
            devices.append(segmenter.device.rpartition(" ")[2])
            found.append([segmenter._person_certainty(each).astype(int) for each in pictures])
    assert devices == ["Runtime", "LiteRT", "OpenCV"]
    assert np.max(found[0]) > 250
    for other in found[1:]:
        # One grey value of 255 where rounding falls the other way.
        assert np.max(np.abs(np.subtract(found[0], other))) <= 1


@needs_onnx
@pytest.mark.parametrize("device", ["cuda", "directml", "openvino", "coreml"])
def test_a_device_that_is_missing_is_told_with_what_to_install(three: Path, device: str) -> None:
    import onnxruntime

    if any(device[:3] in each.lower() for each in onnxruntime.get_available_providers()):
        pytest.skip(f"{device} is there")
    with pytest.raises(MissingExtra, match=f"not have the device {device}: pip .*install") as told:
        open_network(three, device)
    assert "\n" not in str(told.value)


@needs_onnx
def test_a_device_without_its_libraries_is_left_or_told(
    three: Path,
    blob: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    import onnxruntime

    real = onnxruntime.InferenceSession

    def without_libraries(path: Path, options: object, providers: list[str]) -> object:
        print("Failed to load libcublas: ...")  # as the package for CUDA does
        return real(path, options, providers=providers[-1:])

    cuda = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: cuda)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: print("Failed"), raising=False)
    monkeypatch.setattr(onnxruntime, "InferenceSession", without_libraries)
    with pytest.raises(OptionsError, match="the device cuda here: its driver or libraries are mis"):
        open_network(three, "cuda")
    with open_network(three) as network:
        assert network.device == "the processor, with ONNX Runtime"
        assert network.run(blob)["y"].shape == blob.shape
    assert capfd.readouterr() == ("", "")


@needs_onnx
@pytest.mark.parametrize("said", ["std::bad_alloc", "pthread_create failed, error code: 11"])
def test_too_little_memory_is_no_fault_of_the_file(
    three: Path, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    def without_memory(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(onnxruntime, "InferenceSession", without_memory)
    with pytest.raises(OutOfMemory):
        open_network(three)


def test_without_a_runtime_a_device_needs_one(three: Path, without_runtimes: None) -> None:
    with pytest.raises(
        MissingExtra, match=r"the device cuda needs ONNX Runtime: pip install onnxruntime-gpu$"
    ):
        open_network(three, "cuda")
    with pytest.raises(MissingExtra, match="the device openvino needs ONNX Runtime"):
        BuiltinSegmenter(device="openvino")
    for device in ("auto", "cpu"):
        with open_network(three, device) as network:
            assert network.device == "the processor, with OpenCV"


def test_a_tflite_file_runs_on_the_processor_only(person: Path) -> None:
    with pytest.raises(OptionsError, match="the device cuda needs an ONNX model"):
        open_network(person, "cuda")
