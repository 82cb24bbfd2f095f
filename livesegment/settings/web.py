"""The page: where it is served, and to whom."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from livesegment.address import is_loopback
from livesegment.settings.checking import require
from livesegment.settings.key import ApiKey


@dataclass(frozen=True, slots=True)
class WebOptions:
    """Where the page is, and what its viewers have to know.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0: any free one.
        token: What viewers log in with; None: nothing, on this machine alone.

    Raises:
        OptionsError: If a value is out of range, or other machines could see the page unasked.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    token: ApiKey | None = None

    def __post_init__(self) -> None:
        require(0 <= self.port <= 65535, "the port of --web is a number from 0 to 65535")
        require(
            self.token is None or len(self.token.reveal()) >= 8,
            "LIVESEGMENT_WEB_TOKEN has at least 8 characters",
        )
        require(
            self.token is not None or is_this_machine(self.host),
            f"a page on {self.host} can be seen from other machines and needs a token: "
            "set LIVESEGMENT_WEB_TOKEN",
        )


def is_this_machine(host: str) -> bool:
    """Tell whether what listens on a host can be reached from this machine only."""
    return is_loopback(f"http://[{host}]" if ":" in host else f"http://{host}")


def web_address(text: str) -> tuple[str, int]:
    """Return the host and port of `HOST:PORT`; an IPv6 host stands in brackets.

    Raises:
        OptionsError: If it is not written so.
    """
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    well_formed = bool(bare) and ("[" in host) == (":" in bare) and "/" not in bare
    require(
        well_formed and port.isdecimal() and len(port) <= 5,
        f"--web takes HOST:PORT, such as 127.0.0.1:8080, not '{text}'",
    )
    return bare, int(port)


def web_token(environment: Mapping[str, str] = os.environ) -> ApiKey | None:
    """Return the token of the page, if `LIVESEGMENT_WEB_TOKEN` says one."""
    token = environment.get("LIVESEGMENT_WEB_TOKEN", "").strip()
    return ApiKey(token) if token else None
