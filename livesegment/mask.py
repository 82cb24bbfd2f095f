"""What a segmenter says about a frame: a class for every pixel, and instances where it has them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.class_name import clean_class_map, comparable

ClassIds = npt.NDArray[np.uint8]
"""Class ids, uint8, shape (H, W)."""


InstanceIds = npt.NDArray[np.uint16]
"""Numbers of instances, uint16, shape (H, W); 0 where there is none."""

Certainty = npt.NDArray[np.uint8]
"""How sure a model is of each pixel's class, uint8, shape (H, W); 255 is certain."""

VOID = 255
"""The id of pixels about which nothing is said, unless it has a name: no class, no background."""

BACKGROUND = "background"


def background_ids(class_map: Mapping[int, str]) -> frozenset[int]:
    """Return the ids of what no class was found in.

    They are told by their name, `background`, whatever their number; a model's list of classes may
    begin with it, end with it or have none. Where no class is called so it is id 0, unless that
    has another name.
    """
    named = frozenset(
        class_id for class_id, name in class_map.items() if comparable(name) == BACKGROUND
    )
    return named or (frozenset() if class_map.get(0) else frozenset({0}))


def name_of_unnamed(class_id: int, background: Collection[int]) -> str:
    """Return what an id is called that has no name.

    Args:
        class_id: The id.
        background: Ids of the background among which it is; see `background_ids`.
    """
    return BACKGROUND if class_id in background else f"class {class_id}"


def unclassed_ids(class_map: Mapping[int, str]) -> frozenset[int]:
    """Return the ids that are no class: the background's, and `VOID` where it has no name."""
    return background_ids(class_map) | (frozenset() if class_map.get(VOID) else {VOID})


def coarsened(grain: float, size: tuple[int, int], frame_size: tuple[int, int]) -> float:
    """Return the `Mask.grain` at another size, both (width, height) in pixels: 1 or more."""
    enlargement = max(new / old for new, old in zip(frame_size, size, strict=True))
    return max(1.0, grain * enlargement)


@dataclass(frozen=True, slots=True)
class Instance:
    """One thing of a class, such as one of three cars.

    Attributes:
        id: Its number in the mask's `instance_ids`, from 1 on. It means nothing in another mask.
        class_id: Its class.
        confidence: How sure the model is of it, 0 to 1.
        box: (x, y, width, height) in pixels, around what the mask shows of it.
        area: Pixels that the mask shows of it.
    """

    id: int
    class_id: int
    confidence: float
    box: tuple[int, int, int, int]
    area: int


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A class id for every pixel, and the names of the classes.

    Attributes:
        class_ids: uint8 of shape (H, W), kept as a read-only view. Ids may occur that
            `class_map` does not name; `class_name` gives those a name.
        class_map: Name of each class id that a pixel can have, whether one has it or not; cleaned
            (see `class_name`), so that what a model says may be handed in as it came.
        frame_index: `Frame.index` of the frame that was segmented.
        certainty: How sure the model is of each pixel's class, uint8 of shape (H, W), 0 where it
            fell below the threshold and 255 where it is certain; None: the model does not say.
        instance_ids: Which instance each pixel belongs to, uint16 of shape (H, W), 0 for none;
            None: the model tells no instances apart. A mask that was carried along the motion of
            the picture has neither this nor `certainty`.
        confidences: 0 to 1, of the instances 1, 2, and so on; 1 for those beyond its end.
        grain: How many of its pixels a side were decided as one, 1 for each by itself; about so far
            its edges may lie from the true ones. Drawing makes up for it.

    Raises:
        ValueError: If class_ids is not uint8 of shape (H, W) with at least one pixel, or another
            array has another shape or type than it must have.
    """

    class_ids: ClassIds
    class_map: Mapping[int, str] = field(default_factory=dict)
    frame_index: int = 0
    certainty: Certainty | None = None
    instance_ids: InstanceIds | None = None
    confidences: tuple[float, ...] = ()
    grain: float = 1.0

    def __post_init__(self) -> None:
        ids = self.class_ids
        if ids.dtype != np.uint8 or ids.ndim != 2 or ids.size == 0:
            raise ValueError(
                f"a mask's class ids are uint8 of shape (H, W), not {ids.dtype} of {ids.shape}"
            )
        for name, dtype in (("class_ids", "u1"), ("certainty", "u1"), ("instance_ids", "u2")):
            array = getattr(self, name)
            if array is None:
                continue
            if array.dtype != np.dtype(dtype) or array.shape != ids.shape:
                raise ValueError(
                    f"a mask's {name} are {np.dtype(dtype)} of the shape of its class ids,"
                    f" {ids.shape}, not {array.dtype} of {array.shape}"
                )
            view = array.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        object.__setattr__(self, "class_map", clean_class_map(self.class_map))

    @property
    def background(self) -> frozenset[int]:
        """Ids of what no class was found in; see `background_ids`."""
        return background_ids(self.class_map)

    @property
    def unclassed(self) -> frozenset[int]:
        """Ids that are no class: neither drawn, nor counted, nor exported."""
        return unclassed_ids(self.class_map)

    @property
    def instances(self) -> tuple[Instance, ...] | None:
        """What the mask shows of each instance, by `Instance.id`; None where it has none.

        An instance that others hide entirely is not among them. They are measured at each call.
        """
        if self.instance_ids is None:
            return None
        areas = np.bincount(self.instance_ids.ravel())
        return tuple(
            self._instance(int(number), int(areas[number])) for number in areas[1:].nonzero()[0] + 1
        )

    def _instance(self, number: int, area: int) -> Instance:
        assert self.instance_ids is not None
        x, y, width, height = cv2.boundingRect((self.instance_ids == number).view(np.uint8))
        column = int((self.instance_ids[y, x : x + width] == number).argmax())
        confidence = self.confidences[number - 1] if number <= len(self.confidences) else 1.0
        class_id = int(self.class_ids[y, x + column])
        return Instance(number, class_id, confidence, (x, y, width, height), area)

    @property
    def frame_size(self) -> tuple[int, int]:
        """Size as (width, height) in pixels."""
        return self.class_ids.shape[1], self.class_ids.shape[0]

    def class_name(self, class_id: int) -> str:
        """Return the name of a class, `class 7` for an id that the class map does not name."""
        return self.class_map.get(class_id) or name_of_unnamed(class_id, self.background)

    def resized(self, frame_size: tuple[int, int]) -> "Mask":
        """Return the mask at another size, by nearest neighbour: no new ids appear.

        Args:
            frame_size: Wanted (width, height) in pixels.
        """
        if frame_size == self.frame_size:
            return self

        certainty, instances = self.certainty, self.instance_ids
        return replace(
            self,
            class_ids=_nearest(self.class_ids, frame_size),
            certainty=None if certainty is None else _nearest(certainty, frame_size),
            instance_ids=None if instances is None else _nearest(instances, frame_size),
            grain=self.grain_at(frame_size),
        )

    def grain_at(self, frame_size: tuple[int, int]) -> float:
        """Return the grain that the mask has at another size, (width, height) in pixels."""
        return coarsened(self.grain, self.frame_size, frame_size)

    def coverage(self) -> dict[int, float]:
        """Return the share of the picture, 0 to 1, of every class id that occurs.

        The background's is among them, `VOID` without a name is not.
        """
        shares = {each: count / self.class_ids.size for each, count in self.pixel_counts().items()}
        if not self.class_map.get(VOID):
            shares.pop(VOID, None)
        return shares

    def pixel_counts(self) -> dict[int, int]:
        """Return how many pixels each id has that occurs, `VOID` included."""
        return pixel_counts(self.class_ids)

    def similarity(self, other: "Mask", class_id: int) -> float:
        """Return the region similarity J of one class in two masks of one size.

        J is intersection over union of the two regions; 1.0 where both are empty.
        Source: Perazzi et al., A Benchmark Dataset and Evaluation Methodology for Video Object
        Segmentation, CVPR 2016.

        Raises:
            ValueError: If the masks differ in size.
        """
        if self.frame_size != other.frame_size:
            raise ValueError(f"masks of {self.frame_size} and {other.frame_size} do not compare")
        mine, theirs = self.class_ids == class_id, other.class_ids == class_id
        union = np.count_nonzero(mine | theirs)
        return np.count_nonzero(mine & theirs) / union if union else 1.0


# A histogram waits at each pixel for the one before it where both have one id: to compare all
# pixels with one id takes a twentieth of its time.
_FEW_CLASSES = 16
_SAMPLED = 24  # rows, and columns
_COUNTED_AT_ONCE = 2**17  # pixels, which stay in the cache from one id to the next


def pixel_counts(ids: ClassIds) -> dict[int, int]:
    """Return how many pixels each id has that occurs in class ids (H, W), in rising order."""
    likely = np.bincount(ids[::_SAMPLED, ::_SAMPLED].ravel()).nonzero()[0].tolist()
    if len(likely) <= _FEW_CLASSES:
        counts = _counted(ids, likely)
        # They are all, unless a small region escaped the samples.
        if sum(counts.values()) == ids.size:
            return counts
    # calcHist counts bytes directly; bincount would first widen them to 8 bytes each.
    histogram = cv2.calcHist([ids], [0], None, [256], [0, 256]).reshape(-1)
    return {int(class_id): int(histogram[class_id]) for class_id in histogram.nonzero()[0]}


def _counted(ids: ClassIds, which: Sequence[int]) -> dict[int, int]:
    """Return how many pixels some ids have."""
    counts = dict.fromkeys(which, 0)
    step = max(1, _COUNTED_AT_ONCE // ids.shape[1])
    for start in range(0, ids.shape[0], step):
        rows = ids[start : start + step]
        for class_id in which:
            if class_id == 0:
                counts[0] += rows.size - cv2.countNonZero(rows)
            else:
                counts[class_id] += int(np.count_nonzero(rows == class_id))
    return counts


_MOST_TIMES = 16  # as large; OpenCV merges some hundreds of planes at the most


def _nearest(array: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """Return an array (H, W) at another size, (width, height), by nearest neighbour."""
    (height, width), (columns, rows) = array.shape, size
    if rows < 2 * height:
        return _exactly(array, size)
    # To copy whole rows takes a third of the time of looking up each of their pixels.
    across = columns // width
    if columns == across * width and across <= _MOST_TIMES:
        wide = array if across == 1 else cv2.merge([array] * across).reshape(height, columns)
    else:
        wide = _exactly(array, (columns, height))
    which = _exactly(np.arange(height, dtype=np.uint16)[:, None], (1, rows)).ravel()
    enlarged: npt.NDArray[Any] = wide.astype(array.dtype, copy=False)[which]
    return enlarged


def _exactly(array: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    # INTER_NEAREST samples the upper left corner of each pixel and so moves a small mask by half
    # of its pixels; INTER_NEAREST_EXACT samples the centre.
    resized = cv2.resize(array, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return resized.astype(array.dtype, copy=False)
