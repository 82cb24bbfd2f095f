"""What nobody may see."""

from dataclasses import dataclass
from typing import Literal

from livesegment.settings.controls import Align
from livesegment.settings.group import Settings, option
from livesegment.settings.kinds import choice
from livesegment.settings.text_kinds import names

RedactStyle = Literal["pixelate", "black"]
"""pixelate: blocks of their mean colour; black: nothing is left."""

Unmasked = Literal["withhold", "blur"]
"""withhold: a black picture; blur: nothing but the light and colours of about a hundred spots."""

_GROUP = "Privacy"


@dataclass(frozen=True, slots=True)
class RedactOptions(Settings):
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

    classes: frozenset[str] = option(
        frozenset(),
        names(are_needed=True, adds_up=True),
        "A promise, not decoration: these classes are hidden in everything shown, written and told;"
        " may be repeated.",
        flag="--redact",
        key="redact.classes",
        group=_GROUP,
        is_common=True,
    )
    style: RedactStyle = option(
        "pixelate",
        choice(("pixelate", "black")),
        "How they are hidden; black leaves nothing.",
        flag="--redact-style",
        key="redact.style",
        group=_GROUP,
    )
    unmasked: Unmasked = option(
        "withhold",
        choice(("withhold", "blur")),
        "With --redact, what is left of a picture that has no mask to be trusted: a black picture"
        " (withhold) or a few spots of colour (blur).",
        flag="--unmasked",
        key="redact.unmasked",
        group=_GROUP,
    )

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
