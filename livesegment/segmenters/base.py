"""What a segmenter is."""

from abc import abstractmethod

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.resource import Resource


class Segmenter(Resource):
    """Finds the class of every pixel. A segmenter of one's own needs only `segment`.

    Attributes:
        max_concurrency: How many threads may call `segment` at once; None: any number.
    """

    max_concurrency: int | None = 1

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

    def close(self) -> None:
        """Release connections and models. May be called twice; not while `segment` runs."""
