"""Finds each frame's mask while the one before is drawn and shown."""

from livesegment.buffer import Buffer
from livesegment.frame import Frame
from livesegment.live.alignment import ChosenMask, MaskChoice
from livesegment.profile import stage


class Chooser:
    """Chooses masks on a thread of its own, for one frame at a time.

    To carry a mask takes about as long as to draw and show it. One after the other they would be
    too much for the time of a frame where pictures are large; side by side they are not.

    While it is busy nobody else may use the `MaskChoice`. All but `run` and `stop` belong to the
    thread that shows.

    Args:
        masks: Chooses.
    """

    def __init__(self, masks: MaskChoice) -> None:
        self._masks = masks
        self._asked: Buffer[tuple[Frame, tuple[int, int]]] = Buffer("wait", 1)
        self._chosen: Buffer[tuple[Frame, ChosenMask]] = Buffer("wait", 1)
        self._is_busy = False

    @property
    def is_busy(self) -> bool:
        """Whether a frame was given that has not been taken back."""
        return self._is_busy

    def begin(self, frame: Frame, size: tuple[int, int]) -> None:
        """Have the mask of a frame chosen, of at least a size; only when it is not busy."""
        self._is_busy = True
        self._asked.put((frame, size))

    def take(self, timeout_s: float) -> tuple[Frame, ChosenMask] | None:
        """Return the frame that was given, and its mask; None: not in this time."""
        chosen = self._chosen.get(timeout_s) if self._is_busy else None
        if chosen is not None:
            self._is_busy = False
        return chosen

    def run(self) -> None:
        """Choose until `stop`."""
        while (asked := self._asked.get()) is not None:
            frame, size = asked
            with stage("align"):
                chosen = self._masks.choose(frame, size)
            self._chosen.put((frame, chosen))

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._asked.abort()
        self._chosen.abort()
