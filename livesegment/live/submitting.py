"""The threads that ask the endpoint about the newest frame."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from livesegment.backoff import Backoff
from livesegment.buffer import Buffer
from livesegment.calls.quota import Turns
from livesegment.errors import EndpointError
from livesegment.frame import Frame
from livesegment.live.mask_buffer import ArrivedMask, MaskBuffer
from livesegment.metrics import Metrics
from livesegment.segmenters.base import Segmenter

logger = logging.getLogger(__name__)

_NEW_SHARE = 0.2  # of the latest round trip in the running mean
_OF_EVEN = 0.9  # a little closer than even, so that a request that came back is not kept waiting


class EvenSpacing:
    """Keeps requests in flight from bunching.

    Eight requests free at once would take eight frames in a row and then none until the first
    answer; spread over the round trip, the newest mask is at most an eighth of it older than it
    need be.

    Args:
        requests: Requests in flight; with one there is nothing to spread.
        clock: Monotonic seconds.
    """

    def __init__(self, requests: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._requests = requests
        self._clock = clock
        self._lock = threading.Lock()
        self._round_trip_s = 0.0
        self._next_s = -float("inf")

    def note(self, round_trip_s: float) -> None:
        """Take in how long an answer took."""
        with self._lock:
            share = _NEW_SHARE if self._round_trip_s else 1.0
            self._round_trip_s += share * (round_trip_s - self._round_trip_s)

    def wait(self, stopping: threading.Event) -> None:
        """Wait for the next moment at which to ask."""
        if self._requests == 1:
            return
        with self._lock:
            now_s = self._clock()
            due_s = max(now_s, self._next_s)
            self._next_s = due_s + _OF_EVEN * self._round_trip_s / self._requests
        stopping.wait(due_s - now_s)


_UNUSED_S = 0.5  # a turn for which no frame comes is somebody else's


class EndpointHealth:
    """What the submit threads know of the endpoint together.

    After an error all of them wait, longer with every further error in a row and as long as the
    endpoint asks; one success and they go on at full speed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._policy = Backoff(first_wait_s=0.25, max_wait_s=5.0)
        self._lock = threading.Lock()
        self._errors_in_a_row = 0
        self._resume_at_s = -float("inf")
        self._last_error: EndpointError | None = None
        self._has_answered = False

    @property
    def has_answered(self) -> bool:
        """Whether any call has succeeded."""
        with self._lock:
            return self._has_answered

    @property
    def trouble(self) -> EndpointError | None:
        """The latest error, unless a call has succeeded since."""
        with self._lock:
            return self._last_error

    def succeeded(self) -> None:
        """Note a success."""
        with self._lock:
            self._has_answered = True
            self._errors_in_a_row = 0
            self._last_error = None

    def failed(self, error: EndpointError) -> None:
        """Note an error and hold back further calls for a while."""
        with self._lock:
            # Requests that were in flight together fail together, and count once.
            if self._clock() >= self._resume_at_s:
                self._errors_in_a_row += 1
            self._last_error = error
            pause_s = self._policy.pause_s(error, self._errors_in_a_row)
            self._resume_at_s = self._clock() + pause_s

    def wait_until_due(self, stopping: threading.Event) -> None:
        """Wait out the time that the last error asked for."""
        while not stopping.is_set():
            with self._lock:
                wait_s = self._resume_at_s - self._clock()
            if wait_s <= 0:
                return
            # An endpoint may ask for longer than a lock can wait.
            stopping.wait(min(wait_s, threading.TIMEOUT_MAX))


class Submitter:
    """Sends the newest frame again and again; `run` is the work of each of several threads.

    A frame is never sent twice: after an error the next one is newer. An error that will not go
    away ends the run if no mask has come yet, because then it is a mistake of the user's (a wrong
    key, no such model), unless nobody is there to mend it; later ones are counted and waited out.

    Args:
        segmenter: Makes the calls.
        frames: Where the newest frame waits.
        board: Where masks go.
        turns: Says when a call is allowed.
        metrics: Counts frames, masks and errors.
        stopping: Ends every wait.
        max_in_flight: How many threads run.
        on_latency: Told for each mask how many seconds after its frame's capture it came.
        gives_up: Whether an error that will not go away ends the run before the first mask.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        frames: Buffer[Frame],
        board: MaskBuffer,
        turns: Turns,
        metrics: Metrics,
        stopping: threading.Event,
        *,
        max_in_flight: int,
        on_latency: Callable[[float], None],
        gives_up: bool = True,
    ) -> None:
        self.health = EndpointHealth()
        self._segmenter = segmenter
        self._frames = frames
        self._board = board
        self._turns = turns
        self._metrics = metrics
        self._stopping = stopping
        self._spacing = EvenSpacing(max_in_flight)
        self._on_latency = on_latency
        self._gives_up = gives_up

    def run(self) -> None:
        """Ask until the frames end, the calls are used up or the crew stops.

        Raises:
            EndpointError: If the error will not go away and no mask has come yet.
        """
        while True:
            self.health.wait_until_due(self._stopping)
            self._spacing.wait(self._stopping)
            if not (self._frames.wait() and self._turns.take_turn(self._stopping)):
                return
            frame = self._frames.get(_UNUSED_S)
            if frame is None:
                self._turns.give_back()
                continue
            self._metrics.count("frames_submitted")
            self._metrics.count("calls")
            try:
                self._ask(frame)
            finally:
                self._turns.end_turn()

    def _ask(self, frame: Frame) -> None:
        asked_at_s = time.monotonic()
        try:
            mask = self._segmenter.segment(frame)
        except EndpointError as error:
            self._metrics.error(error)
            if self._gives_up and not error.retryable and not self.health.has_answered:
                raise
            if self.health.trouble is None:
                logger.warning("%s; the picture goes on without new masks", error)
            self.health.failed(error)
            return
        if mask.frame_index != frame.index:
            mask = replace(mask, frame_index=frame.index)
        if self.health.trouble is not None:
            logger.info("the endpoint answers again")
        self.health.succeeded()
        now_s = time.monotonic()
        round_trip_s = now_s - asked_at_s
        self._spacing.note(round_trip_s)
        self._on_latency(now_s - frame.captured_at_s)
        self._metrics.count("masks_received")
        self._metrics.measure("round_trip_ms", round_trip_s)
        if not self._board.post(ArrivedMask(mask, frame.captured_at_s, round_trip_s)):
            self._metrics.count("masks_stale")
