"""Goes through the plan."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice

from livesegment.bench.advice import Advice, Look, advise
from livesegment.bench.asking import Asker
from livesegment.bench.found import Found, Tried
from livesegment.bench.plan import (
    EACH_PICTURE,
    FIRST,
    LONGEST_S,
    Picture,
    calls_for,
    most_at_once,
    other_pictures,
    steps,
    usual_picture,
)
from livesegment.bench.rehearsal import SECONDS, rehearsed
from livesegment.calls.quota import Quota
from livesegment.errors import SourceNotFound
from livesegment.frame import Frame
from livesegment.protocol.request import encode_image, sent_size
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.opening import open_segmenter
from livesegment.settings import EndpointOptions, LiveOptions
from livesegment.settings.zone import Polygon
from livesegment.sources import open_source
from livesegment.sources.hidden import hidden

_FRAMES = 4  # an endpoint may remember a picture
_RESERVED = 4  # of so many calls, one is kept for other pictures, as far as they want it
_GAINED = 1.1  # times the throughput before, for twice as many requests: there is no knee yet


def measure(
    source: str, options: EndpointOptions, found: Found, hide: Sequence[Polygon] = ()
) -> Advice | None:
    """Measure what the options name, with pictures of a source.

    Args:
        source: As `open_source` takes it.
        options: Which model to ask; `max_in_flight` is the most that is tried at once.
        found: What is measured is put here at once, so that it is there whatever happens.
        hide: What is hidden of the pictures.

    Returns:
        How `live` is best run, and what it looks like here; None: too little is known.

    Raises:
        SourceError: If there are no pictures.
        EndpointError: If the endpoint refuses for good, or never answers.
    """
    began_s = time.monotonic()
    with ExitStack() as stack:
        frames = _frames(source, found, hide)
        pictures = [usual_picture(options), *other_pictures(options, found.frame_size)]
        model = stack.enter_context(_opened(options, pictures))
        quota = Quota(found.most_calls, options.call_rate)
        most = most_at_once(options, model.max_concurrency)
        asker = Asker(model, frames, quota, most, began_s + LONGEST_S)
        try:
            _Plan(asker, quota, frames[0], options, found).go_through(pictures, most)
        finally:
            found.calls = quota.calls
        advice = advise(found, LiveOptions().mask_ttl_s, options.call_rate)
        if advice is None or asker.mask is None:
            return advice
        rehearse = partial(
            rehearsed,
            source,
            model,
            asker.mask,
            frames[0],
            loops=found.has_end,
            call_rate=options.call_rate,
            hide=hide,
        )
        return _rehearsed(advice, rehearse, asker, options, found)


def _rehearsed(
    advice: Advice,
    rehearse: Callable[[Look], Look],
    asker: Asker,
    options: EndpointOptions,
    found: Found,
) -> Advice:
    """Return the advice with what it looks like here, as far as there is time to look."""
    if asker.left_s > SECONDS:
        seen = rehearse(advice.usual)
        # More masks than this machine shows pictures are not worth their price.
        shown = advise(found, LiveOptions().mask_ttl_s, options.call_rate, seen.frames_per_s)
        advice = replace(shown or advice, usual=seen)
    if not advice.words:
        return replace(advice, best=advice.usual)
    return replace(advice, best=rehearse(advice.best)) if asker.left_s > SECONDS else advice


def _frames(source: str, found: Found, hide: Sequence[Polygon]) -> list[Frame]:
    with hidden(open_source(source), hide) as opened:
        frames = list(islice(iter(opened.read, None), _FRAMES))
        found.fps = opened.fps or found.fps
        found.has_end = not (opened.is_endless or opened.is_live)
    if not frames:
        raise SourceNotFound(f"{opened.name} has no pictures")
    found.frame_size = frames[0].frame_size
    return frames


def _opened(options: EndpointOptions, pictures: list[Picture]) -> Segmenter:
    """Open who is asked, so that it sends the largest picture of all where it is told to."""
    largest = max(each.max_side for each in pictures)
    finest = max(each.jpeg_quality for each in pictures)
    return open_segmenter(replace(options, max_side=largest, jpeg_quality=finest))


class _Plan:
    """What is tried, one after the other, as far as calls and time go."""

    def __init__(
        self, asker: Asker, quota: Quota, frame: Frame, options: EndpointOptions, found: Found
    ) -> None:
        self._asker = asker
        self._quota = quota
        self._frame = frame
        self._is_sent = not options.is_in_process
        self._found = found

    def go_through(self, pictures: list[Picture], most: int) -> None:
        """Try the usual picture, more requests at once, then the other pictures."""
        found, usual, others = self._found, pictures[0], pictures[1:]
        first = self._asker.ask(usual.sending, 1)
        found.first_s = first.round_trips_s[0] if first.round_trips_s else None
        self._try(usual, FIRST)
        if found.tried and found.tried[0].asked.round_trips_s:
            found.loads.append(found.tried[0].asked)
            reserved = min(EACH_PICTURE * len(others), found.most_calls // _RESERVED)
            if not self._asks_for_less():
                self._raise_load(usual, most, reserved)
        for each in others:
            if self._asks_for_less():
                found.why_not = "the endpoint asks for fewer calls"
                break
            self._try(each, EACH_PICTURE)
        found.is_whole = not found.why_not

    def _asks_for_less(self) -> bool:
        asked = [*self._found.loads, *(each.asked for each in self._found.tried)]
        return any(each.asked_for_less for each in asked)

    def _raise_load(self, usual: Picture, most: int, reserved: int) -> None:
        loads = self._found.loads
        for at_once in steps(most):
            calls = calls_for(at_once)
            if not self._may_make(calls, calls * loads[-1].round_trip_s / at_once, reserved):
                return
            load = self._asker.ask(usual.sending, calls, at_once)
            if not load.round_trips_s and not load.asked_for_less:
                return
            loads.append(load)
            if load.asked_for_less or load.calls_per_s < _GAINED * loads[-2].calls_per_s:
                return

    def _try(self, picture: Picture, calls: int) -> None:
        last_s = self._found.tried[-1].asked.round_trips_s if self._found.tried else ()
        if not self._may_make(1, calls * max(last_s, default=0.0)):
            return
        asked = self._asker.ask(picture.sending, calls)
        size, sent_bytes = self._frame.frame_size, None
        if self._is_sent:
            size = sent_size(size, picture.max_side)
            sent_bytes = len(
                encode_image(
                    self._frame.image,
                    max_side=picture.max_side,
                    jpeg_quality=picture.jpeg_quality,
                )
            )
        self._found.tried.append(Tried(picture, size, sent_bytes, asked))

    def _may_make(self, calls: int, takes_s: float, reserved: int = 0) -> bool:
        """Return whether there are as many calls left, and as much time; note what is lacking."""
        if self._found.most_calls - self._quota.calls - reserved < calls:
            self._found.why_not = "the calls are used up: --max-calls allows more"
        elif self._asker.left_s < takes_s:
            self._found.why_not = "the time is up"
        else:
            return True
        return False
