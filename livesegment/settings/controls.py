"""What the user may change while the pipeline runs.

Keys and web toggles write; the main loop reads immutable snapshots.
"""

import threading
from dataclasses import dataclass, replace
from typing import Any, Literal

from livesegment.settings.group import Settings, option
from livesegment.settings.kinds import flag
from livesegment.settings.option import Control

Style = Literal["fill", "outline", "blur", "cutout"]
"""fill: classes tinted; outline: their edges; blur, cutout: background blurred, or taken away."""

STYLES: tuple[Style, ...] = ("fill", "outline", "blur", "cutout")

Align = Literal["warp", "delay", "paste"]
"""warp: a late mask moves to where its object is now; delay: the picture waits; paste: neither."""

ALIGNMENTS: tuple[Align, ...] = ("warp", "delay", "paste")

STYLE_HINTS: dict[str, str] = {
    "fill": "Classes are tinted",
    "outline": "Edges of classes are drawn",
    "blur": "What is no class is blurred",
    "cutout": "What is no class is taken away",
}
ALIGN_HINTS: dict[str, str] = {
    "warp": "A late mask is moved to where its object is now",
    "delay": "The picture waits for its mask",
    "paste": "A late mask is drawn where it was",
}


@dataclass(frozen=True, slots=True)
class Controls(Settings):
    """One snapshot of the user's wishes.

    Attributes:
        style: How classes are drawn.
        opacity: 0 (invisible) to 1 (opaque), of fills and outlines.
        classes: Names of the classes to draw; None draws all. Filters drawing only.
        show_overlay: Draw the mask at all.
        show_legend: Draw class names with their share of the picture.
        show_hud: Draw frame rate, mask age, round trip and calls (window only, never recorded).
        show_keys: Draw what the window's keys do (window only, never recorded).
        paused: Hold the picture.
        align: How a late mask meets a newer picture.
    """

    style: Style = "fill"
    opacity: float = 0.5
    classes: frozenset[str] | None = None
    show_overlay: bool = option(
        True, flag(), "Draw the mask at all.", control=Control("show_overlay", "Overlay")
    )
    show_legend: bool = True
    show_hud: bool = True
    show_keys: bool = False
    paused: bool = False
    align: Align = "warp"


class ControlPanel:
    """Holds the current Controls; any thread may read or change them."""

    def __init__(self, controls: Controls | None = None) -> None:
        self._changed = threading.Condition()
        self._controls = controls or Controls()

    def snapshot(self) -> Controls:
        """Return the controls as they are now."""
        return self._controls

    def change(self, **fields: Any) -> Controls:
        """Replace some fields and return the new snapshot; opacity is kept within 0 to 1.

        Raises:
            TypeError: If a field is none of Controls.
        """
        with self._changed:
            controls = replace(self._controls, **fields)
            self._controls = replace(controls, opacity=min(1.0, max(0.0, controls.opacity)))
            self._changed.notify_all()
            return self._controls

    def toggle(self, field: str) -> Controls:
        """Switch one of the yes-or-no fields over and return the new snapshot."""
        with self._changed:
            return self.change(**{field: not getattr(self._controls, field)})

    def wait_while_paused(self) -> None:
        """Return when the user has not paused, at once or later."""
        with self._changed:
            self._changed.wait_for(lambda: not self._controls.paused)
