"""Gives sinks what a live run shows."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from livesegment.buffer import Buffer
from livesegment.errors import OutputNotWritable, SinkError
from livesegment.metrics import DropLog, Metrics
from livesegment.output import LiveRun, Output, Shown, Wants
from livesegment.profile import stage
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.packet import PacketEncoder, PacketSink

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
        run.start_worker(type(self._sink).__name__, self.work, self.close)

    def on_frame(self, shown: Shown) -> None:
        """Queue a picture."""
        assert shown.image is not None
        self.queue(Annotated(shown.frame, shown.mask, shown.image))

    def queue(self, picture: Annotated) -> bool:
        """Queue a picture that nobody draws on any more; return whether there was room for it."""
        if not self._pictures.put(picture):
            return True
        self.lose()
        return False

    def lose(self) -> None:
        """Count a picture that the sink does not get."""
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

    def work(self) -> None:
        """Write what is queued, on a thread for this, until there will be no more."""
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


@dataclass(slots=True)
class _Fed:
    """One of the sinks that share an encoder."""

    sink: PacketSink
    queued: QueuedSink
    lacks_one: bool = False  # what comes after it refers to it, up to the next keyframe


class SharedEncoder(Output):
    """Encodes each picture once for several sinks, each of which writes on a thread of its own.

    Encoding has a bounded queue and a thread too. What does not fit is counted for every sink.

    Args:
        sinks: Who writes.
        metrics: Counts what could not be written.
        fps: Nominal frame rate.
        most_bytes: What the pictures that wait may take.
    """

    wants = Wants.RECORDED

    def __init__(
        self,
        sinks: Sequence[PacketSink],
        metrics: Metrics,
        fps: Fraction | float | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        each = most_bytes // (len(sinks) + 1)
        self._fed = [_Fed(sink, QueuedSink(sink, metrics, most_bytes=each)) for sink in sinks]
        self._pictures: Buffer[Annotated] = Buffer("refuse", CAPACITY, size=_size, most=each)
        self._encoder = PacketEncoder(fps)

    def on_start(self, run: LiveRun) -> None:
        """Begin to encode and to write."""
        for fed in self._fed:
            # They end when everything is encoded.
            run.start_worker(type(fed.sink).__name__, fed.queued.work, lambda: None)
        run.start_worker("encoder", self._work, self.close)

    def on_frame(self, shown: Shown) -> None:
        """Queue a picture."""
        assert shown.image is not None
        if self._pictures.put(Annotated(shown.frame, shown.mask, shown.image)):
            for fed in self._fed:
                fed.queued.lose()

    def close(self) -> None:
        """Take no more pictures; those that wait are still written. May be called twice."""
        self._pictures.close()

    def commit(self) -> None:
        """Have the sinks finish, once the run is over.

        Raises:
            SinkError: If one cannot, or could not write before.
        """
        commit_sinks(fed.queued for fed in self._fed)

    def _work(self) -> None:
        try:
            while (picture := self._pictures.get()) is not None:
                self._encode(picture)
        finally:
            for fed in self._fed:
                fed.queued.close()

    def _encode(self, picture: Annotated) -> None:
        frame = picture.frame
        # One that hangs gets its next picture with the keyframe of the second.
        asking = [fed.sink for fed in self._fed if not fed.lacks_one]
        is_needed = any(sink.needs_keyframe(frame) for sink in asking)
        try:
            with stage("encode"):
                packet = self._encoder.encode(picture.image, frame.pts_s, keyframe=is_needed)
        except OutputNotWritable:
            packet = None  # each of them finds out, and says what becomes of it
        for fed in self._fed:
            if fed.lacks_one and packet is not None and not packet.is_keyframe:
                fed.queued.lose()
            else:
                fed.lacks_one = not fed.queued.queue(replace(picture, packet=packet))


def commit_sinks(outputs: Iterable[Output]) -> None:
    """Have the sinks among the outputs of a run that is over finish, each whatever others do.

    Raises:
        SinkError: What the first of them raises.
    """
    failures: list[SinkError] = []
    for output in outputs:
        if isinstance(output, QueuedSink | SharedEncoder):
            try:
                output.commit()
            except SinkError as error:
                failures.append(error)
    if failures:
        raise failures[0]


def _size(picture: Annotated) -> int:
    """Return the bytes of a picture: the frame's and the drawn one's."""
    return 2 * picture.image.nbytes


def as_outputs(
    given: Sequence[Output | Sink],
    metrics: Metrics,
    fps: Fraction | float | None = None,
    most_bytes: int = MOST_BYTES,
) -> list[Output]:
    """Return what sinks become in a live run, and outputs as they are.

    Args:
        given: Who looks on.
        metrics: Counts what sinks could not take.
        fps: Nominal frame rate.
        most_bytes: What pictures that wait for one of them may take.
    """
    most_bytes = min(most_bytes, MOST_BYTES)
    sharing = [each for each in given if isinstance(each, PacketSink)]
    if len(sharing) > 1:
        others = [each for each in given if each not in sharing]
        shared = SharedEncoder(sharing, metrics, fps, most_bytes)
        return [*as_outputs(others, metrics, fps, most_bytes), shared]
    return [
        each if isinstance(each, Output) else QueuedSink(each, metrics, most_bytes=most_bytes)
        for each in given
    ]
