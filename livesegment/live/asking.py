"""Who asks the segmenter about the newest frame, and how it is getting on."""

import logging
from collections.abc import Callable
from functools import partial

from livesegment.buffer import Buffer
from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.frame import Frame
from livesegment.live.mask_buffer import MaskBuffer
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.live.submitting import Submitter
from livesegment.metrics import DropLog, Metrics
from livesegment.workers import WorkerGroup

logger = logging.getLogger(__name__)


class Asking:
    """Asks about the newest frame, as many requests at once as there may be.

    Args:
        parts: Who is asked.
        limits: How many requests there may be, and when.
        masks: Gets the answers.
        metrics: Counts everything.
        workers: Its threads; their end is the end of the asking.
        quota: Says when a call is allowed; None: the limits' number and rate of calls do.
        useful_s: Returns how old a picture may be when its answer comes.
        on_latency: Told how long a mask took from its frame's capture, in seconds.

    Attributes:
        limiter: Lets the requests go, and knows what came of them.
    """

    def __init__(
        self,
        parts: LiveParts,
        limits: LiveLimits,
        masks: MaskBuffer,
        metrics: Metrics,
        workers: WorkerGroup,
        *,
        quota: Quota | None,
        useful_s: Callable[[], float],
        on_latency: Callable[[float], None],
    ) -> None:
        self._limits = limits
        self._metrics = metrics
        self._workers = workers
        self._frames: Buffer[Frame] = Buffer("keep newest")
        self._drops = DropLog(logger, "frames not sent, newer ones came", logging.DEBUG)
        self.limiter = Limiter(
            limits.max_in_flight,
            quota or Quota(limits.max_calls, limits.call_rate),
            is_live=True,
            spare=limits.spare,
            useful_s=useful_s,
        )
        workers.on_stop(self.limiter.wake)
        self._submitter = Submitter(
            parts.segmenter,
            self._frames,
            masks,
            self.limiter,
            metrics,
            workers.stopping,
            start=partial(workers.start, daemon=True),
            sizes=limits.sizes,
            prepare=parts.alignment.prepare,
            on_latency=on_latency,
            gives_up=not limits.waits_for_endpoint,
        )

    def start(self) -> None:
        """Begin to ask."""
        self._workers.on_stop(self._frames.abort)
        self._submitter.start()

    def put(self, frame: Frame) -> None:
        """Have the newest frame asked about, in place of one that still waits for a request."""
        if not self.calls_used_up and self._frames.put(frame):
            self._metrics.count("frames_dropped")
            self._drops.add()

    @property
    def calls_used_up(self) -> bool:
        """Whether no call is allowed any more."""
        # Calls made, not permits: a thread that has its permit still waits here for a frame.
        max_calls = self._limits.max_calls
        return max_calls is not None and self._metrics.get("calls") >= max_calls

    def trouble(self) -> str | None:
        """Return in words what the endpoint's latest answer was, if it was an error."""
        trouble, outage = self.limiter.trouble, self.limiter.outage()
        if trouble is None or not outage:
            return None if trouble is None else str(trouble)
        return f"{trouble}; {outage}"

    def raise_trouble(self) -> None:
        """Raise the error of a run that is over and had no answer, unless it was to wait for one.

        Raises:
            EndpointError: What the endpoint's latest answer was.
        """
        trouble = self.limiter.trouble
        is_fatal = not (self.limiter.has_answered or self._limits.waits_for_endpoint)
        if trouble is not None and is_fatal:
            raise trouble
