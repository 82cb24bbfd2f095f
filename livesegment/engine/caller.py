"""Asks until there is an answer, for work in which every frame counts."""

import logging
import random
import threading
from dataclasses import replace
from typing import Protocol

from livesegment.engine.flight import Flight, Place, Ration
from livesegment.errors import EndpointBusy, EndpointError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.segmenters.base import Keep, Segmenter
from livesegment.segmenters.retry import RetryPolicy
from livesegment.telemetry import Telemetry

logger = logging.getLogger(__name__)

BEFORE_FIRST_MASK = RetryPolicy()
"""An endpoint that never answered is most likely a wrong address: that shows within seconds."""

AFTER_FIRST_MASK = RetryPolicy(attempts=12, max_wait_s=60.0)
"""One that did answer is given some five minutes, so that its restart does not end a long run."""


class ReplyKeeper(Protocol):
    """Keeps what was paid for."""

    def check(self) -> None:
        """Raise what `add` raised before, if it did."""

    def add(self, frame_index: int, reply: bytes) -> None:
        """Keep the reply for a frame."""


class Caller:
    """Asks a segmenter about frames and tries again after errors that may go away.

    Args:
        segmenter: Makes the calls.
        meter: Says when a call is allowed.
        telemetry: Counts calls, masks and errors, and measures round trips.
        stopping: Ends every wait, together with `flight.wake`.
        flight: The places for requests, shared by all callers of a run.
        keeper: Keeps replies from the moment they come; None: nobody does.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        meter: Ration,
        telemetry: Telemetry,
        stopping: threading.Event,
        flight: Flight,
        keeper: ReplyKeeper | None = None,
    ) -> None:
        self._segmenter = segmenter
        self._meter = meter
        self._telemetry = telemetry
        self._stopping = stopping
        self._flight = flight
        self._keeper = keeper

    def ask(self, frame: Frame) -> Mask | None:
        """Return the frame's mask; None when no call is allowed any more.

        Raises:
            EndpointError: If the error will not go away or came too often.
        """
        call = self._segmenter.prepare(frame)
        attempt = 0
        while True:
            attempt += 1
            try:
                with self._flight.place(self._meter, self._stopping) as place:
                    if place is None:
                        return None
                    self._telemetry.count("calls")
                    mask = call(self._arrival(frame, place))
            except EndpointError as error:
                error.attempts = attempt
                self._wait_after(error, frame)
            else:
                self._telemetry.count("masks_received")
                self._telemetry.measure("round_trip_ms", place.round_trip_s)
                return replace(mask, frame_index=frame.index)

    def _arrival(self, frame: Frame, place: Place) -> Keep | None:
        """Return what is to happen when the reply comes.

        Raises:
            OutputNotWritable: If it could not be kept: then the call is not worth its price.
        """
        keeper = self._keeper
        if keeper is None:
            return None
        keeper.check()

        def arrived(reply: bytes) -> None:
            keeper.add(frame.index, reply)
            self._flight.arrived(place)  # the next request need not wait until this is decoded

        return arrived

    def _wait_after(self, error: EndpointError, frame: Frame) -> None:
        self._telemetry.error(error)
        is_busy = isinstance(error, EndpointBusy)
        # A busy endpoint refuses this frame and takes another: what counts is that it takes none.
        tries = self._flight.refusals_in_a_row if is_busy else error.attempts
        policy = AFTER_FIRST_MASK if self._flight.has_answered else BEFORE_FIRST_MASK
        wait_s = policy.wait_s(error, max(1, tries), share=random.random())
        if wait_s is None:
            raise error
        logger.debug("frame %d: %s; to be asked again", frame.index, error)
        self._telemetry.count("errors_retried")
        if not is_busy:  # else the flight makes everybody wait
            self._stopping.wait(wait_s)
