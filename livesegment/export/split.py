"""How a data set is divided into what is learnt from and what is tried."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

TRAIN, VALIDATION = "train", "val"


@dataclass(frozen=True, slots=True)
class Split:
    """Divides a data set by scene.

    Frames of one scene look alike: were they on both sides, a model would be tried on what it has
    learnt by heart.

    Attributes:
        share: Which share of the pictures is for training, above 0 and below 1; as near to it as
            whole scenes come.
        seed: Another number divides otherwise, the same number alike.
    """

    share: float
    seed: int = 0

    def validation(self, pictures: Mapping[int, int]) -> frozenset[int]:
        """Return the scenes that are for validation; of two or more, some are and some are not.

        Args:
            pictures: How many pictures each scene has, by its number.
        """
        if len(pictures) < 2:
            return frozenset()
        scenes = sorted(pictures)
        random.Random(self.seed).shuffle(scenes)
        wanted = (1 - self.share) * sum(pictures.values())
        chosen: set[int] = set()
        held = 0
        for scene in scenes:
            if abs(held + pictures[scene] - wanted) < abs(held - wanted):
                chosen.add(scene)
                held += pictures[scene]
        smallest = min(scenes, key=pictures.__getitem__)
        if not chosen:
            chosen.add(smallest)
        elif len(chosen) == len(scenes):
            chosen.remove(smallest)
        return frozenset(chosen)
