"""Classes of a model that names only those it found: what was seen of them in a run."""

import threading
from dataclasses import replace

from livesegment.mask import Mask


class SeenClasses:
    """Gives masks a class map that only grows, so that an id means the same in all of a run.

    Where an id comes with another name than before, the first one stays. Any number of threads may
    call at once.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._lock = threading.Lock()

    def grown(self, mask: Mask) -> Mask:
        """Return a mask that also names the classes of those before it.

        A mask without instances comes from a model that names all of its classes: it stays as it
        is.
        """
        if mask.instance_ids is None:
            return mask
        with self._lock:
            # New ones at the end: a class keeps its colour, see `overlay.palette`.
            self._names = {**self._names, **mask.class_map, **self._names}
            names = dict(self._names)
        return replace(mask, class_map=names)
