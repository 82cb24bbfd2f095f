"""What a picture's mask says of each class that it shows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from livesegment.events.counts import ClassCounter
from livesegment.events.event import Counted
from livesegment.events.zone import ZoneGrid
from livesegment.mask import Mask
from livesegment.settings.rule import SMALLEST
from livesegment.sinks.base import Annotated, Role


@dataclass(frozen=True, slots=True)
class Measured:
    """One class in one picture.

    Attributes:
        name: The class.
        class_id: Its lowest id, by which it has its colour.
        share: Of the picture, above 0 to 1.
        count: How many of it there are.
        counted: Of what.
        confidence: How sure the model is of it, 0 to 1: the mean of its instances, or of its pixels
            where the model says it of each; None: the reply had none, or the mask was carried.
    """

    name: str
    class_id: int
    share: float
    count: int
    counted: Counted
    confidence: float | None = None


class Measurer:
    """Measures pictures as they come, in order; used by one thread.

    Classes that have one name are one. What a rule counts is counted here, by its defaults and in
    the whole picture: the instances of the model's answer, which a mask that was carried from it
    has not; or connected regions, where the model tells no instances apart.
    """

    def __init__(self) -> None:
        self._counter = ClassCounter(None, SMALLEST)
        self._classes = _ClassNames()
        self._answers = _ClassNames()
        self._answer: Mask | None = None
        self._last: tuple[Annotated, Sequence[Measured]] | None = None

    def measure(self, picture: Annotated) -> Sequence[Measured]:
        """Return the classes that the picture shows; none where it has no mask.

        Whoever asks about the same picture again gets the same answer at no cost.
        """
        if self._last is None or self._last[0] is not picture:
            self._last = picture, tuple(self._measured(picture))
        return self._last[1]

    def _measured(self, picture: Annotated) -> "list[Measured]":
        mask = picture.mask
        if mask is None:
            return []
        if picture.role is not Role.CARRIED:
            self._answer = mask
        shares = mask.coverage()
        confidences = _Confidences(mask)
        found = []
        for name, ids in self._classes.of(mask).items():
            seen = [class_id for class_id in ids if class_id in shares]
            if seen:
                share = sum(shares[class_id] for class_id in seen)
                count, counted = self._count(mask, name, seen)
                confidence = confidences.mean(seen)
                found.append(Measured(name, min(ids), share, count, counted, confidence))
        return found

    def _count(self, mask: Mask, name: str, seen: Collection[int]) -> tuple[int, Counted]:
        answer = self._answer
        if answer is None or answer.instance_ids is None:
            return self._counter.regions(mask, seen), "regions"
        ids = self._answers.of(answer).get(name, ())
        return self._counter.instances(answer, ids), "instances"


class _ClassNames:
    """Knows the ids of each class of masks that mostly have one class map."""

    def __init__(self) -> None:
        self._class_map: Mapping[int, str] | None = None
        self._ids: dict[str, list[int]] = {}

    def of(self, mask: Mask) -> Mapping[str, Sequence[int]]:
        """Return the ids of each class that a pixel of the mask can have, by its name."""
        if mask.class_map != self._class_map:
            self._class_map, self._ids = dict(mask.class_map), {}
            unclassed = mask.unclassed
            for class_id in range(256):
                if class_id not in unclassed:
                    self._ids.setdefault(mask.class_name(class_id), []).append(class_id)
        return self._ids


class _Confidences:
    """How sure a model is of the classes of one mask.

    Looked at is a grid of its pixels, and all of them for a class that the grid has not.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._tells_instances = bool(mask.confidences) and mask.instance_ids is not None
        self._says = self._tells_instances or mask.certainty is not None
        if self._says:
            grid = ZoneGrid(None, mask.frame_size)
            self._place = (grid.rows, grid.columns)
            self._on_grid = mask.class_ids[self._place]

    def mean(self, ids: Sequence[int]) -> float | None:
        """Return the mean of some classes that the mask has, 0 to 1; None: the model does not say.

        It is that of their instances where the model says it of those, else of their pixels.
        """
        if not self._says:
            return None
        mask, where = self._mask, np.isin(self._on_grid, ids)
        values = mask.instance_ids if self._tells_instances else mask.certainty
        assert values is not None
        found = values[self._place][where]
        if not found.size:
            found = values[np.isin(mask.class_ids, ids)]
        if not self._tells_instances:
            return float(found.mean()) / 255
        numbers = [int(number) for number in np.unique(found) if number]
        known = mask.confidences
        sure = [known[each - 1] if each <= len(known) else 1.0 for each in numbers]
        return sum(sure) / len(sure) if sure else None
