"""What nobody may see."""

from dataclasses import dataclass
from typing import Literal

from livesegment.settings.checking import require
from livesegment.settings.controls import Align

RedactStyle = Literal["pixelate", "black"]
"""pixelate: blocks of their mean colour; black: nothing is left."""
REDACT_STYLES: tuple[RedactStyle, ...] = ("pixelate", "black")

Unmasked = Literal["withhold", "blur"]
"""withhold: a black picture; blur: nothing but the light and colours of about a hundred spots."""
UNMASKED: tuple[Unmasked, ...] = ("withhold", "blur")


@dataclass(frozen=True, slots=True)
class RedactOptions:
    """Which classes nobody may see in anything that leaves the program.

    Pictures are sent to the endpoint as they are: it is what finds the classes.

    Attributes:
        classes: Names of the classes, in upper or lower case; empty: everything may be seen. A
            model that has no class of such a name ends the run.
        style: How they are hidden.
        unmasked: What is left of a picture that has no mask to be trusted.

    Raises:
        OptionsError: If a value is none of those, or a name is empty.
    """

    classes: frozenset[str] = frozenset()
    style: RedactStyle = "pixelate"
    unmasked: Unmasked = "withhold"

    def __post_init__(self) -> None:
        require(
            all(each.strip() for each in self.classes),
            "--redact takes the names of classes, such as --redact person",
        )
        require(self.style in REDACT_STYLES, f"--redact-style is one of {', '.join(REDACT_STYLES)}")
        require(self.unmasked in UNMASKED, f"--unmasked is one of {', '.join(UNMASKED)}")

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be hidden."""
        return bool(self.classes)

    @property
    def best_align(self) -> Align:
        """How late masks best meet pictures, unless the user says otherwise.

        A picture that waits for its own mask is hidden least: the class itself and a margin.
        """
        return "delay" if self.is_wanted else "warp"
