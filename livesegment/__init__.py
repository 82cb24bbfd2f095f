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
    RequestRefused,
    ServerFailed,
    SinkError,
    SourceError,
    SourceLost,
    SourceNotFound,
)

if TYPE_CHECKING:
    from livesegment.api.annotate import annotate
    from livesegment.api.live import live
    from livesegment.api.predict import predict
    from livesegment.api.progress import Progress
    from livesegment.api.report import AnnotateReport, FileReport
    from livesegment.frame import Frame
    from livesegment.mask import Mask
    from livesegment.options import (
        AnnotateOptions,
        ApiKey,
        EndpointOptions,
        EventOptions,
        KeyframeOptions,
        LiveOptions,
        OverlayOptions,
        RedactOptions,
        WebOptions,
    )
    from livesegment.rule import Rule
    from livesegment.segmenters.base import Segmenter
    from livesegment.segmenters.builtin import BuiltinSegmenter
    from livesegment.segmenters.http import HttpSegmenter
    from livesegment.segmenters.network_file import NetworkFileSegmenter
    from livesegment.sinks.base import Annotated, Sink
    from livesegment.sources import open_source
    from livesegment.sources.base import Source

__version__ = "0.1.0.dev0"

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
    "FileReport",
    "Frame",
    "HttpSegmenter",
    "JournalInUse",
    "JournalMismatch",
    "KeyframeOptions",
    "LiveOptions",
    "LiveSegmentError",
    "Mask",
    "MissingExtra",
    "ModelNotFound",
    "NetworkFileSegmenter",
    "OptionsError",
    "OutputExists",
    "OutputNotWritable",
    "OverlayOptions",
    "PaymentRequired",
    "Progress",
    "RateLimited",
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
    "AnnotateOptions": "livesegment.options",
    "AnnotateReport": "livesegment.api.report",
    "Annotated": "livesegment.sinks.base",
    "ApiKey": "livesegment.options",
    "BuiltinSegmenter": "livesegment.segmenters.builtin",
    "EndpointOptions": "livesegment.options",
    "EventOptions": "livesegment.options",
    "FileReport": "livesegment.api.report",
    "Frame": "livesegment.frame",
    "HttpSegmenter": "livesegment.segmenters.http",
    "KeyframeOptions": "livesegment.options",
    "LiveOptions": "livesegment.options",
    "Mask": "livesegment.mask",
    "NetworkFileSegmenter": "livesegment.segmenters.network_file",
    "OverlayOptions": "livesegment.options",
    "RedactOptions": "livesegment.options",
    "Progress": "livesegment.api.progress",
    "Rule": "livesegment.rule",
    "Segmenter": "livesegment.segmenters.base",
    "Sink": "livesegment.sinks.base",
    "Source": "livesegment.sources.base",
    "WebOptions": "livesegment.options",
    "annotate": "livesegment.api.annotate",
    "live": "livesegment.api.live",
    "open_source": "livesegment.sources",
    "predict": "livesegment.api.predict",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'livesegment' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
