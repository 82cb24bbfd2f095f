"""What the page asks about events."""

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from livesegment.web.feed import Feed

_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}


def event_routes(find: Callable[[Request], Feed]) -> list[Route]:
    """Return the addresses of cameras' events, snapshots and clips.

    Args:
        find: Returns the camera that a request names, or raises an HTTPException.
    """

    async def events(request: Request) -> Response:
        return JSONResponse({"events": find(request).events.recent()})

    async def file(request: Request) -> Response:
        path = find(request).events.file(request.path_params["file"])
        if path is None or path.suffix not in _TYPES:
            raise HTTPException(404, "there is no such file, or it is not complete yet")
        # It never changes, and may be kept by the viewer's own browser.
        headers = {"cache-control": "private, max-age=3600"}
        return FileResponse(path, media_type=_TYPES[path.suffix], headers=headers)

    return [
        Route("/api/cameras/{name}/events", events),
        Route("/cameras/{name}/events/{file}", file),
    ]
