"""Reaching a time in a video without decoding what comes before it, and numbering the pictures.

Files do not say which number a picture has, and an index may be missing or wrong. So all packets
up to the time are read, which takes a hundredth of decoding them, and counted as they are shown.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import av
from av.video.stream import VideoStream

# One packet has one picture, which is shown at the packet's time.
_ONE_A_PACKET = frozenset(("h264", "hevc", "vvc", "vp9", "av1", "mjpeg", "prores", "dnxhd", "ffv1"))
_MOST_BYTES = 64 * 2**20  # of packets that are kept, should no keyframe come

Packet: TypeAlias = "av.Packet[Any]"


class PictureNumbers:
    """Gives pictures their numbers in the order in which they are shown, from 0 on.

    Where a packet is a picture, one that cannot be decoded has its number as well: the numbers of
    the others are the same wherever decoding began. Else those are counted that come.

    Args:
        stream: What they are of.
        has_end: Whether it is a file's: what comes live is counted, too.

    Attributes:
        are_certain: Whether a packet is a picture, as far as is known.
    """

    def __init__(self, stream: VideoStream, *, has_end: bool = True) -> None:
        codec = stream.codec_context.codec.canonical_name
        self.are_certain = has_end and codec in _ONE_A_PACKET
        self._coded: list[int] = []
        self._missed: set[int] = set()
        self._first: int | None = None
        self._next = 0

    def begin_at(self, number: int) -> None:
        """Say how many pictures come before the first packet."""
        self._next = number

    def code(self, packet: Packet) -> None:
        """Take the next packet of the stream."""
        if packet.pts is None:
            self.are_certain &= not packet.size  # else it marks the end
            return
        if self._first is None:
            self._first = packet.pts
            self.are_certain &= packet.is_keyframe  # else nobody knows which will be the first
        # The pictures before the first keyframe, by time, are shown by some decoders only.
        self.are_certain &= bool(self._next) or packet.pts >= self._first
        if self.are_certain and not packet.is_discard:
            heapq.heappush(self._coded, packet.pts)

    def number(self, picture: av.VideoFrame) -> int | None:
        """Return the number of the next picture.

        None: it comes after pictures that are shown after it, as may happen behind damage.
        """
        self.are_certain &= picture.pts is not None and not picture.interlaced_frame
        if self.are_certain:
            assert picture.pts is not None
            if picture.pts in self._missed:
                return None
            while self._coded and self._coded[0] < picture.pts:
                self._missed.add(heapq.heappop(self._coded))
                self._next += 1
            self.are_certain = bool(self._coded) and heapq.heappop(self._coded) == picture.pts
        self._next += 1
        return self._next - 1


@dataclass(slots=True)
class Group:
    """A keyframe, and the packets up to the next one in the order of decoding.

    Attributes:
        before: How many pictures come before its packets.
        pts: When the keyframe is shown, in the stream's time.
        packets: The packets of video, and one more that came after them.
    """

    before: int
    pts: int
    _latest_before: int
    packets: list[Packet] = field(default_factory=list)
    _shown: set[int] = field(default_factory=set)
    _size: int = 0

    @classmethod
    def begin(cls, pts: int, last: "Group | None") -> "Group":
        """Return the group of a keyframe, which comes after another group or is the first."""
        if last is None:
            return cls(0, pts, pts - 1)  # nothing may be shown before it
        return cls(last.before + len(last._shown), pts, max(last._shown, default=pts - 1))

    def add(self, packet: Packet) -> bool:
        """Take a packet; False if it cannot be told at which place its picture is shown."""
        self.packets.append(packet)
        self._size += packet.size
        pts = packet.pts
        if not packet.size:
            return True  # the end: it has the decoder give what it holds
        if pts is None or pts <= self._latest_before or pts in self._shown:
            return False
        if not packet.is_discard:
            self._shown.add(pts)
        return True

    @property
    def is_large(self) -> bool:
        """Whether it is better decoded than kept."""
        return self._size > _MOST_BYTES


def last_group_before(
    packets: Iterator[Packet],
    stream: VideoStream,
    until_s: Fraction,
    is_stopped: Callable[[], bool],
) -> Group | None:
    """Read packets up to a time and return the last keyframe's before it, and what follows it.

    Args:
        packets: Of the whole file, from its beginning on.
        stream: Its video.
        until_s: The time, on the file's own clock.
        is_stopped: Asked now and then whether to give up.

    Returns:
        None: how many pictures come before it cannot be said without decoding them.
    """
    assert stream.time_base is not None
    until = until_s / stream.time_base
    group: Group | None = None
    for packet in packets if PictureNumbers(stream).are_certain else ():
        if packet.stream is not stream:
            continue
        if group is not None and (_begins(packet, until) or group.is_large):
            group.packets.append(packet)
            return group
        if packet.is_keyframe and packet.pts is not None:
            group = Group.begin(packet.pts, group)
        if group is None or not group.add(packet) or is_stopped():
            return None
    return group


def _begins(packet: Packet, until: Fraction) -> bool:
    """Tell whether all keyframes from a packet on are shown after a time."""
    if packet.is_keyframe and packet.pts is not None and packet.pts > until:
        return True
    return packet.dts is not None and packet.dts > until
