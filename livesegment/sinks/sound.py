"""The sound of a video, carried over to another without coding it again."""

import io
import logging
import math
import os
from collections.abc import Generator, Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Discard

from livesegment.media_file import origin_s
from livesegment.resource import Resource
from livesegment.settings.part import PartOptions
from livesegment.sinks.original import open_original

_log = logging.getLogger(__name__)

# To look for one that takes what another does not.
_CONTAINERS = {".mkv": "matroska", ".mp4": "mp4", ".mov": "mov"}
# These have no times below 0 for it.
_FROM_0 = frozenset(("matroska", "webm", "mpegts"))
# A transport stream takes anything, and nobody could read the rest.
_IN_TRANSPORT = frozenset(("aac", "mp3", "mp2", "ac3", "eac3", "opus", "dts"))
_KEPT_WORDS = ("language", "title", "handler_name")


class SoundCopier(Resource):
    """Hands on the packets of all sound streams of a file, each at its own media time.

    The file is read as time goes on: one packet is held, whatever the length. Sound that the new
    file cannot carry is left out, and a file that breaks off gives what there is; both are logged.

    Args:
        path: The file with the sound.
        output: The file that is to carry it, for messages.
        container: Name of libavformat's muxer of that file.
        part: Which part of the file is carried over, at times from its beginning on; None: all.

    Attributes:
        shift_s: Seconds by which the pictures were moved, and the sound must be.

    Raises:
        SourceNotFound: If the file cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        output: str | os.PathLike[str],
        container: str,
        part: PartOptions | None = None,
    ) -> None:
        self.shift_s = Fraction(0)
        part = part or PartOptions()
        self._begins_s = Fraction(part.begins_s)
        self._length_s = math.inf if part.end_s is None else part.end_s - part.begins_s
        self._path = os.fspath(path)
        self._input = open_original(path)
        self._origin_s = origin_s(self._input) + self._begins_s
        self._begins_at_0 = container in _FROM_0
        self._carried: list[AudioStream] = []
        for stream in self._input.streams.audio:
            if _can_carry(container, stream):
                self._carried.append(stream)
            else:
                self._warn_of_loss(stream, os.fspath(output))
        for other in self._input.streams:
            if other not in self._carried:
                other.discard = Discard.all
        self._outputs: dict[int, AudioStream] = {}
        self._packets = self._read()
        self._next: tuple[Fraction, av.Packet[Any]] | None = None

    def add_to(self, container: OutputContainer) -> None:
        """Add the streams to the container that gets them, before anything is written to it."""
        for stream in self._carried:
            added = container.add_stream_from_template(stream)
            added.disposition = stream.disposition
            added.metadata.update(
                {name: stream.metadata[name] for name in _KEPT_WORDS if name in stream.metadata}
            )
            self._outputs[stream.index] = added

    def packets_until(self, end_s: float) -> "Iterator[av.Packet[Any]]":
        """Yield the packets that begin before `end_s` and were not yielded yet, ready to be muxed.

        Args:
            end_s: Media time in seconds; infinity yields the rest.
        """
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
            if self._next is None or self._next[0] + self.shift_s >= end_s:
                return
            packet, self._next = self._next[1], None
            assert packet.time_base is not None
            assert packet.pts is not None
            packet.pts += round(self.shift_s / packet.time_base)
            packet.dts = packet.pts
            yield packet

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._packets.close()
        self._input.close()

    def _read(self) -> "Generator[tuple[Fraction, av.Packet[Any]], None, None]":
        last: dict[int, int] = {}
        disordered = 0
        try:
            for packet in self._input.demux(self._carried) if self._carried else ():
                pts = packet.dts if packet.pts is None else packet.pts
                if pts is None or packet.time_base is None:
                    continue
                pts -= round(self._origin_s / packet.time_base)
                if self._is_outside(packet, pts):
                    continue
                index = packet.stream.index
                if pts <= last.get(index, pts - 1):
                    disordered += 1  # containers refuse it
                    continue
                last[index] = packet.pts = pts
                packet.stream = self._outputs[index]
                yield pts * packet.time_base, packet
        except av.FFmpegError as error:
            _log.warning("the sound of %s breaks off: %s", self._path, error.strerror)
        if disordered:
            _log.warning(
                "%d disordered packets of sound in %s are left out", disordered, self._path
            )

    def _is_outside(self, packet: "av.Packet[Any]", pts: int) -> bool:
        """Tell whether a packet of sound, at a time of the new file, does not belong to it."""
        assert packet.time_base is not None
        if pts * packet.time_base >= self._length_s:
            return True
        if self._begins_at_0 and _only_prepares(packet, pts):
            return True
        # The last packet before a part prepares the decoder for the first one that is heard.
        return bool(self._begins_s) and pts + 2 * (packet.duration or 0) <= 0

    def _warn_of_loss(self, stream: AudioStream, output: str) -> None:
        keeping = [suffix for suffix, other in _CONTAINERS.items() if _can_carry(other, stream)]
        _log.warning(
            "%s cannot carry the sound of %s (%s) and goes without: %s",
            output,
            self._path,
            stream.codec_context.name if stream.codec_context else "unknown codec",
            f"give a name that ends in {keeping[0]} to keep it"
            if keeping
            else "convert it to AAC to keep it",
        )


def _only_prepares(packet: "av.Packet[Any]", pts: int) -> bool:
    """Whether a packet of sound is not to be heard, where there are no times below 0 for it.

    Opus begins before 0 by an amount that Matroska knows; that packet is heard in part.
    """
    if packet.stream.codec_context.name == "opus":
        return pts + (packet.duration or 0) <= 0
    return pts < 0


def _can_carry(container: str, stream: AudioStream) -> bool:
    """Find out by writing a head to memory, which is what would fail later."""
    codec = stream.codec_context.name if stream.codec_context else None
    if container == "mpegts" and codec not in _IN_TRANSPORT:
        return False
    try:
        with av.open(io.BytesIO(), "w", format=container) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True
