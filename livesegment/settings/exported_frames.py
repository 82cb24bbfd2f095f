"""Which frames are exported."""

import math
from dataclasses import dataclass

from livesegment.settings.group import Settings, option
from livesegment.settings.kinds import flag, number

_GROUP = "Output"


@dataclass(frozen=True, slots=True)
class ExportedFramesOptions(Settings):
    """Which frames are exported; one of these at the most, without any all of them.

    Attributes:
        export_every: One frame in so many, the first among them; None: no such choice.
        export_changed: Only frames whose picture or masks changed notably since the last one.
        export_uncertain: So many frames that are hard for the model; None: no such choice.

    Raises:
        OptionsError: If a value is out of range or contradicts another.
    """

    export_every: int | None = option(
        None,
        number(1, math.inf, whole=True),
        "Export one frame in N.",
        flag="--export-every",
        group=_GROUP,
    )
    export_changed: bool = option(
        False,
        flag(),
        "Export frames whose picture or masks have changed notably.",
        flag="--export-changed",
        group=_GROUP,
    )
    export_uncertain: int | None = option(
        None,
        number(1, math.inf, whole=True),
        "Export the N frames that are hardest for the model.",
        flag="--export-uncertain",
        group=_GROUP,
    )

    @property
    def given(self) -> str | None:
        """The name of the option that chooses; None: every frame is exported."""
        names = ("export_every", "export_changed", "export_uncertain")
        return next((name for name in names if getattr(self, name)), None)

    def check(self) -> None:
        """Check that one thing alone says which frames."""
        pairs = (
            ("export_every", "export_changed"),
            ("export_every", "export_uncertain"),
            ("export_changed", "export_uncertain"),
        )
        for one, other in pairs:
            self.require(
                not (getattr(self, one) and getattr(self, other)),
                f"{{{one}}} and {{{other}}} both say which frames are exported: give one of them",
                one,
                other,
            )
