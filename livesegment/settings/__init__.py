"""The one description of every option: flag, key of a file, help, range, control of the page.

::

    option(...) in a group ─┬─▶ Python: the attribute of a frozen dataclass
                            ├─▶ cli/: the flag, its place in --help, its completion
                            ├─▶ monitor/: the key of the TOML file, and its JSON Schema
                            ├─▶ web/: the control that the page draws
                            └─▶ the sentence about a wrong value, in the words of where it was given
"""

from livesegment.settings.annotate import (
    CODECS,
    EXPORTS,
    AnnotateOptions,
    Codec,
    ExportKind,
    KeyframeOptions,
)
from livesegment.settings.controls import ControlPanel, Controls
from livesegment.settings.endpoint import HOSTED_ENDPOINT, Auto, EndpointOptions
from livesegment.settings.endpoint_mistakes import BUILTIN
from livesegment.settings.events import EventOptions
from livesegment.settings.exported_frames import ExportedFramesOptions
from livesegment.settings.group import require
from livesegment.settings.live import LiveOptions
from livesegment.settings.model_file import ModelFileOptions
from livesegment.settings.overlay import OverlayOptions
from livesegment.settings.part import LayoutOptions, PartOptions
from livesegment.settings.redact import RedactOptions
from livesegment.settings.retention import Retention
from livesegment.settings.secret import ApiKey
from livesegment.settings.serve import ServeOptions
from livesegment.settings.web import TlsOptions, WebOptions

__all__ = [
    "BUILTIN",
    "CODECS",
    "EXPORTS",
    "HOSTED_ENDPOINT",
    "AnnotateOptions",
    "ApiKey",
    "Auto",
    "Codec",
    "ControlPanel",
    "Controls",
    "EndpointOptions",
    "EventOptions",
    "ExportKind",
    "ExportedFramesOptions",
    "KeyframeOptions",
    "LayoutOptions",
    "LiveOptions",
    "ModelFileOptions",
    "OverlayOptions",
    "PartOptions",
    "RedactOptions",
    "Retention",
    "ServeOptions",
    "TlsOptions",
    "WebOptions",
    "require",
]
