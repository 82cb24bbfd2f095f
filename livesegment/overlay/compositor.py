"""Draws what a segmenter said about a picture."""

import numpy as np

from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.overlay.alone import Alone
from livesegment.overlay.background import Background
from livesegment.overlay.blend import Blender
from livesegment.overlay.edges import soft_edge
from livesegment.overlay.legend import Legend
from livesegment.overlay.outline import Outliner
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels, Selection
from livesegment.settings.controls import Controls

# At the usual opacity a fill lets half of the picture through; a half transparent line or a half
# removed background is of no use, so those are whole from here on.
_WHOLE_FROM = 0.5


class Compositor:
    """Draws masks on a canvas of its own, which the next frame uses again.

    Belongs to one run and one thread: the legend remembers what it showed.
    """

    def __init__(self) -> None:
        self._scratch = Scratch()
        self._blender = Blender(self._scratch)
        self._outliner = Outliner(self._blender, self._scratch)
        self._background = Background(self._blender, self._scratch)
        self._alone = Alone(self._blender, self._scratch)
        self._legend = Legend()
        self._selection: Selection | None = None
        self._warned: set[frozenset[str] | None] = set()

    def draw(
        self, frame: Frame, mask: Mask | None, controls: Controls, *, strength: float = 1.0
    ) -> Image:
        """Return the picture with the mask and its legend: `draw_mask`, then `draw_legend`."""
        canvas = self.draw_mask(frame, mask, controls, strength=strength)
        self.draw_legend(canvas, mask, controls, strength=strength)
        return canvas

    def draw_mask(
        self, frame: Frame, mask: Mask | None, controls: Controls, *, strength: float = 1.0
    ) -> Image:
        """Return the picture with the mask drawn on it, in the style of the controls.

        `fill` tints with the controls' opacity, `blur` blurs as wide as the opacity says; `outline`
        and `cutout` are whole from an opacity of 0.5 on and fade below. Pixels that a style does
        not touch, and drawn classes under `blur` and `cutout`, equal the frame's bit by bit, but
        along the edges of a mask that is coarser than the picture (`soft_edge`).
        Without a mask the picture is the frame's in every style: nothing is hidden by then.

        Args:
            frame: The picture; it is never touched.
            mask: What to draw, of the frame's size; None: nothing.
            controls: How to draw.
            strength: 0 (not at all) to 1; fades a mask that is too old to be trusted.

        Returns:
            BGR uint8 (H, W, 3) of the frame's size, valid until the next call.

        Raises:
            ValueError: If the mask is not of the frame's size.
        """
        _check_size(frame, mask)
        image = np.ascontiguousarray(frame.image)
        canvas: Image = self._scratch.array("compositor.canvas", image.shape)
        if mask is None or not controls.show_overlay or strength <= 0:
            np.copyto(canvas, image)
            return canvas
        selection = self._selected(mask, controls)
        self._blend(canvas, image, mask, selection, controls, min(strength, 1.0))
        return canvas

    def draw_legend(
        self, canvas: Image, mask: Mask | None, controls: Controls, *, strength: float = 1.0
    ) -> None:
        """Write what the mask says on the picture that it was drawn on, in place.

        Args:
            canvas: What `draw_mask` returned.
            mask: As it was drawn.
            controls: The same.
            strength: The same.
        """
        is_drawn = controls.show_overlay and strength > 0
        if mask is None or not is_drawn or not controls.show_legend:
            return
        swatches = controls.style in ("fill", "outline")
        self._legend.draw(canvas, mask, self._selected(mask, controls), swatches=swatches)

    def cut_out(self, frame: Frame, mask: Mask | None, controls: Controls) -> tuple[Image, Pixels]:
        """Return the drawn classes alone, and how much of each pixel is theirs: `cutout`, clear.

        What `draw` gives one dark colour is left out. Without a mask all of the picture is there.

        Args:
            frame: The picture; it is never touched.
            mask: What to draw, of the frame's size; None: nothing.
            controls: How to draw; the style is taken for `cutout`.

        Returns:
            BGR uint8 (H, W, 3) and alpha uint8 (H, W) of the frame's size, valid until the next
            call. Colours are not multiplied by alpha, and 0 where it is 0.

        Raises:
            ValueError: If the mask is not of the frame's size.
        """
        _check_size(frame, mask)
        image = np.ascontiguousarray(frame.image)
        canvas: Image = self._scratch.array("compositor.canvas", image.shape)
        alpha: Pixels = self._scratch.array("compositor.alpha", image.shape[:2])
        if mask is None or not controls.show_overlay:
            np.copyto(canvas, image)
            alpha.fill(255)
            return canvas, alpha
        selection = self._selected(mask, controls)
        pixels = selection.pixels(np.ascontiguousarray(mask.class_ids), self._scratch)
        amount = _whole_amount(controls)
        if pixels is not None and amount > 0:
            edge = soft_edge(image, pixels, mask.grain, self._scratch)
            self._alone.take(canvas, alpha, image, pixels, amount, edge)
        else:
            np.copyto(canvas, image)
            alpha.fill(255)
        if controls.show_legend:
            self._legend.draw(canvas, mask, selection, swatches=False, alpha=alpha)
        return canvas, alpha

    def _selected(self, mask: Mask, controls: Controls) -> Selection:
        if self._selection is None or not self._selection.fits(mask, controls.classes):
            # Once for each choice: the class map of a model may grow.
            warns = controls.classes not in self._warned
            self._warned.add(controls.classes)
            self._selection = Selection(mask, controls.classes, warns=warns)
        return self._selection

    def _blend(
        self,
        canvas: Image,
        image: Image,
        mask: Mask,
        selection: Selection,
        controls: Controls,
        strength: float,
    ) -> None:
        class_ids = np.ascontiguousarray(mask.class_ids)
        pixels = selection.pixels(class_ids, self._scratch)
        alpha = min(max(controls.opacity, 0.0), 1.0) * strength
        amount = _whole_amount(controls) * strength
        edge = None
        if pixels is not None and alpha > 0:
            edge = soft_edge(image, pixels, mask.grain, self._scratch)
        if controls.style == "fill":
            self._blender.fill(canvas, image, class_ids, pixels, selection.colours, alpha)
            if edge is not None and pixels is not None:
                classes = edge.classes(class_ids, pixels)
                self._blender.fill_edge(canvas, edge, classes, selection.colours, alpha)
        elif controls.style == "outline":
            if edge is not None and pixels is not None:
                undrawn = int(selection.drawn.argmin())
                class_ids = edge.decided(class_ids, pixels, undrawn, self._scratch)
                pixels = selection.pixels(class_ids, self._scratch)
            self._outliner.draw(canvas, image, class_ids, pixels, selection, amount)
        elif pixels is None or alpha <= 0:
            np.copyto(canvas, image)
        elif controls.style == "blur":
            self._background.blur(canvas, image, pixels, alpha, edge)
        else:
            self._background.cut_out(canvas, image, pixels, amount, edge)


def _whole_amount(controls: Controls) -> float:
    """Return how much of an outline, or of a removed background, the controls ask for, 0 to 1."""
    return min(max(controls.opacity, 0.0) / _WHOLE_FROM, 1.0)


def _check_size(frame: Frame, mask: Mask | None) -> None:
    if mask is not None and mask.frame_size != frame.frame_size:
        raise ValueError(
            f"a mask of {mask.frame_size} cannot be drawn on a frame of {frame.frame_size}"
        )
