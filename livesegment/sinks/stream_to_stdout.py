"""Writes a run's pictures to standard output, as a video that another program reads."""

from fractions import Fraction
from typing import BinaryIO, cast

from livesegment.errors import OutputNotWritable, SinkError
from livesegment.output import LiveRun
from livesegment.sinks.published_stream import MPEGTS_OPTIONS, PublishedStream
from livesegment.sinks.standard_output import STANDARD_OUTPUT_NAME, StandardOutput


class StreamToStdout(PublishedStream):
    """Writes MPEG-TS to standard output, until nobody reads it: that ends the run.

    Meanwhile whatever else is written there, by anybody in this process, goes to standard error.

    Args:
        fps: Nominal frames per second.

    Raises:
        OptionsError: If standard output is a terminal.
        OutputNotWritable: If it is closed.
    """

    def __init__(self, *, fps: Fraction | float | None = None) -> None:
        super().__init__(STANDARD_OUTPUT_NAME, "mpegts", MPEGTS_OPTIONS, fps, is_session=False)
        self._live: LiveRun | None = None
        self._failure: OutputNotWritable | None = None
        self._stdout = StandardOutput("--publish -")

    def on_start(self, run: LiveRun) -> None:
        """Get to know whom to end."""
        self._live = run

    def on_tick(self) -> None:
        """End the run if what is written cannot be, but for a reader who has gone.

        Raises:
            OutputNotWritable: Why not.
        """
        if self._failure is not None:
            raise self._failure

    def is_ready(self) -> bool:
        """Tell whether somebody may still read it."""
        return not self._stdout.is_broken

    def begin(self) -> BinaryIO:
        """Return standard output as it was."""
        return cast(BinaryIO, self._stdout)

    def end(self) -> None:
        """Leave it as it is."""

    def on_sent(self) -> None:
        """Count a picture."""
        if self._live is not None:
            self._live.metrics.count("frames_published")

    def on_broken(self, error: SinkError) -> None:
        """End the run."""
        if not self._stdout.is_unread:
            self._failure = OutputNotWritable(str(error))
        elif self._live is not None:
            self._live.stop()

    def close(self) -> None:
        """End the video, and give standard output back. May be called twice."""
        super().close()
        self._stdout.close(is_in_use=self._thread is not None and self._thread.is_alive())
