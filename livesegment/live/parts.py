"""What a live run is made of, and what bounds it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from livesegment.frame import Image
from livesegment.live.alignment import Alignment, Paste, Smoothing
from livesegment.live.outputs import View, Viewer, Watcher
from livesegment.segmenters.base import Segmenter
from livesegment.sinks.base import Sink
from livesegment.sources.base import Source


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """How much a live run may show and ask.

    Attributes:
        max_in_flight: Requests at once.
        max_calls: Calls in all; None: any number.
        call_rate: Calls a second; None: any number.
        duration_s: Seconds from the first frame shown; None: no end.
        max_frames: Frames shown; None: no end.
        fps_limit: Frames a second; None: all.
        waits_for_endpoint: Whether the picture goes on without masks whatever the endpoint
            answers; else a refusal for good before the first mask ends the run.
    """

    max_in_flight: int = 1
    max_calls: int | None = None
    call_rate: float | None = None
    duration_s: float | None = None
    max_frames: int | None = None
    fps_limit: float | None = None
    waits_for_endpoint: bool = False


@dataclass(frozen=True, slots=True)
class LiveParts:
    """What a live run is made of.

    Attributes:
        source: Where frames come from.
        segmenter: Who is asked.
        sinks: Get every frame shown, each on a thread of its own.
        viewer: The window; None: none.
        snapshot: Saves a picture, BGR uint8 (H, W, 3), when the viewer asks; None: cannot.
        views: Get every picture as it is shown, without the HUD.
        watchers: Follow what is seen.
    """

    source: Source
    segmenter: Segmenter
    sinks: Sequence[Sink] = ()
    viewer: Viewer | None = None
    snapshot: Callable[[Image], None] | None = None
    views: Sequence[View] = ()
    watchers: Sequence[Watcher] = ()


@dataclass(frozen=True, slots=True)
class LateMasks:
    """What becomes of masks that come later than their frame.

    Attributes:
        alignment: Carries a mask to the frame shown.
        smoothing: Calms masks from frame to frame; None: they are drawn as they are.
        ttl_s: Age from which a mask is not drawn any more.
        max_delay_s: How long a picture may be held back for its mask while the controls say
            `delay`; 0: not at all.
    """

    alignment: Alignment = field(default_factory=Paste)
    smoothing: Smoothing | None = None
    ttl_s: float = float("inf")
    max_delay_s: float = 0.0
