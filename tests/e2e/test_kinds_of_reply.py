"""Every kind of reply that a segmentation endpoint gives, through the client and the commands."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from odd_endpoint import Call, OddEndpoint, raw
from parts import frame
from recorded_replies import FRAME, RECORDED, Recorded

from livesegment.cli.app import run
from livesegment.mask import Mask
from livesegment.protocol.reply import decode_reply
from livesegment.segmenters.http import HttpSegmenter
from livesegment.sinks.mask_file import MaskFileReader

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MODEL = {"model": "any/1"}


@contextmanager
def answering(*bodies: bytes) -> Iterator[tuple[str, list[Call]]]:
    """Serve an endpoint that gives these answers in turn, the last one again and again."""
    endpoint = OddEndpoint(
        lambda number: raw("200 OK", bodies[min(number, len(bodies) - 1)]), keeps_bodies=True
    )
    with endpoint.serving() as url:
        yield url, endpoint.log


def asked(recorded: Recorded) -> list[str]:
    """Return what a command line says about the model."""
    words = ["--model", "any/1"] if recorded.prompt is None else ["--prompt", "car, person"]
    return [*words, "--max-side", "32"]


def check(mask: Mask, recorded: Recorded) -> None:
    np.testing.assert_array_equal(mask.class_ids, recorded.class_ids)
    assert mask.class_map == recorded.class_map


@pytest.mark.parametrize("kind", RECORDED)
def test_the_client_makes_a_mask_of_each(kind: str) -> None:
    recorded = RECORDED[kind]
    model = MODEL if recorded.prompt is None else {"prompt": recorded.prompt}
    with (
        answering(recorded.body) as (url, calls),
        HttpSegmenter(url, max_side=32, confidence=40, **model) as segmenter,  # type: ignore[arg-type]
    ):
        kept: list[bytes] = []
        for mask in (segmenter.segment(frame(7)), segmenter.prepare(frame(7))(kept.append)):
            check(mask, recorded)
            found = mask.instances
            told = None if found is None else [(each.class_id, each.confidence) for each in found]
            assert told == recorded.instances
        recalled = segmenter.recall(kept[0], frame(7))
        check(recalled, recorded)
        assert recalled.instances == mask.instances
    if recorded.prompt is None:
        assert calls[0].path == "/any/1"
        return
    assert calls[0].path == "/sam3/concept_segment"
    assert b"content-type: application/json" in calls[0].head.lower()
    sent = json.loads(calls[0].body)
    assert [each["text"] for each in sent["prompts"]] == ["car", "person"]
    assert sent["output_prob_thresh"] == 0.4
    picture = decode_jpeg(sent["image"]["value"])
    assert picture.shape[:2] == (24, 32)


def decode_jpeg(text: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "picture.png"
    file.write_bytes(cv2.imencode(".png", np.full((FRAME[1], FRAME[0], 3), 90, np.uint8))[1])
    return file


@pytest.mark.parametrize("kind", RECORDED)
def test_every_command_shows_each(
    kind: str, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = RECORDED[kind]
    with answering(recorded.body) as (url, _):
        model = ["--endpoint", url, *asked(recorded)]
        assert run(["predict", str(picture), *model]) == 0
        predicted = decode_reply(capsys.readouterr().out.encode(), frame_size=FRAME, frame_index=0)
        check(predicted, recorded)
        output = ["-o", str(tmp_path / "out.png"), "--export", "coco"]
        assert run(["annotate", str(picture), *output, *model]) == 0
        masks = str(tmp_path / "live.mkv")
        live = ["--no-window", "--masks", masks, "--align", "paste"]
        assert run(["live", "pattern:64x48@60:20", *live, *model]) == 0
    (exported,) = tmp_path.glob("*.json")
    annotations = json.loads(exported.read_text())["annotations"]
    with MaskFileReader(masks) as reader:
        last = [class_ids for _, class_ids in reader][-1]
        assert reader.class_map == recorded.class_map
    np.testing.assert_array_equal(last, recorded.class_ids)
    if recorded.instances is not None:
        classes = sorted(each["category_id"] for each in annotations)
        assert classes == sorted(class_id for class_id, _ in recorded.instances)
