"""The threads that ask the endpoint about the newest frame."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from livesegment.buffer import Buffer
from livesegment.calls.limiter import Limiter
from livesegment.calls.permit import Permit
from livesegment.errors import EndpointError
from livesegment.frame import Frame
from livesegment.live.mask_buffer import ArrivedMask, MaskBuffer
from livesegment.mask import Mask
from livesegment.metrics import Metrics
from livesegment.profile import stage
from livesegment.segmenters.base import Segmenter, Sending

logger = logging.getLogger(__name__)

_UNUSED_S = 0.5  # a permit for which no frame comes is somebody else's
_AT_REST = 2  # threads besides those whose requests are under way: one waits, one reads a reply


class Start(Protocol):
    """Starts a thread."""

    def __call__(self, name: str, work: Callable[[], None]) -> None:
        """Start a thread of this name that does this work."""


class Submitter:
    """Sends the newest frame again and again, on as many threads as requests are under way.

    A frame is never sent twice: after an error the next one is newer. An error that will not go
    away ends the run if no mask has come yet, because then it is a mistake of the user's (a wrong
    key, no such model), unless nobody is there to mend it; later ones are counted and waited out.

    Args:
        segmenter: Makes the calls.
        frames: Where the newest frame waits.
        masks: Where masks go.
        limiter: Says when to ask.
        metrics: Counts frames, masks and errors.
        stopping: Ends every wait, together with `limiter.wake`.
        start: Starts a thread.
        prepare: Told of each mask before it goes there.
        on_latency: Told for each mask how many seconds after its frame's capture it came.
        gives_up: Whether an error that will not go away ends the run before the first mask.
        sizes: How frames are sent where the limiter wants them smaller.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        frames: Buffer[Frame],
        masks: MaskBuffer,
        limiter: Limiter,
        metrics: Metrics,
        stopping: threading.Event,
        *,
        start: Start,
        prepare: Callable[[Mask], None],
        on_latency: Callable[[float], None],
        gives_up: bool = True,
        sizes: Sequence[Sending] = (),
    ) -> None:
        self._segmenter = segmenter
        self._frames = frames
        self._masks = masks
        self._limiter = limiter
        self._metrics = metrics
        self._stopping = stopping
        self._start_thread = start
        self._prepare = prepare
        self._on_latency = on_latency
        self._gives_up = gives_up
        self._sizes = (Sending(), *sizes)
        self._lock = threading.Lock()
        self._threads = self._waiting = self._started = 0
        self._has_said_trouble = False

    def start(self) -> None:
        """Have a thread wait for the next permit, unless one does or there are enough."""
        with self._lock:
            if self._waiting > 0 or self._threads >= self._limiter.width:
                return
            self._waiting += 1
            self._threads += 1
            self._started += 1
            name = f"submit-{self._started}"
        self._start_thread(name, self._run)

    def _run(self) -> None:
        """Ask until the frames end, the calls are used up or the workers are stopped.

        Raises:
            EndpointError: If the error will not go away and no mask has come yet.
        """
        is_going_on = True
        while is_going_on and self._frames.wait():
            permit: Permit | None = None
            try:
                with self._limiter.permit(self._stopping) as permit:
                    is_going_on = permit is not None
                    asked = None if permit is None else self._ask(permit)
            except EndpointError as error:
                self._metrics.error(error)
                if self._gives_up and not error.retryable and not self._limiter.has_answered:
                    raise
            else:
                if permit is not None and asked is not None:
                    self._hand_on(*asked, permit)
            if permit is not None:
                self._say_trouble()
                is_going_on = self._waits_again()

    def _waits_again(self) -> bool:
        """Return whether this thread is to wait for another permit, or there are enough.

        An outage takes more threads, for requests that are given up, than there are to be after it.
        """
        with self._lock:
            if self._waiting > 0 and self._threads > self._limiter.limit + _AT_REST:
                self._threads -= 1
                return False
            self._waiting += 1
            return True

    def _ask(self, permit: Permit) -> tuple[Frame, Mask] | None:
        """Ask about the newest frame, if one comes soon."""
        self._say_trouble()
        frame = self._frames.get(_UNUSED_S)
        with self._lock:
            self._waiting -= 1
        if frame is None:
            self._limiter.give_back(permit)
            return None
        self._limiter.begin(permit)
        self.start()  # who waits for the next permit, now that this thread is busy
        self._metrics.count("frames_submitted")
        self._metrics.count("calls")
        sending = replace(self._sizes[permit.step], timeout_s=permit.timeout_s)
        with stage("ask"):
            call = self._segmenter.prepare_sent(frame, sending)
            frame = frame.without_pixels()  # several calls are under way, of pictures long shown
            return frame, call()

    def _say_trouble(self) -> None:
        """Log that the endpoint began to fail, or to answer again."""
        with self._lock:
            trouble = self._limiter.trouble
            had_trouble, self._has_said_trouble = self._has_said_trouble, trouble is not None
        if trouble is not None and not had_trouble:
            logger.warning("%s; the picture goes on without new masks", trouble)
        elif trouble is None and had_trouble:
            logger.info("the endpoint answers again")

    def _hand_on(self, frame: Frame, mask: Mask, permit: Permit) -> None:
        if mask.frame_index != frame.index:
            mask = replace(mask, frame_index=frame.index)
        self._on_latency(time.monotonic() - frame.captured_at_s)
        self._metrics.count("masks_received")
        self._metrics.measure("round_trip_ms", permit.round_trip_s)
        with stage("align"):
            self._prepare(mask)
        if not self._masks.post(ArrivedMask(mask, frame.captured_at_s, permit.round_trip_s)):
            self._metrics.count("masks_stale")
