"""Model files that are shipped; README.md beside them says where each comes from."""

from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

SELFIE_SEGMENTATION_SHA256 = "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c"
SELFIE_SEGMENTATION_ONNX_SHA256 = "8471fa12407928f8b12bdcec694789db566a206df897b91c92799c9966bba969"
"""Of the two forms of MediaPipe Selfie Segmentation (general)."""


def selfie_segmentation() -> bytes:
    """Return the TFLite file of MediaPipe Selfie Segmentation (general)."""
    return files(__name__).joinpath("selfie_segmentation.tflite").read_bytes()


def selfie_segmentation_file(suffix: Literal[".onnx", ".tflite"]) -> AbstractContextManager[Path]:
    """Return the path of one of the forms of that model, good while the context is open."""
    return as_file(files(__name__).joinpath(f"selfie_segmentation{suffix}"))
