"""Where a frame meets its mask, is drawn, and is shown."""

import time
from collections.abc import Callable, Sequence

from livesegment.controls import ControlPanel, Controls
from livesegment.engine.alignment import Alignment
from livesegment.engine.background_sink import BackgroundSink
from livesegment.engine.mask_board import ArrivedMask, MaskBoard
from livesegment.engine.status import FrameRate
from livesegment.engine.viewer import Viewer
from livesegment.frame import Frame, Image
from livesegment.overlay.compositor import Compositor
from livesegment.overlay.hud import draw_hud
from livesegment.sinks.base import Annotated
from livesegment.telemetry import Telemetry

HudLines = Callable[[float, ArrivedMask | None], list[str]]
"""Says what the HUD shows, given the frames a second and the newest mask."""


class Stage:
    """Draws the newest mask on each frame and hands the picture to the outputs and the viewer.

    Used by the main thread only.

    Args:
        board: Where the newest mask is.
        panel: How the viewer wants it drawn.
        alignment: Carries a late mask to the frame.
        outputs: Get every new frame, without the HUD.
        viewer: Gets every picture, also one drawn again; None: nobody watches.
        hud: Says what the HUD shows.
        telemetry: Counts what was shown.
    """

    def __init__(
        self,
        board: MaskBoard,
        panel: ControlPanel,
        alignment: Alignment,
        outputs: Sequence[BackgroundSink],
        viewer: Viewer | None,
        *,
        hud: HudLines,
        telemetry: Telemetry,
    ) -> None:
        self._board = board
        self._panel = panel
        self._alignment = alignment
        self._outputs = outputs
        self._viewer = viewer
        self._hud = hud
        self._telemetry = telemetry
        self._compositor = Compositor()
        self._rate = FrameRate()
        self._frame: Frame | None = None
        self._drawn: tuple[ArrivedMask | None, Controls] | None = None

    def present(self, frame: Frame) -> None:
        """Draw and show a new frame."""
        self._alignment.observe(frame)
        self._frame = frame
        picture, arrived = self._draw(frame)
        for output in self._outputs:
            output.put(picture)
        self._show(picture.image)
        now_s = time.monotonic()
        self._rate.tick(now_s)
        self._telemetry.shown(now_s)
        self._telemetry.measure("capture_to_show_ms", now_s - frame.captured_at_s)
        if picture.mask is not None and arrived is not None:
            self._telemetry.measure("mask_age_ms", now_s - arrived.captured_at_s)

    def refresh(self) -> None:
        """Draw the last frame again if its mask or the viewer's wishes have changed since."""
        if self._frame is None or self._viewer is None:
            return
        if self._drawn != (self._board.newest(), self._panel.snapshot()):
            picture, _ = self._draw(self._frame)
            self._show(picture.image)

    def picture(self) -> Image | None:
        """Return the picture of the moment without the HUD; None before the first frame."""
        if self._frame is None:
            return None
        return self._draw(self._frame)[0].image

    def _draw(self, frame: Frame) -> tuple[Annotated, ArrivedMask | None]:
        arrived, controls = self._board.newest(), self._panel.snapshot()
        mask = None if arrived is None else self._alignment.align(arrived.mask)
        self._drawn = arrived, controls
        return Annotated(frame, mask, self._compositor.draw(frame, mask, controls)), arrived

    def _show(self, image: Image) -> None:
        if self._viewer is None:
            return
        if self._panel.snapshot().show_hud:
            draw_hud(image, self._hud(self._rate.value(), self._board.newest()))
        self._viewer.show(image)
