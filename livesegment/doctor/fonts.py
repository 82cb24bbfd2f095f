"""Fonts for the names of classes."""

from collections.abc import Iterator

from livesegment.doctor.examination import Finding
from livesegment.overlay.fonts import can_draw

_SAMPLES = {
    "Latin": "Straße",
    "Greek": "δρόμος",
    "Cyrillic": "дорога",
    "Chinese": "道路",
    "Japanese": "みち",
    "Korean": "도로",
    "Arabic": "طريق",
    "Hebrew": "כביש",
    "Devanagari": "सड़क",
    "Thai": "ถนน",
}


def check() -> Iterator[Finding]:
    """Look for scripts that class names may be written in."""
    missing = [script for script, word in _SAMPLES.items() if not can_draw(word)]
    drawn = ", ".join(script for script in _SAMPLES if script not in missing)
    if not missing:
        yield Finding("fonts", "ok", drawn)
        return
    yield Finding(
        "fonts",
        "warn",
        f"{drawn}; class names in {', '.join(missing)} would be drawn as boxes",
        "install the Noto fonts if you have such classes: Debian's fonts-noto-core, fonts-noto-cjk",
    )
