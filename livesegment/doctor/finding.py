"""What a check has found."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]
"""ok: as it should be; warn: something does not work that not everybody needs; fail: repair it."""

Area = Literal["installation", "source", "endpoint", "output"]
"""What a finding is about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report. It never holds a key or a password.

    Attributes:
        name: What was looked at, in a word or two.
        state: Whether it is as it should be.
        text: What was found, in a sentence.
        advice: What to do about it, in a sentence; empty where there is nothing to do.
        area: What it is about.
    """

    name: str
    state: State
    text: str
    advice: str = ""
    area: Area = "installation"
