"""What a client sends."""

import base64

import cv2
import numpy as np
import pytest

from livesegment.protocol.request import encode_image, query
from livesegment.settings.endpoint import Confidence


def sent_size(image: np.ndarray, max_side: int) -> tuple[int, int]:
    body = encode_image(image, max_side=max_side, jpeg_quality=80)
    jpeg = base64.b64decode(body, validate=True)
    assert jpeg[:3] == b"\xff\xd8\xff"
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded.shape[1], decoded.shape[0]


@pytest.mark.parametrize(
    ("width", "height", "max_side", "expected"),
    [
        (1280, 720, 640, (640, 360)),
        (720, 1280, 640, (360, 640)),
        (320, 200, 640, (320, 200)),  # never enlarged
        (641, 3, 640, (640, 3)),
        (5000, 2, 640, (640, 1)),  # no side vanishes
    ],
)
def test_a_picture_is_sent_with_its_proportions_and_never_enlarged(
    width: int, height: int, max_side: int, expected: tuple[int, int]
) -> None:
    assert sent_size(np.zeros((height, width, 3), np.uint8), max_side) == expected


@pytest.mark.parametrize("side", [64, 96, 128, 200])
def test_a_larger_picture_is_averaged_not_sampled(side: int) -> None:
    stripes = np.zeros((side, side, 3), np.uint8)
    stripes[:, ::2] = 200
    jpeg = base64.b64decode(encode_image(stripes, max_side=32, jpeg_quality=95))
    small = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert small is not None
    assert small.shape == (32, 32, 3)
    assert np.abs(small.astype(float) - 100).max() < 4


def test_jpeg_quality_is_heeded() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    low = encode_image(image, max_side=640, jpeg_quality=10)
    high = encode_image(image, max_side=640, jpeg_quality=95)
    assert len(low) < len(high) / 2


@pytest.mark.parametrize(
    ("confidence", "sent"),
    [
        (50, "50"),
        (0, "0"),
        (100, "100"),
        (37.5, "37.5"),
        (0.5, "1"),
        ("best", "best"),
        ("default", "default"),
    ],
)
def test_confidence_is_sent_as_0_to_100_or_as_a_word(confidence: Confidence, sent: str) -> None:
    assert query(confidence=confidence, name="1.jpg")["confidence"] == sent


def test_the_query_holds_the_name() -> None:
    asked = {"confidence": "50", "name": "7.jpg", "response_mask_format": "rle"}
    assert query(confidence=50, name="7.jpg") == asked
