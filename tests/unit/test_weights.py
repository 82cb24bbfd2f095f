import hashlib

import pytest

from livesegment import weights


@pytest.mark.parametrize(
    ("suffix", "noted"),
    [
        (".tflite", weights.SELFIE_SEGMENTATION_SHA256),
        (".onnx", weights.SELFIE_SEGMENTATION_ONNX_SHA256),
    ],
)
def test_the_shipped_person_model_is_the_file_whose_hash_is_noted(suffix, noted) -> None:
    with weights.selfie_segmentation_file(suffix) as path:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == noted
