"""The threads that ask the endpoint about the newest frame."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from livesegment.buffer import Buffer
from livesegment.calls.limiter import Limiter, Permit
from livesegment.errors import EndpointError
from livesegment.frame import Frame
from livesegment.live.mask_buffer import ArrivedMask, MaskBuffer
from livesegment.mask import Mask
from livesegment.metrics import Metrics
from livesegment.segmenters.base import Segmenter

logger = logging.getLogger(__name__)

_UNUSED_S = 0.5  # a permit for which no frame comes is somebody else's


class Submitter:
    """Sends the newest frame again and again; `run` is the work of each of several threads.

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
        on_latency: Told for each mask how many seconds after its frame's capture it came.
        gives_up: Whether an error that will not go away ends the run before the first mask.
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
        on_latency: Callable[[float], None],
        gives_up: bool = True,
    ) -> None:
        self._segmenter = segmenter
        self._frames = frames
        self._masks = masks
        self._limiter = limiter
        self._metrics = metrics
        self._stopping = stopping
        self._on_latency = on_latency
        self._gives_up = gives_up

    def run(self) -> None:
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
                self._note_error(error, permit)
            else:
                if permit is not None and asked is not None:
                    self._hand_on(*asked, permit)

    def _ask(self, permit: Permit) -> tuple[Frame, Mask] | None:
        """Ask about the newest frame, if one comes soon."""
        frame = self._frames.get(_UNUSED_S)
        if frame is None:
            self._limiter.give_back(permit)
            return None
        self._limiter.begin(permit)
        self._metrics.count("frames_submitted")
        self._metrics.count("calls")
        return frame, self._segmenter.segment(frame)

    def _note_error(self, error: EndpointError, permit: Permit | None) -> None:
        self._metrics.error(error)
        if self._gives_up and not error.retryable and not self._limiter.has_answered:
            raise error
        if permit is not None and permit.changes_trouble:
            logger.warning("%s; the picture goes on without new masks", error)

    def _hand_on(self, frame: Frame, mask: Mask, permit: Permit) -> None:
        if mask.frame_index != frame.index:
            mask = replace(mask, frame_index=frame.index)
        if permit.changes_trouble:
            logger.info("the endpoint answers again")
        self._on_latency(time.monotonic() - frame.captured_at_s)
        self._metrics.count("masks_received")
        self._metrics.measure("round_trip_ms", permit.round_trip_s)
        if not self._masks.post(ArrivedMask(mask, frame.captured_at_s, permit.round_trip_s)):
            self._metrics.count("masks_stale")
