"""What programs ask a page: whether it is alive, whether it is ready, and its figures."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from livesegment.errors import MissingExtra
from livesegment.web.feed import Feed
from livesegment.web.guard import message

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

LATELY_S = 10.0
"""Who has given no sign of life for so long hangs."""

Beat = Callable[[], float | None]
"""Returns when whoever owns a page last went round its loop, monotonic seconds; None: not yet."""


class MachineRoutes:
    """Answers programs. What it says to anybody names no camera.

    Args:
        feeds: The cameras there are at the moment.
        beat: The pulse of whoever owns the page; None: it has no loop of its own.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        feeds: Callable[[], Sequence[Feed]],
        beat: Beat | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._feeds = feeds
        self._beat = beat
        self._clock = clock
        self._registry: CollectorRegistry | None = None

    def routes(self) -> list[Route]:
        """Return the routes to mount; /healthz and /readyz are for everybody."""
        return [
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
        ]

    async def healthz(self, _: Request) -> Response:
        """Answer 200 if the owner's loop goes round, 503 if it hangs."""
        at_s = None if self._beat is None else self._beat()
        if at_s is not None and not self._is_lately(at_s):
            return JSONResponse({"status": "hangs"}, 503)
        return JSONResponse({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """Answer 200 if every camera's process has answered lately, else 503 and how many not."""
        answered = [feed.answered_at_s for feed in self._feeds()]
        missing = sum(at_s is None or not self._is_lately(at_s) for at_s in answered)
        if missing:
            return JSONResponse({"status": "not ready", "cameras_missing": missing}, 503)
        return JSONResponse({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Answer with the figures of all cameras, for Prometheus."""
        try:
            from livesegment.web.metrics import exposition, new_registry
        except ImportError:
            missing = MissingExtra(
                "/metrics needs prometheus-client: run pip install 'livesegment[monitor]'"
            )
            return message(str(missing), 501)
        if self._registry is None:
            self._registry = new_registry(self._feeds)
        body, content_type = exposition(self._registry, request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    def _is_lately(self, at_s: float) -> bool:
        return self._clock() - at_s < LATELY_S
