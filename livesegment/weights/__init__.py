"""Model files that are shipped; README.md beside them says where each comes from."""

from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

SELFIE_SEGMENTATION_SHA256 = "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c"


def selfie_segmentation() -> bytes:
    """Return the TFLite file of MediaPipe Selfie Segmentation (general)."""
    return files(__name__).joinpath("selfie_segmentation.tflite").read_bytes()


SELFIE_SEGMENTATION_ONNX_SHA256 = "2c1ed65f1173fbe6378b18f9e8344a1169c85349be7c6d0ce773aac252271613"


def selfie_segmentation_file(suffix: Literal[".onnx", ".tflite"]) -> AbstractContextManager[Path]:
    """Return the path of a form of that model, good while the context is open."""
    return as_file(files(__name__).joinpath(f"selfie_segmentation{suffix}"))
