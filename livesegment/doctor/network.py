"""The way to an endpoint: its name, a connection, its certificate."""

import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from livesegment.address import is_loopback
from livesegment.doctor.bounded import within
from livesegment.http_client import trusted_certificates

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an endpoint listens, as the web names it.

    Attributes:
        scheme: http or https.
        host: Its name or number.
        port: Its port.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """Return the origin that a URL leads to."""
        parts = urlsplit(url)
        return cls(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a TLS handshake has shown.

    Attributes:
        protocol: Such as TLSv1.3.
        days_left: Until the certificate ends.
        took_s: Seconds that the handshake took.
    """

    protocol: str
    days_left: int
    took_s: float


def proxy_variable(url: str) -> str | None:
    """Return which variable of the environment sends requests to a URL through a proxy, if any."""
    origin = Origin.of(url)
    if is_loopback(url) or proxy_bypass(origin.host):
        return None
    proxies = getproxies()
    found = next((each for each in (origin.scheme, "all") if each in proxies), None)
    return None if found is None else f"{found.upper()}_PROXY"


def look_up(origin: Origin, timeout_s: float) -> tuple[list[str], float]:
    """Return the addresses of a host, and the seconds that took.

    Raises:
        OSError: If there are none, or nobody says in time.
    """
    began_s = time.perf_counter()
    try:
        found = within(
            timeout_s,
            lambda: socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM),
        )
    except UnicodeError as error:  # a label that is empty or too long
        raise OSError("it is no name of a host") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found)), time.perf_counter() - began_s


def shake_hands(origin: Origin, timeout_s: float) -> Certificate:
    """Make a TLS handshake, trusting whom the calls trust.

    Raises:
        OSError: If it fails; `ssl.SSLCertVerificationError` if the certificate is not trusted.
        OptionsError: If those whom the environment trusts cannot be read.
    """
    context = trusted_certificates()
    with socket.create_connection((origin.host, origin.port), timeout_s) as raw:
        began_s = time.perf_counter()
        with context.wrap_socket(raw, server_hostname=origin.host) as secured:
            took_s = time.perf_counter() - began_s
            shown = secured.getpeercert() or {}
            protocol = secured.version() or "TLS"
    ends_s = ssl.cert_time_to_seconds(str(shown["notAfter"]))
    left = datetime.fromtimestamp(ends_s, UTC) - datetime.now(UTC)
    return Certificate(protocol, left.days, took_s)
