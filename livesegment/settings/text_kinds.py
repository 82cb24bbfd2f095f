"""Kinds of options that are written as a text: words, paths, addresses, names of classes."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from livesegment.address import is_http_url, is_url_of
from livesegment.class_name import clean_class_name
from livesegment.settings.kinds import Kind


def text(
    metavar: str = "TEXT",
    phrase: str = "a text that is not empty",
    make: Callable[[str], Any] = str,
    pattern: str | None = None,
    *,
    takes_numbers: bool = False,
    is_path: bool = False,
    words: tuple[str, ...] = (),
) -> Kind:
    """Return the kind of a text that is not empty, without blanks around it.

    Args:
        metavar: What stands for it in `--help`.
        phrase: What it is, in a sentence.
        make: Makes the value of the text; its ValueError means that it cannot be that.
        pattern: What an editor checks it by.
        takes_numbers: Whether a whole number stands for its text.
        is_path: Whether it may name a file.
        words: What it may be besides, for shells to complete.
    """

    def read(value: Any) -> Any:
        if takes_numbers and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(phrase)
        try:
            return make(value.strip())
        except ValueError:
            raise ValueError(phrase) from None

    types = ["string", "integer"] if takes_numbers else "string"
    schema = {"type": types, "minLength": 1, **({} if pattern is None else {"pattern": pattern})}
    return Kind("text", read, read, read, schema, metavar, is_path=is_path, words=words)


path = partial(text, is_path=True)
"""As `text`, and may name a file."""


def http_address(metavar: str = "URL") -> Kind:
    """Return the kind of an address that begins with http:// or https://."""
    phrase = "an address that begins with http:// or https://"
    return text(metavar, phrase, _required(is_http_url), "^https?://")


def address_of(metavar: str, phrase: str, *schemes: str) -> Kind:
    """Return the kind of an address of other schemes; the phrase says how it is written."""
    return text(
        metavar,
        phrase,
        _required(lambda written: is_url_of(written, schemes)),
        f"^({'|'.join(schemes)})://",
    )


STANDARD_OUTPUT = "-"
"""In the place of an address or a file: what other programs read."""

_STREAMS = ("rtsp", "rtmp", "udp")


def stream_address() -> Kind:
    """Return the kind of an address to which a video is sent, or `STANDARD_OUTPUT`."""
    phrase = "an address, rtsp://, rtmp:// or udp://HOST:PORT, or - for standard output"
    schemes = "|".join(_STREAMS)
    return text("URL", phrase, _required(_takes_streams), f"^(({schemes})://|{STANDARD_OUTPUT}$)")


def _takes_streams(written: str) -> bool:
    if written == STANDARD_OUTPUT:
        return True
    # Nobody waits for datagrams at a port that goes without saying.
    parts = urlsplit(written) if is_url_of(written, _STREAMS) else None
    return parts is not None and (parts.scheme != "udp" or parts.port is not None)


def _required(is_right: Callable[[str], bool]) -> Callable[[str], str]:
    def make(written: str) -> str:
        if not is_right(written):
            raise ValueError
        return written

    return make


_MOST_NAMES, _LONGEST_NAME = 256, 200


def names(*, are_needed: bool = False, adds_up: bool = False) -> Kind:
    """Return the kind of names of classes, none twice, cleaned as those of a model.

    Args:
        are_needed: Whether an empty name is a mistake, and not left out: from a variable that is
            empty, it must not mean that there is none.
        adds_up: Whether a command line may give the option several times.
    """

    def read(value: Any) -> frozenset[str]:
        is_list = isinstance(value, list | tuple | set | frozenset) and len(value) <= _MOST_NAMES
        if not is_list or not all(map(_is_name, value)):
            raise ValueError('a list of class names, such as ["person", "car"]')
        found = frozenset(map(clean_class_name, value))
        if are_needed and not all(found):
            raise ValueError('a list of class names, such as ["person"], none of them empty')
        return found

    def parse(written: str) -> frozenset[str]:
        found = [clean_class_name(each) for each in written.split(",")]
        if are_needed and not all(found):
            raise ValueError("a list of class names, such as person,car, none of them empty")
        return frozenset(name for name in found if name)

    item = {"type": "string", "maxLength": _LONGEST_NAME}
    if are_needed:
        item["minLength"] = 1
    schema = {"type": "array", "items": item, "maxItems": _MOST_NAMES}
    return Kind("names", read, read, parse, schema, "A,B", adds_up=adds_up)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_NAME
