"""Where a frame meets its mask, is drawn, and is shown."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from livesegment.downscale import size_to_show
from livesegment.frame import Frame, Image
from livesegment.live.alignment import ChosenMask, MaskChoice
from livesegment.live.hud import FrameRate, HudLines, SteadyHud
from livesegment.mask import Mask
from livesegment.metrics import LiveStatus, Metrics
from livesegment.output import Output, Shown, Wants
from livesegment.overlay.captions import draw_hud, draw_notice, draw_sentence, draw_table
from livesegment.overlay.compositor import Compositor
from livesegment.profile import count_frame, stage
from livesegment.redaction.redactor import Leaving, Redactor
from livesegment.settings.controls import ControlPanel, Controls
from livesegment.sinks.window import KEYS

HIDDEN = "hidden: no mask to be trusted"
_REMARK_AT = 0.93  # of the picture's height: below what is looked at
_STILL_S = 0.1  # a picture this old does not wait for the next one to get its mask


class Presenter:
    """Draws a mask on each frame and gives the picture to the outputs.

    Used by the main thread only.

    Args:
        masks: Chooses the mask of a frame again, when a newer one has come.
        panel: How the user wants it drawn.
        outputs: Who gets it, each with as much drawn on it as it wants.
        hud: Says what the HUD shows.
        notice: Says why there are no new pictures; None while they come.
        remark: Says what the user has just done; None: nothing.
        metrics: Counts what was shown.
        redactor: Says what of a picture may leave; None: all of it.
    """

    def __init__(
        self,
        masks: MaskChoice,
        panel: ControlPanel,
        outputs: Sequence[Output],
        *,
        hud: HudLines,
        notice: Callable[[], str | None],
        remark: Callable[[Controls], str | None],
        metrics: Metrics,
        redactor: Redactor | None = None,
    ) -> None:
        self._masks = masks
        self._panel = panel
        self._outputs = outputs
        self._hud = SteadyHud(hud)
        self._notice = notice
        self._noticed: str | None = None
        self._remark = remark
        self._remarked: str | None = None
        self._metrics = metrics
        self._compositor = Compositor()
        self._rate = FrameRate()
        self._redactor = redactor
        self._frame: Frame | None = None  # as it came: for masks alone, never drawn
        self._leaving: Leaving | None = None
        self._chosen = ChosenMask()
        self._controls = panel.snapshot()
        self._drawn_at: tuple[int, int] | None = None
        self._shown_at_s = 0.0
        self._shown_after_s: float | None = None
        self._moment = LiveStatus()

    @property
    def moment(self) -> LiveStatus:
        """What was shown last; may be read from any thread."""
        return self._moment

    def present(self, frame: Frame, chosen: ChosenMask) -> None:
        """Draw and show a new frame with the mask that was chosen for it.

        Raises:
            OptionsError: If the model has no class of a name that is to be redacted.
        """
        self._frame, self._controls = frame, self._panel.snapshot()
        self._noticed = None
        self._remarked = self._remark(self._controls)
        self._chosen = chosen
        self._leaving = leaving = self._leave(frame, self._controls)
        if leaving.is_whole:
            self._metrics.count("frames_hidden")
        self._hand_out(leaving, is_new=True)
        now_s = self._shown_at_s = time.monotonic()
        self._shown_after_s = now_s - frame.captured_at_s
        self._rate.tick(now_s)
        self._moment = self._status()
        self._metrics.shown(now_s)
        count_frame()
        self._metrics.measure("capture_to_show_ms", self._shown_after_s)
        if chosen.mask is not None:
            self._metrics.measure("mask_age_ms", chosen.age_s)

    def refresh(self) -> None:
        """Draw the last frame again if the user's wishes have changed since, or its mask has.

        When the source is lost it is drawn grey, with the notice.

        A newer mask is left for the next frame where one comes soon: aligning it twice would
        only take the time from that frame.
        """
        frame, controls = self._frame, self._panel.snapshot()
        is_watched = any(output.wants.is_newest for output in self._outputs)
        if frame is None or self._leaving is None or not is_watched:
            return
        is_still = time.monotonic() - self._shown_at_s > _STILL_S
        has_newer = is_still and self._masks.has_newer(frame, self._chosen)
        if has_newer:
            self._chosen = self._masks.choose_again(frame, self.mask_size(frame))
        if has_newer or controls.classes != self._controls.classes:
            self._leaving = self._leave(frame, controls)
        notice = self._notice() if is_still else self._noticed
        remark = self._remark(controls)
        drawn = self._controls, self._noticed, self._remarked, self._drawn_at
        is_same = drawn == (controls, notice, remark, self._drawn_size(self._leaving.frame))
        is_awaited = any(output.is_waiting for output in self._outputs)
        if is_awaited or has_newer or not is_same:
            self._controls, self._noticed, self._remarked = controls, notice, remark
            self._hand_out(self._leaving, is_new=False)
            self._moment = self._status()

    def picture(self) -> Image | None:
        """Return the picture of the moment without the HUD; None before the first frame.

        It is valid until something is drawn again.
        """
        if self._leaving is None:
            return None
        canvas, mask = self._draw(self._leaving)
        self._label(canvas, mask)
        return canvas

    def _leave(self, frame: Frame, controls: Controls) -> Leaving:
        chosen = self._chosen
        if self._redactor is None:
            return Leaving(frame, chosen.mask)
        said = None if chosen.arrived is None else chosen.arrived.mask
        with stage("hide"):
            return self._redactor.leave(frame, said, chosen.mask, chosen.age_s, controls.classes)

    def _draw(
        self, leaving: Leaving, size: tuple[int, int] | None = None
    ) -> tuple[Image, Mask | None]:
        """Return the picture with its mask drawn as controls ask, and the mask, in the same size.

        What is hidden is hidden before the picture is made smaller.
        """
        frame, mask = leaving.frame, leaving.mask
        size = size or frame.frame_size
        with stage("scale"):
            if size != frame.frame_size:
                frame = replace(frame, image=frame.downscaled(size))
            mask = None if mask is None else mask.resized(size)
        with stage("draw"):
            strength = self._chosen.strength
            return self._compositor.draw_mask(frame, mask, self._controls, strength=strength), mask

    def _label(self, canvas: Image, mask: Mask | None) -> None:
        """Write on the picture, in place, what its mask says."""
        with stage("draw"):
            strength = self._chosen.strength
            self._compositor.draw_legend(canvas, mask, self._controls, strength=strength)

    def mask_size(self, frame: Frame) -> tuple[int, int]:
        """Return the (width, height) that is enough for a frame's mask, whoever gets it."""
        # What is hidden is hidden in the whole picture.
        return frame.frame_size if self._redactor is not None else _enough(frame, self._outputs)

    def _drawn_size(self, frame: Frame) -> tuple[int, int]:
        """Return the (width, height) at which a frame is drawn for those who want its picture."""
        return _enough(frame, [each for each in self._outputs if each.wants > Wants.FRAMES])

    def _hand_out(self, leaving: Leaving, *, is_new: bool) -> None:
        """Give the picture to everybody; this is the only way by which one leaves, but snapshots.

        It is drawn once, on one canvas: what an output does not want comes after its turn.
        """
        asked = [(output.wants, output) for output in self._outputs]
        most = max((wants for wants, _ in asked), default=Wants.FRAMES)
        chosen = self._chosen
        answer = None if chosen.arrived is None else chosen.arrived.mask

        def give(wanted: Wants, image: Image | None) -> None:
            shown = Shown(leaving.frame, leaving.mask, chosen.mask, image, is_new, answer)
            for wants, output in asked:
                if wants is wanted:
                    with stage("outputs"):
                        output.on_frame(shown)

        if is_new:
            give(Wants.FRAMES, None)
        if most is Wants.FRAMES:
            return
        self._drawn_at = self._drawn_size(leaving.frame)
        canvas, mask = self._draw(leaving, self._drawn_at)
        give(Wants.DRAWN, canvas)
        if most is Wants.DRAWN:
            return
        self._label(canvas, mask)
        if is_new and any(wants is Wants.RECORDED for wants, _ in asked):
            # One copy for all of them: the canvas is drawn on again for the next frame.
            with stage("draw"):
                copied = canvas.copy()
            give(Wants.RECORDED, copied)
        notice = self._noticed or (HIDDEN if leaving.is_whole else None)
        if notice is not None:
            with stage("draw"):
                draw_notice(canvas, notice)
        give(Wants.SHOWN, canvas)
        if most is Wants.WINDOW:
            with stage("draw"):
                self._caption(canvas, is_new=is_new)
        give(Wants.WINDOW, canvas)

    def _caption(self, canvas: Image, *, is_new: bool) -> None:
        """Write on the picture, in place, what only who sits at the window is told."""
        if self._controls.show_hud:
            rate = self._rate.value() if self._noticed is None else 0.0
            wishes = self._controls, self._noticed
            draw_hud(canvas, self._hud.lines(rate, self._chosen, wishes, is_new=is_new))
        if self._remarked is not None:
            draw_sentence(canvas, self._remarked, at=_REMARK_AT)
        if self._controls.show_keys:
            draw_table(canvas, KEYS)

    def _status(self) -> LiveStatus:
        chosen = self._chosen
        return LiveStatus(
            frames_per_s=self._rate.value(),
            shown_at_s=self._shown_at_s,
            mask_age_s=chosen.age_s if chosen.arrived is not None else None,
            round_trip_s=None if chosen.arrived is None else chosen.arrived.round_trip_s,
            capture_to_show_s=self._shown_after_s,
            is_hidden=self._leaving is not None and self._leaving.is_whole,
        )


def _enough(frame: Frame, outputs: Sequence[Output]) -> tuple[int, int]:
    """Return the (width, height) at which a frame is large enough for some outputs."""
    limits = [each.largest_size for each in outputs]
    known = [limit for limit in limits if limit is not None]
    if not known or len(known) < len(limits):
        return frame.frame_size
    width, height = (max(sides) for sides in zip(*known, strict=True))
    return size_to_show(frame.frame_size, (width, height))
