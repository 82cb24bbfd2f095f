"""What is kept of the video that pictures come from, besides the pictures."""

import os
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import takewhile

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from livesegment.errors import SourceNotFound
from livesegment.media_file import (
    BOUNDED,
    BT709,
    Colour,
    colour_of,
    find_video,
    first_picture,
    origin_s,
    turn_of,
)
from livesegment.settings.part import PartOptions

# Words about the whole; the rest (who encoded it, brands, places) is not true of the new file or
# not to be spread.
_KEPT_WORDS = ("title", "artist", "comment", "description", "copyright", "date", "creation_time")

# Beyond any end, in any stream's units, and small enough for libavformat to convert.
_FAR = 2**42


@dataclass(frozen=True, slots=True)
class Original:
    """What a video file says besides its pictures.

    Attributes:
        pixel_aspect: Width of a pixel by its height, as the upright picture is shown; None: square.
        colour: How its decoded pictures are best coded again.
        last_picture_s: Media time of the last picture; None where that is not known.
        end_s: Media time when the last picture ends; None where that is not known.
        words: Metadata that stays true.
    """

    pixel_aspect: Fraction | None = None
    colour: Colour = field(default_factory=Colour)
    last_picture_s: float | None = None
    end_s: float | None = None
    words: dict[str, str] = field(default_factory=dict)


def open_original(path: str | os.PathLike[str]) -> InputContainer:
    """Open a media file for reading.

    Raises:
        SourceNotFound: If it is not there or is no media file.
    """
    try:
        # The prefix keeps a name such as "http:x.mp4" from being taken for an address.
        return av.open(f"file:{os.fspath(path)}", options=BOUNDED, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise SourceNotFound(f"{os.fspath(path)} cannot be read: {error.strerror}") from error


def read_original(path: str | os.PathLike[str], part: PartOptions | None = None) -> Original:
    """Read what a video file says besides its pictures. Decodes one picture.

    Args:
        path: The file.
        part: Of which part of it the pictures are, and how they are turned: what is returned is
            that of a video that begins where the part does. None: of all of it.

    Raises:
        SourceNotFound: If it cannot be opened or holds no video.
    """
    with open_original(path) as container:
        video = find_video(container)
        if video is None:
            raise SourceNotFound(f"{os.fspath(path)} holds no video")
        part = part or PartOptions()
        aspect = video.sample_aspect_ratio
        first = first_picture(container, video)
        quarters = (part.rotate or 0) // 90
        if first is not None:
            quarters += turn_of(first).quarters
        if quarters % 2 and aspect:
            aspect = 1 / aspect
        last_s, end_s = _end_of(container, video, part)
        return Original(
            pixel_aspect=aspect if aspect and aspect != 1 else None,
            colour=Colour() if first is None else _kept_colour(colour_of(first)),
            last_picture_s=last_s,
            end_s=end_s,
            words={
                name: container.metadata[name] for name in _KEPT_WORDS if name in container.metadata
            },
        )


def _kept_colour(colour: Colour) -> Colour:
    # The decoder has brought HDR down to what a page shows.
    return Colour(BT709, BT709, BT709, colour.is_full_range) if colour.is_hdr else colour


def _end_of(
    container: InputContainer, video: VideoStream, part: PartOptions
) -> tuple[float | None, float | None]:
    """Return when a part's last picture is shown and when it ends, counted from its beginning."""
    if video.time_base is None:
        return None, None
    zero = (origin_s(container) + Fraction(part.begins_s)) / video.time_base
    limit: int | None = None
    if part.end_s is not None:
        limit = round(Fraction(part.end_s - part.begins_s) / video.time_base + zero)
    ends: list[tuple[int, int]] = []
    try:
        container.seek(_FAR if limit is None else limit, stream=video)
        packets = container.demux(video)
        # From the limit on in the order of decoding, none is shown before it.
        for packet in takewhile(lambda each: limit is None or (each.dts or 0) < limit, packets):
            time = packet.dts if packet.pts is None else packet.pts
            if time is not None and (limit is None or time < limit):
                ends.append((time, time + (packet.duration or 0)))
    except av.FFmpegError:
        return None, None  # a file that is cut short has no known end
    if not ends:
        return None, None
    last, end = max(ends)
    end = end if limit is None else min(end, limit)
    return float((last - zero) * video.time_base), float((end - zero) * video.time_base)
