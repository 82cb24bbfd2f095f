"""Where pictures come from: cameras, files, networks, images, a drawn pattern, the sample."""

import re
from pathlib import Path

from livesegment.address import system_reason
from livesegment.errors import SourceNotFound
from livesegment.settings.live import BROWSER
from livesegment.settings.option import quoted
from livesegment.sources.base import Source

__all__ = [
    "BROWSER",
    "SAMPLE",
    "SAMPLE_FILE",
    "Source",
    "is_drawn",
    "open_live_source",
    "open_source",
]

SAMPLE = "sample:"
"""What names the sample: a person, for whoever has neither a camera nor a file."""

SAMPLE_FILE = Path(__file__).with_name("sample.mp4")

_CAMERA = re.compile(r"-?[0-9]{1,9}|/dev/(video|v4l/).*")
_URL = re.compile(r"[a-z][a-z0-9+.]+://", re.IGNORECASE)


def open_source(spec: str | int | Path | Source) -> Source:
    """Open what a user names as a source.

    Args:
        spec: A camera number or device such as `/dev/video0`; an address (rtsp, http, ...);
            `pattern:` with an optional form (see PatternSource); `sample:`, the sample of the
            package; an image, folder of images or glob; a video file. A Source is returned as it
            is.

    Raises:
        SourceNotFound: If it cannot be opened; the error says which and why.
        OptionsError: If the form of a pattern is not understood.
    """
    if isinstance(spec, Source):
        return spec
    text = str(spec)
    if not text:
        raise SourceNotFound("the source is empty: give a camera, a file, an address or sample:")
    if text == BROWSER:
        raise SourceNotFound(
            f"{BROWSER} is the camera of whoever opens the page of 'livesegment live {BROWSER}':"
            " nothing else can show it"
        )
    # Each import waits for its use: a camera does not need PyAV, nor a file OpenCV's back ends.
    if _CAMERA.fullmatch(text) and (isinstance(spec, int) or not text.startswith("-")):
        from livesegment.sources.camera import CameraSource

        return CameraSource(text if text.startswith("/") else int(text))
    if is_drawn(text):
        from livesegment.sources.pattern import PatternSource

        return PatternSource.parse(text)
    if _URL.match(text):
        from livesegment.sources.network import NetworkSource

        return NetworkSource(text)

    from livesegment.sources.images import ImagesSource, is_images
    from livesegment.sources.video_file import VideoFileSource

    if text == SAMPLE:
        return VideoFileSource(SAMPLE_FILE)
    try:
        return ImagesSource(text) if is_images(text) else VideoFileSource(text)
    except OSError as error:  # such as a name that is longer than any file's
        raise SourceNotFound(f"{quoted(text)} cannot be opened: {system_reason(error)}") from error


def is_drawn(spec: str | int | Path | Source) -> bool:
    """Tell whether what a user names is a pattern."""
    return isinstance(spec, str) and spec.startswith("pattern:")


def open_live_source(spec: str | int | Path | Source, *, wait: bool = False) -> Source:
    """Open what a user names as a source to be watched: network cameras come back when lost.

    Args:
        spec: As `open_source` takes it.
        wait: Wait for a network camera that cannot be opened yet, for as long as it takes.

    Raises:
        SourceNotFound: If it cannot be opened and is not waited for.
        OptionsError: If the form of a pattern is not understood.
    """
    if not isinstance(spec, str) or not _URL.match(spec):
        return open_source(spec)
    from livesegment.address import check_reachable, shown_url
    from livesegment.sources.network import NetworkSource, Replays
    from livesegment.sources.reconnecting import ReconnectingSource

    replays = Replays()

    def open_once() -> Source:
        check_reachable(spec)
        return NetworkSource(spec, replays=replays)

    return ReconnectingSource(open_once, shown_url(spec), wait=wait)
