"""What `make.py` has exported, for scripts that read it back. Needs NumPy alone."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

VOID = 255


class Truth:
    """What another tool is to find.

    Args:
        folder: What `make.py` has written.

    Attributes:
        ids: Class ids of all pictures, uint8 (N, H, W).
        names: Names of the classes, by their ids.
        val: The pictures that are for validation, where the data set is divided.
        instances: The picture that has instances.
        certainty: The picture of whose pixels the model is sure by 0.8.
    """

    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / "truth.json").read_text())
        arrays = np.load(folder / "truth.npz")
        self.ids, self._instances = arrays["ids"], arrays["instances"]
        self.names = {int(each): name for each, name in told["names"].items()}
        self.val = frozenset(told["val"])
        self.instances, self.certainty = told["instances"], told["certainty"]

    def known(self, name: str, by: Callable[[str], str] = str) -> int:
        """Return the id of the only class of a name, as `by` writes it."""
        (found,) = (each for each, known in self.names.items() if by(known) == name)
        return found

    def compare(self, index: int, found: np.ndarray, void: int = 0) -> None:
        """Check that a picture's class ids are those found, `void` where nothing is said."""
        wanted = np.where(self.ids[index] == VOID, void, self.ids[index])
        assert found.shape == wanted.shape, (index, found.shape)
        differs = np.count_nonzero(found != wanted)
        assert not differs, f"picture {index}: {differs} pixels differ"

    def compare_instances(self, found: np.ndarray) -> None:
        """Check that regions of the picture with instances are these and what is in none."""
        classes = self.ids[self.instances].astype(int)
        wanted = np.where(self._instances > 0, self._instances, 1000 + classes)
        wanted[classes == 0] = 0
        pairs = np.unique(np.stack((wanted.ravel(), found.ravel())), axis=1)
        assert pairs.shape[1] == len(set(pairs[0])) == len(set(pairs[1])), pairs


def main(check: Callable[[Path, Truth], None]) -> None:
    """Check what is in the folder that the command line names."""
    folder = Path(sys.argv[1])
    check(folder, Truth(folder))
    print(f"{Path(sys.argv[0]).stem}: all is as it was exported")
