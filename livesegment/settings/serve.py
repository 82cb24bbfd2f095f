"""How the embedded endpoint is served."""

from dataclasses import dataclass
from typing import Literal

from livesegment.settings.group import Settings, option
from livesegment.settings.kinds import choice, flag, number
from livesegment.settings.text_kinds import path, text

ReplyShape = Literal["both", "flat", "nested"]

_ADDRESS, _REPLIES, _IMAGES = "Address", "Replies", "Pictures by URL"


@dataclass(frozen=True, slots=True)
class ServeOptions(Settings):
    """How the embedded endpoint is served.

    Attributes:
        host: Address to listen on; the default is reached from this machine only.
        port: Port to listen on; 0 takes a free one.
        api_key_file: File of accepted keys, one a line, `#` begins a comment; None: any key.
        reply: `flat`, the documentation's shape; `nested`, newer servers'; or `both` in one, which
            every client reads.
        latency_ms: No reply is sent earlier than this after its request came. It holds replies
            back, not the model: many requests wait at once.
        allow_url_images: Fetch pictures that a request names as `image=URL`.
        allow_private_urls: Fetch them from this machine and its networks as well.

    Raises:
        OptionsError: If a value is out of range.
    """

    host: str = option(
        "127.0.0.1",
        text("HOST", "an address of this machine, such as 127.0.0.1"),
        "Address to listen on.",
        flag="--host",
        group=_ADDRESS,
    )
    port: int = option(
        9001,
        number(0, 65535, whole=True),
        "Port to listen on.",
        flag="--port",
        group=_ADDRESS,
    )
    api_key_file: str | None = option(
        None,
        path("FILE", "the path of a file"),
        "Accepted keys, one a line; without it, any key.",
        flag="--api-key-file",
        group=_ADDRESS,
    )
    reply: ReplyShape = option(
        "both",
        choice(("both", "flat", "nested")),
        "Shape of the replies: the documentation's, newer servers', or one that is either.",
        flag="--reply",
        group=_REPLIES,
    )
    latency_ms: float = option(
        0.0,
        number(0, 600_000, "ms"),
        "Reply no earlier than N ms after the request.",
        flag="--latency-ms",
        group=_REPLIES,
    )
    allow_url_images: bool = option(
        False,
        flag(),
        "Fetch pictures given as image=URL.",
        flag="--allow-url-images",
        group=_IMAGES,
    )
    allow_private_urls: bool = option(
        False,
        flag(),
        "Also from private addresses.",
        flag="--allow-private-urls",
        group=_IMAGES,
    )

    def check(self) -> None:
        """Check that what is widened is allowed."""
        self.require(
            self.allow_url_images or not self.allow_private_urls,
            "{allow_private_urls} widens {allow_url_images}: give both",
            "allow_private_urls",
            "allow_url_images",
        )
