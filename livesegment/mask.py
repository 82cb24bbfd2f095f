"""What a segmenter says about a frame: a class for every pixel."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.class_name import clean_class_map, comparable

ClassIds = npt.NDArray[np.uint8]
"""Class ids, uint8, shape (H, W)."""


def is_background(class_id: int, name: str) -> bool:
    """Tell whether a class is what no class was found in: id 0, named background."""
    return class_id == 0 and comparable(name) == "background"


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A class id for every pixel, and the names of the classes.

    Attributes:
        class_ids: uint8 of shape (H, W), kept as a read-only view. Ids may occur that
            `class_map` does not name; `class_name` gives those a name.
        class_map: Name of each class id that a pixel can have, whether one has it or not; cleaned
            (see `class_name`), so that what a model says may be handed in as it came.
        frame_index: `Frame.index` of the frame that was segmented.

    Raises:
        ValueError: If class_ids is not uint8 of shape (H, W) with at least one pixel.
    """

    class_ids: ClassIds
    class_map: Mapping[int, str] = field(default_factory=dict)
    frame_index: int = 0

    def __post_init__(self) -> None:
        ids = self.class_ids
        if ids.dtype != np.uint8 or ids.ndim != 2 or ids.size == 0:
            raise ValueError(
                f"a mask's class ids are uint8 of shape (H, W), not {ids.dtype} of {ids.shape}"
            )
        view = ids.view()
        view.flags.writeable = False
        object.__setattr__(self, "class_ids", view)
        object.__setattr__(self, "class_map", clean_class_map(self.class_map))

    @property
    def frame_size(self) -> tuple[int, int]:
        """Size as (width, height) in pixels."""
        return self.class_ids.shape[1], self.class_ids.shape[0]

    def class_name(self, class_id: int) -> str:
        """Return the name of a class, `class 7` for an id that the class map does not name."""
        return self.class_map.get(class_id) or f"class {class_id}"

    def resized(self, frame_size: tuple[int, int]) -> "Mask":
        """Return the mask at another size, by nearest neighbour: no new ids appear.

        Args:
            frame_size: Wanted (width, height) in pixels.
        """
        if frame_size == self.frame_size:
            return self
        # INTER_NEAREST samples the upper left corner of each pixel and so moves a small mask by
        # half of its pixels; INTER_NEAREST_EXACT samples the centre.
        ids = cv2.resize(self.class_ids, frame_size, interpolation=cv2.INTER_NEAREST_EXACT)
        return Mask(ids.astype(np.uint8, copy=False), self.class_map, self.frame_index)

    def coverage(self) -> dict[int, float]:
        """Return the share of the picture, 0 to 1, of every class id that occurs."""
        # calcHist counts bytes directly; bincount would first widen them to 8 bytes each.
        counts = cv2.calcHist([self.class_ids], [0], None, [256], [0, 256]).reshape(-1)
        total = self.class_ids.size
        return {int(class_id): float(counts[class_id] / total) for class_id in counts.nonzero()[0]}

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
