"""What may stand behind the classes that are shown."""

import re

BLUR = "blur"
_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


def checked_background(written: str) -> str:
    """Return `blur`, a colour or a path as it was written; raise ValueError if it is no colour."""
    if written.startswith("#") and not _COLOUR.fullmatch(written):
        raise ValueError
    return written


def background_colour(written: str) -> tuple[int, int, int] | None:
    """Return the colour that is written, BGR; None where it is none."""
    found = _COLOUR.fullmatch(written)
    if found is None:
        return None
    red, green, blue = (int(each, 16) for each in found.groups())
    return blue, green, red


def background_file(written: str | None) -> str | None:
    """Return the path of what is written; None where it is no file."""
    if written is None or written == BLUR or background_colour(written) is not None:
        return None
    return written
