"""How a key travels to an endpoint: in a header, and in the address only where that is wanted."""

import logging
import string
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from livesegment.address import shown_url
from livesegment.errors import AuthenticationFailed
from livesegment.settings import ApiKey

logger = logging.getLogger(__name__)

_IN_HEADER = frozenset(string.ascii_letters + string.digits + string.punctuation)


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """Where a request has the key. It holds the key, and shows it to nobody.

    Attributes:
        headers: What its headers say of it.
        parameters: What the query of its address says of it.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)


class KeySending:
    """Says where requests have the key, and learns it from the first that are refused.

    Addresses end up in the logs of servers and proxies, headers do not: so the key goes as
    `Authorization: Bearer KEY`. A gateway that knows only the query refuses that with 401 or 403,
    as it would a wrong key, and a local server with 400, as it misses one. Then the same request is
    made once more, with the key in the query as well, and what comes of it holds for the whole run:
    with an answer, every further request has the key in both places; with another refusal the key
    is wrong, and is never in an address again. An endpoint that once answered to the header alone
    is not asked otherwise either.

    The second try belongs to the same call: it needs no permit of its own, no figure counts it, and
    endpoints do not bill what they refuse.

    Where the header cannot have the key, it is in the query from the beginning: if it has other
    characters than ASCII's visible ones, or if the address has a user, who is named there.

    Any number of threads may ask at once; until the first of them knows, each may try both.

    Args:
        url: Whom requests go to.
        api_key: The key; None or empty: there is none to send.
    """

    def __init__(self, url: str, api_key: ApiKey | None) -> None:
        key = api_key.reveal() if api_key else ""
        parts = urlsplit(url)
        self._shown_url = shown_url(url)
        self._lock = threading.Lock()
        in_header = _IN_HEADER.issuperset(key) and parts.username is None and parts.password is None
        headers = {"authorization": f"Bearer {key}"} if key and in_header else {}
        in_query = KeyPlaces(headers, {"api_key": key} if key else {})
        self._places = KeyPlaces(headers) if headers else in_query
        self._other: KeyPlaces | None = in_query if headers else None

    def ask(self, ask: Callable[[KeyPlaces], bytes]) -> bytes:
        """Ask once, or twice to find out where an endpoint looks for the key.

        Args:
            ask: Makes a request that has the key where it is told, and returns what came of it.

        Raises:
            AuthenticationFailed: If the key is wrong.
        """
        with self._lock:
            places, other = self._places, self._other
        try:
            answer = ask(places)
        except AuthenticationFailed:
            if other is None:
                raise
        else:
            self._settle(places)
            return answer
        try:
            answer = ask(other)
        except AuthenticationFailed:
            self._settle(places)
            raise
        if self._settle(other):
            logger.info("%s reads the key in the address only, not in the header", self._shown_url)
        return answer

    def _settle(self, places: KeyPlaces) -> bool:
        """Have all further requests made so; False if that was settled before."""
        with self._lock:
            if self._other is None:
                return False
            self._places, self._other = places, None
            return True
