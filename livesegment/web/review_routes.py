"""Addresses of the one list of events and recordings of all cameras."""

import asyncio
import logging
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from livesegment.errors import OutputNotWritable, SourceNotFound, system_words
from livesegment.review.query import Wanted
from livesegment.review.review import Review
from livesegment.web.client import sent_json
from livesegment.web.event_routes import KeptFile, sent_fragments
from livesegment.web.feed import Feed
from livesegment.web.review_query import (
    asked_marking,
    asked_span,
    place_of,
    sent_entry,
    wanted_entries,
)

logger = logging.getLogger(__name__)

LONGEST_STRETCH_S = 3600.0

_MOST_MARKS = 5000  # events of a camera on a time line
_FRESH_S = 1.0
_PATIENCE_S = 0.15  # what there is already is shown sooner
_STRETCHES = 2  # that are copied at once
_MEDIA_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime"}
_OTHER_TYPE = "video/x-matroska"


class _Refresher:
    """Has the files looked at anew, once for all who ask at about the same time."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self._work: asyncio.Task[None] | None = None
        self._began_s = -math.inf

    async def refresh(self, patience_s: float = _PATIENCE_S) -> bool:
        """Wait a little for what is new; tell whether all of it has been read."""
        is_over = self._work is None or self._work.done()
        if is_over and time.monotonic() - self._began_s > _FRESH_S:
            self._began_s = time.monotonic()
            self._work = asyncio.create_task(self._read())
        if self._work is not None and not self._work.done():
            await asyncio.wait([self._work], timeout=patience_s)
        return self._work is None or self._work.done()

    async def _read(self) -> None:
        try:
            await run_in_threadpool(self._review.refresh)
        except Exception:
            # The list is shown as far as it was read.
            logger.exception("the files of events and recordings cannot be read")


class ReviewRoutes:
    """Answers what the page of the past asks.

    Args:
        feeds: The cameras; asked at every request.
        find: Returns the camera that a request names, or raises an HTTPException.
        review: What was seen and recorded.
    """

    def __init__(
        self,
        feeds: Callable[[], Sequence[Feed]],
        find: Callable[[Request], Feed],
        review: Review,
    ) -> None:
        self._feeds = feeds
        self._find = find
        self._review = review
        self._refresher = _Refresher(review)
        self._copying = 0
        self._has_begun = False

    def routes(self) -> list[Route]:
        """Return the addresses."""
        return [
            Route("/api/review", self.entries),
            Route("/api/review/timeline", self.timeline),
            Route("/api/review/seen", self.mark, methods=["POST"]),
            Route("/api/cameras/{name}/events/{id}", self.event),
            Route("/api/cameras/{name}/recordings/{file}", self.fragments),
            Route("/cameras/{name}/recordings/{file}", self.file),
            Route("/cameras/{name}/stretch.mp4", self.stretch),
        ]

    async def begin(self, patience_s: float = 0.0) -> None:
        """Have the files looked at if they never were, and wait a while until they have been."""
        if not self._has_begun:
            self._has_begun = await self._refresher.refresh(patience_s)

    async def entries(self, request: Request) -> Response:
        """Answer with a page of the list, newest first."""
        wanted = wanted_entries(request.query_params, [feed.name for feed in self._feeds()])
        is_complete = await self._refresher.refresh()
        index = self._review.index
        found = await run_in_threadpool(index.entries, wanted)
        shown = await run_in_threadpool(self._review.shown, found)
        return JSONResponse(
            {
                "now": time.time(),
                "role": request.state.role.name.lower(),
                "is_complete": is_complete,
                "cameras": [{"name": feed.name, "title": feed.title} for feed in self._feeds()],
                "rules": await run_in_threadpool(index.names, "rule"),
                "classes": await run_in_threadpool(index.names, "class"),
                "entries": [sent_entry(each) for each in shown],
                "next": place_of(found[-1]) if len(found) == wanted.most else None,
            }
        )

    async def event(self, request: Request) -> Response:
        """Answer with one event."""
        name, event_id = self._find(request).name, request.path_params["id"]
        await self._refresher.refresh()
        found = await run_in_threadpool(self._review.index.event, name, event_id)
        if found is None:
            raise HTTPException(404, "there is no such event, or it is kept no more")
        (shown,) = await run_in_threadpool(self._review.shown, [found])
        return JSONResponse(sent_entry(shown))

    async def timeline(self, request: Request) -> Response:
        """Answer with what was recorded and what happened in a time, camera by camera."""
        since_s, until_s = asked_span(request.query_params)
        is_complete = await self._refresher.refresh()
        cameras = [
            {
                "name": feed.name,
                "title": feed.title,
                **await run_in_threadpool(self._marks, feed.name, since_s, until_s),
            }
            for feed in self._feeds()
        ]
        return JSONResponse({"now": time.time(), "is_complete": is_complete, "cameras": cameras})

    def _marks(self, camera: str, since_s: float, until_s: float) -> dict[str, Any]:
        recordings = self._review.recordings(camera, since_s, until_s)
        wanted = Wanted([camera], "event", since_s=since_s, until_s=until_s, most=_MOST_MARKS)
        return {
            "recordings": [
                {"file": each.name, "began": each.began_s, "ended": each.ended_s}
                for each in recordings
            ],
            "events": [
                {
                    "id": each["id"],
                    "rule": each["rule"],
                    "began": each["began_s"],
                    "ended": each["ended_s"],
                    "goes_on": each["goes_on"],
                }
                for each in self._review.index.entries(wanted)
            ],
        }

    async def mark(self, request: Request) -> Response:
        """Mark events of a camera as seen, or as not seen."""
        camera, events, is_seen = asked_marking(await sent_json(request))
        if all(feed.name != camera for feed in self._feeds()):
            raise HTTPException(404, "there is no such camera")
        known = [
            each
            for each in events
            if await run_in_threadpool(self._review.index.event, camera, each) is not None
        ]
        try:
            await run_in_threadpool(self._review.mark, camera, known, is_seen=is_seen)
        except OSError as error:
            raise HTTPException(507, f"it cannot be written down: {system_words(error)}") from error
        return Response(status_code=204)

    async def fragments(self, request: Request) -> Response:
        """Answer with where the fragments of a recording lie."""
        path = await self._recording(request)
        camera = request.path_params["name"]
        return await sent_fragments(request, path, lambda: self._review.grows(camera, path.name))

    async def file(self, request: Request) -> Response:
        """Answer with a file of a recording, or the part of it that is wanted, as it is now."""
        path = await self._recording(request)
        try:
            status = path.stat()
        except OSError as error:
            raise HTTPException(404, "this recording is kept no more") from error
        media_type = _MEDIA_TYPES.get(path.suffix.lower(), _OTHER_TYPE)
        return KeptFile(path, media_type=media_type, stat_result=status)

    async def stretch(self, request: Request) -> Response:
        """Answer with what a camera recorded in a time, as one file."""
        feed = self._find(request)
        since_s, until_s = asked_span(request.query_params)
        if until_s - since_s > LONGEST_STRETCH_S:
            raise HTTPException(400, f"a stretch is {LONGEST_STRETCH_S:.0f} s at the longest")
        await self._refresher.refresh()
        if self._copying >= _STRETCHES:
            raise HTTPException(503, "too many stretches are being copied already")
        try:
            place = tempfile.TemporaryDirectory(prefix="livesegment-", ignore_cleanup_errors=True)
        except OSError as error:
            why = f"the stretch cannot be written: {system_words(error)}"
            raise HTTPException(507, why) from error
        self._copying += 1
        output = Path(place.name) / "stretch.mp4"
        try:
            await run_in_threadpool(self._review.write_stretch, feed.name, since_s, until_s, output)
        except BaseException as error:
            place.cleanup()
            if isinstance(error, SourceNotFound):
                raise HTTPException(404, str(error)) from error
            if isinstance(error, OutputNotWritable):
                raise HTTPException(507, str(error)) from error
            raise
        finally:
            self._copying -= 1
        stamp = time.strftime("%Y%m%d-%H%M%SZ", time.gmtime(since_s))
        return KeptFile(
            output,
            media_type="video/mp4",
            filename=f"{feed.name}_{stamp}.mp4",
            background=BackgroundTask(place.cleanup),
        )

    async def _recording(self, request: Request) -> Path:
        feed, name = self._find(request), request.path_params["file"]
        path = await run_in_threadpool(self._review.recording_file, feed.name, name)
        if path is None:
            raise HTTPException(404, "there is no such recording, or it is kept no more")
        return path
