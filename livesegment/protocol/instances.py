"""Replies that list what they found: instances, and what prompts found, with their outlines.

A reply of an instance model has `predictions`, a list; one about prompts `prompt_results`, a list
with `predictions` each. A prediction has polygons (`points`, or several as `masks`) or COCO's run
lengths (`rle`, or as `masks`). Models without either are told from these by what they lack.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from livesegment.class_name import clean_class_name, comparable
from livesegment.mask import BACKGROUND, Mask
from livesegment.protocol.painting import Found, paint
from livesegment.protocol.shape import image_size, read_shape
from livesegment.rle import Runs

_MOST_CLASSES = 253
"""0 is the background, 255 means nothing, and 254 stays free."""

CLASSIFICATION = (
    "it is that of a classification model, which says what a picture shows and not where; a"
    " semantic or instance segmentation model is needed"
)

_MOST_INSTANCES = 2000
_MOST_CORNERS = 200_000  # of all instances together
_MOST_PROMPTS = 256


@dataclass(frozen=True, slots=True)
class KnownClasses:
    """What is known of a model's classes beside its replies.

    Attributes:
        names: From class 0 on, or the prompts; empty: what the replies call them.
        on_top: Names of those that no other class hides, where instances overlap.
    """

    names: Sequence[str] = ()
    on_top: Collection[str] = frozenset()


def read_instances(
    reply: dict[str, Any],
    known: KnownClasses,
    *,
    frame_size: tuple[int, int],
    sent_size: tuple[int, int],
) -> Mask:
    """Return the mask of an instance model's reply. A class's id is its `class_id` and one.

    Args:
        reply: With a list under `predictions`.
        known: Of the model's classes.
        frame_size: (width, height) of the frame.
        sent_size: (width, height) of what was sent.

    Returns:
        A mask of the frame's size or another one, about frame 0. Its class map has the names that
        are known, and those of what occurs.

    Raises:
        ValueError: If it is of another kind of model, is broken, or holds too much.
    """
    predictions = reply["predictions"]
    _check_kind(reply, predictions)
    found = [_found(each, known.names, sent_size) for each in _bounded(predictions)]
    return _mask(found, known, frame_size, image_size(reply.get("image")) or sent_size)


def read_prompted(
    reply: dict[str, Any],
    known: KnownClasses,
    *,
    frame_size: tuple[int, int],
    sent_size: tuple[int, int],
) -> Mask:
    """Return the mask of a reply about prompts. A class's id is its `prompt_index` and one.

    Args:
        reply: With a list under `prompt_results`.
        known: Of the prompts; without names, what the reply repeats of them.
        frame_size: (width, height) of the frame.
        sent_size: (width, height) of what was sent.

    Returns:
        As `read_instances` does.

    Raises:
        ValueError: If it is broken, or holds too much.
    """
    results = reply["prompt_results"]
    if not isinstance(results, list) or len(results) > _MOST_PROMPTS:
        raise ValueError("its prompt_results are no list of some prompts")
    found: list[Found] = []
    phrases = dict(enumerate(known.names))
    for place, result in enumerate(results):
        predictions = result.get("predictions") if isinstance(result, dict) else None
        if not isinstance(predictions, list):
            raise ValueError("one of its prompt_results has no list of predictions")  # noqa: TRY004
        index = _class_number(result.get("prompt_index", place), "prompt_index")
        if known.names and index >= len(known.names):
            raise ValueError(f"it answers prompt {index}, and {len(known.names)} were sent")
        echo = result.get("echo")
        phrase = echo.get("text") if isinstance(echo, dict) else None
        phrase = phrases.setdefault(index, phrase if isinstance(phrase, str) else "")
        found += [_prompted(each, index, phrase, sent_size) for each in _bounded(predictions)]
    names = [phrases.get(index, "") for index in range(max(phrases, default=-1) + 1)]
    known = replace(known, names=names)
    return _mask(_bounded(found), known, frame_size, image_size(reply.get("image")) or sent_size)


def _check_kind(reply: dict[str, Any], predictions: list[Any]) -> None:
    """Refuse replies of models that find no regions."""
    known = [each for each in predictions if isinstance(each, dict)]
    if any(map(_has_region, known)):
        return
    if "top" in reply or any("class" in each and "x" not in each for each in known):
        raise ValueError(CLASSIFICATION)
    if known:
        raise ValueError(
            "it is that of a detection model, which finds boxes and no outlines; a semantic or"
            " instance segmentation model is needed"
        )


def _has_region(prediction: dict[str, Any]) -> bool:
    return any(each in prediction for each in ("points", "rle", "masks"))


def _bounded(found: list[Any]) -> list[Any]:
    if len(found) > _MOST_INSTANCES:
        raise ValueError(f"it has {len(found)} instances; {_MOST_INSTANCES} are the most")
    return found


def _found(prediction: Any, names: Sequence[str], sent_size: tuple[int, int]) -> Found:
    if not isinstance(prediction, dict):
        raise ValueError("one of its predictions is no object")  # noqa: TRY004
    number = _class_number(prediction.get("class_id"), "class_id")
    name = prediction.get("class", "")
    if not isinstance(name, str):
        raise ValueError("the class of one of its predictions is no name")  # noqa: TRY004
    name = clean_class_name(name)
    given = names[number] if number < len(names) else ""
    if name and given and comparable(name) != comparable(given):
        raise ValueError(
            f"it calls class {number} '{name}', and the class names that were given '{given}'"
        )
    confidence = _confidence(prediction.get("confidence"))
    return Found(number + 1, given or name, confidence, read_shape(prediction, sent_size))


def _prompted(prediction: Any, index: int, phrase: str, sent_size: tuple[int, int]) -> Found:
    if not isinstance(prediction, dict):
        raise ValueError("one of its predictions is no object")  # noqa: TRY004
    confidence = _confidence(prediction.get("confidence"))
    return Found(index + 1, phrase, confidence, read_shape(prediction, sent_size))


def _class_number(value: Any, key: str) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"the {key} of one of its predictions is no number of a class")
    if value >= _MOST_CLASSES:
        raise ValueError(
            f"the {key} of one of its predictions is over {_MOST_CLASSES - 1}: of an instance"
            f" model's classes {_MOST_CLASSES} are possible"
        )
    return value


def _confidence(value: Any) -> float:
    if type(value) not in {int, float} or not value >= 0:
        raise ValueError("the confidence of one of its predictions is no number from 0 to 1")
    return float(min(value, 1))


def _mask(
    found: list[Found],
    known: KnownClasses,
    frame_size: tuple[int, int],
    outlined_size: tuple[int, int],
) -> Mask:
    if sum(map(_corners, found)) > _MOST_CORNERS:
        raise ValueError(f"its outlines have over {_MOST_CORNERS} corners")
    class_map = _class_map(found, known.names)
    on_top = set(map(comparable, known.on_top))
    is_on_top = {each: comparable(name) in on_top for each, name in class_map.items()}
    ordered = [replace(each, is_on_top=is_on_top.get(each.class_id, True)) for each in found]
    class_ids, instance_ids = paint(ordered, frame_size, outlined_size)
    return Mask(
        class_ids,
        class_map,
        instance_ids=instance_ids,
        confidences=tuple(each.confidence for each in found),
    )


def _corners(found: Found) -> int:
    return 0 if isinstance(found.shape, Runs) else sum(map(len, found.shape))


def _class_map(found: list[Found], names: Sequence[str]) -> dict[int, str]:
    """Return the names of classes: what is known first, in an order that no reply changes."""
    known = enumerate(names[:_MOST_CLASSES], 1)
    class_map = {0: BACKGROUND} | {class_id: name for class_id, name in known if name}
    for each in found:
        if each.name:
            class_map.setdefault(each.class_id, each.name)
    return class_map
