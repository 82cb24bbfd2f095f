"""Where an MQTT broker is."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from livesegment.address import shown_url
from livesegment.errors import OptionsError
from livesegment.settings import ApiKey

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PREFIX = "livesegment"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker, who we are to it, and under what our topics begin.

    Attributes:
        host: Name or number.
        port: Port.
        uses_tls: Whether the connection is encrypted and the broker's certificate checked.
        user: Who logs in; None: nobody.
        password: Their password; None: none.
        prefix: What our topics begin with, without a slash at the end.
    """

    host: str
    port: int
    uses_tls: bool = False
    user: str | None = None
    password: ApiKey | None = None
    prefix: str = _PREFIX

    @classmethod
    def parse(cls, url: str, password: ApiKey | None = None) -> Self:
        """Read `mqtt://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX]`, or `mqtts://` for TLS.

        Args:
            url: The address.
            password: The password if the address has none.

        Raises:
            OptionsError: If it is something else.
        """
        wanted = OptionsError(
            "--mqtt takes mqtt://[USER@]HOST[:PORT][/PREFIX], or mqtts:// for TLS, not"
            f" '{shown_url(url)}'"
        )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
            host.encode("idna")
        except ValueError:
            raise wanted from None
        prefix = unquote(parts.path).strip("/") or _PREFIX
        if parts.scheme not in _PORTS or not host or port == 0 or parts.query or parts.fragment:
            raise wanted
        if any(each in prefix for each in "#+\0"):
            raise OptionsError("--mqtt: a topic's prefix has no '#' and no '+'")
        given = parts.password
        return cls(
            host=host,
            port=port or _PORTS[parts.scheme],
            uses_tls=parts.scheme == "mqtts",
            user=unquote(parts.username) if parts.username else None,
            password=ApiKey(unquote(given)) if given else password,
            prefix=prefix,
        )

    @property
    def shown(self) -> str:
        """The address without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.uses_tls else ''}://{host}:{self.port}"
