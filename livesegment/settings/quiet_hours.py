"""The hours in which nobody wants to be woken."""

import re
from dataclasses import dataclass
from datetime import time
from typing import Self

_FORM = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day to another, over midnight where the second is the earlier one.

    Attributes:
        begin: When they begin; they include it.
        end: When they end; they do not include it.
    """

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the hours that a text such as `22:00-07:00` means.

        Raises:
            ValueError: If it means none.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError
        begin_h, begin_min, end_h, end_min = map(int, match.groups())
        hours = cls(time(begin_h, begin_min), time(end_h % 24 if not end_min else end_h, end_min))
        if hours.begin == hours.end:
            raise ValueError
        return hours

    def __contains__(self, moment: time) -> bool:
        """Tell whether a time of the day is one of them."""
        if self.begin < self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


def checked_quiet_hours(text: str) -> str:
    """Return the text, if it says which hours are quiet; ValueError else."""
    QuietHours.parse(text)
    return text
