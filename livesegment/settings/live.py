"""What `live` shows and keeps."""

from dataclasses import dataclass, field

from livesegment.settings.checking import require
from livesegment.settings.controls import ALIGNMENTS, Align
from livesegment.settings.endpoint import EndpointOptions
from livesegment.settings.events import EventOptions
from livesegment.settings.overlay import OverlayOptions
from livesegment.settings.redact import RedactOptions
from livesegment.settings.retention import Keep
from livesegment.settings.web import WebOptions


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
