"""One picture."""

import threading
from pathlib import Path

from livesegment.annotate.asking import Caller
from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.errors import OptionsError
from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.metrics import Metrics
from livesegment.overlay.compositor import Compositor
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.opening import open_segmenter
from livesegment.settings import EndpointOptions, OverlayOptions
from livesegment.sinks.base import Annotated
from livesegment.sinks.image_file import ImageFileSink
from livesegment.sinks.run_files import check_distinct
from livesegment.sources.image_url import fetch_image
from livesegment.sources.images import read_image


def predict(
    image: Image | str | Path,
    *,
    segmenter: Segmenter | None = None,
    options: EndpointOptions | None = None,
) -> Mask:
    """Segment one picture, trying again after errors that may go away.

    Args:
        image: BGR uint8 (H, W, 3), or the path or http(s) address of an image.
        segmenter: Who is asked; it stays the caller's to close. None: opened from the options.
        options: Which model to ask, and how; None: the built-in person model.

    Returns:
        A mask of the picture's size.

    Raises:
        SourceNotFound: If the image cannot be read.
        EndpointError: If the endpoint cannot segment it.
        OptionsError: If the options allow no call.
    """
    options = options or EndpointOptions()
    if isinstance(image, str | Path):
        image = load_image(image, timeout_s=options.timeout_s)
    frame = Frame(image, index=0, pts_s=0.0, captured_at_s=0.0)
    if segmenter is not None:
        return _ask(segmenter, frame, options)
    with open_segmenter(options) as opened:
        return _ask(opened, frame, options)


def _ask(segmenter: Segmenter, frame: Frame, options: EndpointOptions) -> Mask:
    limiter = Limiter(1, Quota(options.max_calls, options.call_rate))
    mask = Caller(segmenter, limiter, Metrics(), threading.Event()).ask(frame)
    if mask is None:
        raise OptionsError("--max-calls allows no call, so there is no answer")
    return mask


def load_image(image: str | Path, *, timeout_s: float = 10.0) -> Image:
    """Read one image from a file or an http(s) address.

    Returns:
        BGR uint8 (H, W, 3), turned upright.

    Raises:
        SourceNotFound: If it cannot be read.
    """
    if isinstance(image, str) and image.startswith(("http://", "https://")):
        return fetch_image(image, timeout_s=timeout_s)
    return read_image(Path(image))


def check_save(image: str | Path, path: str | Path, *, overwrite: bool = False) -> None:
    """Find out before the call whether `save_annotated` can write there.

    Args:
        image: What is read, which must not be destroyed.
        path: Where the annotated picture goes.
        overwrite: Whether an existing file may be replaced.

    Raises:
        OptionsError: If the name's suffix is none of an image, or it is the image itself.
        SinkError: If it cannot be written.
    """
    ImageFileSink(path, overwrite=overwrite).close()
    check_distinct([image], [path])


def save_annotated(
    image: Image,
    mask: Mask,
    path: str | Path,
    *,
    overlay: OverlayOptions | None = None,
    overwrite: bool = False,
) -> None:
    """Draw a mask on a picture and write it as an image file.

    Raises:
        OptionsError: If the name's suffix is none of an image.
        SinkError: If it cannot be written.
    """
    frame = Frame(image, index=mask.frame_index, pts_s=0.0, captured_at_s=0.0)
    drawn = Compositor().draw(frame, mask, (overlay or OverlayOptions()).controls())
    with ImageFileSink(path, overwrite=overwrite) as sink:
        sink.write(Annotated(frame, mask, drawn))
        sink.commit()
