"""Writes clips on a thread of its own."""

import logging
import threading
from collections.abc import Callable

from livesegment.buffer import Buffer
from livesegment.errors import SinkError
from livesegment.events.clip_folder import CLIP_SUFFIX, ClipFolder
from livesegment.sinks.packet_file import PacketFile, TimedPacket

logger = logging.getLogger(__name__)

_MOST_BYTES = 256 * 2**20


_Step = tuple[str, TimedPacket | None]
"""What is to be done next for a clip: a picture to write, or its end."""


def _size(step: _Step) -> int:
    """Return the bytes that a step takes: an end takes none, so there is room for it."""
    return 0 if step[1] is None else len(step[1].packet.data)


def _shown(picture: TimedPacket) -> int:
    """Return how many pictures of the clip this is: 1, or 0 of what is not shown."""
    return int(picture.pts_s >= 0)


class ClipWriter:
    """Writes one clip after the other; none is under its final name before it is complete.

    Until then it plays under its partial name as far as it has come, after a crash too.

    Args:
        folder: Where they go; tidied up after each.
        fps: Nominal frame rate of the pictures.
        on_unwritten: Told how many pictures could not be written.
    """

    def __init__(
        self,
        folder: ClipFolder,
        fps: float | None = None,
        on_unwritten: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._fps = fps
        self._on_unwritten = on_unwritten
        self._steps: Buffer[_Step] = Buffer("refuse", size=_size, most=_MOST_BYTES)
        self._sink: PacketFile | None = None
        self._count = 0
        self._broken: str | None = None
        self._lacks_one = False
        self._thread = threading.Thread(target=self._run, name="clips")
        self._thread.start()

    def write(self, stem: str, picture: TimedPacket) -> None:
        """Take the next picture of a clip; what there is no room for is counted.

        Args:
            stem: Of the clip.
            picture: With its time in it, below 0 for what is not shown.
        """
        # What comes after one that is missing refers to it, up to the next keyframe.
        is_lost = self._lacks_one and not picture.packet.is_keyframe
        self._lacks_one = is_lost or bool(self._steps.put((stem, picture)))
        if self._lacks_one:
            self._on_unwritten(_shown(picture))

    def finish(self, stem: str) -> None:
        """Say that a clip has all its pictures."""
        self._steps.put((stem, None))

    def close(self) -> None:
        """Write what waits. May be called twice."""
        self._steps.close()
        self._thread.join()

    def _run(self) -> None:
        while (step := self._steps.get()) is not None:
            stem, picture = step
            try:
                if picture is None:
                    self._finish(stem)
                else:
                    self._add(stem, picture)
            except SinkError as error:
                logger.warning("%s", error)
                self._give_up(stem)

    def _add(self, stem: str, picture: TimedPacket) -> None:
        if stem == self._broken:
            self._on_unwritten(_shown(picture))
            return
        self._count += _shown(picture)
        if self._sink is None:
            path = self._folder.path / f"{stem}{CLIP_SUFFIX}"
            self._sink = PacketFile(path, fps=self._fps)
        self._sink.write(picture)

    def _finish(self, stem: str) -> None:
        if self._sink is not None:
            self._sink.commit()
            self._sink = None
        self._count = 0
        self._folder.prune(stem)

    def _give_up(self, stem: str) -> None:
        """Leave a clip under its partial name, most often for want of room; its rest is lost."""
        self._broken = stem
        self._on_unwritten(self._count)
        self._count = 0
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.close()
        self._folder.prune(stem)
