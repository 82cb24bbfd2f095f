"""Addresses of cameras' events, and of the pictures and clips of these."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from livesegment.review.fragments import Fragments
from livesegment.review.review import grows
from livesegment.web.feed import Feed
from livesegment.web.guard import message

_MEDIA_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}


class KeptFile(FileResponse):
    """A file, or the part of it that is wanted; what is no part is refused as everything is.

    Of a file that grows meanwhile no more is sent than was there at first; one that has just gone,
    to make room for another, is refused too.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        refusals: list[Response] = []
        held: list[Message] = []  # the head, until the file is open
        left = 0

        async def send_file(sent: Message) -> None:
            nonlocal left
            if sent["type"] == "http.response.start":
                left = int(Headers(raw=sent["headers"]).get("content-length", "0"))
                if sent["status"] >= 400:
                    refusals.append(_refusal(sent))
                held.append(sent)
                return
            if sent["type"] == "http.response.body":
                body = sent.get("body", b"")[:left]
                left -= len(body)
                sent = {**sent, "body": body}
            if not refusals:
                while held:
                    await send(held.pop())
                await send(sent)

        try:
            await super().__call__(scope, receive, send_file)
        except OSError:
            if not held:
                raise
            refusals = [message("this file is kept no more", 404)]
        for each in refusals:
            await each(scope, receive, send)


async def sent_fragments(request: Request, path: Path, does_grow: Callable[[], bool]) -> Response:
    """Answer with where the fragments of a file lie, as far as it has come.

    Args:
        request: Its query says after which of them.
        path: The file.
        does_grow: Tells whether it is being written.

    Raises:
        HTTPException: If there are none.
    """
    text = request.query_params.get("after", "0")
    after = int(text) if text.isdecimal() and len(text) <= 15 else 0
    try:
        is_growing = await run_in_threadpool(does_grow)  # asked first: no fragment is missed
        found = await run_in_threadpool(Fragments.read, path, after)
    except OSError as error:
        raise HTTPException(404, "this file is kept no more") from error
    if found is None:
        raise HTTPException(422, "this file is no fragmented MP4, or has just begun")
    return JSONResponse(
        {
            "type": f'video/mp4; codecs="{found.codec or "avc1.640028"}"',
            "head": found.head,
            "fragments": found.places,
            "end": found.end,
            "ended": found.end_s,
            "grows": is_growing,
        }
    )


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _refusal(sent: Message) -> Response:
    """Return in our words what starlette says in plain text of a range."""
    if sent["status"] == 416:
        headers = {name.decode(): value.decode() for name, value in sent["headers"]}
        size = headers["content-range"].removeprefix("bytes").strip()  # starlette 0.42: no unit
        headers = {"content-range": f"bytes {size}"}
        return message("the file is shorter than that range", 416, headers)
    return message("the header Range says no range of bytes, such as bytes=0-499", sent["status"])


_PATIENCE_S = 2.0


def event_routes(
    find: Callable[[Request], Feed], begin: Callable[[float], Awaitable[None]]
) -> list[Route]:
    """Return the addresses of cameras' events, snapshots and clips.

    Args:
        find: Returns the camera that a request names, or raises an HTTPException.
        begin: Waits so many seconds, at the most, until the files of events were read once.
    """

    async def events(request: Request) -> Response:
        feed = find(request)
        await begin(_PATIENCE_S)
        return JSONResponse({"events": feed.events.recent()})

    def kept(request: Request, *, is_partial: bool) -> tuple[Path, os.stat_result]:
        path = find(request).events.file(request.path_params["file"], is_partial=is_partial)
        found = None if path is None or path.suffix not in _MEDIA_TYPES else _stat(path)
        if path is None or found is None:
            why = "it is complete" if is_partial else "it is not complete yet"
            raise HTTPException(404, f"there is no such file, or {why}")
        return path, found

    async def file(request: Request) -> Response:
        path, found = kept(request, is_partial=False)
        # It never changes, and may be kept by the viewer's own browser.
        headers = {"cache-control": "private, max-age=3600"}
        media_type = _MEDIA_TYPES[path.suffix]
        return KeptFile(path, media_type=media_type, headers=headers, stat_result=found)

    async def fragments(request: Request) -> Response:
        path, _ = kept(request, is_partial=True)
        return await sent_fragments(request, path, lambda: grows(path))

    async def partial(request: Request) -> Response:
        path, found = kept(request, is_partial=True)
        return KeptFile(path, media_type=_MEDIA_TYPES[path.suffix], stat_result=found)

    return [
        Route("/api/cameras/{name}/events", events),
        Route("/cameras/{name}/events/{file}", file),
        Route("/api/cameras/{name}/partial/{file}", fragments),
        Route("/cameras/{name}/partial/{file}", partial),
    ]
