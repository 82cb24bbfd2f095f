"""Where a frame meets its mask, is drawn, and is shown."""

import time
from collections.abc import Callable, Sequence

from livesegment.controls import ControlPanel
from livesegment.engine.background_sink import BackgroundSink
from livesegment.engine.mask_choice import ChosenMask, MaskChoice
from livesegment.engine.status import FrameRate
from livesegment.engine.viewer import View, Viewer
from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.overlay.compositor import Compositor
from livesegment.overlay.hud import draw_hud
from livesegment.overlay.notice import draw_notice
from livesegment.sinks.base import Annotated
from livesegment.telemetry import LiveStatus, Telemetry

HudLines = Callable[[float, ChosenMask], list[str]]
"""Says what the HUD shows, given the frames a second and the mask on the picture."""

_STILL_S = 0.1  # a picture this old does not wait for the next one to get its mask


class Stage:
    """Draws a mask on each frame and hands the picture to the outputs and the viewer.

    Used by the main thread only.

    Args:
        masks: Chooses the mask for each frame.
        panel: How the viewer wants it drawn.
        outputs: Get every new frame, without the HUD.
        viewer: Gets every picture, also one drawn again; None: nobody watches.
        views: Get every picture, also one drawn again, without the HUD.
        hud: Says what the HUD shows.
        notice: Says why there are no new pictures; None while they come.
        telemetry: Counts what was shown.
    """

    def __init__(
        self,
        masks: MaskChoice,
        panel: ControlPanel,
        outputs: Sequence[BackgroundSink],
        viewer: Viewer | None,
        views: Sequence[View] = (),
        *,
        hud: HudLines,
        notice: Callable[[], str | None],
        telemetry: Telemetry,
    ) -> None:
        self._masks = masks
        self._panel = panel
        self._outputs = outputs
        self._viewer = viewer
        self._views = views
        self._hud = hud
        self._notice = notice
        self._noticed: str | None = None
        self._telemetry = telemetry
        self._compositor = Compositor()
        self._rate = FrameRate()
        self._frame: Frame | None = None
        self._chosen = ChosenMask()
        self._controls = panel.snapshot()
        self._shown_at_s = 0.0
        self._moment = LiveStatus()

    @property
    def moment(self) -> LiveStatus:
        """What was shown last; may be read from any thread."""
        return self._moment

    @property
    def mask(self) -> Mask | None:
        """What goes on the frame shown last, of its size; None: nothing does."""
        return self._chosen.mask

    def present(self, frame: Frame) -> None:
        """Draw and show a new frame."""
        self._frame, self._controls = frame, self._panel.snapshot()
        self._noticed = None
        self._chosen = chosen = self._masks.choose(frame)
        for view in self._views:
            view.see(chosen.mask)
        if self._outputs or self._is_watched():
            self._hand_out(frame, self._draw(frame))
        now_s = self._shown_at_s = time.monotonic()
        self._rate.tick(now_s)
        self._moment = self._status()
        self._telemetry.shown(now_s)
        self._telemetry.measure("capture_to_show_ms", now_s - frame.captured_at_s)
        if chosen.mask is not None:
            self._telemetry.measure("mask_age_ms", chosen.age_s)

    def _hand_out(self, frame: Frame, image: Image) -> None:
        if self._outputs:
            # One copy for all: the canvas is drawn on again for the next frame.
            picture = Annotated(frame, self._chosen.mask, image.copy())
            for output in self._outputs:
                output.put(picture)
        self._show(frame, image)

    def refresh(self) -> None:
        """Draw the last frame again if the viewer's wishes have changed since, or its mask has.

        When the source is lost it is drawn grey, with the notice.

        A newer mask is left for the next frame where one comes soon: aligning it twice would
        only take the time from that frame.
        """
        frame, controls = self._frame, self._panel.snapshot()
        if frame is None or not self._is_watched():
            return
        is_still = time.monotonic() - self._shown_at_s > _STILL_S
        has_newer = is_still and self._masks.has_newer(frame, self._chosen)
        if has_newer:
            self._chosen = self._masks.choose_again(frame)
        notice = self._notice() if is_still else self._noticed
        is_same = controls == self._controls and notice == self._noticed
        is_awaited = any(view.is_waiting for view in self._views)
        if is_awaited or has_newer or not is_same:
            self._controls, self._noticed = controls, notice
            self._show(frame, self._draw(frame))
            self._moment = self._status()

    def picture(self) -> Image | None:
        """Return the picture of the moment without the HUD; None before the first frame."""
        return None if self._frame is None else self._draw(self._frame)

    def _draw(self, frame: Frame) -> Image:
        chosen = self._chosen
        return self._compositor.draw(frame, chosen.mask, self._controls, strength=chosen.strength)

    def _is_watched(self) -> bool:
        return self._viewer is not None or any(view.is_watched for view in self._views)

    def _status(self) -> LiveStatus:
        chosen = self._chosen
        return LiveStatus(
            frames_per_s=self._rate.value(),
            shown_at_s=self._shown_at_s,
            mask_age_s=chosen.age_s if chosen.arrived is not None else None,
            round_trip_s=None if chosen.arrived is None else chosen.arrived.round_trip_s,
        )

    def _show(self, frame: Frame, image: Image) -> None:
        if self._noticed is not None:
            draw_notice(image, self._noticed)
        for view in self._views:
            view.write(Annotated(frame, self._chosen.mask, image))
        if self._viewer is None:
            return
        if self._controls.show_hud:
            rate = self._rate.value() if self._noticed is None else 0.0
            draw_hud(image, self._hud(rate, self._chosen))
        self._viewer.show(image)
