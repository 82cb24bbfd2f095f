"""Cameras as they are watched: Motion JPEG, of one for other programs or of all, and video."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from livesegment.web.broadcast import EncodedPicture, Subscription, Wake
from livesegment.web.feed import Feed
from livesegment.web.video import Fragment, Head

_BOUNDARY = "picture"

# The first is for programs and <img>, the second for scripts: WebKit gives up whatever else than a
# picture is answered with the first (`isMultipart` in its SubresourceLoader).
_REPLACING, _MIXED = "multipart/x-mixed-replace", "multipart/mixed"


_MOST_STREAMS = 64


class Streams:
    """Every stream under way, so that all of them can be ended at once."""

    def __init__(self) -> None:
        self._wakes: set[Callable[[], None]] = set()
        self.are_ending = False

    @property
    def is_full(self) -> bool:
        """Whether there are as many as there may be."""
        return len(self._wakes) >= _MOST_STREAMS

    def end(self) -> None:
        """End all streams, and every one that begins later; from any thread."""
        self.are_ending = True
        for wake in tuple(self._wakes):
            wake()

    @contextmanager
    def entered(self, wake: Callable[[], None]) -> Iterator[None]:
        """Have `wake` called when streams are to end."""
        self._wakes.add(wake)
        try:
            yield
        finally:
            self._wakes.discard(wake)


class _Alarm:
    """An event that any thread may set, also when the loop is no more."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()


@dataclass(eq=False)
class MotionJpeg(Response):
    """Pictures of one or more cameras, each the newest there is when the client has room for it.

    Every part names its camera in `X-Camera`. A client that accepts `multipart/mixed` gets the same
    under that name. The boundary follows at once: a browser shows a
    picture only when it has seen its end.

    Args:
        feeds: The cameras.
        streams: Says when to end.
    """

    feeds: Sequence[Feed]
    streams: Streams
    background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send pictures until the client leaves, the cameras end or the server stops."""
        kind = self._kind(Headers(scope=scope).get("accept", ""))
        headers = [
            (b"content-type", f"{kind}; boundary={_BOUNDARY}".encode()),
            (b"x-accel-buffering", b"no"),  # what nginx holds back comes late
        ]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        alarm = _Alarm()
        left = asyncio.ensure_future(_left(receive, alarm))
        try:
            with ExitStack() as stack:
                stack.enter_context(self.streams.entered(alarm.ring))
                subscriptions = [
                    (feed.name, self._subscribed(feed, alarm.ring)) for feed in self.feeds
                ]
                for _, subscription in subscriptions:
                    stack.callback(subscription.close)
                await send(start)
                await self._send_pictures(subscriptions, alarm, left, send)
        finally:
            left.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_pictures(
        self,
        subscriptions: Sequence[tuple[str, Subscription[Any]]],
        alarm: _Alarm,
        left: "asyncio.Future[None]",
        send: Send,
    ) -> None:
        await _send_part(send, f"--{_BOUNDARY}\r\n".encode())
        while True:
            has_sent = False
            for name, subscription in subscriptions:
                if (item := subscription.take()) is not None:
                    has_sent = True
                    for part in self._parts(name, item):
                        await _send_part(send, part)
            if (
                left.done()
                or self.streams.are_ending
                or all(subscription.has_ended for _, subscription in subscriptions)
            ):
                return
            if not has_sent:
                await alarm.wait()

    def _kind(self, accepted: str) -> str:
        """Return what the whole is, given the types that the client accepts."""
        return _MIXED if _MIXED in accepted else _REPLACING

    def _subscribed(self, feed: Feed, wake: Wake) -> Subscription[Any]:
        """Begin to watch a camera."""
        return feed.pictures.subscribe(wake)

    def _parts(self, name: str, item: Any) -> Iterable[bytes]:
        """Return what is sent of something that was taken."""
        picture: EncodedPicture = item
        return [_part(name, picture.jpeg, "image/jpeg")]


@dataclass(eq=False)
class LabelledJpeg(MotionJpeg):
    """The same with legend and notices on the pictures, for programs that show no page."""

    def _subscribed(self, feed: Feed, wake: Wake) -> Subscription[Any]:
        return feed.labelled.subscribe(wake)


@dataclass(eq=False)
class VideoParts(MotionJpeg):
    """The same as video: of each camera what is to be read first, then a fragment a picture.

    A part is an MP4's, and its type names the coding. A fragment says in `X-Time` when it is shown,
    in seconds; what has none is read before those that follow, which are another video than those
    before. A client that is slow gets no older fragments but goes on with a keyframe.
    """

    def __post_init__(self) -> None:
        """Begin with nothing sent."""
        self._heads: dict[str, Head] = {}

    def _kind(self, accepted: str) -> str:  # noqa: ARG002 - it has no other
        return _MIXED

    def _subscribed(self, feed: Feed, wake: Wake) -> Subscription[Any]:
        return feed.video.subscribe(wake)

    def _parts(self, name: str, item: Any) -> Iterable[bytes]:
        fragment: Fragment = item
        head = fragment.head
        kind = f'video/mp4; codecs="{head.codec}"'
        if self._heads.get(name) is not head:
            self._heads[name] = head
            yield _part(name, head.segment, kind)
        yield _part(name, fragment.media, kind, f"X-Time: {fragment.time_s:.4f}")


def _part(name: str, body: bytes, kind: str, *more: str) -> bytes:
    lines = (f"Content-Type: {kind}", f"Content-Length: {len(body)}", f"X-Camera: {name}", *more)
    head = "".join(f"{line}\r\n" for line in lines)
    return b"".join((head.encode(), b"\r\n", body, f"\r\n--{_BOUNDARY}\r\n".encode()))


async def _send_part(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
    # That the client has gone is known once the loop has gone round: asyncio complains of who goes
    # on sending before that.
    await asyncio.sleep(0)


async def _left(receive: Receive, alarm: _Alarm) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    alarm.ring()


async def one_picture(feed: Feed, timeout_s: float) -> bytes | None:
    """Return a camera's next labelled picture as a JPEG file; None if none comes in time."""
    alarm = _Alarm()
    subscription = feed.labelled.subscribe(alarm.ring)
    try:
        async with asyncio.timeout(timeout_s):
            while (picture := subscription.take()) is None:
                if subscription.has_ended:
                    return None
                await alarm.wait()
            return picture.jpeg
    except TimeoutError:
        return None
    finally:
        subscription.close()
