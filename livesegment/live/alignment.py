"""Which mask goes on a frame, moved to where its objects are, and how far it is trusted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from livesegment.frame import Frame
from livesegment.live.mask_buffer import ArrivedMask, MaskBuffer
from livesegment.mask import Mask
from livesegment.motion.cut import CutDetector
from livesegment.motion.smooth import MaskSmoother
from livesegment.settings.controls import Align, ControlPanel

_SMALL = (160, 90)  # enough to see a cut


class Alignment(Protocol):
    """Carries a mask to the newest frame shown. Used by one thread at a time, but for `prepare`."""

    def prepare(self, mask: Mask) -> None:
        """Do what can be done for a mask before its turn comes; from any thread."""

    def observe(self, frame: Frame) -> None:
        """See every frame that is shown, in order."""

    def align(self, mask: Mask, size: tuple[int, int] | None = None) -> Mask | None:
        """Return the mask for the newest observed frame; None when it is of no use there.

        Args:
            mask: Of any size.
            size: (width, height) in pixels that is enough; None: the frame's.
        """


class Paste:
    """Draws a mask where it was, until the scene changes."""

    def __init__(self) -> None:
        self._cuts = CutDetector()
        self._frame_size: tuple[int, int] | None = None
        self._scene_began = 0

    def prepare(self, mask: Mask) -> None:
        """Do nothing: a mask is drawn as it came."""

    def observe(self, frame: Frame) -> None:
        """Notice a scene cut and a change of the picture's size."""
        small = frame.downscaled(_SMALL)
        if self._cuts.is_cut(small) or frame.frame_size != self._frame_size:
            self._scene_began = frame.index
            self._frame_size = frame.frame_size

    def align(self, mask: Mask, size: tuple[int, int] | None = None) -> Mask | None:  # noqa: ARG002
        """Return the mask itself; None if it is of another scene or size."""
        is_old_scene = mask.frame_index < self._scene_began
        return None if is_old_scene or mask.frame_size != self._frame_size else mask


class ChosenAlignment:
    """The alignment that the user wants at the moment; only that one sees the frames.

    One that is chosen begins anew: it has not seen the frames since it was left.

    Args:
        panel: Says which one.
        makers: Make the alignments, when they are first wanted; two with one maker are the same.
    """

    def __init__(
        self, panel: ControlPanel, makers: Mapping[Align, Callable[[], Alignment]]
    ) -> None:
        self._panel = panel
        self._makers = makers
        self._maker = makers[panel.snapshot().align]
        self._current = self._maker()

    def prepare(self, mask: Mask) -> None:
        """Do what can be done for a mask before its turn comes; from any thread.

        Pictures that are held back wait for many masks at a time, and there is time enough then.
        """
        if self._panel.snapshot().align != "delay":
            self._current.prepare(mask)

    def observe(self, frame: Frame) -> None:
        """See every frame that is shown; here a new choice takes effect."""
        maker = self._makers[self._panel.snapshot().align]
        if maker is not self._maker:
            self._maker, self._current = maker, maker()
        self._current.observe(frame)

    def align(self, mask: Mask, size: tuple[int, int] | None = None) -> Mask | None:
        """Return the mask for the newest observed frame; None when it is of no use there."""
        return self._current.align(mask, size)


_FADING_SHARE = 1 / 3


@dataclass(frozen=True, slots=True, eq=False)
class ChosenMask:
    """What to draw on one frame.

    Attributes:
        mask: Moved to the frame, of its size or of the one that was asked for; None: nothing is to
            be drawn.
        arrived: The mask as it came; None: there is none.
        strength: 1 for a mask that is trusted, falling to 0 for one that is about to go.
        age_s: How much older than the frame the mask's own frame is.
    """

    mask: Mask | None = None
    arrived: ArrivedMask | None = None
    strength: float = 1.0
    age_s: float = 0.0


class MaskChoice:
    """Chooses the mask for each frame shown. Used by one thread at a time.

    Args:
        masks: Where masks arrive.
        alignment: Carries a mask to the newest frame.
        mask_ttl_s: Age from which a mask is not trusted at all; it fades over the last third of
            that.
        smoothing: Calms masks from frame to frame; None: they are drawn as they are.
    """

    def __init__(
        self,
        masks: MaskBuffer,
        alignment: Alignment,
        mask_ttl_s: float = float("inf"),
        smoothing: MaskSmoother | None = None,
    ) -> None:
        self._masks = masks
        self._alignment = alignment
        self._mask_ttl_s = mask_ttl_s
        self._smoothing = smoothing

    def choose(self, frame: Frame, size: tuple[int, int] | None = None) -> ChosenMask:
        """Return the mask for the next frame; every frame shown is given once, in order.

        Args:
            frame: The frame.
            size: (width, height) in pixels from which on a mask is large enough; None: the frame's.
        """
        self._alignment.observe(frame)
        return self.choose_again(frame, size)

    def has_newer(self, frame: Frame, chosen: ChosenMask) -> bool:
        """Tell whether a newer mask than the one chosen has arrived for the frame given last."""
        return self._masks.newest(up_to=frame.index) is not chosen.arrived

    def choose_again(self, frame: Frame, size: tuple[int, int] | None = None) -> ChosenMask:
        """Return the mask for the frame given last, with what has arrived since."""
        arrived = self._masks.newest(up_to=frame.index)
        if arrived is None:
            return ChosenMask()
        age_s = max(0.0, frame.captured_at_s - arrived.captured_at_s)
        strength = self._strength(age_s)
        if self._smoothing is not None:
            size = None  # it compares the mask with the frame
        mask = self._alignment.align(arrived.mask, size) if strength > 0 else None
        if mask is not None and self._smoothing is not None:
            mask = self._smoothing.smooth(frame, mask, age_s)
        return ChosenMask(mask, arrived, strength, age_s)

    def _strength(self, age_s: float) -> float:
        if self._mask_ttl_s == float("inf"):
            return 1.0
        return min(1.0, max(0.0, (self._mask_ttl_s - age_s) / (self._mask_ttl_s * _FADING_SHARE)))
