"""Which model to ask, and how."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from livesegment.address import is_http_url
from livesegment.settings.class_names import class_names, prompts
from livesegment.settings.endpoint_key import KEY_VARIABLES, check_key, key_variable
from livesegment.settings.endpoint_mistakes import BUILTIN, mistakes
from livesegment.settings.group import Settings, option, section
from livesegment.settings.kinds import choice, either, instance, number
from livesegment.settings.model_file import ModelFileOptions, is_model_file
from livesegment.settings.secret import ApiKey
from livesegment.settings.text_kinds import text

HOSTED_ENDPOINT = "https://segment.roboflow.com"
HOSTED_PROMPTS = "https://serverless.roboflow.com"
"""The hosted endpoint of models, and that of a model which is asked for phrases."""

MAX_SIDE, JPEG_QUALITY = 640, 80
"""What is sent if nothing else is said: longest side in pixels, and JPEG quality."""

Auto = Literal["auto"]

Confidence = float | Literal["best", "default"]
"""0 to 100; or a threshold that the endpoint knows: the best for the model, or the server's own."""

USUAL_CONFIDENCE = 50.0
"""What a model in this process takes as certain enough where it is not told a number."""

Device = Literal["auto", "cpu", "cuda", "coreml", "openvino", "directml"]

_MODEL, _CALLS = "Model", "Calls"

_MODEL_PATTERN = r"^/*[^ /][^ ]*$|\.([Oo][Nn][Nn][Xx]|[Tt][Ff][Ll][Ii][Tt][Ee])$"


def _endpoint(text: str) -> str:
    if text != BUILTIN and not is_http_url(text):
        raise ValueError
    return text


def _model(text: str) -> str:
    if is_model_file(text):
        return text
    if not text.strip("/") or " " in text:
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class EndpointOptions(Settings):
    """Which model to ask, and how.

    With neither endpoint nor model nor prompt the built-in person model is used; a model or a
    prompt alone means the hosted endpoint, and a model whose name ends in .onnx or .tflite the file
    of that name.

    Attributes:
        endpoint: Base URL of the endpoint, or `builtin`.
        model: `slug/version`; one word: an alias, which is the server's own to know; or the path of
            a model file, as `file.model_file`.
        prompt: What a model that takes phrases (SAM 3) is asked to find, each a class of its own;
            None: `model` is asked.
        class_names: Names of the model's classes in the order of its ids, from 0 on, for a model
            that does not tell them all; given as names or as the path of a text file with one a
            line. None: what the model says.
        api_key: The key; None: looked up in the environment by `resolved_key`.
        device: What a model that runs in this process runs on: the processor, or what ONNX Runtime
            has a provider for. `auto` is the best of what is there.
        confidence: 0 to 100, what the endpoint takes as certain enough; or `best` or `default`,
            words that it understands and a model in this process takes for 50.
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
        text(
            "SLUG/VERSION",
            "written slug/version, such as my-model/3, or as one word, such as yolo26n-sem-1024",
            _model,
            _MODEL_PATTERN,
        ),
        "Which model to ask there, or an alias that the server knows; a name in .onnx or .tflite is"
        " a file's.",
        flag="--model",
        key="endpoint.model",
        group=_MODEL,
        is_common=True,
    )
    prompt: tuple[str, ...] | None = option(
        None,
        prompts(),
        "Ask for these by their names in place of a model that was trained for them.",
        flag="--prompt",
        key="endpoint.prompt",
        group=_MODEL,
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
    confidence: Confidence = option(
        USUAL_CONFIDENCE,
        either(
            (number(0, 100), choice(("best", "default"))),
            "a number from 0 to 100, or best or default, which an endpoint may know",
            "0..100|best|default",
        ),
        "How sure the model must be; best and default are for the endpoint to know.",
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
        """Check that endpoint, model and names fit together."""
        for is_wrong, template, about in mistakes(self):
            self.require(not is_wrong, template, *about)

    @property
    def names_a_model(self) -> bool:
        """Whether a model was chosen, the built-in one by its name included.

        Without a choice it is what knows the pictures best: a drawn scene itself, for all others
        the built-in person model.
        """
        chosen = (self.endpoint, self.model, self.prompt, self.file.model_file)
        return any(each is not None for each in chosen)

    @property
    def is_builtin(self) -> bool:
        """Whether the built-in person model is meant, or a drawn scene: nobody who is paid."""
        return self.endpoint == BUILTIN or not self.names_a_model

    @property
    def asked(self) -> str:
        """What is asked at the endpoint, in words."""
        return f"model {self.model}" if self.prompt is None else f"prompt {', '.join(self.prompt)}"

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
        """The endpoint's address, a hosted one where only a model or a prompt is given."""
        hosted = HOSTED_ENDPOINT if self.prompt is None else HOSTED_PROMPTS
        return (self.endpoint or hosted).rstrip("/")

    @property
    def confidence_number(self) -> float:
        """The confidence for a model in this process: 0 to 100."""
        return USUAL_CONFIDENCE if isinstance(self.confidence, str) else self.confidence

    def resolved_key(self, environment: Mapping[str, str] = os.environ) -> ApiKey | None:
        """Return the key to send, if any.

        `LIVESEGMENT_API_KEY` goes to whatever endpoint was given; `ROBOFLOW_API_KEY` only to the
        hosted endpoint and to this machine, so that it does not leak to a stranger's server.
        """
        if self.api_key is not None:
            return self.api_key
        source = self.key_source(environment)
        return None if source is None else ApiKey(environment[source])

    def check_key(self, environment: Mapping[str, str] = os.environ) -> None:
        """Find out before anything is sent whether a key is missing.

        Raises:
            AuthenticationFailed: If it is, with what to do about it.
        """
        if not self.is_in_process:
            check_key(self.base_url, self.resolved_key(environment))

    def key_source(self, environment: Mapping[str, str] = os.environ) -> str | None:
        """Return where the key to send is from: `--api-key`, or the name of a variable."""
        if self.api_key is not None:
            return "--api-key"
        return key_variable(self.base_url, environment)
