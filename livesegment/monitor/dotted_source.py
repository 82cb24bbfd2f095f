"""A camera's source as the page sees it: what may be a secret of it shows as dots."""

import re
from dataclasses import dataclass

from livesegment.address import PATH_SECRET, shown_text
from livesegment.errors import OptionsError

DOTS = "\N{BULLET}" * 8


@dataclass(frozen=True, slots=True)
class _Address:
    """An address in the parts in which it is written; all that is not there is empty.

    `urlsplit` takes an address apart that is well formed: here a password may hold anything.
    """

    scheme: str
    login: str
    host: str
    path: str
    query: str
    fragment: str

    @classmethod
    def of(cls, source: str) -> "_Address | None":
        scheme, colon, rest = source.partition("://")
        if not colon:
            return None
        rest, _, fragment = rest.partition("#")
        rest, _, query = rest.partition("?")
        place, slash, path = rest.partition("/")
        login, _, host = place.rpartition("@")
        port = host.rpartition(":")[2] if ":" in host and not host.endswith("]") else ""
        # A password that is not encoded, with a slash or the like in it, reaches into the rest.
        if "@" in path + query + fragment or (port and not port.isdecimal()):
            return cls(scheme, "", "", DOTS, "", "")
        return cls(scheme, login, host, slash + path, query, fragment)

    def __str__(self) -> str:
        login = f"{self.login}@" if self.login else ""
        query = f"?{self.query}" if self.query else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.scheme}://{login}{self.host}{self.path}{query}{fragment}"


def dotted(source: str) -> str:
    """Return a source without what may be a secret: passwords, and the values of a query.

    A path shows but for what it calls a password itself.
    """
    if source.startswith("pattern:"):
        return source
    address = _Address.of(source)
    if address is None:
        return source if shown_text(source) == source and "@" not in source else DOTS
    user, colon, _ = address.login.partition(":")
    login = f"{user}:{DOTS}" if colon else DOTS
    query = "&".join(
        f"{each.partition('=')[0]}={DOTS}" if "=" in each else DOTS
        for each in address.query.split("&")
    )
    return str(
        _Address(
            address.scheme,
            login if address.login else "",
            address.host,
            PATH_SECRET.sub(rf"\1{DOTS}", address.path),
            query if address.query else "",
            DOTS if address.fragment else "",
        )
    )


def undotted(sent: str, kept: str) -> str:
    """Return what somebody means who changed a dotted source.

    A password goes to the host and user that it was typed for, and to nobody else: who changes an
    address does not learn one by having it sent elsewhere.

    Args:
        sent: What came from the page.
        kept: The source as it is in the file.

    Raises:
        OptionsError: If dots stand where nothing is known for them.
    """
    if sent == dotted(kept):
        return kept
    if DOTS[0] not in sent:
        return sent
    new, old = _Address.of(sent), _Address.of(kept)
    if new is not None and old is not None and _place(new) == _place(old):
        login = old.login if new.login == _Address.of(dotted(kept)).login else new.login  # type: ignore[union-attr]
        values = [each.partition("=") for each in old.query.split("&")]
        known = {key: value for key, equals, value in reversed(values) if equals}
        query = "&".join(_undotted_value(each, known) for each in new.query.split("&"))
        fragment = old.fragment if new.fragment == DOTS else new.fragment
        path = _undotted_path(new.path, dict(PATH_SECRET.findall(old.path)))
        whole = str(_Address(new.scheme, login, new.host, path, query, fragment))
        if DOTS[0] not in whole:
            return whole
    raise OptionsError(
        "type the password again: the dots stand for one that is kept for the same host and user"
    )


def _place(address: _Address) -> tuple[str, str, str]:
    """Return to whom an address leads, and as which user."""
    user, _, _ = address.login.partition(":")
    return address.scheme.casefold(), address.host.casefold(), user


def _undotted_path(path: str, known: dict[str, str]) -> str:
    def kept(match: re.Match[str]) -> str:
        return match[1] + (known.get(match[1], DOTS) if match[2] == DOTS else match[2])

    return PATH_SECRET.sub(kept, path)


def _undotted_value(piece: str, known: dict[str, str]) -> str:
    key, equals, value = piece.partition("=")
    return f"{key}={known[key]}" if equals and value == DOTS and key in known else piece
