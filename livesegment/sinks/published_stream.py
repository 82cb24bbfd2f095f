"""What a live run shows, sent to others as a video while it is made."""

import math
from abc import abstractmethod
from fractions import Fraction
from typing import BinaryIO

from livesegment.errors import SinkError
from livesegment.frame import Image
from livesegment.sinks.live_track import LiveTrack
from livesegment.threaded_output import Picture, ThreadedOutput

REPEAT_S = 0.5
"""Seconds after which a picture that stands still is sent again: to a recorder no video is lost."""

KEYFRAME_S = 2.0
"""Seconds from one keyframe to the next, at the most: so long waits who joins later."""

GRACE_S = 2.0
"""Seconds that the end of a run waits for a stream to be ended in order."""

MPEGTS_OPTIONS = {"omit_video_pes_length": "0"}
"""What says where a picture ends: else a receiver has it with the next one."""

_SLACK_S = 0.1


class PublishedStream(ThreadedOutput):
    """Encodes the newest picture as H.264, on a thread of its own, and sends it.

    Pictures have the times at which they were captured, and go on while the source stands still or
    is lost: the last one is sent again, with what is written across it. A picture of another size
    begins the stream anew.

    Args:
        name: What errors and the log call the target: no credentials.
        container: Name of libavformat's muxer, and
        options: its options.
        fps: Nominal frames per second.
        is_session: Whether each stream has a receiver of its own, for whom it begins at 0; else
            times go on from one stream to the next.
    """

    def __init__(
        self,
        name: str,
        container: str,
        options: dict[str, str],
        fps: Fraction | float | None,
        *,
        is_session: bool,
    ) -> None:
        super().__init__("publish", repeat_s=REPEAT_S, grace_s=GRACE_S)
        self.name = name
        self._container = container
        self._options = options
        self._fps = fps
        self._is_session = is_session
        self._track: LiveTrack | None = None
        self._frame_size = (0, 0)
        self._captured_at_s = -math.inf
        self._lag_s = 0.0
        self._began_s: float | None = None

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether a picture can be sent now, or a stream be begun."""

    @abstractmethod
    def begin(self) -> BinaryIO:
        """Return where a new stream is written to.

        Raises:
            SinkError: If there is no such place at the moment.
        """

    @abstractmethod
    def end(self) -> None:
        """Leave that place, to which everything was written."""

    @abstractmethod
    def on_sent(self) -> None:
        """Take in that a picture was sent."""

    @abstractmethod
    def on_broken(self, error: SinkError) -> None:
        """Take in that the stream is broken; the next picture is to begin another."""

    def work_on(self, picture: Picture) -> None:
        """Send a picture."""
        at_s = self._time_of(picture)
        if not self.is_ready():
            return
        try:
            track = self._track_for(picture.image, at_s)
            track.write(picture.image, at_s - (self._began_s or 0.0))
        except SinkError as error:
            self._drop_track()
            self.on_broken(error)
        else:
            self.on_sent()

    def end_work(self) -> None:
        """End the stream."""
        if self._drop_track():
            self.end()

    def _drop_track(self) -> bool:
        track, self._track = self._track, None
        if track is not None:
            track.close()
        return track is not None

    def _time_of(self, picture: Picture) -> float:
        """Return when a picture was captured, monotonic seconds; of one drawn again, would be."""
        if picture.captured_at_s > self._captured_at_s:
            self._captured_at_s = picture.captured_at_s
            self._lag_s = picture.shown_at_s - picture.captured_at_s
        return picture.shown_at_s - self._lag_s

    def _track_for(self, image: Image, at_s: float) -> LiveTrack:
        frame_size = image.shape[1], image.shape[0]
        if self._track is None or frame_size != self._frame_size:
            self.end_work()
            self._frame_size = frame_size
            self._track = LiveTrack(
                self.begin(),
                self._container,
                frame_size,
                name=self.name,
                fps=self._fps,
                # Before the longest pause that may follow.
                keyframe_s=KEYFRAME_S - REPEAT_S - _SLACK_S,
                container_options=self._options,
            )
            if self._began_s is None or self._is_session:
                self._began_s = at_s
        return self._track
