"""Which model to ask, and how."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from livesegment.address import is_http_url, is_loopback
from livesegment.settings.checking import require
from livesegment.settings.key import ApiKey

HOSTED_ENDPOINT = "https://segment.roboflow.com"
BUILTIN = "builtin"

Auto = Literal["auto"]


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Which model to ask, and how.

    With neither endpoint nor model the built-in person model is used; a model alone means the
    hosted endpoint.

    Attributes:
        endpoint: Base URL of the endpoint, or `builtin`.
        model: `slug/version`.
        api_key: The key; None: looked up in the environment by `resolve`.
        confidence: 0 to 100; what the endpoint takes as certain enough.
        max_side: Longest side in pixels of what is sent; larger frames are made smaller.
        jpeg_quality: 1 to 100.
        max_in_flight: Requests at once; `auto` finds how many saturate the endpoint; None: four
            for a remote endpoint, else what the segmenter can take.
        max_calls: Stop asking after so many calls; None: no limit.
        call_rate: Calls a second at most; None: no limit.
        timeout_s: Seconds to wait for an answer.

    Raises:
        OptionsError: If a value is out of range or an endpoint stands without a model.
    """

    endpoint: str | None = None
    model: str | None = None
    api_key: ApiKey | None = None
    confidence: float = 50.0
    max_side: int = 640
    jpeg_quality: int = 80
    max_in_flight: int | Auto | None = None
    max_calls: int | None = None
    call_rate: float | None = None
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        require(0 <= self.confidence <= 100, "--confidence is a number from 0 to 100")
        require(self.max_side >= 16, "--max-side is at least 16 pixels")
        require(1 <= self.jpeg_quality <= 100, "--jpeg-quality is a number from 1 to 100")
        require(
            self.max_in_flight in {None, "auto"} or self.max_in_flight in range(1, 257),
            "--in-flight is a number from 1 to 256, or auto",
        )
        require(self.max_calls is None or self.max_calls >= 0, "--max-calls is 0 or more")
        require(self.call_rate is None or self.call_rate > 0, "--call-rate is above 0 calls/s")
        require(0 < self.timeout_s <= 3600, "--timeout is above 0 and at most 3600 seconds")
        self._check_address()

    def _check_address(self) -> None:
        if self.model is not None:
            slug, _, version = self.model.strip("/").rpartition("/")
            require(
                bool(slug and version) and " " not in self.model,
                f"--model is written slug/version, such as my-model/3, not '{self.model}'",
            )
        if self.endpoint is None:
            return
        if self.endpoint == BUILTIN:
            require(self.model is None, "--endpoint builtin has its own model: leave --model out")
            return
        require(
            is_http_url(self.endpoint),
            "--endpoint is 'builtin' or an address that begins with http:// or https://",
        )
        require(
            self.model is not None,
            "--endpoint needs --model SLUG/VERSION, the model to ask for at that address",
        )

    @property
    def is_builtin(self) -> bool:
        """Whether the built-in person model is meant."""
        return self.endpoint == BUILTIN or (self.endpoint is None and self.model is None)

    @property
    def base_url(self) -> str:
        """The endpoint's address, the hosted one where only a model is given."""
        return (self.endpoint or HOSTED_ENDPOINT).rstrip("/")

    def resolved_key(self, environment: Mapping[str, str] = os.environ) -> ApiKey | None:
        """Return the key to send, if any.

        `LIVESEGMENT_API_KEY` goes to whatever endpoint was given; `ROBOFLOW_API_KEY` only to the
        hosted endpoint and to this machine, so that it does not leak to a stranger's server.
        """
        if self.api_key is not None:
            return self.api_key
        source = self.key_source(environment)
        return None if source is None else ApiKey(environment[source])

    def key_source(self, environment: Mapping[str, str] = os.environ) -> str | None:
        """Return where the key to send is from: `--api-key`, or the name of a variable."""
        if self.api_key is not None:
            return "--api-key"
        if environment.get("LIVESEGMENT_API_KEY", "").strip():
            return "LIVESEGMENT_API_KEY"
        is_for_it = _is_hosted(self.base_url) or is_loopback(self.base_url)
        if is_for_it and environment.get("ROBOFLOW_API_KEY", "").strip():
            return "ROBOFLOW_API_KEY"
        return None


def _is_hosted(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == "roboflow.com" or host.endswith(".roboflow.com"))
