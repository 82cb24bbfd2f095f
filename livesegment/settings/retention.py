"""How much of what is written is kept."""

import re
from dataclasses import dataclass
from typing import Self

from livesegment.settings.checking import require

_KEEP = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>MB|GB|TB|h|d)", re.IGNORECASE)
_SIZES = {"mb": 10**6, "gb": 10**9, "tb": 10**12}
_AGES_S = {"h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of a recording stays; what is older goes.

    Attributes:
        size: Bytes of all its files; None: any number.
        age_s: Seconds since a file's last picture; None: any age.
    """

    size: int | None = None
    age_s: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `20GB`, `500MB`, `7d` or `12h`.

        Raises:
            OptionsError: If it is none of these.
        """
        match = _KEEP.fullmatch(text.strip())
        number, unit = (float(match["number"]), match["unit"].lower()) if match else (0.0, "")
        require(number > 0, f"--keep is a size such as 20GB or an age such as 7d, not '{text}'")
        if unit in _SIZES:
            return cls(size=round(number * _SIZES[unit]))
        return cls(age_s=number * _AGES_S[unit])
