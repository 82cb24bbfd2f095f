"""Asks until there is an answer, for work in which every frame counts."""

import logging
import random
import threading
from dataclasses import replace

from livesegment.engine.call_meter import CallMeter
from livesegment.errors import EndpointError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.retry import RetryPolicy
from livesegment.telemetry import Telemetry

logger = logging.getLogger(__name__)


class Caller:
    """Asks a segmenter about frames and tries again after errors that may go away.

    Args:
        segmenter: Makes the calls.
        meter: Says when a call is allowed.
        telemetry: Counts calls, masks and errors.
        stopping: Ends every wait.
        policy: Says how often to try and how long to wait between.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        meter: CallMeter,
        telemetry: Telemetry,
        stopping: threading.Event,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._segmenter = segmenter
        self._meter = meter
        self._telemetry = telemetry
        self._stopping = stopping
        self._policy = policy or RetryPolicy()

    def ask(self, frame: Frame) -> Mask | None:
        """Return the frame's mask; None when no call is allowed any more.

        Raises:
            EndpointError: If the error will not go away or came too often.
        """
        attempt = 0
        while self._meter.take_turn(self._stopping):
            attempt += 1
            self._telemetry.count("calls")
            try:
                mask = self._segmenter.segment(frame)
            except EndpointError as error:
                self._telemetry.error(error)
                error.attempts = attempt
                wait_s = self._policy.wait_s(error, attempt, share=random.random())
                if wait_s is None:
                    raise
                logger.debug("frame %d: %s; again in %.1f s", frame.index, error, wait_s)
                self._stopping.wait(wait_s)
            else:
                self._telemetry.count("masks_received")
                return replace(mask, frame_index=frame.index)
        return None
