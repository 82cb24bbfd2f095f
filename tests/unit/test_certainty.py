"""How sure a model is of each pixel: read, kept small, and a higher threshold from it."""

import base64
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from parts import FunctionSegmenter

from livesegment import AnnotateOptions, annotate
from livesegment.annotate.journal import Journal, journal_path
from livesegment.annotate.threshold import Raised, raised_threshold
from livesegment.errors import JournalMismatch
from livesegment.mask import VOID, Mask
from livesegment.protocol import certainty as reading
from livesegment.protocol.mask_png import encode_mask_png
from livesegment.protocol.reply import (
    both_reply,
    decode_reply,
    flat_reply,
    nested_reply,
    packed_reply,
)
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings import EndpointOptions
from livesegment.settings.serve import ServeOptions

SIZE = (320, 180)


@pytest.fixture(autouse=True)
def _unsaid() -> Iterator[None]:
    reading._say_unreadable.cache_clear()
    yield
    reading._say_unreadable.cache_clear()


def soft() -> Mask:
    """Return blobs of three classes with the certainties of a coarse grid that was enlarged."""
    scores = np.random.default_rng(3).normal(0, 2, (15, 26, 3)).astype(np.float32)
    enlarged = np.exp(cv2.resize(scores, SIZE, interpolation=cv2.INTER_CUBIC))
    shares = enlarged / enlarged.sum(axis=2, keepdims=True)
    certainty = (shares.max(axis=2) * 255).astype(np.uint8)
    ids = np.where(certainty >= 128, shares.argmax(axis=2), 0).astype(np.uint8)
    certainty = np.where(certainty >= 128, certainty, 0).astype(np.uint8)
    return Mask(ids, {0: "background", 1: "cat", 2: "dog"}, certainty=certainty)


def decoded(reply: bytes) -> Mask:
    return decode_reply(reply, frame_size=SIZE, frame_index=0)


def written(shape: Any, mask: Mask) -> bytes:
    more = {} if shape is flat_reply else {"inference_id": "x", "time_s": 0.1}
    return json.dumps(shape(mask, **more)).encode()


every_shape = pytest.mark.parametrize("shape", [flat_reply, nested_reply, both_reply])


@every_shape
def test_what_is_written_is_read_and_what_is_kept_is_it_in_whole_percents(shape: Any) -> None:
    mask = soft()
    body = written(shape, mask)
    assert (decoded(body).certainty == mask.certainty).all()
    kept = packed_reply(body, SIZE)
    without = packed_reply(written(shape, Mask(mask.class_ids, mask.class_map)), SIZE)
    assert len(kept) - len(without) < 0.75 * (len(body) - len(without))
    again = decoded(kept)
    assert (again.class_ids == mask.class_ids).all()
    assert again.class_map == mask.class_map
    assert packed_reply(kept, SIZE) == kept
    # Each threshold in whole percents has the same pixels as before.
    for percent in range(101):
        least = reading.least_certainty(percent)
        assert ((again.certainty >= least) == (mask.certainty * 100.0 >= percent * 255.0)).all()


def test_a_certainty_is_enlarged_with_its_mask() -> None:
    small = Mask(np.array([[0, 1]], np.uint8), certainty=np.array([[7, 250]], np.uint8))
    mask = decode_reply(written(flat_reply, small), frame_size=(4, 2), frame_index=0)
    assert mask.certainty.tolist() == [[7, 7, 250, 250]] * 2


PNG = base64.b64encode(encode_mask_png(np.zeros((180, 320), np.uint8))).decode()


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (5, "it is not a text"),
        ("***", "."),
        ("", "it is empty"),
        (PNG[:200], "damaged"),
        (
            base64.b64encode(encode_mask_png(np.zeros((4, 4), np.uint8))).decode(),
            "another size than the mask",
        ),
        (
            base64.b64encode(
                cv2.imencode(".png", np.zeros((180, 320, 3), np.uint8))[1].data
            ).decode(),
            "it is a PNG of colours",
        ),
    ],
)
def test_one_that_is_damaged_costs_no_mask_and_is_told_once(
    damaged: object, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mask = soft()
    body = json.dumps({**flat_reply(mask), "confidence_mask": damaged}).encode()
    for reply in (body, body, packed_reply(body, SIZE)):
        read = decoded(reply)
        assert (read.class_ids == mask.class_ids).all()
        assert read.certainty is None
    [record] = caplog.records
    assert re.search(said, record.getMessage().partition("left out: ")[2])


@pytest.mark.parametrize(
    ("class_map", "ground"),
    [
        ({0: "background", 1: "cat", 2: "dog"}, 0),
        ({1: "cat", 2: "Background "}, 2),
        ({0: "sky", 1: "cat", 2: "dog"}, VOID),
    ],
)
def test_what_is_below_a_higher_threshold_becomes_background(
    class_map: dict[int, str], ground: int
) -> None:
    ids = np.array([[0, 1, 1, 1, VOID]], np.uint8)
    certainty = np.array([[10, 178, 179, 255, 3]], np.uint8)
    mask = Raised(50, 70).applied(Mask(ids, class_map, 3, certainty))
    assert mask is not None
    assert mask.class_ids.tolist() == [[ground, ground, 1, 1, VOID]]
    assert mask.certainty.tolist() == [[0, 0, 179, 255, 0]]
    assert mask.frame_index == 3
    assert Raised(50, 70).applied(Mask(ids, class_map)) is None


BODY = written(flat_reply, soft())


def identity(confidence: str, **more: str) -> dict[str, str]:
    return {"input": "a", "model": f"http://x/any/1 (confidence {confidence}, 640 pixels)", **more}


@pytest.mark.parametrize(
    ("kept", "wanted", "reply", "reason"),
    [
        ("50", "70", BODY, None),
        ("37.5", "38", BODY, None),
        ("50", "70", b"{}", "do not say how sure"),
        ("50", "70", None, "do not say how sure"),
        ("50", "70.5", BODY, "whole percents"),
        ("50", "49", BODY, "can only be put up"),
        ("best", "70", BODY, "'best' is, only the endpoint knows"),
        ("50", "default", BODY, "'default' is, only the endpoint knows"),
        ("x", "70", BODY, ""),
    ],
)
def test_whether_kept_replies_serve(
    kept: str, wanted: str, reply: bytes | None, reason: str | None
) -> None:
    raised, said = raised_threshold(identity(kept), identity(wanted), reply)
    if reason is None:
        assert raised == Raised(float(kept), int(wanted))
    else:
        assert raised is None
        assert reason in said
    # Where more than that differs, it is another model's or input's.
    assert raised_threshold(identity(kept), identity(wanted, input="b"), reply) == (None, "")
    assert raised_threshold({"model": "mine"}, identity(wanted), reply) == (None, "")


def run(url: str, output: Path, confidence: Any, *, overwrite: bool = False) -> tuple[int, bytes]:
    """Return the calls that annotating took, and the masks that were written."""
    masks = output.with_suffix(".mkv")
    options = AnnotateOptions(
        endpoint=EndpointOptions(endpoint=url, model="any/1", confidence=confidence),
        masks=str(masks),
        overwrite=overwrite,
    )
    report = annotate("pattern:64x48@10:4", output, options=options)
    return report.calls, masks.read_bytes()


def test_a_journal_that_was_kept_before_serves_as_well(tmp_path: Path) -> None:
    """Such journals have the replies as they came, `confidence_mask` and all."""
    certainty = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    mask = Mask((certainty > 127).astype(np.uint8), {0: "background", 1: "a"}, 0, certainty)
    with EmbeddedServer(FunctionSegmenter(lambda _: 1), ServeOptions(port=0)) as server:
        assert run(server.url, tmp_path / "a.mp4", 50)[0] == 4
        path = journal_path(tmp_path / "a.mp4")
        with pytest.raises(JournalMismatch, match="belongs to") as other:
            Journal(path, {})
        kept = re.search(r"another input, (.*), not none", str(other.value))
        assert kept is not None
        path.unlink()
        model = f"{server.url}/any/1 (confidence 50, 640 pixels, JPEG 80)"
        with Journal(path, {"input": kept[1], "model": model}) as journal:
            for frame in range(4):
                journal.add(frame, written(flat_reply, mask))
        calls, at_50 = run(server.url, tmp_path / "a.mp4", 50, overwrite=True)
        assert calls == 0
        calls, at_70 = run(server.url, tmp_path / "a.mp4", 70, overwrite=True)
        assert calls == 0
    assert at_50 != at_70
