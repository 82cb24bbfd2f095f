"""Pictures that somebody sends: how large one is stands in its header, and is bounded first."""

import cv2
import numpy as np

from livesegment.frame import Image

_OTHER_FRAMES = frozenset(range(0xC2, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG pictures that are not baseline; those left out are tables."""

_WITHOUT_LENGTH = frozenset((0x00, 0x01, *range(0xD0, 0xDB)))
"""Markers that nothing follows, or (0xDA) the picture itself."""


class PictureRefused(ValueError):
    """What was sent is no picture of a kind and size that is taken; its text says why."""


def decode_sent(content: bytes, max_side: int) -> Image:
    """Decode a JPEG or WebP picture that somebody sent.

    Only plain ones are taken, as browsers make them: a progressive JPEG of a few bytes can keep a
    processor busy for minutes, and an animated WebP is no picture of a camera.

    Args:
        content: The file.
        max_side: Its longest side in pixels, at the most.

    Returns:
        BGR uint8 (H, W, 3).

    Raises:
        PictureRefused: If it is no such picture, damaged, or larger; before it is decoded.
    """
    width, height = sent_picture_size(content)
    if not 0 < width <= max_side or not 0 < height <= max_side:
        raise PictureRefused(
            f"a picture has at most {max_side} pixels a side, not {width}x{height}"
        )
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None or image.shape != (height, width, 3):
        raise PictureRefused("the picture is damaged")
    return image.astype(np.uint8, copy=False)


def sent_picture_size(content: bytes) -> tuple[int, int]:
    """Return the (width, height) that the header of a plain JPEG or WebP picture says.

    Source: ITU-T T.81, annex B; RFC 9649 and, for the frame within, RFC 6386, section 9.1.

    Raises:
        PictureRefused: If it is no such picture.
    """
    if content[:2] == b"\xff\xd8":
        return _jpeg_size(content)
    if content[:4] == b"RIFF" and content[8:16] == b"WEBPVP8 " and content[23:26] == b"\x9d\x01*":
        width, height = (int.from_bytes(content[at : at + 2], "little") for at in (26, 28))
        return width & 0x3FFF, height & 0x3FFF
    raise PictureRefused("a picture is sent as a plain JPEG or WebP file")


def _jpeg_size(content: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # fills up
            at += 1
            continue
        if marker in (0xC0, 0xC1):
            height, width = (int.from_bytes(content[at + n : at + n + 2]) for n in (5, 7))
            return width, height
        if marker in _OTHER_FRAMES:
            raise PictureRefused("a JPEG picture is sent as a baseline one, not progressive")
        if marker in _WITHOUT_LENGTH:
            break
        at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4]))
    raise PictureRefused("the picture is damaged")
