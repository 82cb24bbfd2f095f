"""What a segmenter is."""

import json
from abc import abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.protocol.reply import decode_reply, kept_reply
from livesegment.resource import Resource

Keep = Callable[[bytes], None]
"""Takes a reply to keep: JSON that `protocol.reply.decode_reply` reads."""

Call = Callable[[Keep | None], Mask]
"""Makes a call, and has its reply kept where that is wanted; raises EndpointError."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How one picture is sent; None: as the segmenter sends every picture.

    Attributes:
        max_side: Longest side in pixels of what is sent.
        jpeg_quality: 1 to 100.
        timeout_s: Seconds for the whole call.
    """

    max_side: int | None = None
    jpeg_quality: int | None = None
    timeout_s: float | None = None


class Segmenter(Resource):
    """Finds the class of every pixel. A segmenter of one's own needs only `segment`.

    Attributes:
        max_concurrency: How many threads may call `segment` at once; None: any number.
        keeps_certainty: Whether `Mask.certainty` is kept with a reply, which takes several times
            the room of the mask: worth it where another call would have to be paid for.
    """

    max_concurrency: int | None = 1
    keeps_certainty = True

    @property
    def class_map_grows(self) -> bool:
        """Whether a mask with instances names only the classes that were found so far."""
        return False

    @property
    def identity(self) -> str:
        """What its masks depend on, in words: replies kept from another one are not used for it.

        Give it the model and its settings where those can change; never a key.
        """
        return f"{type(self).__module__}.{type(self).__qualname__}"

    def put_on_top(self, classes: Collection[str]) -> None:
        """Have classes win wherever instances overlap, before the first frame.

        What is to be hidden must not lie beneath something that may be seen. A model without
        instances that overlap has nothing to do.

        Args:
            classes: Their names.
        """

    @abstractmethod
    def segment(self, frame: Frame) -> Mask:
        """Segment one frame with exactly one call to the model; it never retries by itself.

        Args:
            frame: The picture.

        Returns:
            A mask of the frame's own size, with the frame's index.

        Raises:
            EndpointError: If the call fails; `retryable` says whether another try makes sense.
        """

    def segment_at(self, frame: Frame, confidence: float) -> Mask:  # noqa: ARG002
        """Segment one frame at a confidence of the caller's choice.

        A model whose threshold cannot be chosen for each call answers as `segment` does.

        Args:
            frame: The picture.
            confidence: 0 to 100; what counts as certain enough.
        """
        return self.segment(frame)

    def segment_sent(self, frame: Frame, sending: Sending) -> Mask:  # noqa: ARG002
        """Segment one frame, sent in a way of the caller's choice.

        A model to which nothing is sent answers as `segment` does.

        Args:
            frame: The picture.
            sending: How it is sent.
        """
        return self.segment(frame)

    def prepare(self, frame: Frame) -> Call:
        """Do all that can be done before the call, and return the call.

        A call that is made again after an error, or has to wait for its permit, is prepared once.

        Args:
            frame: The picture.

        Returns:
            Makes the call, as `segment` does, and has the reply kept before anything else happens
            to it. Where `class_map_grows`, a mask names what its own reply does: who gets masks in
            order adds what came before.
        """
        return self._as_call(lambda: self.segment(frame))

    def prepare_at(self, frame: Frame, confidence: float) -> Call:
        """Do the same for a call at a confidence of the caller's choice, 0 to 100."""
        return self._as_call(lambda: self.segment_at(frame, confidence))

    def prepare_sent(self, frame: Frame, sending: Sending) -> Callable[[], Mask]:
        """Do the same for a call as `segment_sent` makes it, whose reply nobody keeps."""
        return lambda: self.segment_sent(frame, sending)

    def recall(self, reply: bytes, frame: Frame) -> Mask:
        """Return what a reply says that a call of `prepare` had kept.

        Args:
            reply: The reply.
            frame: The picture that it is about.

        Raises:
            BadReply: If it is no segmentation.
        """
        return decode_reply(reply, frame_size=frame.frame_size, frame_index=frame.index)

    def _as_call(self, segment: Callable[[], Mask]) -> Call:
        def call(keep: Keep | None) -> Mask:
            mask = segment()
            if not self.keeps_certainty:
                mask = replace(mask, certainty=None)
            if keep is not None:
                keep(json.dumps(kept_reply(mask), ensure_ascii=False).encode())
            return mask

        return call

    def close(self) -> None:
        """Release connections and models. May be called twice; not while `segment` runs."""
