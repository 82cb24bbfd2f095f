"""Model files that are shipped; README.md beside them says where each comes from."""

from importlib.resources import files

SELFIE_SEGMENTATION_SHA256 = "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c"


def selfie_segmentation() -> bytes:
    """Return the TFLite file of MediaPipe Selfie Segmentation (general)."""
    return files(__name__).joinpath("selfie_segmentation.tflite").read_bytes()
