"""Who answers for a frame: the segmenter, asked until it does, the journal, or kept masks."""

import logging
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from livesegment.annotate.journal import Journal
from livesegment.backoff import Backoff, asked_wait_s
from livesegment.calls.breaker import is_its_own
from livesegment.calls.limiter import Limiter
from livesegment.calls.permit import Permit
from livesegment.duration import in_words
from livesegment.errors import (
    BadReply,
    EndpointBusy,
    EndpointError,
    JournalMismatch,
    SourceNotFound,
)
from livesegment.frame import Frame
from livesegment.mask import ClassIds, Mask
from livesegment.metrics import Metrics
from livesegment.profile import stage
from livesegment.protocol.certainty import in_whole_percents
from livesegment.protocol.reply import packed_reply
from livesegment.segmenters.base import Call, Keep, Segmenter

logger = logging.getLogger(__name__)

# Mask files count in milliseconds.
_SLACK_S = 0.002


class KeptMasks:
    """Answers with the masks of an earlier run, frame by frame in order.

    Args:
        masks: `(pts_s, class_ids)` of every frame, in order, as a mask file gives them.
        class_map: Names of the classes.
        name: What to call them in an error.
        skips: Whether there may be masks of frames that are left out here.
    """

    def __init__(
        self,
        masks: Iterator[tuple[float, ClassIds]],
        class_map: Mapping[int, str],
        name: str,
        *,
        skips: bool = False,
    ) -> None:
        self._masks = masks
        self._skips = skips
        self._class_map = class_map
        self._name = name
        self._offset_s: float | None = None

    def ask(self, frame: Frame, on_prepared: Callable[[], None] = lambda: None) -> Mask:  # noqa: ARG002
        """Return the next mask, which is this frame's. To be called by one thread, in order.

        Raises:
            SourceNotFound: If the masks are another input's: other times, or too few.
        """
        pts_s, class_ids = self._next_at(frame.pts_s)
        if pts_s is None or class_ids is None:
            raise SourceNotFound(f"{self._name} has no mask for frame {frame.index}")
        if self._offset_s is None:
            size = class_ids.shape[1], class_ids.shape[0]
            if size != frame.frame_size:
                raise SourceNotFound(
                    f"{self._name} belongs to another input: its masks are of"
                    f" {size[0]}x{size[1]} pixels, the first frame has"
                    f" {frame.frame_size[0]}x{frame.frame_size[1]}"
                )
            # A file's times begin at 0 where its first picture comes earlier.
            self._offset_s = min(0.0, frame.pts_s)
        if abs(pts_s - (frame.pts_s - self._offset_s)) > _SLACK_S:
            raise SourceNotFound(
                f"{self._name} belongs to another input: its mask {frame.index} is of"
                f" {pts_s:.3f} s, the frame of {frame.pts_s:.3f} s"
            )
        return Mask(class_ids, self._class_map, frame.index).resized(frame.frame_size)

    def _next_at(self, frame_s: float) -> tuple[float, ClassIds] | tuple[None, None]:
        """Return the next mask; where some may be skipped, the next at a frame's time or later."""
        for pts_s, class_ids in self._masks:
            if not self._skips or pts_s >= frame_s - _SLACK_S:
                return pts_s, class_ids
        return None, None


# An endpoint that never answered is most likely a wrong address: that shows within seconds.
_BEFORE_FIRST_MASK = Backoff()
# One that did answer is given some five minutes, so that its restart does not end a long run.
_AFTER_FIRST_MASK = Backoff(attempts=12, max_wait_s=60.0)


# Nor is one answer out of many that makes no sense: some proxy's page, a reply that was cut short.
# It may be about this very picture, though, and each try costs a call.
_ODD_ONE_OUT = Backoff(attempts=4)


class Caller:
    """Asks a segmenter about frames and tries again after errors that may go away.

    What the journal has an answer to is not asked: it was paid for before.

    Args:
        segmenter: Makes the calls.
        limiter: Says when to ask; shared by all callers of a run.
        metrics: Counts calls, masks, those recalled and errors, and measures round trips.
        stopping: Ends every wait, together with `limiter.wake`.
        journal: Keeps replies from the moment they come; None: nothing does.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        limiter: Limiter,
        metrics: Metrics,
        stopping: threading.Event,
        journal: Journal | None = None,
    ) -> None:
        self._segmenter = segmenter
        self._limiter = limiter
        self._metrics = metrics
        self._stopping = stopping
        self._journal = journal

    def ask(self, frame: Frame, on_prepared: Callable[[], None] = lambda: None) -> Mask | None:
        """Return the frame's mask; None when no call is allowed any more.

        An error that will not go away, and is about no picture, costs one call: other frames meet
        it without.

        Args:
            frame: The frame.
            on_prepared: Called when its pixels are not needed any more and the answer takes time.

        Raises:
            EndpointError: If the error will not go away or came too often.
        """
        if (mask := self._recalled(frame)) is not None:
            return mask
        with stage("ask"):
            call = self._prepared(frame)
        frame = frame.without_pixels()
        on_prepared()
        attempt = 0
        while True:
            attempt += 1
            try:
                with self._limiter.permit(self._stopping) as permit:
                    mask = None if permit is None else self._made(call, frame, permit)
            except EndpointError as error:
                error.attempts = attempt
                self._wait_after(error, frame)
            else:
                if permit is None or mask is None:
                    self._check_worth()
                    return None
                self._metrics.count("masks_received")
                self._metrics.measure("round_trip_ms", permit.round_trip_s)
                return self._as_kept(mask, frame)

    def _prepared(self, frame: Frame) -> Call:
        raised = None if self._journal is None else self._journal.raised
        if raised is None:
            return self._segmenter.prepare(frame)
        # As the others that are kept there, and drawn as they are.
        return self._segmenter.prepare_at(frame, raised.asked)

    def _as_kept(self, mask: Mask, frame: Frame) -> Mask:
        """Return a mask as it is when the journal answers, at the threshold that is wanted.

        Raises:
            JournalMismatch: If it has another one, and does not say how sure the model is.
        """
        if self._journal is not None and mask.certainty is not None:
            mask = replace(mask, certainty=in_whole_percents(mask.certainty))
        if self._journal is not None and (raised := self._journal.raised) is not None:
            at_higher = raised.applied(mask)
            if at_higher is None:
                raise JournalMismatch(
                    f"the reply for frame {frame.index} does not say how sure the model is of each"
                    f" pixel, so it cannot be drawn with confidence {raised.wanted}: give the"
                    f" output another name, or leave it at {raised.asked:g}"
                )
            mask = at_higher
        return replace(mask, frame_index=frame.index)

    def _made(self, call: Call, frame: Frame, permit: Permit) -> Mask:
        self._metrics.count("calls")
        arrival = self._arrival(frame, permit)
        is_mask = False
        try:
            with stage("ask"):
                mask = call(arrival)
            is_mask = True
        finally:
            # Before the permit is free: the next request may go wrong at once.
            self._limiter.was_read(permit, is_mask=is_mask)
        return mask

    def _check_worth(self) -> None:
        """Find out whether there was no call because it would have been for nothing.

        Raises:
            EndpointError: What another frame met, and this one would meet as well.
        """
        if (error := self._limiter.refused_to_all) is not None:
            raise error

    def _recalled(self, frame: Frame) -> Mask | None:
        """Return what the journal says about a frame; None where it does not."""
        reply = None if self._journal is None else self._journal.reply(frame.index)
        if reply is None:
            return None
        try:
            mask = self._segmenter.recall(reply, frame)
        except BadReply:
            return None  # it was paid for, but says nothing
        self._metrics.count("masks_recalled")
        return self._as_kept(mask, frame)

    def _arrival(self, frame: Frame, permit: Permit) -> Keep | None:
        """Return what is to happen when the reply comes.

        Raises:
            OutputNotWritable: If it could not be kept: then the call is not worth its price.
        """
        journal = self._journal
        if journal is None:
            return None
        journal.check()

        def arrived(reply: bytes) -> None:
            with stage("journal"):
                journal.add(frame.index, packed_reply(reply, frame.frame_size))
            self._limiter.arrived(permit)  # the next request need not wait until this is decoded

        return arrived

    def _wait_after(self, error: EndpointError, frame: Frame) -> None:
        self._metrics.error(error)
        is_busy = isinstance(error, EndpointBusy)
        # A busy endpoint refuses this frame and takes another: what counts is that it takes none.
        tries = self._limiter.refusals_in_a_row if is_busy else error.attempts
        backoff = _AFTER_FIRST_MASK if self._limiter.has_answered else _BEFORE_FIRST_MASK
        wait_s = backoff.wait_s(error, max(1, tries), share=random.random())
        is_own = is_its_own(error)
        is_odd = self._limiter.gives_masks and (is_own or isinstance(error, BadReply))
        if is_odd and not _ODD_ONE_OUT.is_over(tries):
            wait_s = _ODD_ONE_OUT.delay_s(tries, share=random.random())
        if wait_s is None:
            asked_s = asked_wait_s(error)
            if asked_s is not None and asked_s > backoff.max_retry_after_s:
                error.args = (f"{error}; the endpoint asks to wait {in_words(asked_s)}",)
            raise error
        logger.debug("frame %d: %s; to be asked again", frame.index, error)
        self._metrics.count("errors_retried")
        if not (is_busy or is_own):  # else the limiter makes everybody wait
            self._stopping.wait(wait_s)
