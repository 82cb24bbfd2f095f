"""What the user asked for, checked once; the only reader of environment variables."""

from livesegment.options.annotate import (
    CODECS,
    EXPORTS,
    AnnotateOptions,
    Codec,
    ExportKind,
    KeyframeOptions,
)
from livesegment.options.checking import require
from livesegment.options.endpoint import BUILTIN, HOSTED_ENDPOINT, Auto, EndpointOptions
from livesegment.options.events import EventOptions, mqtt_password, webhook_secret
from livesegment.options.keep import Keep
from livesegment.options.key import ApiKey
from livesegment.options.live import LiveOptions
from livesegment.options.overlay import OverlayOptions
from livesegment.options.redact import REDACT_STYLES, UNMASKED, RedactOptions, RedactStyle, Unmasked
from livesegment.options.web import WebOptions, is_this_machine, web_address, web_token

__all__ = [
    "BUILTIN",
    "CODECS",
    "EXPORTS",
    "HOSTED_ENDPOINT",
    "REDACT_STYLES",
    "UNMASKED",
    "AnnotateOptions",
    "ApiKey",
    "Auto",
    "Codec",
    "EndpointOptions",
    "EventOptions",
    "ExportKind",
    "Keep",
    "KeyframeOptions",
    "LiveOptions",
    "OverlayOptions",
    "RedactOptions",
    "RedactStyle",
    "Unmasked",
    "WebOptions",
    "is_this_machine",
    "mqtt_password",
    "require",
    "web_address",
    "web_token",
    "webhook_secret",
]
