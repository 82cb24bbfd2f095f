"""How much of the picture each class takes, steady enough to read."""

from livesegment.mask import Mask

# A shown number changes only once the measured one is this far, in per cent, from it: half a per
# cent is rounding, the rest keeps noise around the middle from making it jump.
_STICKY = 0.8

# A class appears above the first share, in per cent, and goes below the second.
_APPEARS, _GOES = 0.1, 0.03

# Counting the pixels of 720 rows costs as much as blending them; every second row tells the same.
_ROWS_ENOUGH = 360


class SteadyShares:
    """Turns shares of a noisy mask into whole per cent that do not flicker."""

    def __init__(self) -> None:
        self._shown: dict[int, int] = {}

    def update(self, mask: Mask) -> dict[int, int]:
        """Return the share in whole per cent of each class id present, 0 for less than one."""
        step = max(1, mask.class_ids.shape[0] // _ROWS_ENOUGH)
        measured = Mask(mask.class_ids[::step], mask.class_map).coverage()
        shown: dict[int, int] = {}
        for class_id, share in measured.items():
            before = self._shown.get(class_id)
            per_cent = 100 * share
            if before is None and per_cent >= _APPEARS:
                shown[class_id] = round(per_cent)
            elif before is not None and per_cent >= _GOES:
                moved = abs(per_cent - before) >= _STICKY
                shown[class_id] = round(per_cent) if moved else before
        self._shown = shown
        return shown
