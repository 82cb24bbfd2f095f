"""What the user asked for, checked once; the only reader of environment variables."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import urlsplit

from livesegment.address import is_loopback
from livesegment.controls import ALIGNMENTS, STYLES, Align, Controls, Style
from livesegment.errors import OptionsError
from livesegment.rule import Rule

HOSTED_ENDPOINT = "https://segment.roboflow.com"
BUILTIN = "builtin"

Auto = Literal["auto"]

Codec = Literal["h264", "vp9", "av1"]
CODECS: tuple[Codec, ...] = ("h264", "vp9", "av1")

ExportKind = Literal["coco", "png", "yolo"]
"""A COCO JSON file, a folder of indexed PNGs, or a folder that YOLO trains on."""
EXPORTS: tuple[ExportKind, ...] = ("coco", "png", "yolo")


class ApiKey:
    """A key that does not show itself: its repr and str are three dots."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text.strip()

    def reveal(self) -> str:
        """Return the key, for the request and nothing else."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "ApiKey(...)"

    __str__ = __repr__


def require(ok: bool, sentence: str) -> None:
    """Raise OptionsError with the sentence unless ok."""
    if not ok:
        raise OptionsError(sentence)


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
            _is_http_url(self.endpoint),
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


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_hosted(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == "roboflow.com" or host.endswith(".roboflow.com"))


@dataclass(frozen=True, slots=True)
class OverlayOptions:
    """How a mask is drawn.

    Attributes:
        style: fill, outline, blur or cutout.
        opacity: 0 (invisible) to 1 (opaque).
        classes: Names of the classes to draw; None draws all.
        legend: Draw class names with their share of the picture.

    Raises:
        OptionsError: If a value is out of range.
    """

    style: Style = "fill"
    opacity: float = 0.5
    classes: frozenset[str] | None = None
    legend: bool = True

    def __post_init__(self) -> None:
        require(self.style in STYLES, f"--style is one of {', '.join(STYLES)}")
        require(0 <= self.opacity <= 1, "--opacity is a number from 0 to 1")

    def controls(self) -> Controls:
        """Return the controls that a run starts with."""
        return Controls(
            style=self.style,
            opacity=self.opacity,
            classes=self.classes,
            show_legend=self.legend,
        )


RedactStyle = Literal["pixelate", "black"]
"""pixelate: blocks of their mean colour; black: nothing is left."""
REDACT_STYLES: tuple[RedactStyle, ...] = ("pixelate", "black")

Unmasked = Literal["withhold", "blur"]
"""withhold: a black picture; blur: nothing but the light and colours of about a hundred spots."""
UNMASKED: tuple[Unmasked, ...] = ("withhold", "blur")


@dataclass(frozen=True, slots=True)
class RedactOptions:
    """Which classes nobody may see in anything that leaves the program.

    Pictures are sent to the endpoint as they are: it is what finds the classes.

    Attributes:
        classes: Names of the classes, in upper or lower case; empty: everything may be seen. A
            model that has no class of such a name ends the run.
        style: How they are hidden.
        unmasked: What is left of a picture that has no mask to be trusted.

    Raises:
        OptionsError: If a value is none of those, or a name is empty.
    """

    classes: frozenset[str] = frozenset()
    style: RedactStyle = "pixelate"
    unmasked: Unmasked = "withhold"

    def __post_init__(self) -> None:
        require(
            all(each.strip() for each in self.classes),
            "--redact takes the names of classes, such as --redact person",
        )
        require(self.style in REDACT_STYLES, f"--redact-style is one of {', '.join(REDACT_STYLES)}")
        require(self.unmasked in UNMASKED, f"--unmasked is one of {', '.join(UNMASKED)}")

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be hidden."""
        return bool(self.classes)

    @property
    def best_align(self) -> Align:
        """How late masks best meet pictures, unless the user says otherwise.

        A picture that waits for its own mask is hidden least: the class itself and a margin.
        """
        return "delay" if self.is_wanted else "warp"


_KEEP = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>MB|GB|TB|h|d)", re.IGNORECASE)
_SIZES = {"mb": 10**6, "gb": 10**9, "tb": 10**12}
_AGES_S = {"h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of a recording stays; what is older goes.

    Attributes:
        size: Bytes of all its files; None: any number.
        age_s: Seconds since a file's last picture; None: any age.
    """

    size: int | None = None
    age_s: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `20GB`, `500MB`, `7d` or `12h`.

        Raises:
            OptionsError: If it is none of these.
        """
        match = _KEEP.fullmatch(text.strip())
        number, unit = (float(match["number"]), match["unit"].lower()) if match else (0.0, "")
        require(number > 0, f"--keep is a size such as 20GB or an age such as 7d, not '{text}'")
        if unit in _SIZES:
            return cls(size=round(number * _SIZES[unit]))
        return cls(age_s=number * _AGES_S[unit])


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


@dataclass(frozen=True, slots=True)
class EventOptions:
    """What is noticed in front of a camera, and where it is told.

    Once anything is noticed or told, a lost camera and a failing endpoint are too.

    Attributes:
        rules: What is noticed.
        camera: What events call the camera; None: what the source calls itself.
        jsonl: File that every event is appended to; None: none.
        webhook: Address that every event is posted to; None: none.
        webhook_secret: Signs what is posted; None: it is not signed.
        mqtt: Address of an MQTT broker; None: none.
        mqtt_password: Password for the broker if its address has none.
        clips: Folder for a video and a picture of every event; None: none.
        pre_s: Seconds of video before an event's begin.
        post_s: Seconds of video after its end.
        keep_clips: How many clips stay: a number, a size or an age.

    Raises:
        OptionsError: If a value is out of range.
    """

    rules: tuple[Rule, ...] = ()
    camera: str | None = None
    jsonl: str | None = None
    webhook: str | None = field(default=None, repr=False)
    webhook_secret: ApiKey | None = None
    mqtt: str | None = field(default=None, repr=False)
    mqtt_password: ApiKey | None = None
    clips: str | None = None
    pre_s: float = 5.0
    post_s: float = 5.0
    keep_clips: str = "5GB"

    def __post_init__(self) -> None:
        require(
            self.webhook is None or _is_http_url(self.webhook),
            "--webhook is an address that begins with http:// or https://",
        )
        require(0 <= self.pre_s <= 60, "--pre is from 0 to 60 seconds")
        require(0 <= self.post_s <= 60, "--post is from 0 to 60 seconds")

    @property
    def are_wanted(self) -> bool:
        """Whether anything is to be noticed or told."""
        return bool(self.rules or self.jsonl or self.webhook or self.mqtt or self.clips)


def webhook_secret(environment: Mapping[str, str] = os.environ) -> ApiKey | None:
    """Return what webhooks are signed with, if `LIVESEGMENT_WEBHOOK_SECRET` says one."""
    return _secret(environment, "LIVESEGMENT_WEBHOOK_SECRET")


def mqtt_password(environment: Mapping[str, str] = os.environ) -> ApiKey | None:
    """Return the password for the MQTT broker, if `LIVESEGMENT_MQTT_PASSWORD` says one."""
    return _secret(environment, "LIVESEGMENT_MQTT_PASSWORD")


def _secret(environment: Mapping[str, str], name: str) -> ApiKey | None:
    text = environment.get(name, "").strip()
    return ApiKey(text) if text else None


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What `live` shows and keeps.

    Attributes:
        endpoint: Which model to ask, and how.
        overlay: How masks are drawn.
        align: How a late mask meets a newer picture: `warp` moves it along the motion since its
            frame, `delay` holds the picture back until its own mask has come, `paste` draws it
            where it was.
        max_delay_s: The longest that `delay` holds a picture back, in seconds.
        mask_ttl_s: Age in seconds from which a mask is not drawn; it fades before.
        smooth: Calm the edges of masks where the picture is still.
        window: Open a window.
        record: Video file to write, fragmented MP4; None: none.
        masks: Mask file to write, Matroska; None: none.
        stats: JSON file to write the run's figures to; None: none. It replaces an older one.
        overwrite: Replace record and masks if they exist.
        duration_s: Stop so many seconds after the first frame; None: never.
        max_frames: Stop after so many frames shown; None: never.
        fps_limit: Frames a second at most; None: all of them.
        mirror: Flip the picture left to right, as a mirror does.
        wait_for_source: Wait for a network camera that cannot be opened yet.
        web: Where to show a page with the picture; None: nowhere.
        price_per_call: What a call costs, for the page; None: not known.
        segment_minutes: Record into a new file every so many minutes, without end; each is named
            after `record` and the time at which it begins. None: one file.
        keep: How much of such a recording stays, as Keep.parse takes it; None: everything.
        align_budget_ms: What alignment may take of each frame's time, in ms of one core.
        wait_for_endpoint: Show the picture without masks as long as the endpoint refuses, also
            before the first mask and for reasons that will not go away by themselves.
        events: What is noticed, and where it is told.
        redact: What nobody may see; `align` is best `delay` then.

    Raises:
        OptionsError: If a value is out of range.
    """

    endpoint: EndpointOptions = field(default_factory=EndpointOptions)
    overlay: OverlayOptions = field(default_factory=OverlayOptions)
    align: Align = "warp"
    max_delay_s: float = 2.0
    mask_ttl_s: float = 2.0
    smooth: bool = False
    window: bool = True
    record: str | None = None
    masks: str | None = None
    stats: str | None = None
    overwrite: bool = False
    duration_s: float | None = None
    max_frames: int | None = None
    fps_limit: float | None = None
    mirror: bool = False
    wait_for_source: bool = False
    web: WebOptions | None = None
    price_per_call: float | None = None
    segment_minutes: float | None = None
    keep: str | None = None
    align_budget_ms: float = 15.0
    wait_for_endpoint: bool = False
    events: EventOptions = field(default_factory=EventOptions)
    redact: RedactOptions = field(default_factory=RedactOptions)

    def __post_init__(self) -> None:
        require(
            self.endpoint.max_in_flight != "auto",
            "--in-flight auto is for annotate; live takes a number, such as --in-flight 4",
        )
        require(self.align in ALIGNMENTS, f"--align is one of {', '.join(ALIGNMENTS)}")
        require(0 < self.max_delay_s <= 10, "--max-delay is above 0 and at most 10 seconds")
        require(0 < self.mask_ttl_s <= 60, "--mask-ttl is above 0 and at most 60 seconds")
        require(self.duration_s is None or self.duration_s > 0, "--duration is above 0 seconds")
        require(self.max_frames is None or self.max_frames > 0, "--max-frames is 1 or more")
        require(self.fps_limit is None or self.fps_limit > 0, "--fps-limit is above 0 frames/s")
        require(
            self.price_per_call is None or self.price_per_call >= 0,
            "--price-per-call is a number from 0 on",
        )
        require(0 < self.align_budget_ms <= 1000, "alignment takes above 0 and at most 1000 ms")
        self._check_recording()

    def _check_recording(self) -> None:
        minutes = self.segment_minutes
        require(
            minutes is None or 0 < minutes <= 1440, "--segment is above 0 and at most 1440 minutes"
        )
        require(
            minutes is None or self.record is not None,
            "--segment divides a recording: name it with --record FILE.mp4",
        )
        require(
            self.keep is None or minutes is not None,
            "--keep removes old segments of a recording: give their length with --segment MINUTES",
        )
        if self.keep is not None:
            Keep.parse(self.keep)


@dataclass(frozen=True, slots=True)
class KeyframeOptions:
    """Which frames are asked about; the others get their masks from those around them.

    The first frame of a scene and the last of all are asked about in any case.

    Attributes:
        every: Ask about one frame in so many, 1 to 64.
        budget: Ask about so many frames of each input, where its picture changes most; None: no
            such bound.
        skip_still: Ask nothing about frames that do not change.

    Raises:
        OptionsError: If a value is out of range.
    """

    every: int = 1
    budget: int | None = None
    skip_still: bool = False

    def __post_init__(self) -> None:
        require(1 <= self.every <= 64, "--every is a number from 1 to 64")
        require(self.budget is None or self.budget >= 2, "--budget is 2 calls or more")
        require(
            self.budget is None or self.every == 1,
            "--every and --budget both say how many calls to make: give one of them",
        )


@dataclass(frozen=True, slots=True)
class AnnotateOptions:
    """What `annotate` writes.

    Attributes:
        endpoint: Which model to ask, and how.
        overlay: How masks are drawn.
        keyframes: Which frames are asked about.
        masks: Mask file to write, Matroska; a folder with several inputs; None: none.
        kept_masks: Mask file of an earlier run to draw in place of asking; a folder with several
            inputs; None: ask.
        export: Annotations to write beside the output, for other tools.
        codec: Video codec of the output.
        quality: 1 to 100 of the output's video; 100 is hard to tell from the input.
        jobs: Inputs to work on at once; None: one, or as many as a cluster has processors.
        report: JSON file to write what became of each input to; None: none. It replaces an older
            one.
        overwrite: Replace existing outputs.
        redact: What nobody may see.

    Raises:
        OptionsError: If a value is out of range or contradicts another.
    """

    endpoint: EndpointOptions = field(default_factory=EndpointOptions)
    overlay: OverlayOptions = field(default_factory=OverlayOptions)
    keyframes: KeyframeOptions = field(default_factory=KeyframeOptions)
    masks: str | None = None
    kept_masks: str | None = None
    export: tuple[ExportKind, ...] = ()
    codec: Codec = "h264"
    quality: int = 75
    jobs: int | None = None
    report: str | None = None
    overwrite: bool = False
    redact: RedactOptions = field(default_factory=RedactOptions)

    def __post_init__(self) -> None:
        require(self.codec in CODECS, f"--codec is one of {', '.join(CODECS)}")
        require(1 <= self.quality <= 100, "--quality is a number from 1 to 100")
        require(self.jobs is None or 1 <= self.jobs <= 64, "--jobs is a number from 1 to 64")
        for kind in self.export:
            require(kind in EXPORTS, f"--export is one of {', '.join(EXPORTS)}")
        require(
            self.kept_masks is None or self.keyframes == KeyframeOptions(),
            "--masks-from has a mask for every frame: leave --every, --budget and --skip-still out",
        )
        require(
            self.kept_masks is None or not self.redact.is_wanted,
            "--masks-from has masks that may have been carried from other frames, which --redact"
            " does not trust: leave it out, the replies of an earlier run are in its journal",
        )
