"""Every kind of reply that a segmentation endpoint gives, through the client and the commands."""

import base64
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from odd_endpoint import Call, OddEndpoint, raw
from parts import frame
from recorded_replies import FRAME, RECORDED, Recorded

from livesegment.cli.app import run
from livesegment.frame import Frame
from livesegment.mask import Instance, Mask
from livesegment.protocol.reply import decode_reply
from livesegment.segmenters.base import Segmenter
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
        if recorded.certainty is not None:
            assert mask.certainty is not None
            np.testing.assert_array_equal(mask.certainty[::2, ::2], recorded.certainty)
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


def instance(class_id: int, name: str, left: int) -> bytes:
    corners = [[left, 4], [left + 5, 4], [left + 5, 9], [left, 9]]
    found = {"class": name, "class_id": class_id, "confidence": 0.9, "points": corners}
    return json.dumps({"predictions": [found]}).encode()


def write_pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for index in range(count):
        image = np.full((FRAME[1], FRAME[0], 3), 40 * index, np.uint8)
        (folder / f"{index}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return folder


def test_a_class_map_only_grows_and_its_first_names_stay() -> None:
    replies = instance(4, "cup", 3), instance(0, "car", 9), instance(4, "mug", 3)
    with answering(*replies) as (url, _), HttpSegmenter(url, "any/1") as segmenter:
        assert segmenter.class_map_grows
        masks = [segmenter.segment(frame(index)) for index in range(3)]
    assert masks[0].class_map == {0: "background", 5: "cup"}
    assert masks[1].class_map == masks[2].class_map == {0: "background", 1: "car", 5: "cup"}


def test_a_journal_that_is_rendered_again_gives_the_same_files(tmp_path: Path) -> None:
    names = [(7, "cup"), (0, "car"), (3, "dog"), (1, "cat")]
    replies = [instance(number, name, 3 + number) for number, name in names]
    source = write_pictures(tmp_path / "in", len(names))
    output = tmp_path / "out"
    with answering(*replies) as (url, calls):
        words = ["annotate", str(source), "-o", str(output), "--endpoint", url, "--model", "any/1"]
        words += ["--export", "yolo", "--export", "coco", "--max-side", "32"]
        assert run(words) == 0
        first = {each: each.read_bytes() for each in written(tmp_path)}
        for each in first:
            each.unlink()
        for folder in (output, tmp_path / "out.yolo"):
            shutil.rmtree(folder, ignore_errors=True)
        assert run(words) == 0
        assert {each: each.read_bytes() for each in written(tmp_path)} == first
    assert len(calls) == len(names)
    data = (tmp_path / "out.yolo" / "data.yaml").read_text()
    assert sorted(re.findall(r'\d: "(.*)"', data)) == sorted(name for _, name in names)


@pytest.mark.parametrize("kind", ["instances, polygons with a hole", "prompted, run lengths"])
def test_a_higher_confidence_is_drawn_from_the_journal(
    kind: str, picture: Path, tmp_path: Path
) -> None:
    recorded = RECORDED[kind]
    with answering(recorded.body) as (url, calls):
        words = ["annotate", str(picture), "-o", str(tmp_path / "out.png"), "--export", "png"]
        words += ["--endpoint", url, *asked(recorded)]
        assert run(words) == 0
        assert run([*words, "--confidence", "80", "--overwrite"]) == 0
    assert len(calls) == 1
    (exported,) = tmp_path.glob("out.masks/*.png")
    ids = np.array(PIL.Image.open(exported))
    surer = recorded.class_ids.copy()
    surer[surer == 2] = 0  # the person, of 0.6
    np.testing.assert_array_equal(ids, surer)


def written(folder: Path) -> list[Path]:
    found = [each for each in folder.rglob("*") if each.is_file() and each.suffix != ".journal"]
    return [each for each in found if each.parent.name != "in"]


class Twins(Segmenter):
    """Sees two things of one class, side by side, in every picture."""

    def segment(self, seen: Frame) -> Mask:
        width, height = seen.frame_size
        ids, instances = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
        ids[10:20, 10:30] = 1
        instances[10:20, 10:20], instances[10:20, 20:30] = 3, 300
        return Mask(
            ids,
            {0: "background", 1: "twin"},
            seen.index,
            instance_ids=instances,
            confidences=(0.1, 0.2, 0.75),
        )


def test_instances_of_a_segmenter_of_ones_own_are_kept(tmp_path: Path) -> None:
    kept: list[bytes] = []
    with Twins() as segmenter:
        mask = segmenter.prepare(frame(7))(kept.append)
        recalled = segmenter.recall(kept[0], frame(7))
    np.testing.assert_array_equal(recalled.class_ids, mask.class_ids)
    assert recalled.class_map == mask.class_map
    assert recalled.instances == (
        Instance(1, 1, 0.75, (10, 10, 10, 10), 100),
        Instance(2, 1, 1.0, (20, 10, 10, 10), 100),
    )


REDACT = ["--redact", "person", "--redact-style", "black", "--opacity", "0", "--no-legend"]
HOW_TO = "--class-names, or have it look for them with --prompt"


def test_redaction_wants_to_know_the_classes_of_such_a_model(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = ["live", "pattern:64x48@30:90", "--no-window", "--record", str(tmp_path / "r.mp4")]
    annotate = ["annotate", str(picture), "-o", str(tmp_path / "out.png"), "--max-side", "32"]
    with answering(RECORDED["instances, polygons"].body) as (url, calls):
        for words in (live, annotate):
            assert run([*words, "--endpoint", url, "--model", "any/1", *REDACT]) == 2
            (said,) = capsys.readouterr().err.strip().splitlines()[-1:]
            assert HOW_TO in said
        assert not (tmp_path / "out.png").exists()
        paid = len(calls)
        names = ["--class-names", "car,person"]
        assert run([*annotate, "--endpoint", url, "--model", "any/1", *REDACT, *names]) == 0
        assert len(calls) == paid, "the reply was kept"
    shown = cv2.imread(str(tmp_path / "out.png"))
    assert not shown[4:44, 30:56].any(), "also where the car is surer"


BOX = {"x": 9.0, "y": 9.0, "width": 4.0, "height": 4.0, "class": "car", "class_id": 0}
OTHER_MODELS = {
    "detection": {"predictions": [BOX | {"confidence": 0.9}], "image": {"width": 64, "height": 48}},
    "classification": {"predictions": [{"class": "car", "confidence": 0.9}], "top": "car"},
}


@pytest.mark.parametrize("kind", OTHER_MODELS)
def test_models_of_other_kinds_are_refused_by_what_they_are(
    kind: str, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["live", "pattern:64x48@30:90", "--no-window", "--stats", str(tmp_path / "s.json")],
        ["annotate", str(picture), "-o", str(tmp_path / "out.png")],
        ["predict", str(picture)],
    ):
        with answering(json.dumps(OTHER_MODELS[kind]).encode()) as (url, calls):
            assert run([*words, "--endpoint", url, "--model", "any/1"]) == 4
        said = capsys.readouterr().err.strip().splitlines()[-1]
        assert f"it is that of a {kind} model" in said
        assert len(calls) <= 4


def test_names_that_contradict_the_model_are_told(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(RECORDED["instances, polygons"].body) as (url, _):
        words = ["predict", str(picture), "--endpoint", url, "--model", "any/1"]
        assert run([*words, "--class-names", "person,car"]) == 4
    said = capsys.readouterr().err
    assert "calls class 1 'person', and the class names that were given 'car'" in said
    assert "Traceback" not in said


def test_a_semantic_models_own_names_stand(
    picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(RECORDED["semantic, flat"].body) as (url, _):
        words = ["predict", str(picture), "--endpoint", url, "--model", "any/1"]
        assert run([*words, "--class-names", "sky,tree"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["class_map"] == {"0": "background", "1": "car", "2": "person"}
    assert "--class-names" in output.err


def test_doctor_says_what_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(RECORDED["prompted, polygons"].body) as (url, _):
        run(["doctor", "--endpoint", url, "--prompt", "car,person"])
    said = capsys.readouterr().out
    assert "prompt car, person" in said
    assert "answers with masks of background, car, person" in said
