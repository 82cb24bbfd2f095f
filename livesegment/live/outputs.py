"""Gives a sink what a live run shows."""

import logging
from collections.abc import Iterable

from livesegment.buffer import Buffer
from livesegment.errors import OutputNotWritable, SinkError
from livesegment.metrics import DropLog, Metrics
from livesegment.output import LiveRun, Output, Shown, Wants
from livesegment.profile import stage
from livesegment.sinks.base import Annotated, Sink

logger = logging.getLogger(__name__)

CAPACITY = 32  # about one second of pictures
MOST_BYTES = 256 * 2**20  # 21 pictures of 1080p, but only five of 4K


class QueuedSink(Output):
    """Feeds a sink from a bounded queue. What does not fit is counted as `frames_unwritten`.

    So is everything from the moment on in which the sink cannot write, as on a full disk: that is
    said once, the picture goes on, and it is an error only when the run is over.

    Args:
        sink: Gets every picture, in order, on a thread of its own. It stays the caller's to close.
        metrics: Counts what the sink could not take.
        capacity: Pictures that may wait; fewer if they are large.
        most_bytes: What those may take.
    """

    wants = Wants.RECORDED

    def __init__(
        self,
        sink: Sink,
        metrics: Metrics,
        capacity: int = CAPACITY,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._sink = sink
        self._metrics = metrics
        self._pictures: Buffer[Annotated] = Buffer("refuse", capacity, size=_size, most=most_bytes)
        self._failure: OutputNotWritable | None = None
        self._drops = DropLog(
            logger, f"frames not written: {type(sink).__name__} is slower than the source"
        )

    def on_start(self, run: LiveRun) -> None:
        """Begin to write; a sink that cannot is the run's error."""
        run.start_worker(type(self._sink).__name__, self._write, self.close)

    def on_frame(self, shown: Shown) -> None:
        """Queue a picture."""
        assert shown.image is not None
        if self._pictures.put(Annotated(shown.frame, shown.mask, shown.image)):
            self._metrics.count("frames_unwritten")
            if self._failure is None:
                self._drops.add()

    def close(self) -> None:
        """Take no more pictures; those that wait are still written. May be called twice."""
        self._pictures.close()

    def commit(self) -> None:
        """Have the sink finish, once the run is over.

        Raises:
            SinkError: If it cannot, or could not write before.
        """
        if self._failure is not None:
            raise self._failure
        try:
            self._sink.commit()
        except OutputNotWritable:
            self._metrics.count("frames_unwritten", self._sink.give_up())
            raise

    def _write(self) -> None:
        while (picture := self._pictures.get()) is not None:
            try:
                with stage("encode"):
                    self._sink.write(picture)
            except OutputNotWritable as error:
                self._failure = error
                logger.warning("%s; the picture goes on without it", error)
                # The one just given, those that wait, and those that the sink had taken.
                lost = 1 + len(self._pictures.abort()) + self._sink.give_up()
                self._metrics.count("frames_unwritten", lost)


def commit_sinks(outputs: Iterable[Output]) -> None:
    """Have the sinks among the outputs of a run that is over finish, each whatever others do.

    Raises:
        SinkError: What the first of them raises.
    """
    failures: list[SinkError] = []
    for output in outputs:
        if isinstance(output, QueuedSink):
            try:
                output.commit()
            except SinkError as error:
                failures.append(error)
    if failures:
        raise failures[0]


def _size(picture: Annotated) -> int:
    """Return the bytes of a picture: the frame's and the drawn one's."""
    return 2 * picture.image.nbytes


def as_output(output: Output | Sink, metrics: Metrics, most_bytes: int = MOST_BYTES) -> Output:
    """Return what a sink becomes in a live run; an output stays what it is."""
    if isinstance(output, Output):
        return output
    return QueuedSink(output, metrics, most_bytes=min(most_bytes, MOST_BYTES))
