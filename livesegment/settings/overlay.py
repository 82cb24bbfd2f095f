"""How masks are drawn."""

from dataclasses import dataclass

from livesegment.settings.checking import require
from livesegment.settings.controls import STYLES, Controls, Style


@dataclass(frozen=True, slots=True)
class OverlayOptions:
    """How a mask is drawn.

    Attributes:
        style: fill, outline, blur or cutout.
        opacity: 0 (invisible) to 1 (opaque).
        classes: Names of the classes to draw; None draws all.
        legend: Draw class names with their share of the picture.

    Raises:
        OptionsError: If a value is out of range.
    """

    style: Style = "fill"
    opacity: float = 0.5
    classes: frozenset[str] | None = None
    legend: bool = True

    def __post_init__(self) -> None:
        require(self.style in STYLES, f"--style is one of {', '.join(STYLES)}")
        require(0 <= self.opacity <= 1, "--opacity is a number from 0 to 1")

    def controls(self) -> Controls:
        """Return the controls that a run starts with."""
        return Controls(
            style=self.style,
            opacity=self.opacity,
            classes=self.classes,
            show_legend=self.legend,
        )
