"""A sink on a thread of its own, so that a slow disk does not hold up the picture."""

import logging
import threading
from collections import deque

from livesegment.sinks.base import Annotated, Sink
from livesegment.telemetry import DropLog, Telemetry

logger = logging.getLogger(__name__)

CAPACITY = 32  # about one second of pictures
MOST_BYTES = 256 * 2**20  # 32 pictures of 1080p, but only five of 4K


class BackgroundSink:
    """Feeds a sink from a bounded queue. What does not fit is counted as `frames_unwritten`.

    Args:
        sink: Gets every picture, in order, from the thread that calls `run`.
        telemetry: Counts what the sink could not take.
        capacity: Pictures that may wait; fewer if they are large.
    """

    def __init__(self, sink: Sink, telemetry: Telemetry, capacity: int = CAPACITY) -> None:
        self._sink = sink
        self._telemetry = telemetry
        self._capacity = capacity
        self._changed = threading.Condition()
        self._pictures: deque[Annotated] = deque()
        self._closed = False
        self._drops = DropLog(
            logger, f"frames not written: {type(sink).__name__} is slower than the source"
        )

    def put(self, picture: Annotated) -> None:
        """Queue a picture, whose image must not change any more; never waits."""
        room = min(self._capacity, MOST_BYTES // (2 * picture.image.nbytes) + 1)
        with self._changed:
            if self._closed or len(self._pictures) >= room:
                self._telemetry.count("frames_unwritten")
                self._drops.add()
                return
            self._pictures.append(picture)
            self._changed.notify()

    def run(self) -> None:
        """Write until `close` was called and everything queued is written."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pictures or self._closed)
                if not self._pictures:
                    return
                picture = self._pictures.popleft()
            self._sink.write(picture)

    def close(self) -> None:
        """Take no more pictures; `run` writes those that wait and returns."""
        with self._changed:
            self._closed = True
            self._changed.notify()
