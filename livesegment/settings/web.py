"""The page: where it is served, and to whom."""

from dataclasses import dataclass

from livesegment.address import is_loopback
from livesegment.settings.group import Settings, option, require, section
from livesegment.settings.kinds import flag, instance, number
from livesegment.settings.secret import ApiKey
from livesegment.settings.text_kinds import path, text

TOKEN_VARIABLE = "LIVESEGMENT_WEB_TOKEN"
VIEW_TOKEN_VARIABLE = "LIVESEGMENT_WEB_VIEW_TOKEN"

_SHORTEST = 8  # characters of a token


@dataclass(frozen=True, slots=True)
class TlsOptions(Settings):
    """By which certificate the page is served over https; without one it is http.

    Attributes:
        certificate: File with the certificate, in PEM, with those that vouch for it behind it.
        key: File with its private key, in PEM; None: it is in the certificate's.
        is_made: Make a certificate when the page is started, which no browser trusts unasked.

    Raises:
        OptionsError: If they contradict each other.
    """

    certificate: str | None = option(
        None,
        path("FILE.pem", "the path of a file"),
        "Serve the page over https, with this certificate.",
        flag="--web-cert",
        key="web.cert",
        group="Page",
        has_own=False,
    )
    key: str | None = option(
        None,
        path("FILE.pem", "the path of a file"),
        "The certificate's private key, if it is in a file of its own.",
        flag="--web-key",
        key="web.key",
        group="Page",
        has_own=False,
    )
    is_made: bool = option(
        False,
        flag(),
        "Serve the page over https, with a certificate made on the spot.",
        flag="--web-tls",
        key="web.tls",
        group="Page",
        has_own=False,
    )

    @property
    def is_wanted(self) -> bool:
        """Whether the page is served over https."""
        return self.is_made or self.certificate is not None

    def check(self) -> None:
        """Check that there is one certificate at most."""
        self.require(
            self.key is None or self.certificate is not None,
            "{key} belongs to a certificate: name it with {certificate}",
            "key",
            "certificate",
        )
        self.require(
            self.certificate is None or not self.is_made,
            "{is_made} makes a certificate, and {certificate} names one: give one of them",
            "is_made",
            "certificate",
        )


@dataclass(frozen=True, slots=True)
class WebOptions(Settings):
    """Where the page is, and what its viewers have to know.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0: any free one.
        token: What people log in with who may change something too; None: nobody logs in, on this
            machine alone.
        view_token: What people log in with who may only look; None: nobody only looks.
        tls: By which certificate it is served, if it is.

    Raises:
        OptionsError: If a value is out of range, or other machines could see the page unasked.
    """

    host: str = option(
        "127.0.0.1",
        text("HOST", "an address of this machine, such as 127.0.0.1"),
        "Address to listen on; any other than this machine's own demands a token.",
        key="web.host",
        has_own=False,
    )
    port: int = option(
        8080,
        number(0, 65535, whole=True),
        "Port to listen on; 0 takes a free one.",
        key="web.port",
        has_own=False,
    )
    token: ApiKey | None = option(
        None,
        instance(ApiKey, "TOKEN"),
        "What people log in with to see the page and to change something there.",
        key="web.token",
        has_own=False,
        is_secret=True,
        variables=(TOKEN_VARIABLE,),
    )
    view_token: ApiKey | None = option(
        None,
        instance(ApiKey, "TOKEN"),
        "What people log in with to see the page and change nothing; needs a token beside it.",
        key="web.view_token",
        has_own=False,
        is_secret=True,
        variables=(VIEW_TOKEN_VARIABLE,),
    )
    tls: TlsOptions = section(TlsOptions)

    def check(self) -> None:
        """Check that no other machine sees the page unasked, and who may do what."""
        self.require(
            self.token is None or len(self.token.reveal()) >= _SHORTEST,
            f"the token of the page has at least {_SHORTEST} characters, also one in"
            f" {TOKEN_VARIABLE}",
            "token",
        )
        self.require(
            self.view_token is None or len(self.view_token.reveal()) >= _SHORTEST,
            f"a token of the page that only looks has at least {_SHORTEST} characters, also one in"
            f" {VIEW_TOKEN_VARIABLE}",
            "view_token",
        )
        looks = f"a token that only looks ({{view_token}}, or {VIEW_TOKEN_VARIABLE})"
        changes = f"({{token}}, or {TOKEN_VARIABLE} in the environment)"
        self.require(
            self.view_token is None or self.token is not None,
            f"{looks} needs one beside it that changes something too {changes}",
            "view_token",
            "token",
        )
        self.require(
            self.view_token is None or self.view_token != self.token,
            f"{looks} has to differ from the one that changes something too {changes}",
            "view_token",
            "token",
        )
        self.require(
            self.token is not None or is_this_machine(self.host),
            f"a page on {_literal(self.host)} can be seen from other machines and needs a token:"
            f" {{token}}, or {TOKEN_VARIABLE} in the environment",
            "host",
            "token",
        )


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


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
    require(int(port) <= 65535, "the port of --web is a number from 0 to 65535")
    return bare, int(port)
