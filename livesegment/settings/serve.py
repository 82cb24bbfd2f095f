"""How the embedded endpoint is served."""

import math
from dataclasses import dataclass
from typing import Literal

from livesegment.settings import require

ReplyShape = Literal["flat", "nested"]
REPLY_SHAPES: tuple[ReplyShape, ...] = ("flat", "nested")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How the embedded endpoint is served.

    Attributes:
        host: Address to listen on; the default is reached from this machine only.
        port: Port to listen on; 0 takes a free one.
        api_key_file: File of accepted keys, one a line, `#` begins a comment; None: any key.
        reply: `flat`, the documentation's shape, or `nested`, newer servers'.
        latency_ms: No reply is sent earlier than this after its request came. It holds replies
            back, not the model: many requests wait at once.
        allow_url_images: Fetch pictures that a request names as `image=URL`.
        allow_private_urls: Fetch them from this machine and its networks as well.

    Raises:
        OptionsError: If a value is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 9001
    api_key_file: str | None = None
    reply: ReplyShape = "flat"
    latency_ms: float = 0.0
    allow_url_images: bool = False
    allow_private_urls: bool = False

    def __post_init__(self) -> None:
        require(bool(self.host.strip()), "--host is an address of this machine, such as 127.0.0.1")
        require(0 <= self.port <= 65535, "--port is a number from 0 to 65535")
        require(self.reply in REPLY_SHAPES, f"--reply is one of {', '.join(REPLY_SHAPES)}")
        require(
            math.isfinite(self.latency_ms) and 0 <= self.latency_ms <= 600_000,
            "--latency-ms is a number from 0 to 600000",
        )
        require(
            self.allow_url_images or not self.allow_private_urls,
            "--allow-private-urls widens --allow-url-images: give both",
        )
