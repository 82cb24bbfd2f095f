"""The key of an endpoint: where it is looked up, whom it is sent to, and whether it is missing."""

import os
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from livesegment.address import is_loopback, shown_url
from livesegment.errors import AuthenticationFailed
from livesegment.settings.secret import ApiKey

KEY_VARIABLES = ("LIVESEGMENT_API_KEY", "ROBOFLOW_API_KEY")
"""Where a key is looked up that was not given, the first one first."""

NO_KEY = f"no key given: set {KEY_VARIABLES[0]}"
"""What to say where a key is wanted and there is none."""


def key_variable(url: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the name of the variable that holds the key for an address; None: none does."""
    anyones, hosted = KEY_VARIABLES
    if environment.get(anyones, "").strip():
        return anyones
    is_for_it = is_hosted(url) or is_loopback(url)
    if is_for_it and environment.get(hosted, "").strip():
        return hosted
    return None


def check_key(url: str, api_key: ApiKey | None) -> None:
    """Find out before anything is sent whether a key is missing: hosted endpoints want one.

    Args:
        url: Where the model is. It may hold the key itself, in its query.
        api_key: What is to be sent along; None or empty: nothing.

    Raises:
        AuthenticationFailed: If it is, with what to do about it.
    """
    if is_hosted(url) and not has_key(url, api_key):
        raise AuthenticationFailed(f"{shown_url(url)} wants an API key: {NO_KEY}", url=url)


def has_key(url: str, api_key: ApiKey | None) -> bool:
    """Tell whether a request to an address carries a key."""
    return bool(api_key and api_key.reveal()) or "api_key" in parse_qs(urlsplit(url).query)


def is_hosted(url: str) -> bool:
    """Tell whether an address is that of the hosted endpoint, reached so that nobody listens."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == "roboflow.com" or host.endswith(".roboflow.com"))
