"""Runs `live` on this machine with answers that come as late as they were measured: no calls."""

import time
from collections.abc import Sequence
from dataclasses import replace

from livesegment.bench.advice import Look
from livesegment.bench.plan import Picture
from livesegment.frame import Frame
from livesegment.live.run import run_live
from livesegment.mask import Mask
from livesegment.output import Output, Shown, Wants
from livesegment.protocol.request import encode_image
from livesegment.segmenters.base import Segmenter
from livesegment.settings import EndpointOptions, LiveOptions
from livesegment.settings.zone import Polygon

SECONDS = 3.0
_LONGEST_TTL_S = 60.0


class _Repeated(Segmenter):
    """Encodes each picture, and answers with one and the same mask after a while."""

    max_concurrency = None

    def __init__(self, mask: Mask, picture: Picture, round_trip_s: float) -> None:
        self._mask = mask
        self._picture = picture
        self._round_trip_s = round_trip_s

    def segment(self, frame: Frame) -> Mask:
        """Return the mask, of the frame's size."""
        ends_s = time.monotonic() + self._round_trip_s
        sent = self._picture
        encode_image(frame.image, max_side=sent.max_side, jpeg_quality=sent.jpeg_quality)
        time.sleep(max(0.0, ends_s - time.monotonic()))
        return replace(self._mask.resized(frame.frame_size), frame_index=frame.index)


class _Unseen(Output):
    """Has as much drawn as a window, and shows it to nobody."""

    wants = Wants.WINDOW

    def on_frame(self, shown: Shown) -> None:
        """Let it be."""


def rehearsed(
    source: str,
    model: Segmenter,
    mask: Mask,
    seen: Look,
    *,
    loops: bool,
    call_rate: float | None,
    hide: Sequence[Polygon] = (),
) -> Look:
    """Return what a live picture looks like on this machine, everything but its window included.

    Args:
        source: As `live` takes it.
        model: Who is asked where nothing is sent: it runs here, and costs nothing.
        mask: What an endpoint answered.
        seen: What it should look like.
        loops: Whether the source has an end, at which it begins again.
        call_rate: Calls a second at the most; None: any number.
        hide: What is hidden of the pictures.
    """
    if seen.round_trip_s > SECONDS / 3:
        return seen  # so short a look would be over before there is much to be seen
    asked = model if seen.picture is None else _Repeated(mask, seen.picture, seen.round_trip_s)
    options = LiveOptions(
        EndpointOptions(max_in_flight=seen.at_once, call_rate=call_rate),
        window=False,
        hide=tuple(hide),
        loop=loops,
        duration_s=SECONDS,
        mask_ttl_s=min(_LONGEST_TTL_S, max(LiveOptions().mask_ttl_s, 2 * seen.mask_age_s)),
    )
    figures = run_live(source, options, segmenter=asked, outputs=[_Unseen()])
    fps, age_ms = figures["fps_shown"], figures["mask_age_ms"]["p50"]
    if not fps or age_ms is None:
        return seen
    return replace(
        seen,
        frames_per_s=fps,
        masks_per_s=min(seen.masks_per_s, figures["masks_received"] / SECONDS),
        mask_age_s=age_ms / 1000,
    )
