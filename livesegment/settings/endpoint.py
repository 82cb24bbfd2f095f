"""Which model to ask, and how."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from livesegment.address import is_http_url, is_loopback
from livesegment.settings.class_names import class_names
from livesegment.settings.group import Settings, option, section
from livesegment.settings.kinds import choice, either, instance, number
from livesegment.settings.model_file import ModelFileOptions, is_model_file
from livesegment.settings.secret import ApiKey
from livesegment.settings.text_kinds import text

HOSTED_ENDPOINT = "https://segment.roboflow.com"
BUILTIN = "builtin"

MAX_SIDE, JPEG_QUALITY = 640, 80
"""What is sent if nothing else is said: longest side in pixels, and JPEG quality."""

Auto = Literal["auto"]

Device = Literal["auto", "cpu", "cuda", "coreml", "openvino", "directml"]

KEY_VARIABLES = ("LIVESEGMENT_API_KEY", "ROBOFLOW_API_KEY")
"""Where a key is looked up that was not given, the first one first."""

_MODEL, _CALLS = "Model", "Calls"

_MODEL_PATTERN = r"^[^ ]+/[^ /]+/?$|\.([Oo][Nn][Nn][Xx]|[Tt][Ff][Ll][Ii][Tt][Ee])$"


def _endpoint(text: str) -> str:
    if text != BUILTIN and not is_http_url(text):
        raise ValueError
    return text


def _model(text: str) -> str:
    if is_model_file(text):
        return text
    slug, _, version = text.strip("/").rpartition("/")
    if not slug or not version or " " in text:
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class EndpointOptions(Settings):
    """Which model to ask, and how.

    With neither endpoint nor model the built-in person model is used; a model alone means the
    hosted endpoint, and a model whose name ends in .onnx or .tflite the file of that name.

    Attributes:
        endpoint: Base URL of the endpoint, or `builtin`.
        model: `slug/version`, or the path of a model file, as `file.model_file`.
        class_names: Names of the model's classes in the order of its ids, from 0 on, for a model
            that does not tell them all; given as names or as the path of a text file with one a
            line. None: what the model says.
        api_key: The key; None: looked up in the environment by `resolved_key`.
        device: What a model that runs in this process runs on: the processor, or what ONNX Runtime
            has a provider for. `auto` is the best of what is there.
        confidence: 0 to 100; what the endpoint takes as certain enough.
        max_side: Longest side in pixels of what is sent; larger frames are made smaller. None:
            640, and less while a live picture would wait for the uplink.
        jpeg_quality: 1 to 100. None: 80, and less while a live picture would wait for the uplink.
        max_in_flight: Requests at once. `auto` finds the best number up to 64: live, with which
            masks are youngest; else, which saturates the endpoint. None: live, the best from 1 to
            4; else four for a remote endpoint, and what the segmenter can take for any other.
        max_calls: Stop asking after so many calls; None: no limit.
        call_rate: Calls a second at most; None: no limit.
        timeout_s: Seconds for a whole call, from connecting to the last byte of its answer.
        file: Your own model's file, and how pictures are put into it.

    Raises:
        OptionsError: If a value is out of range or an endpoint stands without a model.
    """

    endpoint: str | None = option(
        None,
        text(
            "URL|builtin",
            f"'{BUILTIN}' or an address that begins with http:// or https://",
            _endpoint,
            f"^({BUILTIN}$|https?://)",
        ),
        "Where the model is; without it, the hosted one.",
        flag="--endpoint",
        key="endpoint.url",
        group=_MODEL,
        is_common=True,
    )
    model: str | None = option(
        None,
        text("SLUG/VERSION", "written slug/version, such as my-model/3", _model, _MODEL_PATTERN),
        "Which model to ask there; a name that ends in .onnx or .tflite is a file's.",
        flag="--model",
        key="endpoint.model",
        group=_MODEL,
        is_common=True,
    )
    class_names: tuple[str, ...] | None = option(
        None,
        class_names(),
        "Names of the model's classes, in the order of its ids: A,B or a file with one a line.",
        flag="--class-names",
        key="endpoint.class_names",
        group=_MODEL,
    )
    api_key: ApiKey | None = option(
        None,
        instance(ApiKey, "KEY"),
        "Better kept in LIVESEGMENT_API_KEY or ROBOFLOW_API_KEY: command lines are seen.",
        flag="--api-key",
        key="endpoint.api_key",
        group=_MODEL,
        is_secret=True,
        variables=KEY_VARIABLES,
    )
    device: Device = option(
        "auto",
        choice(get_args(Device)),
        "What a model file or the built-in model runs on.",
        flag="--device",
        key="endpoint.device",
        group=_MODEL,
    )
    confidence: float = option(
        50.0,
        number(0, 100, metavar="0..100"),
        "How sure the model must be.",
        flag="--confidence",
        key="endpoint.confidence",
        group=_MODEL,
    )
    max_side: int | None = option(
        None,
        number(16, math.inf, "pixels", whole=True, metavar="PX"),
        f"Longest side of what is sent; {MAX_SIDE}, or less in live behind a slow uplink.",
        flag="--max-side",
        key="endpoint.max_side",
        group=_CALLS,
    )
    jpeg_quality: int | None = option(
        None,
        number(1, 100, whole=True, metavar="1..100"),
        f"JPEG quality of what is sent; {JPEG_QUALITY}, or less in live behind a slow uplink.",
        flag="--jpeg-quality",
        key="endpoint.jpeg_quality",
        group=_CALLS,
    )
    max_in_flight: int | Auto | None = option(
        None,
        either(
            (number(1, 256, whole=True), choice(("auto",))),
            "a whole number from 1 to 256 requests, or auto",
            "N|auto",
        ),
        "Requests at once; 4 for a remote endpoint, the best of 1 to 4 in live; auto finds the best"
        " up to 64.",
        flag="--in-flight",
        key="endpoint.in_flight",
        group=_CALLS,
    )
    max_calls: int | None = option(
        None,
        number(0, math.inf, "calls", whole=True),
        "Stop asking after N calls; the picture goes on.",
        flag="--max-calls",
        group=_CALLS,
        is_common=True,
    )
    call_rate: float | None = option(
        None,
        number(0, math.inf, "calls a second", above=True),
        "Ask at most N times a second.",
        flag="--call-rate",
        key="endpoint.call_rate",
        group=_CALLS,
    )
    timeout_s: float = option(
        10.0,
        number(0, 3600, "seconds", above=True, metavar="S"),
        "Seconds for a whole call, to the last byte of its answer.",
        flag="--timeout",
        key="endpoint.timeout",
        group=_CALLS,
    )
    file: ModelFileOptions = section(ModelFileOptions)

    def check(self) -> None:
        """Check that endpoint and model fit together."""
        self._check_file()
        self.require(
            self.device == "auto" or self.is_in_process,
            "{device} is about a model that runs here: leave it out, or name {model_file}",
            *("device", "model_file"),
        )
        if self.endpoint == BUILTIN:
            self.require(
                self.model is None,
                "{endpoint} builtin has its own model: leave {model} out",
                "model",
                "endpoint",
            )
        elif self.endpoint is not None:
            self.require(
                self.model is not None,
                "{endpoint} needs {model}, slug/version of the model to ask for at that address",
                "endpoint",
                "model",
            )
        self.require(
            self.class_names is None or not self.is_builtin,
            "{class_names} names the classes of {model}: the built-in model has names of its own",
            "class_names",
            "model",
        )

    def _check_file(self) -> None:
        about, path = self.file.about_the_file, self.model_path
        self.require(
            about is None or path is not None,
            f"{{{about}}} is about a model file: name it with {{model_file}}",
            *(about or "model_file", "model_file"),
        )
        if path is None:
            return
        given = "model" if self.file.model_file is None else "model_file"
        self.require(
            self.endpoint is None,
            f"{{{given}}} is a file, which is run here: leave {{endpoint}} out",
            *(given, "endpoint"),
        )
        self.require(
            given == "model" or self.model is None,
            "{model_file} and {model} both say which model: give one of them",
            *("model_file", "model"),
        )

    @property
    def is_builtin(self) -> bool:
        """Whether the built-in person model is meant."""
        return self.endpoint == BUILTIN or (
            self.endpoint is None and self.model is None and self.file.model_file is None
        )

    @property
    def model_path(self) -> str | None:
        """The model file that is to be run here; None: there is none."""
        if self.file.model_file is None and self.model is not None and is_model_file(self.model):
            return self.model
        return self.file.model_file

    @property
    def is_in_process(self) -> bool:
        """Whether the model runs in this process: nothing is sent, nothing is billed."""
        return self.is_builtin or self.model_path is not None

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
        anyones, hosted = KEY_VARIABLES
        if environment.get(anyones, "").strip():
            return anyones
        is_for_it = _is_hosted(self.base_url) or is_loopback(self.base_url)
        if is_for_it and environment.get(hosted, "").strip():
            return hosted
        return None


def _is_hosted(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == "roboflow.com" or host.endswith(".roboflow.com"))
