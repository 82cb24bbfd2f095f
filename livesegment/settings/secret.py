"""Secrets that do not show themselves."""

from livesegment.class_name import is_half_a_character
from livesegment.errors import OptionsError


class ApiKey:
    """A key that does not show itself: its repr and str are three dots.

    Raises:
        OptionsError: If it is given in bytes that are no text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if any(map(is_half_a_character, text)):
            raise OptionsError("a key, token or password is no text in UTF-8")
        self._text = text.strip()

    def reveal(self) -> str:
        """Return the key, for the request and nothing else."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "ApiKey(...)"

    __str__ = __repr__
