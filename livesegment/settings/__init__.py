"""What the user asked for, checked once; the only reader of environment variables."""

from livesegment.settings.annotate import (
    CODECS,
    EXPORTS,
    AnnotateOptions,
    Codec,
    ExportKind,
    KeyframeOptions,
)
from livesegment.settings.checking import require
from livesegment.settings.endpoint import BUILTIN, HOSTED_ENDPOINT, Auto, EndpointOptions
from livesegment.settings.events import EventOptions, mqtt_password, webhook_secret
from livesegment.settings.key import ApiKey
from livesegment.settings.live import LiveOptions
from livesegment.settings.overlay import OverlayOptions
from livesegment.settings.redact import (
    REDACT_STYLES,
    UNMASKED,
    RedactOptions,
    RedactStyle,
    Unmasked,
)
from livesegment.settings.retention import Keep
from livesegment.settings.web import WebOptions, is_this_machine, web_address, web_token

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
