"""What follows from what was measured: pure functions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from livesegment.bench.found import Asked, Found, Tried
from livesegment.bench.plan import Picture
from livesegment.calls.freshness import WORTH_A_REQUEST, WORTH_DETAIL_LOST, YOUNG_S
from livesegment.calls.opening import REMOTE_IN_FLIGHT

_OF_THE_MOST = 0.9  # of the highest throughput: more requests gain little beyond
_SHARE_OF_TTL = 0.8  # a mask that is older than this share of its time has nearly faded


@dataclass(frozen=True, slots=True)
class Look:
    """What a live picture is to look like.

    Attributes:
        at_once: Requests under way.
        picture: How pictures are sent; None: nothing is sent.
        round_trip_s: Seconds from a picture to its mask.
        frames_per_s: Pictures shown a second: the source's, as far as this machine can.
        masks_per_s: New masks a second.
        mask_age_s: How old the mask is that is on a picture, on average.
    """

    at_once: int
    picture: Picture | None
    round_trip_s: float
    frames_per_s: float
    masks_per_s: float
    mask_age_s: float

    @property
    def calls_per_hour(self) -> float:
        """Each mask is a call."""
        return 3600 * self.masks_per_s


@dataclass(frozen=True, slots=True)
class Advice:
    """How `live` is best run.

    Attributes:
        knee: The fewest requests at once that come close to the highest throughput.
        is_at_knee: Whether more were tried and gained little; else the knee may lie beyond.
        usual: What it looks like without further options.
        is_too_late: Whether its masks have faded by then, or nearly.
        best: What it looks like as recommended.
        words: The options to add, as a command line has them.
    """

    knee: int
    is_at_knee: bool
    usual: Look
    is_too_late: bool
    best: Look
    words: tuple[str, ...]


def look(
    at_once: int,
    round_trip_s: float,
    fps: float,
    call_rate: float | None = None,
    picture: Picture | None = None,
) -> Look:
    """Return what a live picture is to look like on a machine that has time for it.

    A mask waits half a frame for the next picture to be drawn on. Where each picture is asked about
    at once, the next picture has the next mask. Else a picture waits half a frame for a request to
    come free, and its mask stays on those that follow until the next mask comes.

    Args:
        at_once: Requests under way.
        round_trip_s: Seconds that one takes while so many are.
        fps: Frames a second of the source.
        call_rate: Calls a second at the most; None: any number.
        picture: How pictures are sent.
    """
    frame_s = 1 / fps
    period_s = max(frame_s, round_trip_s / at_once, 0.0 if call_rate is None else 1 / call_rate)
    stays_s = period_s if period_s > frame_s else 0.0
    age_s = round_trip_s + (frame_s + stays_s) / 2
    return Look(at_once, picture, round_trip_s, fps, 1 / period_s, age_s)


def advise(
    found: Found, ttl_s: float, call_rate: float | None = None, fps: float | None = None
) -> Advice | None:
    """Return how `live` is best run, as far as that is known; None: nothing is.

    Args:
        found: What was measured.
        ttl_s: Seconds after which a mask has faded from the picture.
        call_rate: Calls a second at the most; None: any number.
        fps: Frames a second that this machine shows; None: all that the source has.
    """
    fps = fps or found.fps
    loads = [each for each in found.loads if each.round_trips_s and not each.asked_for_less]
    if not loads:
        return None
    picture = found.tried[0].picture if found.tried and found.tried[0].sent_bytes else None
    looks = [look(each.at_once, each.round_trip_s, fps, call_rate, picture) for each in loads]
    usual = _youngest([each for each in looks if each.at_once <= REMOTE_IN_FLIGHT])
    best = _youngest(looks)
    words: list[str] = []
    if best.at_once > REMOTE_IN_FLIGHT:
        # Which finds that number, and another one when the endpoint has become another.
        words += ["--in-flight", "auto"]
    load = next(each for each in loads if each.at_once == best.at_once)
    smaller = _smaller(found.tried, load, best, fps, call_rate)
    if smaller is not None and smaller.picture is not None and picture is not None:
        best = smaller
        words += _words(smaller.picture, picture)
    latest_s = _SHARE_OF_TTL * ttl_s
    if best.mask_age_s > latest_s:
        words += ["--mask-ttl", f"{min(60, math.ceil(2 * best.mask_age_s))}"]
    knee = _knee(loads)
    is_at_knee = knee < loads[-1].at_once or len(loads) < len(found.loads)
    return Advice(knee, is_at_knee, usual, usual.mask_age_s > latest_s, best, tuple(words))


def _youngest(looks: Sequence[Look]) -> Look:
    """Return the fewest requests whose masks are about as young as those of any more."""
    best = looks[0]
    for each in looks[1:]:
        if each.mask_age_s < WORTH_A_REQUEST * best.mask_age_s:
            best = each
    return best


def _knee(loads: Sequence[Asked]) -> int:
    most_per_s = max(each.calls_per_s for each in loads)
    return next(each.at_once for each in loads if each.calls_per_s >= _OF_THE_MOST * most_per_s)


def _smaller(
    tried: Sequence[Tried], load: Asked, best: Look, fps: float, call_rate: float | None
) -> Look | None:
    """Return what it looks like with smaller pictures, if that is worth the detail they lose."""
    usual = tried[0] if tried else None
    if usual is None or not usual.asked.round_trips_s:
        return None
    chosen = best
    for each in sorted(tried[1:], key=lambda other: -(other.sent_bytes or 0)):
        is_smaller = (each.sent_bytes or 0) < (usual.sent_bytes or 0)
        if chosen.mask_age_s <= YOUNG_S or not is_smaller or not each.asked.round_trips_s:
            continue
        # The quickest of each: a few calls that were held up say nothing about the picture.
        saved_s = min(usual.asked.round_trips_s) - min(each.asked.round_trips_s)
        round_trip_s = max(min(each.asked.round_trips_s), load.round_trip_s - saved_s)
        seen = look(load.at_once, round_trip_s, fps, call_rate, each.picture)
        # Each step down in detail has to be worth it once more.
        if seen.mask_age_s < WORTH_DETAIL_LOST * chosen.mask_age_s:
            chosen = seen
    return None if chosen is best else chosen


def _words(picture: Picture, usual: Picture) -> list[str]:
    words: list[str] = []
    if picture.max_side != usual.max_side:
        words += ["--max-side", f"{picture.max_side}"]
    if picture.jpeg_quality != usual.jpeg_quality:
        words += ["--jpeg-quality", f"{picture.jpeg_quality}"]
    return words
