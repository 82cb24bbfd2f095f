"""How much of what is written stays: the oldest goes first."""

import re
from dataclasses import dataclass, replace
from typing import Self

_WRITTEN = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>MB|GB|TB|h|d)", re.IGNORECASE)
_SIZES = {"mb": 10**6, "gb": 10**9, "tb": 10**12}
_AGES_S = {"h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a recording, or of clips, stays; what is older goes.

    Attributes:
        number: How many; None: any number.
        size: Bytes of all files; None: any number.
        age_s: Seconds from a file's last picture to that of the newest file; None: any age.
    """

    number: int | None = None
    size: int | None = None
    age_s: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `20GB`, `500MB`, `7d`, `12h`, or `200` for a number; or several, as `20GB,7d`.

        Raises:
            ValueError: If it is none of these, or 0, or says twice how many, how much or how old.
        """
        whole = cls()
        for each in text.split(","):
            said = cls._parse_one(each)
            for name in ("number", "size", "age_s"):
                value = getattr(said, name)
                if value is not None and getattr(whole, name) is not None:
                    raise ValueError("each of a number, a size and an age once")
                if value is not None:
                    whole = replace(whole, **{name: value})
        return whole

    @classmethod
    def _parse_one(cls, text: str) -> Self:
        if text.strip().isdecimal() and int(text) > 0:
            return cls(number=int(text))
        match = _WRITTEN.fullmatch(text.strip())
        number, unit = (float(match["number"]), match["unit"].lower()) if match else (0.0, "")
        if not 0 < number < 1e12:
            raise ValueError("a number such as 200, a size such as 20GB or an age such as 7d")
        if unit in _SIZES:
            return cls(size=round(number * _SIZES[unit]))
        return cls(age_s=number * _AGES_S[unit])


def checked_retention(text: str) -> str:
    """Return the text of a size or an age.

    Raises:
        ValueError: If it is neither.
    """
    if Retention.parse(text).number is not None:
        raise ValueError
    return text


def checked_clip_retention(text: str) -> str:
    """Return the text of a number, a size or an age.

    Raises:
        ValueError: If it is none of these.
    """
    Retention.parse(text)
    return text


def checked_size(text: str) -> str:
    """Return the text of a size.

    Raises:
        ValueError: If it is none.
    """
    if Retention.parse(text) != Retention(size=Retention.parse(text).size):
        raise ValueError
    return text
