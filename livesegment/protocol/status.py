"""An answer other than 200, as an error of our tree."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from livesegment.address import scrubbed, shown_url
from livesegment.errors import (
    AuthenticationFailed,
    EndpointError,
    ModelNotFound,
    PaymentRequired,
    RateLimited,
    RequestRefused,
    ServerFailed,
)
from livesegment.protocol.reply import looks_like_html
from livesegment.settings.endpoint_key import NO_KEY

MAX_MESSAGE_BYTES = 65_536
"""What follows in the body of an error is not read."""

_MAX_MESSAGE = 200
_LONGEST_FORM = MAX_MESSAGE_BYTES // 8  # characters of a key, however it is encoded
_LONGEST_S = 366 * 86_400.0  # whoever asks for more asks for no less than that
_OVERLOADED = frozenset({502, 503, 504})

_MEANINGS: dict[int, tuple[type[EndpointError], str]] = {
    401: (AuthenticationFailed, "does not accept the API key"),
    402: (PaymentRequired, "says that the account's credits are used up"),
    403: (AuthenticationFailed, "does not accept the API key"),
    404: (ModelNotFound, "has no such model or version"),
    413: (RequestRefused, "finds the picture too large; lower --max-side"),
    423: (RequestRefused, "has paused this model or account"),
}

# So say local inference servers that know the key only from the query, and find none there.
_KEY_IS_MISSING = re.compile(r"\bapi[ _-]?key (?:is )?(?:missing|required)\b", re.IGNORECASE)


def error_for_status(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    url: str,
    secrets: Iterable[str] = (),
    now: datetime | None = None,
    has_key: bool = True,
) -> EndpointError:
    """Return the error that stands for an answer other than 200.

    Args:
        status: HTTP status.
        headers: Of the answer; names are looked up in lower case.
        body: Of the answer; its message becomes part of the sentence.
        url: The address that was called, without its query.
        secrets: Texts to take out of the message, should the endpoint echo them.
        now: The time to which a `Retry-After` date is compared; None: the clock's.
        has_key: Whether a key was sent.
    """
    secrets = tuple(secrets)
    said = endpoint_message(body, secrets)
    tail = f" (status {status}: {said})" if said else f" (status {status})"
    if status == 429 or status in _OVERLOADED:
        wait_s = retry_after_s(headers.get("retry-after"), now or datetime.now(UTC))
        if status == 429:
            text = f"{url} asks for fewer calls{tail}"
            return RateLimited(text, url=url, status=status, retry_after_s=wait_s)
        text = f"{url} is overloaded or restarting{tail}"
        return ServerFailed(text, url=url, status=status, retry_after_s=wait_s)
    if 300 <= status < 400:
        to = _short_line(shown_url(scrubbed(headers.get("location", ""), secrets)))
        text = f"{url} sends callers elsewhere{f', to {to}' if to else ''}; give the final address"
        return RequestRefused(f"{text}{tail}", url=url, status=status)
    kind, meaning = _MEANINGS.get(status, (RequestRefused, "refuses the request"))
    if status == 400 and _KEY_IS_MISSING.search(said):
        kind, meaning = _MEANINGS[401]
    if status >= 500:
        meaning = "failed"
    if kind is ModelNotFound and "/" not in urlsplit(url).path.strip("/"):
        meaning = f"{meaning}, or knows none by an alias: try SLUG/VERSION"
    if kind is AuthenticationFailed and not has_key:
        meaning = f"wants an API key: {NO_KEY}"
    return kind(f"{url} {meaning}{tail}", url=url, status=status)


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for: above 0, and a year at most.

    None where it says nothing usable, be it rubbish, 0 or a date that has passed.

    Source: RFC 9110, 10.2.3: seconds, or an HTTP date, which is compared to `now`.
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            when = parsedate_to_datetime(header)
            seconds = (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds()
        except (ValueError, OverflowError):  # no date; one that no calendar has
            return None
    # 0, a date that has passed and "inf" ask for nothing that could be kept.
    return min(seconds, _LONGEST_S) if 0 < seconds < math.inf else None


def endpoint_message(body: bytes, secrets: Iterable[str] = ()) -> str:
    """Return what an endpoint says about an error: one short line, without the secrets."""
    if looks_like_html(body):
        return "an HTML page"
    text = body[:MAX_MESSAGE_BYTES].decode(errors="replace")
    is_cut = len(body) >= MAX_MESSAGE_BYTES
    with suppress(ValueError, RecursionError):  # Not JSON: the body itself is the message.
        text = _message_of(json.loads(body))
    text = scrubbed(text, secrets)
    if is_cut:
        text = text[:-_LONGEST_FORM]  # it may end within a secret, which is none then
    return _short_line(text)


def _short_line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _MAX_MESSAGE else f"{line[: _MAX_MESSAGE - 3]}..."


def _message_of(reply: Any) -> str:
    """Find the message in `{"message": ...}`, `{"Message": ...}` and their relatives."""
    if isinstance(reply, str):
        return reply
    if isinstance(reply, dict):
        for name in ("message", "Message", "detail", "error"):
            if name in reply:
                return _message_of(reply[name])
    return ""


def error_body(message: str) -> dict[str, str]:
    """Return the JSON of an error as an endpoint writes it."""
    return {"message": message}


def unauthorized_body() -> dict[str, str]:
    """Return the JSON with which the hosted endpoint's gateway refuses a key."""
    return {"Message": "User is not authorized to access this resource"}
