"""Replies that list what they found."""

import json
from typing import Any

import numpy as np
import pytest
from recorded_replies import FRAME, RECORDED, SENT

from livesegment.errors import BadReply
from livesegment.mask import Mask
from livesegment.protocol.instances import KnownClasses
from livesegment.protocol.reply import decode_reply

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def decoded(reply: Any, **given: Any) -> Mask:
    body, known = json.dumps(reply).encode(), KnownClasses(**given)
    return decode_reply(body, frame_size=FRAME, frame_index=5, sent_size=SENT, known=known)


def square(at: int, side: int, **more: Any) -> dict[str, Any]:
    """Return a prediction: a square of pixels of what was sent."""
    end = at + side - 1
    corners = [(at, at), (end, at), (end, end), (at, end)]
    return {
        "class": "car",
        "class_id": 0,
        "confidence": 0.5,
        "points": [{"x": x, "y": y} for x, y in corners],
    } | more


def listed(*predictions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"predictions": list(predictions)} | more


@pytest.mark.parametrize("kind", RECORDED)
def test_every_kind_of_reply_is_a_mask(kind: str) -> None:
    recorded = RECORDED[kind]
    mask = decode_reply(recorded.body, frame_size=FRAME, frame_index=5, sent_size=SENT)
    np.testing.assert_array_equal(mask.class_ids, recorded.class_ids)
    assert mask.class_map == recorded.class_map
    assert mask.frame_index == 5
    found = mask.instances
    told = None if found is None else [(each.class_id, each.confidence) for each in found]
    assert told == recorded.instances


def test_an_instance_is_measured_as_it_is_seen() -> None:
    person, car = RECORDED["instances, polygons with a hole"].reply["predictions"]
    mask = decoded(listed(person, car))
    assert mask.instances is not None
    behind, before = mask.instances
    assert (before.box, before.area) == ((8, 8, 32, 32), 32 * 32 - 8 * 8)
    assert (behind.box, behind.area) == ((30, 4, 26, 40), 26 * 40 - 10 * 32)
    hidden = decoded(listed(square(6, 2, confidence=0.1), square(4, 9)))
    assert hidden.instances is not None
    assert [each.id for each in hidden.instances] == [2]


def test_outlines_are_in_pixels_of_the_picture_that_the_reply_names() -> None:
    whole = decoded(listed(square(16, 8), image={"width": FRAME[0], "height": FRAME[1]}))
    np.testing.assert_array_equal(np.flatnonzero(whole.class_ids.any(axis=0)), range(16, 24))
    for image in ({"width": SENT[0], "height": SENT[1]}, {"width": 0, "height": -5}, "x", None):
        mask = decoded(listed(square(8, 4), image=image))
        columns = np.flatnonzero(mask.class_ids.any(axis=0))
        assert abs(columns[0] - 16) <= 1
        assert abs(columns[-1] - 23) <= 1


def test_what_lies_beyond_the_picture_is_cut_off() -> None:
    far = [{"x": x, "y": y} for x, y in ((-1e9, -1e9), (1e9, -1e9), (1.7e308, 1.7e308), (-9, 1e18))]
    mask = decoded(listed(square(0, 4, points=far)))
    assert (mask.class_ids == 1).all()
    beside = [{"x": x + 100, "y": y} for x, y in ((0, 0), (5, 0), (5, 5))]
    assert decoded(listed(square(0, 4, points=beside))).instances == ()


def test_an_outline_of_no_corners_shows_nothing() -> None:
    mask = decoded(listed(square(0, 4, points=[])))
    assert mask.instances == ()
    assert mask.class_map == {0: "background", 1: "car"}


def test_run_lengths_of_another_size_are_brought_to_the_frame() -> None:
    rle = {"size": [6, 8], "counts": [0, 6, 42]}  # the first column of eight
    mask = decoded(listed(square(0, 4, points=None, rle=rle)))
    np.testing.assert_array_equal(np.flatnonzero(mask.class_ids.any(axis=0)), range(8))


def test_given_names_stand_for_all_classes_and_those_that_occur_are_told() -> None:
    mask = decoded(listed(square(0, 4, **{"class": "Dog"}, class_id=2)), names=["car", "", "dog"])
    assert mask.class_map == {0: "background", 1: "car", 3: "dog"}
    mask = decoded(listed(square(0, 4, **{"class": ""}, class_id=7)), names=["car"])
    assert mask.class_map == {0: "background", 1: "car"}
    assert mask.class_name(8) == "class 8"
    two = listed(square(0, 4), square(9, 4, **{"class": "other"}))
    assert decoded(two).class_map == {0: "background", 1: "car"}


def test_what_is_to_be_hidden_lies_beneath_nothing() -> None:
    for kind in ("instances, polygons with a hole", "instances, compressed run lengths"):
        mask = decoded(RECORDED[kind].reply, on_top={"Person"})
        assert (mask.class_ids[4:44, 30:56] == 2).all()
    mask = decoded(RECORDED["prompted, polygons"].reply, names=["car", "person"], on_top={"person"})
    assert (mask.class_ids[4:44, 30:56] == 2).all()
    unnamed = listed(square(0, 9, **{"class": ""}, class_id=7, confidence=0.1), square(0, 9))
    assert (decoded(unnamed, on_top={"person"}).class_ids[2:16, 2:16] == 8).all()


def test_names_that_contradict_the_reply_are_refused() -> None:
    with pytest.raises(BadReply, match="calls class 0 'car', and the class names that were given"):
        decoded(listed(square(0, 4)), names=["person"])


def test_a_prompt_that_found_nothing_is_a_class_still() -> None:
    empty = {"prompt_results": [{"prompt_index": 0, "predictions": []}], "time": 0.1}
    mask = decoded(empty, names=["person", "cup"])
    assert mask.class_map == {0: "background", 1: "person", 2: "cup"}
    assert mask.instances == ()


@pytest.mark.parametrize("counts", ["P" * 3000, [0, 10**12], [0, 48, 1]])
@pytest.mark.parametrize("size", [[6, 8], [10**6, 10**6], [65_535, 65_535], [-6, -8], [6.0, 8]])
def test_run_lengths_that_are_too_large_or_wrong_are_refused(size: Any, counts: Any) -> None:
    with pytest.raises(BadReply, match=r"its counts|its rle"):
        decoded(listed(square(0, 4, rle={"size": size, "counts": counts})))


BOXES = {"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0, "confidence": 0.5, "class": "a"}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (listed(BOXES | {"class_id": 0}), "that of a detection model"),
        (listed({"class": "a", "confidence": 0.9}, top="a"), "that of a classification model"),
        (listed(top="a"), "that of a classification model"),
        ({"predictions": {"a": {}}, "predicted_classes": ["a"]}, "that of a classification model"),
        (listed(square(0, 4, class_id=253)), "253 are possible"),
        (listed(square(0, 4, class_id=10**400)), "253 are possible"),
        (listed(square(0, 4, class_id=-1)), "class_id"),
        (listed(square(0, 4, class_id=True)), "class_id"),
        (listed(square(0, 4, class_id="0")), "class_id"),
        (listed(square(0, 4, **{"class": 7})), "is no name"),
        (listed(square(0, 4, confidence=float("nan"))), "confidence"),
        (listed(square(0, 4, confidence="0.5")), "confidence"),
        (listed(square(0, 4, points=[{"x": float("inf"), "y": 0}])), "nowhere"),
        (listed(square(0, 4, points=[{"x": 10**400, "y": 0}])), "nowhere"),
        (listed(square(0, 4, points=[{"x": "1", "y": 0}])), "no pair of numbers"),
        (listed(square(0, 4, points=[{"x": True, "y": 0}])), "no pair of numbers"),
        (listed(square(0, 4, points=[[1, 2, 3]])), "no pair of numbers"),
        (listed(square(0, 4, points=7)), "no outline"),
        (listed(square(0, 4), BOXES | {"class_id": 1}), "no outline"),
        (listed(square(0, 4), 7), "no object"),  # type: ignore[arg-type]
        (listed(*[square(0, 4)] * 2001), "2000 are the most"),
        (listed(square(0, 4, points=[[0, 0]] * 200_001)), "more parts|corners"),
        (listed(square(0, 4), square(0, 4, rle={"size": [6, 8], "counts": [48]})), "one size"),
        ({"prompt_results": 7}, "prompt_results"),
        ({"prompt_results": [{"prompt_index": 2, "predictions": []}]}, "prompt 2, and 1 were"),
        ({"prompt_results": [{"predictions": 7}]}, "no list of predictions"),
        ({"prompt_results": [{"predictions": [7]}]}, "no object"),
    ],
)
def test_what_is_no_list_of_instances_is_refused_in_one_sentence(reply: Any, reason: str) -> None:
    with pytest.raises(BadReply, match=reason) as caught:
        decoded(reply, names=["car"])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_bomb_of_outlines_is_refused_before_it_is_painted() -> None:
    random = np.random.default_rng(1)
    points = (random.random((20_000, 2)) * SENT).tolist()
    with pytest.raises(BadReply, match="longer to paint"):
        decode_reply(
            json.dumps(listed(square(0, 4, points=points))).encode(),
            frame_size=(3840, 2160),
            frame_index=0,
            sent_size=SENT,
        )
