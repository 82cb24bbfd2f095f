"""The display that a window would open on."""

from collections.abc import Iterator

from livesegment.doctor.bounded import within
from livesegment.doctor.examination import Finding
from livesegment.errors import DisplayUnavailable
from livesegment.sinks.display import open_display

_PATIENCE_S = 3.0


def check() -> Iterator[Finding]:
    """Look for a display without opening a window."""
    try:
        # An X server at the end of a network may let its clients wait for minutes.
        size = within(_PATIENCE_S, open_display)
    except DisplayUnavailable as error:
        # The sentence ends with what to do.
        text, _, advice = str(error).rpartition(": ")
        yield Finding("display", "warn", text, f"{advice}, with --web for a page instead")
        return
    except TimeoutError as error:
        yield Finding(
            "display", "warn", f"DISPLAY gives {error}", "correct DISPLAY, or use --no-window"
        )
        return
    known = "there is one" if size is None else f"{size[0]}x{size[1]} pixels"
    yield Finding("display", "ok", known)
