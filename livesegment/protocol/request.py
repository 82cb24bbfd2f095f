"""What a client sends: a frame as base64 text, and what goes into the query."""

import base64
import json
from collections.abc import Sequence

import cv2

from livesegment.downscale import downscaled, fitting
from livesegment.frame import Image
from livesegment.profile import stage
from livesegment.settings.endpoint import Confidence

CONTENT_TYPE = "application/x-www-form-urlencoded"
"""What the documentation's samples send, although the body is never form-encoded."""

PROMPTS_PATH = "sam3/concept_segment"
PROMPTS_CONTENT_TYPE = "application/json"
"""Where a model that takes phrases is asked, and as what."""


def sent_size(frame_size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Return the (width, height) in which a picture of a size is sent: never larger than it is."""
    return fitting(frame_size, (max_side, max_side))


def encode_image(image: Image, *, max_side: int, jpeg_quality: int) -> bytes:
    """Return a picture as the body of a request: a base64 text of a JPEG.

    Args:
        image: BGR uint8 (H, W, 3).
        max_side: Longest side in pixels of what is sent. A larger picture is made smaller with its
            proportions kept; a smaller one is sent as it is.
        jpeg_quality: 1 to 100.
    """
    smaller = downscaled(image, sent_size((image.shape[1], image.shape[0]), max_side))
    with stage("JPEG"):
        _, jpeg = cv2.imencode(".jpg", smaller, (cv2.IMWRITE_JPEG_QUALITY, jpeg_quality))
        return base64.b64encode(jpeg.data)


def query(*, confidence: Confidence, name: str) -> dict[str, str]:
    """Return the query parameters of a request, but for the key: that is `KeySending`'s.

    Instance models are asked for run lengths: their polygons are the longest outline of each
    instance, without its holes and without its other parts. Other models pass over that.

    Args:
        confidence: 0 to 100, or a word that is sent as it is. What lies between 0 and 1 is sent as
            1, because servers read numbers below 1 as a fraction: 0.5 would become 50 %.
        name: What the endpoint shall call the picture.
    """
    said: str
    if isinstance(confidence, str):
        said = confidence
    else:
        said = f"{max(confidence, 1.0) if confidence > 0 else 0.0:g}"
    return {"confidence": said, "name": name, "response_mask_format": "rle"}


def prompts_body(image: bytes, prompts: Sequence[str], confidence: Confidence) -> bytes:
    """Return the body of a request for what phrases name.

    Args:
        image: As `encode_image` returns it.
        prompts: The phrases.
        confidence: 0 to 100; a word leaves it to the endpoint.
    """
    asked: dict[str, object] = {
        "image": {"type": "base64", "value": image.decode("ascii")},
        "prompts": [{"type": "text", "text": each} for each in prompts],
        "format": "rle",  # the very pixels, holes included
    }
    if not isinstance(confidence, str):
        asked["output_prob_thresh"] = confidence / 100
    return json.dumps(asked, ensure_ascii=False).encode()
