"""Secrets that are found again in whatever is said, in each form in which it may be said."""

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

_AWKWARD = "+/&=%<"
"""What is written otherwise in an address, in JSON, in HTML."""


def marked(what: str) -> str:
    """Return a secret that tells what it is for; no other text looks like it.

    Args:
        what: A word of letters.
    """
    return f"Zq7{what}R4kept9Wx{_AWKWARD}"


def forms(secret: str) -> dict[str, str]:
    """Return how somebody who has been told a secret may repeat it, by what that is called."""
    quoted = quote(secret, safe="")
    return {
        "as it is": secret,
        "in an address": quoted,
        "in an address, small": re.sub("%..", lambda found: found[0].lower(), quoted),
        "in an address, in part": quote(secret, safe="+/&="),
        "in a form": quote_plus(secret),
        "in an address in an address": quote(quoted, safe=""),
        "in JSON": json.dumps(secret)[1:-1],
        "in JavaScript": json.dumps(secret)[1:-1].replace("/", "\\/").replace("<", "\\u003c"),
        "in JSON in JSON": json.dumps(json.dumps(secret)).strip('\\"'),
        "in HTML": html.escape(secret),
        "in HTML, by numbers": "".join(c if c.isalnum() else f"&#{ord(c)};" for c in secret),
        "base64": base64.b64encode(secret.encode()).decode(),
        "base64 for addresses": base64.urlsafe_b64encode(secret.encode()).decode(),
        "with a user, base64": base64.b64encode(f"anna:{secret}".encode()).decode(),
        "with a longer user, base64": base64.b64encode(f"anna1:{secret}".encode()).decode(),
        "in hexadecimal": secret.encode().hex(),
        "in Python": repr(secret.encode())[2:-1],
    }


def shown_in(said: str | bytes | Mapping[str, str | bytes], secrets: Iterable[str]) -> list[str]:
    """Return which secrets can be read in what was said, and how, for the test's failure.

    Half of one is found too: what is cut to a length is cut anywhere.

    Args:
        said: A text, or bytes, or several of them by what they are.
        secrets: Made by `marked`.
    """
    if isinstance(said, Mapping):
        return [
            f"{what}: {found}" for what, each in said.items() for found in shown_in(each, secrets)
        ]
    data = (said.encode(errors="surrogatepass") if isinstance(said, str) else said).lower()
    found = []
    for secret in secrets:
        plain = secret.removesuffix(_AWKWARD)
        for part in (plain[: plain.index("R4")], "R4kept9Wx"):
            ways = {"in letters": part, "in hexadecimal": part.encode().hex()}
            ways |= {f"base64, {at}": _within_base64(part, at) for at in range(3)}
            for how, text in ways.items():
                if text.lower().encode() in data:
                    at = data.index(text.lower().encode())
                    found.append(f"{plain} {how}: {data[max(0, at - 60) : at + 60]!r}")
    return found


def _within_base64(text: str, before: int) -> str:
    """Return what base64 makes of a text that so many bytes (modulo 3) precede."""
    encoded = base64.b64encode(bytes(before) + text.encode()).decode()
    return encoded[-(-8 * before // 6) : 8 * (before + len(text)) // 6]
