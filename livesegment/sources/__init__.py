"""Where pictures come from: cameras, files, networks, images, a drawn pattern."""

import re
from pathlib import Path

from livesegment.sources.base import Source

__all__ = ["Source", "open_source"]

_URL = re.compile(r"[a-z][a-z0-9+.]+://", re.IGNORECASE)


def open_source(spec: str | int | Path) -> Source:
    """Open what a user names as a source.

    Args:
        spec: A camera number or `/dev/video*`; an address (rtsp, http, ...); `pattern:` with an
            optional form (see PatternSource); an image, folder of images or glob; a video file.

    Raises:
        SourceNotFound: If it cannot be opened; the error says which and why.
        OptionsError: If the form of a pattern is not understood.
    """
    # Each import waits for its use: a camera does not need PyAV, nor a file OpenCV's back ends.
    text = str(spec)
    if isinstance(spec, int) or text.isdecimal():
        from livesegment.sources.camera import CameraSource

        return CameraSource(int(text))
    if text.startswith("/dev/video"):
        from livesegment.sources.camera import CameraSource

        return CameraSource(text)
    if text.startswith("pattern:"):
        from livesegment.sources.pattern import PatternSource

        return PatternSource.parse(text)
    if _URL.match(text):
        from livesegment.sources.network import NetworkSource

        return NetworkSource(text)

    from livesegment.sources.images import ImagesSource, is_images
    from livesegment.sources.video_file import VideoFileSource

    return ImagesSource(text) if is_images(text) else VideoFileSource(text)
