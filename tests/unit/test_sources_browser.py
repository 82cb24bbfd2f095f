"""The camera of a browser: whose pictures are taken, which are not, and what is made of them."""

import logging
import struct
from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
import pytest
from waiting import wait_until

from livesegment.frame import Frame
from livesegment.sources.browser import BrowserSource, PictureSender
from livesegment.sources.sent_picture import PictureRefused, decode_sent

SIDE = 320


def picture(number: int, suffix: str = ".jpg", size: tuple[int, int] = (64, 48)) -> bytes:
    """Return the file of a picture whose grey tells its number."""
    flags = [cv2.IMWRITE_WEBP_QUALITY, 80] if suffix == ".webp" else []
    _, content = cv2.imencode(suffix, np.full((size[1], size[0], 3), 10 * number, np.uint8), flags)
    return content.tobytes()


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """Return a JPEG file whose header says another size."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def number_of(frame: Frame | None) -> int:
    assert frame is not None
    return round(frame.image.mean() / 10)


@pytest.fixture
def source() -> Iterator[BrowserSource]:
    with BrowserSource(SIDE) as opened:
        yield opened


def sent(source: BrowserSource, sender: PictureSender, *numbers: int) -> list[Frame]:
    """Send pictures, each when the one before has been read, and return what they became."""
    frames = []
    for number in numbers:
        sender.put(picture(number), lambda refusal: None)
        frame = source.read()
        assert frame is not None
        frames.append(frame)
    return frames


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_a_picture_is_what_was_sent(suffix: str) -> None:
    image = decode_sent(picture(9, suffix, (SIDE, 48)), SIDE)
    assert image.shape == (48, SIDE, 3)
    assert image.mean() == pytest.approx(90, abs=2)


def progressive() -> bytes:
    _, content = cv2.imencode(
        ".jpg", np.zeros((48, 64, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    )
    return content.tobytes()


NOT_TAKEN = {
    "nothing": (b"", "plain JPEG or WebP"),
    "a text": (b"GIF89a, or so it says" * 9, "plain JPEG or WebP"),
    "PNG": (picture(1, ".png"), "plain JPEG or WebP"),
    "half a header": (picture(1)[:40], "damaged"),
    "no picture": (picture(1)[: picture(1).index(b"\xff\xda")], "damaged"),
    "without tables": (b"\xff\xd8\xff\xda" + bytes(60), "damaged"),
    "a table without length": (b"\xff\xd8\xff\xe0\0\0" + bytes(60), "damaged"),
    "progressive": (progressive(), "not progressive"),
    "too wide": (picture(1, size=(SIDE + 1, 8)), f"at most {SIDE} pixels a side, not {SIDE + 1}x8"),
    "a bomb": (with_size(picture(1), 30_000, 30_000), "pixels a side, not 30000x30000"),
    "no height": (with_size(picture(1), 64, 0), "not 64x0"),
    "larger than it is": (with_size(picture(1), 300, 200), None),
    "WebP, too high": (picture(1, ".webp", (8, SIDE + 1)), f"not 8x{SIDE + 1}"),
    "WebP without loss": (picture(1, ".webp").replace(b"VP8 ", b"VP8L"), "plain JPEG or WebP"),
    "half a WebP": (picture(1, ".webp")[:30], "damaged"),
}


@pytest.mark.parametrize("case", NOT_TAKEN)
def test_what_is_not_taken_is_a_sentence(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content, sentence = NOT_TAKEN[case]
    decoded: list[int] = []
    decode = cv2.imdecode
    monkeypatch.setattr(cv2, "imdecode", lambda *given: decoded.append(1) or decode(*given))
    if sentence is None:  # the decoder fills up what is missing
        assert decode_sent(content, SIDE).shape == (200, 300, 3)
        return
    with pytest.raises(PictureRefused, match=sentence):
        decode_sent(content, SIDE)
    if "not" in sentence:
        assert not decoded  # a bomb is not even unpacked


def test_pictures_come_in_order_across_a_sender_who_leaves(
    source: BrowserSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert source.is_live
    assert source.lost_since_s is not None
    first = source.admit()
    assert first is not None
    frames = sent(source, first, 1, 2, 3)
    assert source.lost_since_s is None
    first.leave()
    wait_until(lambda: "sends no more; waiting for it" in caplog.text, "a word of the loss")
    assert source.lost_since_s is not None
    second = source.admit()
    assert second is not None
    frames += sent(source, second, 4, 5)
    assert source.lost_since_s is None
    assert source.reconnects == 1
    assert source.scene_began == 3
    assert [number_of(each) for each in frames] == [1, 2, 3, 4, 5]
    assert [each.index for each in frames] == [0, 1, 2, 3, 4]
    for one, other in pairwise(frames):
        assert one.pts_s < other.pts_s
        assert one.captured_at_s < other.captured_at_s


def test_one_sends_at_a_time(source: BrowserSource) -> None:
    first = source.admit()
    assert first is not None
    assert source.is_taken
    assert source.admit() is None
    first.leave()
    assert not source.is_taken
    assert source.admit() is not None


def test_who_is_silent_for_too_long_makes_room_and_is_told_so(
    source: BrowserSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = source.admit()
    assert first is not None
    sent(source, first, 1)
    monkeypatch.setattr("livesegment.sources.browser.SILENCE_S", -1.0)
    assert not source.is_taken
    second = source.admit()
    assert second is not None
    monkeypatch.undo()
    told: list[str | None] = []
    first.put(picture(2), told.append)
    assert told == ["another device sends its camera already"]
    assert [number_of(each) for each in sent(source, second, 3)] == [3]


def test_of_pictures_that_come_too_fast_the_newest_is_kept_and_each_is_answered() -> None:
    sender = PictureSender(SIDE)
    told: list[str | None] = []
    for number in range(1, 9):
        sender.put(picture(number), told.append)
    assert number_of(sender.read()) == 8
    assert told == []  # the next one would wait: nobody has gone on since
    sender.answer_taken()
    assert told == [None] * 8
    sender.answer_taken()
    assert told == [None] * 8
    sender.put(b"no picture", told.append)
    sender.stop()
    assert sender.read() is None
    assert told[8:] == [None]


def test_what_is_refused_is_told_and_the_next_one_is_read() -> None:
    sender = PictureSender(SIDE)
    told: list[str | None] = []

    def put_another(said: str | None) -> None:
        told.append(said)
        sender.put(picture(7), told.append)

    sender.put(picture(1, size=(400, 400)), put_another)
    assert number_of(sender.read()) == 7
    sender.answer_taken()
    assert told == [f"a picture has at most {SIDE} pixels a side, not 400x400", None]


def test_the_end_ends_a_read_that_waits_and_admits_nobody() -> None:
    source = BrowserSource(SIDE)
    sender = source.admit()
    assert sender is not None
    sent(source, sender, 1)
    source.stop()
    assert source.read() is None
    assert source.admit() is None
    source.close()
