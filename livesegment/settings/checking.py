"""Checking what a user asked for."""

from livesegment.errors import OptionsError


def require(ok: bool, sentence: str) -> None:
    """Raise OptionsError with the sentence unless ok."""
    if not ok:
        raise OptionsError(sentence)
