"""Put a semantic-segmentation model on moving pictures.

The way of a picture, live::

    source -> capture thread -> newest frame -> main loop: align, draw -> window, files
                                     |               ^
                                     v               |
                               N requests in flight -> newest mask

The picture never waits for the network: the main loop draws the newest mask there is on the
newest frame there is. `annotate` is the other way round: every frame waits for its own mask.
Sources, segmenters and sinks are small classes; write your own by giving one method.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from livesegment.errors import (
    AuthenticationFailed,
    BadReply,
    ClusterError,
    DisplayUnavailable,
    EndpointBusy,
    EndpointError,
    EndpointTimeout,
    EndpointUnreachable,
    JournalInUse,
    JournalMismatch,
    LiveSegmentError,
    MissingExtra,
    ModelNotFound,
    OptionsError,
    OutputExists,
    OutputNotWritable,
    PaymentRequired,
    RateLimited,
    ReaderGone,
    RequestRefused,
    ServerFailed,
    SinkError,
    SourceError,
    SourceLost,
    SourceNotFound,
)

if TYPE_CHECKING:
    from livesegment.annotate.progress import Progress
    from livesegment.annotate.report import AnnotateReport, FileReport
    from livesegment.annotate.runner import annotate
    from livesegment.frame import Frame
    from livesegment.live.on_page import live
    from livesegment.mask import Mask
    from livesegment.picture import predict
    from livesegment.segmenters.base import Segmenter
    from livesegment.segmenters.builtin import BuiltinSegmenter
    from livesegment.segmenters.http import HttpSegmenter
    from livesegment.segmenters.network_file import NetworkFileSegmenter
    from livesegment.settings import (
        AnnotateOptions,
        ApiKey,
        EndpointOptions,
        EventOptions,
        ExportedFramesOptions,
        KeyframeOptions,
        LayoutOptions,
        LiveOptions,
        ModelFileOptions,
        OverlayOptions,
        PartOptions,
        RedactOptions,
        WebOptions,
    )
    from livesegment.settings.rule import Rule
    from livesegment.sinks.base import Annotated, Sink
    from livesegment.sources import open_source
    from livesegment.sources.base import Source

__version__ = "0.2.0"

__all__ = [
    "AnnotateOptions",
    "AnnotateReport",
    "Annotated",
    "ApiKey",
    "AuthenticationFailed",
    "BadReply",
    "BuiltinSegmenter",
    "ClusterError",
    "DisplayUnavailable",
    "EndpointBusy",
    "EndpointError",
    "EndpointOptions",
    "EndpointTimeout",
    "EndpointUnreachable",
    "EventOptions",
    "ExportedFramesOptions",
    "FileReport",
    "Frame",
    "HttpSegmenter",
    "JournalInUse",
    "JournalMismatch",
    "KeyframeOptions",
    "LayoutOptions",
    "LiveOptions",
    "LiveSegmentError",
    "Mask",
    "MissingExtra",
    "ModelFileOptions",
    "ModelNotFound",
    "NetworkFileSegmenter",
    "OptionsError",
    "OutputExists",
    "OutputNotWritable",
    "OverlayOptions",
    "PartOptions",
    "PaymentRequired",
    "Progress",
    "RateLimited",
    "ReaderGone",
    "RedactOptions",
    "RequestRefused",
    "Rule",
    "Segmenter",
    "ServerFailed",
    "Sink",
    "SinkError",
    "Source",
    "SourceError",
    "SourceLost",
    "SourceNotFound",
    "WebOptions",
    "annotate",
    "live",
    "open_source",
    "predict",
]

# Imported when first asked for: `livesegment --help` must not wait for OpenCV.
_HOMES = {
    "AnnotateOptions": "livesegment.settings",
    "AnnotateReport": "livesegment.annotate.report",
    "Annotated": "livesegment.sinks.base",
    "ApiKey": "livesegment.settings",
    "BuiltinSegmenter": "livesegment.segmenters.builtin",
    "EndpointOptions": "livesegment.settings",
    "EventOptions": "livesegment.settings",
    "ExportedFramesOptions": "livesegment.settings",
    "FileReport": "livesegment.annotate.report",
    "Frame": "livesegment.frame",
    "HttpSegmenter": "livesegment.segmenters.http",
    "KeyframeOptions": "livesegment.settings",
    "LayoutOptions": "livesegment.settings",
    "LiveOptions": "livesegment.settings",
    "Mask": "livesegment.mask",
    "ModelFileOptions": "livesegment.settings",
    "NetworkFileSegmenter": "livesegment.segmenters.network_file",
    "OverlayOptions": "livesegment.settings",
    "PartOptions": "livesegment.settings",
    "RedactOptions": "livesegment.settings",
    "Progress": "livesegment.annotate.progress",
    "Rule": "livesegment.settings.rule",
    "Segmenter": "livesegment.segmenters.base",
    "Sink": "livesegment.sinks.base",
    "Source": "livesegment.sources.base",
    "WebOptions": "livesegment.settings",
    "annotate": "livesegment.annotate.runner",
    "live": "livesegment.live.on_page",
    "open_source": "livesegment.sources",
    "predict": "livesegment.picture",
}


# Two rooms bear the names of functions. Python puts a room where the function belongs when the room
# is first imported: that happens now, while there is nothing to be lost, and not later.
import_module("livesegment.annotate")
import_module("livesegment.live")
del globals()["annotate"], globals()["live"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'livesegment' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
