"""Events that earlier runs have left. Apart: a monitor itself needs nothing else of events."""

from collections import deque
from typing import Any

from livesegment.options import EventOptions

_MOST = 100


def earlier_events(options: EventOptions) -> list[dict[str, Any]]:
    """Return the newest events that earlier runs have left in the file, oldest first."""
    # Here, because not everybody has such a file.
    from livesegment.events.jsonl import read_events

    if options.jsonl is None:
        return []
    try:
        return [event.fields() for event in deque(read_events(options.jsonl), _MOST)]
    except OSError:  # there is none yet; that it can be written is found out elsewhere
        return []
