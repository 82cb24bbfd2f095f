"""Addresses as they may be shown, and where they lead."""

import base64
import html
import ipaddress
import json
import re
import socket
from collections.abc import Collection, Iterable
from functools import lru_cache
from urllib.parse import quote, urlsplit

from livesegment.errors import SourceNotFound

PATH_SECRET = re.compile(
    r"(?<![a-z0-9])((?:pass(?:word|wd)?|pwd|token|secret|key)=)"
    r"([^&/;\s]+?)(?=[&/;\s]|_(?:channel|stream|user(?:name)?)=|$)",
    re.IGNORECASE,
)
"""A secret in an address's path, as many cameras want it, and in front of it what it is:
`/user=admin&password=1234&channel=1`, `/user=admin_password=1234_channel=1_stream=0.sdp`."""


def shown_url(url: str) -> str:
    """Return a URL as it may stand in a log: without user, passwords, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(an address that is no URL)"
    if ":" in host:
        host = f"[{host}]"
    path = PATH_SECRET.sub(r"\1...", parts.path)
    return f"{parts.scheme}://{host}{port}{path}" if parts.scheme else path


def shown_source(source: str) -> str:
    """Return what somebody names as a source: an address as of `shown_url`, all else as it is."""
    return shown_url(source) if "://" in source else source


def shown_host(url: str) -> str:
    """Return a URL as it may stand in a log where its path is a secret too."""
    scheme, separator, rest = shown_url(url).partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0]}"


# `pattern:WxH@FPS` has none.
_PASSWORD = re.compile(r"(?<!^pattern):(?![/\\])\S*@")
_VALUE = re.compile(r"([?&][^\s=&]+=)[^\s&]+")


def shown_text(text: str) -> str:
    """Return what somebody wrote in the place of an address, or of a file, without passwords.

    It may be an address with a mistake in it, which nothing takes for one.
    """
    text = PATH_SECRET.sub(r"\1...", _PASSWORD.sub(":...@", text))
    return _VALUE.sub(r"\1...", text)


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """Return a text with every secret replaced by dots, in whatever form somebody repeats it.

    Each character may stand as it is or as addresses, JSON, HTML or Python write it; the whole may
    be in base64, also behind something else such as a user's name, or in hexadecimal.
    """
    for secret in secrets:
        if secret:
            text = _forms(secret).sub("...", text)
    return text


def scrubbed_reply(reply: bytes, secrets: Iterable[str]) -> bytes:
    """Return a reply, JSON, with every secret that it repeats replaced by dots.

    It is looked through for the usual forms alone: nearly all of it is a picture. In a picture's
    base64 every short word occurs by chance, so a short secret is left there.
    """
    for secret in secrets:
        if len(secret) < _SHORTEST_ENCODED:
            continue
        usual = {secret, json.dumps(secret)[1:-1], quote(secret, safe="")}
        if any(form.encode(errors="surrogatepass") in reply for form in usual):
            text = scrubbed(reply.decode(errors="surrogateescape"), (secret,))
            reply = text.encode(errors="surrogateescape")
    return reply


_SHORTEST_ENCODED = 8
"""Letters of a secret's base64 or hexadecimal from which on it is no other text by chance."""


@lru_cache(64)
def _forms(secret: str) -> re.Pattern[str]:
    encoded = [secret.encode(errors="surrogatepass").hex()]
    encoded += [_within_base64(secret, before) for before in range(3)]
    ways = ["".join(map(_character, re.sub(r"\\+", r"\\", secret)))]
    ways += [each for each in encoded if len(each) >= _SHORTEST_ENCODED]
    return re.compile("|".join(ways))


def _character(character: str) -> str:
    """Return a pattern of the ways in which a character may be written."""
    if character == "\\":  # or several: JSON doubles them, and a run is taken in one way only
        return r"(?:\\{1,99}+|%(?:25){0,8}5(?i:c)){1,99}+"
    coded = character.encode(errors="surrogatepass")
    number = ord(character)
    # An address within an address, or JSON within JSON, is encoded twice. Bounded, because a text
    # of nothing but such signs would be looked through again from each of them.
    escape = "%(?:25){0,8}"
    ways = [
        re.escape(character),
        "".join(f"{escape}(?i:{byte:02x})" for byte in coded),
        rf"\\{{1,8}}{re.escape(character)}",
        rf"\\{{1,8}}u(?i:{number:04x})",
        "".join(rf"\\{{1,8}}x(?i:{byte:02x})" for byte in coded),
        rf"&#0{{0,8}}{number};",
        rf"&#[xX]0{{0,8}}(?i:{number:x});",
        re.escape(html.escape(character)),
    ]
    if character == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(dict.fromkeys(ways))})"


def _within_base64(secret: str, before: int) -> str:
    """Return a pattern of what base64 makes of a secret that so many bytes (modulo 3) precede."""
    content = bytes(before) + secret.encode(errors="surrogatepass")
    # A letter stands for six bits: those at the ends may stand for something else as well.
    letters = base64.b64encode(content).decode()[-(-8 * before // 6) : 8 * len(content) // 6]
    return letters.replace("+", "[+-]").replace("/", "[/_]")


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine by name or number."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def network_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or 2^64 of IPv6, which anybody may have.

    Source: RFC 6177: a customer gets a /64 at least.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def is_http_url(url: str) -> bool:
    """Tell whether a text is an address that begins with http:// or https://."""
    return is_url_of(url, ("http", "https"))


def is_url_of(url: str, schemes: Collection[str]) -> bool:
    """Tell whether a text is an address of one of the schemes, with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def addresses_behind(host: str) -> list[str]:
    """Return the numbers by which other machines may reach what listens on every address here.

    Args:
        host: What is listened on: `0.0.0.0`, or `::`, behind which are those of IPv4 too.

    Returns:
        They, those of IPv4 first; none for a host that is one address.
    """
    # Documentation's own addresses: nothing is sent to them, but the system says by which of its
    # addresses it would.
    far = {"0.0.0.0": ["192.0.2.1"], "::": ["192.0.2.1", "2001:db8::1"]}.get(host, [])
    found = [address for each in far if (address := _own_address(each)) is not None]
    try:
        known = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        known = []
    if far:
        found += [str(each[4][0]) for each in known]
    kinds = {"0.0.0.0": (4,), "::": (4, 6)}.get(host, ())
    numbers = [ipaddress.ip_address(each.partition("%")[0]) for each in found]
    seen = {
        str(each): each.version
        for each in numbers
        if each.version in kinds and not (each.is_loopback or each.is_link_local)
    }
    return sorted(seen, key=lambda each: seen[each])


def _own_address(far: str) -> str | None:
    """Return by which address of this machine another one would be reached; None: by none."""
    family = socket.AF_INET6 if ":" in far else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((far, 9))
            return str(asking.getsockname()[0])
    except OSError:
        return None


_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935}


def tcp_place(url: str) -> tuple[str, int] | None:
    """Return host and port that a URL's connection leads to; None: it is none of TCP."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (host, port) if host and port and parts.scheme in _PORTS else None


def why_unreachable(host: str, port: int, timeout_s: float) -> str | None:
    """Connect to a port and hang up.

    Args:
        host: A name or number.
        port: The port.
        timeout_s: Seconds to wait for each of the host's addresses.

    Returns:
        Why nobody accepted the connection, in the system's words; None if somebody did.
    """
    try:
        socket.create_connection((host, port), timeout_s).close()
    except OSError as error:
        return system_reason(error)
    except UnicodeError:  # a label that is empty or too long
        return "it is no name of a host"
    return None


def system_reason(error: OSError) -> str:
    """Return what went wrong on the way to somebody, in the system's words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or str(error) or type(error).__name__


def check_reachable(url: str, *, timeout_s: float = 1.5) -> None:
    """Connect to the address and hang up.

    A host that is off lets a connection wait; asked again and again with a short patience, it is
    found soon after it is back, while what follows (a camera that takes its time to answer) may
    have a long one.

    Args:
        url: The address. Those of other protocols than TCP, or behind a proxy, are let pass.
        timeout_s: Seconds to wait for each of the host's addresses; a first packet that is lost
            is sent again after one.

    Raises:
        SourceNotFound: If nobody accepts the connection.
    """
    place = tcp_place(url)
    if place is None or _has_proxy(urlsplit(url).scheme, place[0]):
        return  # whoever opens it says what is wrong
    refusal = why_unreachable(*place, timeout_s)
    if refusal is not None:
        raise SourceNotFound(f"{shown_url(url)} cannot be opened: {refusal}")


def _has_proxy(scheme: str, host: str) -> bool:
    # Here, because it brings an HTTP client along, and options look at addresses at every start.
    from urllib.request import getproxies, proxy_bypass

    return scheme in getproxies() and not proxy_bypass(host)
