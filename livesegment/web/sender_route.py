"""Takes the pictures that a page sends of its own camera."""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from livesegment.web.feed import Feed
from livesegment.web.inlet import Inlet, Sender

TAKEN = "taken"
"""Said for each picture: the next one may be sent, so that no more are sent than are taken."""

NO_CAMERA = "this camera's pictures come from elsewhere"
BUSY = "another device sends its camera already"

NOT_WANTED, OCCUPIED, REFUSED, SILENT = 4404, 4409, 4422, 4408
"""With what a connection is closed, and the sentence why: no page that is told so comes back by
itself, but one that was silent (RFC 6455 leaves 4000 to 4999 to applications)."""

_SILENCE_S = 8.0  # a page says something every second, even if it has no picture
_LONGEST_REASON = 123  # bytes, by RFC 6455


async def take_pictures(socket: WebSocket, feed: Feed | None) -> None:
    """Answer a page that wants to send, until it leaves.

    Args:
        socket: A connection of somebody who may do that.
        feed: The camera that it names; None: there is none of that name.
    """
    await socket.accept()
    inlet = None if feed is None else feed.inlet
    if inlet is None:
        await _close(socket, NOT_WANTED, NO_CAMERA)
    elif (sender := inlet.admit()) is None:
        await _close(socket, OCCUPIED, BUSY)
    else:
        try:
            await _Exchange(socket, inlet, sender).run()
        finally:
            sender.leave()


class _Exchange:
    """Takes the pictures of one page and answers each."""

    def __init__(self, socket: WebSocket, inlet: Inlet, sender: Sender) -> None:
        self._socket = socket
        self._most_bytes = inlet.most_bytes
        self._sender = sender
        self._answers: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Go on until the page leaves, is silent for too long, or sends what is not taken."""
        reading = asyncio.create_task(self._read())
        answering = asyncio.create_task(self._answer_all())
        try:
            await asyncio.wait((reading, answering), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, answering):
                task.cancel()
            await asyncio.wait((reading, answering))
        for task in (reading, answering):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _read(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    message = await self._socket.receive()
            except TimeoutError:
                await _close(self._socket, SILENT, "nothing came for too long")
                return
            if message["type"] == "websocket.disconnect":
                return
            content = message.get("bytes")
            if content is not None:  # else it says but that it is there
                self._sender.put(content, self._answer)

    def _answer(self, refusal: str | None) -> None:
        """Have a picture answered; from any thread, also when the loop is no more."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._answers.put_nowait, refusal)

    async def _answer_all(self) -> None:
        with suppress(WebSocketDisconnect):  # it has gone meanwhile
            while (refusal := await self._answers.get()) is None:
                await self._socket.send_text(TAKEN)
            await _close(self._socket, REFUSED, refusal)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # it has gone meanwhile
        await socket.close(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore"))
