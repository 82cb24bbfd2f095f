"""Who asks: where from, what is sent along, and whether anybody is still there."""

import asyncio
import json
from collections import deque
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope

from livesegment.address import network_of

T = TypeVar("T")

MOST_BYTES = 64 * 1024
"""Of a body; more is not read by anybody here."""

_BODY_S = 10.0


class Client:
    """One request's client.

    Args:
        scope: The request.
        receive: Returns the next message of it.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        address = scope.get("client")
        self.address = network_of(str(address[0])) if address else ""
        self._receive = receive
        self._ahead: deque[Message] = deque()

    async def receive(self) -> Message:
        """Return the next message, for whoever answers the request."""
        return self._ahead.popleft() if self._ahead else await self._receive()

    async def while_there(self, waiting: Coroutine[Any, Any, T]) -> T:
        """Return what a wait comes to; it ends at once when the client goes away.

        Raises:
            ClientDisconnect: If the client has gone.
        """
        work, gone = asyncio.create_task(waiting), asyncio.create_task(self._until_gone())
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ClientDisconnect
            return work.result()
        finally:
            work.cancel()
            gone.cancel()
            await asyncio.wait((work, gone))  # from here on messages are read by nobody else

    async def _until_gone(self) -> None:
        """Read ahead until the client goes away; of a body, what is enough to find it too long."""
        held = 0
        while True:
            message = await self._receive()
            has_gone = message["type"] in {"http.disconnect", "websocket.disconnect"}
            if has_gone or held <= MOST_BYTES:
                self._ahead.append(message)
            if has_gone:
                return
            held += len(message.get("body", b""))


async def sent_json(request: Request) -> object:
    """Return what a request says, of bounded length; every text of it can be written as UTF-8.

    Raises:
        HTTPException: If it is too long, takes too long or is not JSON.
    """
    body = b""
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise HTTPException(413, "that is too long")
    except TimeoutError as error:
        raise HTTPException(408, f"the rest did not come within {_BODY_S:g} s") from error
    try:
        said = json.loads(body)
        # A lone half of a surrogate pair: whoever were shown it later could not be answered.
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise HTTPException(400, "that holds half a character, which is no text") from error
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "that is not JSON") from error
    return said
