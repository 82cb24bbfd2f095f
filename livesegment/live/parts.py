"""What a live run is made of, and what bounds it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from livesegment.calls.limit_search import LimitSearch
from livesegment.frame import Image
from livesegment.live.alignment import Alignment, Paste
from livesegment.memory_budget import MemoryBudget
from livesegment.motion.smooth import MaskSmoother
from livesegment.output import Output
from livesegment.segmenters.base import Segmenter, Sending
from livesegment.sinks.base import Sink
from livesegment.sources.base import Source


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """How much a live run may show and ask.

    Attributes:
        max_in_flight: Requests at once, or what finds the best number.
        spare: Requests that may be under way besides where earlier ones seem lost; 0 for a model
            of this process.
        sizes: How pictures may be sent where the uplink is slow, each smaller than the one before.
        max_calls: Calls in all; None: any number.
        call_rate: Calls a second; None: any number.
        duration_s: Seconds from the first frame shown; None: no end.
        max_frames: Frames shown; None: no end.
        fps_limit: Frames a second; None: all.
        waits_for_endpoint: Whether the picture goes on without masks whatever the endpoint
            answers; else a refusal for good before the first mask ends the run.
        ends_with_source: Whether the run ends with its source; else the last picture stays until
            the user ends it, as a photo does in its window. Without any picture it ends anyway.
        mask_ttl_s: Age from which a mask is not drawn any more.
        max_delay_s: How long a picture may be held back for its mask while the controls say
            `delay`; 0: not at all.
        memory: What the process may take: half of it is for pictures that are held back, a third
            for those that wait to be written, as each is in use alone as a rule.
    """

    max_in_flight: int | LimitSearch = 1
    spare: int = 0
    sizes: Sequence[Sending] = ()
    max_calls: int | None = None
    call_rate: float | None = None
    duration_s: float | None = None
    max_frames: int | None = None
    fps_limit: float | None = None
    waits_for_endpoint: bool = False
    ends_with_source: bool = True
    mask_ttl_s: float = float("inf")
    max_delay_s: float = 0.0
    memory: MemoryBudget = field(default_factory=MemoryBudget)


@dataclass(frozen=True, slots=True)
class LiveParts:
    """What a live run is made of.

    Attributes:
        source: Where frames come from.
        segmenter: Who is asked.
        outputs: Who looks on. A sink gets every frame shown, on a thread of its own.
        snapshot: Saves a picture, BGR uint8 (H, W, 3), when the user asks, and returns what to tell
            of it; None: cannot.
        alignment: Carries a late mask to the frame shown.
        smoothing: Calms masks from frame to frame; None: they are drawn as they are.
    """

    source: Source
    segmenter: Segmenter
    outputs: Sequence[Output | Sink] = ()
    snapshot: Callable[[Image], str] | None = None
    alignment: Alignment = field(default_factory=Paste)
    smoothing: MaskSmoother | None = None
