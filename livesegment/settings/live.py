"""What `live` shows and keeps."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from livesegment.settings.background import checked_background
from livesegment.settings.controls import ALIGN_HINTS, ALIGNMENTS, Align
from livesegment.settings.endpoint import EndpointOptions
from livesegment.settings.events import EventOptions
from livesegment.settings.group import Settings, option, option_of, section
from livesegment.settings.kinds import choice, flag, number, several
from livesegment.settings.option import Control, Option
from livesegment.settings.overlay import OverlayOptions
from livesegment.settings.redact import RedactOptions
from livesegment.settings.retention import checked_retention, checked_size
from livesegment.settings.text_kinds import path, stream_address, text
from livesegment.settings.web import WebOptions
from livesegment.settings.zone import Polygon, hidden_zone

_SOURCE, _PICTURE, _KEEP, _PAGE, _END = "Source", "Picture", "Keep", "Page", "End"


BROWSER = "browser:"
"""What names the camera of whoever opens the page of a live run."""


def _currency(written: str) -> str:
    if len(written) > 12 or not written.isprintable() or any(map(str.isdigit, written)):
        raise ValueError
    return written


@dataclass(frozen=True, slots=True)
class LiveOptions(Settings):
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
        virtual_camera: Device of a virtual camera that shows the picture to other programs, such as
            `/dev/video2`; `first`: the first that there is; None: none.
        stats: JSON file to write the run's figures to; None: none. It replaces an older one.
        overwrite: Replace record and masks if they exist.
        duration_s: Stop so many seconds after the first frame; None: never.
        max_frames: Stop after so many frames shown; None: never.
        fps_limit: Frames a second at most; None: all of them.
        mirror: Flip the picture left to right, as a mirror does.
        wait_for_source: Wait for a network camera that cannot be opened yet.
        loop: Begin the source again at its end.
        web: Where to show a page with the picture; None: nowhere.
        price_per_call: What a call costs, for the page; None: not known.
        currency: Of what, such as EUR; None: it is not said.
        segment_minutes: Record into a new file every so many minutes, without end; each is named
            after `record` and the time at which it begins. None: one file.
        keep: How much of such a recording stays, a size such as `20GB` or an age such as `7d`;
            None: everything.
        align_budget_ms: What alignment may take of each frame's time, in ms of one core.
        max_memory: What the process may take, such as `600MB`: the larger pictures are, the fewer
            of them wait. At least one does in any case.
        wait_for_endpoint: Show the picture without masks as long as the endpoint refuses, also
            before the first mask and for reasons that will not go away by themselves.
        events: What is noticed, and where it is told.
        redact: What nobody may see; `align` is best `delay` then.
        publish: Addresses to which the picture is sent as H.264: RTSP, RTMP, MPEG-TS in UDP; `-` is
            standard output, as MPEG-TS. Who is not there is waited for.
        background: What stands behind the classes of `overlay` in everything that leaves, in place
            of the room: `blur`, a colour such as `#203040`, or the path of a picture or video;
            None: the room. `align` is best `delay` then, and `overlay.shown` False.
        hide: Parts of the picture that nobody may see, the endpoint included, as the source gives
            it: before `mirror`.
        stay_at_end: Keep the last picture in its window until the user closes that.

    Raises:
        OptionsError: If a value is out of range.
    """

    endpoint: EndpointOptions = section(EndpointOptions)
    overlay: OverlayOptions = section(OverlayOptions)
    align: Align = option(
        "warp",
        choice(ALIGNMENTS),
        "A late mask is moved to where its object is now (warp, the default), its picture held"
        " back for it (delay, the default with --redact and --background), or drawn where it was"
        " (paste).",
        flag="--align",
        key="picture.align",
        group=_PICTURE,
        is_common=True,
        shows_default=False,
        control=Control("align", "Late masks", ALIGN_HINTS),
    )
    max_delay_s: float = option(
        2.0,
        number(0, 10, "seconds", above=True, metavar="S"),
        "The longest that 'delay' holds a picture back.",
        flag="--max-delay",
        key="picture.max_delay",
        group=_PICTURE,
    )
    mask_ttl_s: float = option(
        2.0,
        number(0, 60, "seconds", above=True, metavar="S"),
        "Age at which a mask has faded away.",
        flag="--mask-ttl",
        key="picture.mask_ttl",
        group=_PICTURE,
    )
    smooth: bool = option(
        False,
        flag(),
        "Calm the edges of masks where the picture is still.",
        flag="--smooth",
        key="picture.smooth",
        group=_PICTURE,
    )
    window: bool = option(
        True, flag(), "Open no window.", flag="--no-window", group=_PICTURE, is_common=True
    )
    record: str | None = option(
        None,
        path("FILE.mp4", "the path of a file"),
        "Record what is shown, fragmented MP4.",
        flag="--record",
        group=_KEEP,
        is_common=True,
    )
    masks: str | None = option(
        None,
        path("FILE.mkv", "the path of a file"),
        "Keep the masks shown, lossless.",
        flag="--masks",
        group=_KEEP,
    )
    virtual_camera: str | None = option(
        None,
        text(
            "[DEVICE]",
            "the device of a virtual camera, such as /dev/video2",
            pattern="^(/dev/|OBS |Unity )",
        ),
        "Be a camera for other programs, as in a meeting; on Linux through v4l2loopback.",
        flag="--virtual-camera",
        group=_PICTURE,
        implied="first",
    )
    stats: str | None = option(
        None,
        path("FILE", "the path of a file"),
        "Write the run's figures as JSON.",
        flag="--stats",
        group=_KEEP,
    )
    overwrite: bool = option(
        False, flag(), "Replace existing outputs.", flag="--overwrite", group=_KEEP
    )
    duration_s: float | None = option(
        None,
        number(0, math.inf, "seconds", above=True, metavar="S"),
        "End S seconds after the first frame.",
        flag="--duration",
        group=_END,
    )
    max_frames: int | None = option(
        None,
        number(1, math.inf, "frames", whole=True),
        "End after N frames shown.",
        flag="--max-frames",
        group=_END,
    )
    fps_limit: float | None = option(
        None,
        number(0, math.inf, "frames a second", above=True),
        "Show at most N frames a second.",
        flag="--fps-limit",
        key="picture.fps_limit",
        group=_SOURCE,
    )
    mirror: bool = option(
        False,
        flag(),
        "Flip the picture, as a mirror.",
        flag="--mirror",
        key="picture.mirror",
        group=_SOURCE,
        is_common=True,
    )
    wait_for_source: bool = option(
        False,
        flag(),
        "Wait for a network camera that cannot be opened yet.",
        flag="--wait-for-source",
        group=_SOURCE,
    )
    loop: bool = option(
        False,
        flag(),
        "Begin a file, folder or pattern again at its end, as the sample always does.",
        flag="--loop",
        group=_SOURCE,
    )
    web: WebOptions | None = section(WebOptions, is_optional=True)
    price_per_call: float | None = option(
        None,
        number(0, 10_000),
        "What a call costs, for the page.",
        flag="--price-per-call",
        key="budget.price_per_call",
        has_own=False,
        group=_PAGE,
    )
    currency: str | None = option(
        None,
        text("EUR", "a currency such as EUR, up to 12 letters or signs", _currency),
        "Of which currency that is.",
        flag="--currency",
        key="budget.currency",
        has_own=False,
        group=_PAGE,
    )
    segment_minutes: float | None = option(
        None,
        number(0, 1440, "minutes", above=True, metavar="MINUTES"),
        "Record into a new file every so often: FILE_date-timeZ.mp4.",
        flag="--segment",
        key="record.segment",
        file_default=10.0,
        group=_KEEP,
    )
    keep: str | None = option(
        None,
        text(
            "20GB|7d",
            "a size such as 20GB or an age such as 7d",
            checked_retention,
            r"^ *[0-9]+(\.[0-9]+)? *([mMgGtT][bB]|[hHdD]) *"
            r"(, *[0-9]+(\.[0-9]+)? *([mMgGtT][bB]|[hHdD]) *)?$",
        ),
        "Remove the oldest of these files beyond a size, an age, or either: 20GB,7d.",
        flag="--keep",
        key="record.keep",
        group=_KEEP,
    )
    align_budget_ms: float = option(
        15.0,
        number(0, 1000, "ms a frame", above=True),
        "What alignment may take of each frame's time, in ms of one core.",
        key="picture.align_budget_ms",
        # Eight cameras of 15 pictures a second leave a machine of two cores time for all the rest.
        file_default=6.0,
    )
    max_memory: str = option(
        "600MB",
        text(
            "600MB",
            "a size such as 600MB or 1.5GB",
            checked_size,
            r"^[0-9]+(\.[0-9]+)? *[mMgGtT][bB]$",
        ),
        "About what the program may take; of large pictures fewer wait.",
        flag="--max-memory",
        key="picture.max_memory",
        group="Program",
    )
    wait_for_endpoint: bool = option(
        False, flag(), "Show the picture without masks as long as the endpoint refuses."
    )
    events: EventOptions = section(EventOptions)
    redact: RedactOptions = section(RedactOptions)
    publish: tuple[str, ...] = option(
        (),
        several(stream_address()),
        "Send the picture as H.264 to rtsp://, rtmp:// or udp://, or, with -, as MPEG-TS to stdout;"
        " may be given several times.",
        flag="--publish",
        key="camera.publish",
        group=_PAGE,
        is_secret=True,
    )
    background: str | None = option(
        None,
        text(
            "blur|#RRGGBB|FILE",
            "blur, a colour such as '#203040' (in quotes), or the path of a picture or video",
            checked_background,
            is_path=True,
        ),
        "What stands behind the classes shown (--classes) in place of the room; a promise, not"
        " decoration: without a mask to be trusted nothing else is seen, anywhere.",
        flag="--background",
        key="picture.background",
        group="Privacy",
    )
    hide: tuple[Polygon, ...] = option(
        (),
        several(hidden_zone()),
        "Black out a part of the picture before anything sees it, the endpoint included, such as"
        " '0,0 0.3,0 0.3,1 0,1'; may be repeated.",
        flag="--hide",
        group="Privacy",
    )
    stay_at_end: bool = option(
        False, flag(), "Keep the last picture in its window until the user closes that."
    )

    def check(self) -> None:
        """Check what the options say together."""
        self.require(
            self.segment_minutes is None or self.record is not None,
            "{segment_minutes} divides a recording: name it with {record} FILE.mp4",
            "segment_minutes",
            "record",
        )
        self.require(
            self.keep is None or self.segment_minutes is not None,
            "{keep} removes old segments of a recording: give their length with {segment_minutes}"
            " MINUTES",
            "keep",
            "segment_minutes",
        )

    def settled(self, is_given: Callable[[Option], bool]) -> Self:
        """Return what suits the rest best, where a user has not said otherwise.

        A picture that waits for its own mask is hidden least. Somebody before another background
        is not tinted.

        Args:
            is_given: Tells whether the user gave an option.
        """
        align, overlay = self.align, self.overlay
        if not is_given(option_of(LiveOptions, "align")):
            align = self.redact.best_align if self.background is None else "delay"
        said = [option_of(OverlayOptions, name) for name in ("style", "opacity")]
        if self.background is not None and not any(map(is_given, said)):
            overlay = replace(overlay, shown=False)
        return replace(self, align=align, overlay=overlay)
