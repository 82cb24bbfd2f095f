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
        share: Which share of the pictures is for training, above 0 and below 1; about so many, as
            far as whole scenes go.
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
            if held + pictures[scene] <= wanted:
                chosen.add(scene)
                held += pictures[scene]
        left = [scene for scene in scenes if scene not in chosen]
        smallest = min(left, key=pictures.__getitem__)
        is_nearer = held + pictures[smallest] - wanted < wanted - held
        if not chosen or (is_nearer and len(left) > 1):
            chosen.add(smallest)
        return frozenset(chosen)
