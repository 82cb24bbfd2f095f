"""What somebody may switch off and on from outside while a run goes on."""

import threading
from pathlib import Path

from livesegment.state import read_state, write_state

RECORDING = "recording"
"""The switch of the recording."""

_OFF = "off"


def rule_switch(rule: str) -> str:
    """Return the switch of a rule.

    Args:
        rule: Its name.
    """
    return f"rule {rule}"


class Switches:
    """Knows what is switched off; everything else is on. For any thread.

    Redaction is no switch, and cannot become one: only who writes the configuration decides it.

    Args:
        path: File in which it is remembered from one run to the next; None: it is not.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        off = None if path is None else read_state(path).get(_OFF)
        self._off = frozenset(
            each for each in (off if isinstance(off, list) else []) if isinstance(each, str)
        )

    def is_on(self, switch: str) -> bool:
        """Tell whether something is on."""
        return switch not in self._off

    @property
    def off(self) -> frozenset[str]:
        """What is switched off."""
        return self._off

    def turn(self, switch: str, *, on: bool) -> None:
        """Switch something, and remember it."""
        with self._lock:
            off = self._off - {switch} if on else self._off | {switch}
            if off == self._off:
                return
            self._off = off
            if self._path is not None:
                write_state(self._path, {_OFF: sorted(off)})
