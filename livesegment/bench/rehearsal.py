"""Runs `live` on this machine with answers that come as late as they were measured: no calls."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace

from livesegment.bench.advice import Look
from livesegment.bench.plan import Picture
from livesegment.frame import Frame
from livesegment.live.run import run_live
from livesegment.mask import Mask
from livesegment.output import Output, Shown, Wants
from livesegment.protocol.reply import decode_reply, kept_reply
from livesegment.protocol.request import encode_image, sent_size
from livesegment.segmenters.base import Segmenter
from livesegment.settings import EndpointOptions, LiveOptions
from livesegment.settings.zone import Polygon

SECONDS = 3.0
_LONGEST_TTL_S = 60.0
_TIMES = 3  # that it is measured what this machine does for a call


class _Repeated(Segmenter):
    """Answers with one and the same mask after a while.

    Of a round trip the machine works for a part: it encodes the picture and reads the mask. That is
    done here as well, because it takes longer while pictures are read, aligned and drawn; only
    the rest is waited for.

    Args:
        mask: What to answer.
        picture: How pictures are sent.
        round_trip_s: Seconds that a call took while nothing else was done.
        frame: One of the pictures.
    """

    max_concurrency = None

    def __init__(self, mask: Mask, picture: Picture, round_trip_s: float, frame: Frame) -> None:
        self._picture = picture
        # A server answers in the size of what was sent.
        self._sent = sent_size(frame.frame_size, picture.max_side)
        self._reply = json.dumps(kept_reply(mask.resized(self._sent))).encode()
        self._away_s = 0.0
        self._away_s = max(0.0, round_trip_s - min(self._alone_s(frame) for _ in range(_TIMES)))

    def segment(self, frame: Frame) -> Mask:
        """Return the mask, of the frame's size."""
        sent = self._picture
        encode_image(frame.image, max_side=sent.max_side, jpeg_quality=sent.jpeg_quality)
        time.sleep(self._away_s)
        return decode_reply(
            self._reply,
            frame_size=frame.frame_size,
            frame_index=frame.index,
            sent_size=self._sent,
        )

    def _alone_s(self, frame: Frame) -> float:
        began_s = time.monotonic()
        self.segment(frame)
        return time.monotonic() - began_s


class _Unseen(Output):
    """Has as much drawn as a window, and shows it to nobody."""

    wants = Wants.WINDOW

    def on_frame(self, shown: Shown) -> None:
        """Let it be."""


def rehearsed(
    source: str,
    model: Segmenter,
    mask: Mask,
    frame: Frame,
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
        frame: One of the source's pictures.
        seen: What it should look like.
        loops: Whether the source has an end, at which it begins again.
        call_rate: Calls a second at the most; None: any number.
        hide: What is hidden of the pictures.
    """
    if seen.round_trip_s > SECONDS / 3:
        return seen  # so short a look would be over before there is much to be seen
    asked = model
    if seen.picture is not None:
        asked = _Repeated(mask, seen.picture, seen.round_trip_s, frame)
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
