"""A model of one's own, ImageNet's mean and std and all, in one line: live, annotated, asked once.

What comes out is compared, pixel by pixel, with the model run by hand in ONNX Runtime.
"""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx_bytes
import pytest
from conftest import need_package

from livesegment import Frame
from livesegment.sinks.mask_file import read_masks
from livesegment.sources.pattern import PatternSource

WIDTH, HEIGHT = 64, 48
FRAMES = 6
IMAGENET = ("--preset", "imagenet")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "my model.onnx"
    names = {"names": "{0: 'road', 1: 'tree', 2: 'sky'}"}
    path.write_bytes(onnx_bytes.three_classes(WIDTH, HEIGHT, metadata=names))
    return path


def run(*arguments: object, code: int = 0) -> "subprocess.CompletedProcess[str]":
    result = subprocess.run(
        [sys.executable, "-m", "livesegment", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result


def frames() -> list[Frame]:
    with PatternSource((WIDTH, HEIGHT), 10, FRAMES) as source:
        return list(iter(source.read, None))


def by_hand(model: Path, frame: Frame) -> np.ndarray:
    """Return the class of every pixel as whoever trained the model finds it."""
    onnxruntime = need_package("onnxruntime", "onnx")
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    rgb = frame.image[:, :, ::-1].astype(np.float32) / 255
    rgb = (rgb - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    (scores,) = session.run(None, {"x": rgb.transpose(2, 0, 1)[np.newaxis]})
    return np.asarray(scores[0].argmax(axis=0))


@pytest.mark.needs_package("onnxruntime", "onnx")
def test_annotated_every_pixel_is_what_the_model_says_by_hand(model: Path, tmp_path: Path) -> None:
    source = f"pattern:{WIDTH}x{HEIGHT}@10:{FRAMES}"
    for name, options in (("right", IMAGENET), ("wrong", ())):
        out = ("-o", tmp_path / f"{name}.mp4", "--masks", tmp_path / f"{name}.mkv")
        said = run("annotate", source, *out, "--model-file", model, *options).stderr
        assert f"{model} runs on the processor" in said
    right = [ids for _, ids in read_masks(tmp_path / "right.mkv")]
    wrong = [ids for _, ids in read_masks(tmp_path / "wrong.mkv")]
    assert len(right) == FRAMES
    for frame, ids, others in zip(frames(), right, wrong, strict=True):
        np.testing.assert_array_equal(ids, by_hand(model, frame))
        assert set(np.unique(ids)) == {0, 1, 2}
        assert (ids != others).mean() > 0.1


@pytest.mark.needs_package("onnxruntime", "onnx")
def test_live_every_pixel_is_what_the_model_says_by_hand(model: Path, tmp_path: Path) -> None:
    source, masks = f"pattern:{WIDTH}x{HEIGHT}@10:{FRAMES}", tmp_path / "masks.mkv"
    # Pasted: a mask is shown as it came, on later pictures too, and not carried to them.
    line = ("live", source, "--no-window", "--align", "paste", "--masks", masks)
    run(*line, "--model", model, *IMAGENET)
    kept = [ids for _, ids in read_masks(masks)]
    assert len(kept) == FRAMES
    hands = [by_hand(model, frame) for frame in frames()]
    came = next(number for number, ids in enumerate(kept) if ids.any())
    assert came < FRAMES - 1
    for number in range(came, FRAMES):
        assert any(np.array_equal(kept[number], hand) for hand in hands[: number + 1])


def test_a_picture_is_asked_about_once_and_its_classes_have_the_files_names(
    model: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), frames()[0].image)
    reply = json.loads(run("predict", photo, "--model-file", model, *IMAGENET).stdout)
    assert reply["class_map"] == {"0": "road", "1": "tree", "2": "sky"}
    named = run("predict", photo, "--model", model, *IMAGENET, "--class-names", "a,b,c").stdout
    assert json.loads(named)["class_map"] == {"0": "a", "1": "b", "2": "c"}


def test_a_file_that_is_meant_is_never_asked_for_in_the_network(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.zeros((8, 8, 3), np.uint8))
    said = run("predict", photo, "--model", "models/none.onnx", code=2).stderr
    assert said == "livesegment: there is no model file models/none.onnx\n"


def test_the_doctor_says_what_runs_the_file_and_how_long_it_takes(model: Path) -> None:
    report = json.loads(run("doctor", "--json", "--model-file", model, *IMAGENET).stdout)
    (finding,) = [each for each in report["findings"] if each["name"] == "model file"]
    assert finding["state"] == "ok"
    assert f"{model} on the processor" in finding["text"]
    assert "at 64x48, with masks of road, tree, sky, and takes" in finding["text"]
    assert "endpoint" not in {each["name"] for each in report["findings"]}


def test_what_annotating_takes_is_found_out_with_the_model(model: Path, tmp_path: Path) -> None:
    line = ("annotate", "pattern:64x48:6", "-o", tmp_path / "out.mp4", "--dry-run")
    said = run(*line, "--model-file", model).stdout
    assert "6 " in said
    assert not (tmp_path / "out.mp4").exists()
