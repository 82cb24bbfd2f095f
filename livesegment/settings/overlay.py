"""How masks are drawn."""

from dataclasses import dataclass

from livesegment.settings.controls import STYLE_HINTS, STYLES, Controls, Style
from livesegment.settings.group import Settings, option
from livesegment.settings.kinds import choice, flag, number
from livesegment.settings.option import Control
from livesegment.settings.text_kinds import names

_GROUP = "Picture"


@dataclass(frozen=True, slots=True)
class OverlayOptions(Settings):
    """How a mask is drawn.

    Attributes:
        style: fill, outline, blur or cutout.
        opacity: 0 (invisible) to 1 (opaque).
        classes: Names of the classes to draw; None draws all.
        legend: Draw class names with their share of the picture.
        shown: Draw masks at all, when a run begins.

    Raises:
        OptionsError: If a value is out of range.
    """

    style: Style = option(
        "fill",
        choice(STYLES),
        "How masks are drawn. Decoration: where a mask is missing the picture is bare; --redact and"
        " --background promise that it is not.",
        flag="--style",
        key="overlay.style",
        group=_GROUP,
        is_common=True,
        control=Control("style", "Style", STYLE_HINTS),
    )
    opacity: float = option(
        0.5,
        number(0, 1, metavar="0..1", step=0.05),
        "How strongly masks are drawn.",
        flag="--opacity",
        key="overlay.opacity",
        group=_GROUP,
        control=Control("opacity", "Opacity"),
    )
    classes: frozenset[str] | None = option(
        None,
        names(),
        "Draw only these classes, by name.",
        flag="--classes",
        key="overlay.classes",
        group=_GROUP,
        control=Control("classes", "Classes shown"),
    )
    legend: bool = option(
        True,
        flag(),
        "Draw class names and their shares.",
        flag="--legend/--no-legend",
        key="overlay.legend",
        group=_GROUP,
        control=Control("show_legend", "Legend"),
    )

    shown: bool = option(True, flag(), "Draw masks at all, when a run begins.")

    def controls(self) -> Controls:
        """Return the controls that a run starts with."""
        return Controls(
            style=self.style,
            opacity=self.opacity,
            classes=self.classes,
            show_legend=self.legend,
            show_overlay=self.shown,
        )
