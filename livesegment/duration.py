"""Durations and counts in words."""


def in_words(seconds: float) -> str:
    """Return seconds in words, such as `2 h 05 min`, `12 min` or `40 s`."""
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes} min" if minutes >= 2 else f"{seconds:.0f} s"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number of things in words: `1 frame`, `12 frames`."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
