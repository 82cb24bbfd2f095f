"""One picture."""

import threading
from pathlib import Path

from livesegment.address import shown_url
from livesegment.annotate.asking import Caller
from livesegment.annotate.drawing import annotated
from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.errors import OptionsError, SourceNotFound
from livesegment.frame import Frame, Image
from livesegment.http_client import HttpClient, HttpFailure
from livesegment.mask import Mask
from livesegment.metrics import Metrics
from livesegment.overlay.compositor import Compositor
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.opening import open_segmenter
from livesegment.settings import EndpointOptions, OverlayOptions
from livesegment.sinks.image_file import ImageFileSink
from livesegment.sinks.run_files import check_distinct
from livesegment.sources.images import decode_image, read_image

MAX_BYTES = 20 * 1024 * 1024
MAX_REDIRECTS = 5


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


def fetch_image(url: str, *, timeout_s: float = 10.0) -> Image:
    """Fetch an image over http(s).

    Args:
        url: The address; user, password and query in it are never shown.
        timeout_s: Seconds for connecting, for each wait for data, and for the whole picture.

    Returns:
        BGR uint8 (H, W, 3), turned upright.

    Raises:
        SourceNotFound: If it cannot be fetched, has over 20 MB, or is no image.
    """
    name = shown_url(url)
    try:
        with (
            HttpClient(url, timeout_s=timeout_s, max_redirects=MAX_REDIRECTS) as client,
            client.exchange("GET", url) as answer,
        ):
            if answer.status != 200:
                raise SourceNotFound(f"{name} answers {answer.status}")
            content = answer.read(MAX_BYTES)
    except OptionsError as error:
        raise SourceNotFound(f"{name} cannot be fetched: {error}") from None
    except HttpFailure as failure:
        if failure.what == "too long":
            raise SourceNotFound(f"{name} has over {MAX_BYTES // 2**20} MB") from None
        if failure.what == "timed out":
            raise SourceNotFound(f"{name} did not arrive within {timeout_s:g} s") from None
        # Not the reason: it may hold the whole address.
        raise SourceNotFound(f"{name} cannot be fetched: {failure.raised}") from None
    return decode_image(content, name)


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
    with ImageFileSink(path, overwrite=overwrite) as sink:
        controls = (overlay or OverlayOptions()).controls()
        sink.write(annotated(Compositor(), frame, mask, controls, [sink]))
        sink.commit()
