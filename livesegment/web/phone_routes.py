"""Whether those who are told of events on their phones can be reached, tried from the page."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from livesegment.errors import LiveSegmentError


@dataclass(frozen=True, slots=True)
class Phones:
    """Who is told of events on a phone.

    Attributes:
        count: Returns how many addresses there are at the moment.
        try_all: Sends a test message to each, waiting for them, and returns which took it, by what
            may be said of an address. Raises a LiveSegmentError where none could be sent.
    """

    count: Callable[[], int]
    try_all: Callable[[], Mapping[str, bool]]


class PhoneRoutes:
    """Has test messages sent, one after the other.

    Args:
        phones: Who gets them; None: nobody.
    """

    def __init__(self, phones: Phones | None) -> None:
        self._phones = phones or Phones(lambda: 0, dict)
        self._is_sending = False

    @property
    def count(self) -> int:
        """How many addresses are told of events."""
        return self._phones.count()

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        return [Route("/api/notify/test", self.send, methods=["POST"])]

    async def send(self, _: Request) -> Response:
        """Send a message to everybody, and answer with who took it."""
        if not self.count:
            raise HTTPException(404, "nobody is told of events on a phone")
        if self._is_sending:
            raise HTTPException(409, "a test message is being sent already")
        self._is_sending = True
        try:
            told = await self._told()
        except LiveSegmentError as error:
            raise HTTPException(502, str(error)) from error
        finally:
            self._is_sending = False
        answer = [{"place": place, "is_told": is_told} for place, is_told in told.items()]
        return JSONResponse({"told": answer})

    async def _told(self) -> Mapping[str, bool]:
        """Wait for the phones on a thread that a server which ends does not wait for."""
        loop, told = asyncio.get_running_loop(), asyncio.Future[Mapping[str, bool]]()

        def settle(settling: Callable[[], None]) -> None:
            if not told.done():  # a server that ends has given it up
                settling()

        def work() -> None:
            try:
                settling = partial(told.set_result, self._phones.try_all())
            except Exception as error:  # noqa: BLE001 - raised again in who waits for it
                settling = partial(told.set_exception, error)
            with suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(settle, settling)

        threading.Thread(target=work, name="phones", daemon=True).start()
        return await told
