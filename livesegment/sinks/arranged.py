"""Pictures laid out for an output: of another size, or beside the picture as it was."""

import cv2
import numpy as np

from livesegment.frame import Frame, Image
from livesegment.settings.part import LayoutOptions
from livesegment.sinks.base import Alpha, Annotated, Sink, with_alpha
from livesegment.sinks.letterbox import clear_letterbox


def arranged(sink: Sink, layout: LayoutOptions) -> Sink:
    """Return a sink whose pictures are laid out; the sink itself where nothing is to be done.

    Closing the one closes the other.
    """
    return _ArrangedSink(sink, layout) if layout.changes_pictures else sink


class _ArrangedSink(Sink):
    """Lays out what is drawn, and hands it on as a picture without a mask.

    To the left stands the picture that the mask was drawn on: nothing is in it that may not be
    seen, see `AnnotateLoop`.
    """

    def __init__(self, sink: Sink, layout: LayoutOptions) -> None:
        self._sink = sink
        self._layout = layout

    def takes_alpha(self, frame: Frame) -> bool:
        """Tell whether pictures may come with their alpha: whether they may at the sink."""
        return self._sink.takes_alpha(frame)

    def write(self, picture: Annotated) -> None:
        """Take one picture.

        Raises:
            SinkError: If it cannot be written.
        """
        frame, image, alpha = picture.frame, picture.image, picture.alpha
        if self._layout.side_by_side:
            if alpha is not None:
                alpha = np.hstack((np.full_like(alpha, 255), alpha))
            image = np.hstack((frame.image, image))
        if self._layout.size is not None:
            image, alpha = _resized(image, alpha, self._layout.size)
        laid_out = Frame(image, frame.index, frame.pts_s, frame.captured_at_s)
        self._sink.write(Annotated(laid_out, None, image, alpha))

    def stop(self) -> None:
        """Let a write that waits end soon."""
        self._sink.stop()

    def commit(self) -> None:
        """Finish the output."""
        self._sink.commit()

    def give_up(self) -> int:
        """Finish what there is."""
        return self._sink.give_up()

    def close(self) -> None:
        """Close the sink. May be called twice."""
        self._sink.close()


def _resized(image: Image, alpha: Alpha | None, box: tuple[int, int]) -> tuple[Image, Alpha | None]:
    """Return a picture, and its alpha, at the largest size of its shape that fits into a box."""
    size = fitting_size((image.shape[1], image.shape[0]), box)
    if alpha is None:
        interpolation = cv2.INTER_AREA if size[0] < image.shape[1] else cv2.INTER_CUBIC
        resized = cv2.resize(image, size, interpolation=interpolation)
        return resized.astype(np.uint8, copy=False), None
    whole = clear_letterbox(with_alpha(image, alpha), size)
    return np.ascontiguousarray(whole[:, :, :3]), np.ascontiguousarray(whole[:, :, 3])


def fitting_size(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of a shape that fits into a box, to the nearest even pixel.

    Args:
        size: (width, height) in pixels.
        box: Likewise, both even.
    """
    scale = min(bound / side for bound, side in zip(box, size, strict=True))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in size)
    return width, height
