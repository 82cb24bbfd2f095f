"""What is tried, within a number of calls."""

from collections.abc import Iterator
from dataclasses import dataclass

from livesegment.calls.saturation import LARGEST
from livesegment.protocol.request import sent_size
from livesegment.segmenters.base import Sending
from livesegment.settings import EndpointOptions
from livesegment.settings.endpoint import JPEG_QUALITY, MAX_SIDE

MOST_CALLS = 60
"""Calls that are made if nothing else is said: each may be billed."""

LONGEST_S = 50.0
"""Seconds after which nothing new is tried; what is under way then has a few more."""

FIRST = 4
"""Calls one at a time with the usual picture, after one that opens the connection."""

EACH_PICTURE = 2
"""Calls with each other picture, one at a time."""

_SIDES = (320, 480, 640, 1024)  # pixels
_QUALITIES = (50, 30)
_LEAST_TOGETHER = 6  # calls


@dataclass(frozen=True, slots=True)
class Picture:
    """How a picture is sent.

    Attributes:
        max_side: Its longest side in pixels at the most.
        jpeg_quality: 1 to 100.
    """

    max_side: int
    jpeg_quality: int

    @property
    def sending(self) -> Sending:
        """What a segmenter is told."""
        return Sending(self.max_side, self.jpeg_quality)


def usual_picture(options: EndpointOptions) -> Picture:
    """Return how a picture is sent as a rule."""
    return Picture(options.max_side or MAX_SIDE, options.jpeg_quality or JPEG_QUALITY)


def other_pictures(options: EndpointOptions, frame_size: tuple[int, int]) -> list[Picture]:
    """Return how else pictures are tried, those first that tell the most; none in this process.

    What was asked for is kept: a size or a quality that is given is the only one.

    Args:
        options: Which model is asked.
        frame_size: (width, height) of a picture, which is never enlarged.
    """
    if options.is_in_process:
        return []
    usual = usual_picture(options)
    sides = _SIDES if options.max_side is None else (options.max_side,)
    qualities = _QUALITIES if options.jpeg_quality is None else ()
    tried = [Picture(side, usual.jpeg_quality) for side in sides]
    tried += [Picture(usual.max_side, quality) for quality in qualities[:1]]
    tried += [Picture(min(480, usual.max_side), quality) for quality in qualities[:1]]
    tried += [Picture(min(320, usual.max_side), quality) for quality in qualities[1:]]
    sent: dict[object, Picture] = {}
    for each in (usual, *tried):
        sent.setdefault((sent_size(frame_size, each.max_side), each.jpeg_quality), each)
    return list(sent.values())[1:]


def most_at_once(options: EndpointOptions, max_concurrency: int | None) -> int:
    """Return how many requests at once are tried at the most.

    Args:
        options: A number in them is the most that is wanted.
        max_concurrency: As a segmenter says it.
    """
    wanted = options.max_in_flight
    most = wanted if isinstance(wanted, int) else LARGEST
    return most if max_concurrency is None else min(most, max_concurrency)


def steps(most: int) -> Iterator[int]:
    """Yield the numbers of requests at once that are tried after one, up to `most`."""
    at_once = 2
    while at_once < most:
        yield at_once
        at_once *= 2
    if most > 1:
        yield most


def calls_for(at_once: int) -> int:
    """Return with how many calls it is known what so many at once do.

    As many again are left out, until the endpoint has come to rest.
    """
    return max(_LEAST_TOGETHER, 2 * at_once)
