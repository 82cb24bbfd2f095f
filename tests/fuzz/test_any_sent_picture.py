"""Whatever somebody sends as a camera's picture: a picture within the bounds, or a sentence."""

import cv2
import numpy as np
from anything import damaged, is_sentence
from hypothesis import example, given
from hypothesis import strategies as st
from memory import resident_at_most

from livesegment.sources.sent_picture import PictureRefused, decode_sent

SIDE = 512


def _file(suffix: str, *parameters: int) -> bytes:
    scene = np.random.default_rng(5).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    _, content = cv2.imencode(suffix, scene, parameters)
    return content.tobytes()


files = st.sampled_from(
    (
        _file(".jpg"),
        _file(".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        _file(".jpg", cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
        _file(".webp", cv2.IMWRITE_WEBP_QUALITY, 80),
        _file(".webp"),
        _file(".png"),
    )
)
markers = st.sampled_from((b"\xc0", b"\xc2", b"\xd8", b"\xda", b"\xe1", b"\xff", b"\0"))
segments = st.tuples(markers, st.binary(max_size=20)).map(
    lambda each: b"\xff" + each[0] + len(each[1] + b"..").to_bytes(2) + each[1]
)


@given(
    damaged(files)
    | st.lists(segments, max_size=6).map(lambda each: b"\xff\xd8" + b"".join(each))
    | st.binary(max_size=60)
)
@example(b"\xff\xd8" + b"\xff" * 100_000)
@example(b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff\0\0\0\x9d\x01*\xff\xff\xff\xff")
def test_any_bytes_in_place_of_a_picture(content: bytes) -> None:
    with resident_at_most(20 * 2**20):
        try:
            image = decode_sent(content, SIDE)
        except PictureRefused as refusal:
            is_sentence(refusal)
        else:
            assert image.dtype == np.uint8
            assert image.ndim == 3
            assert max(image.shape) <= SIDE
