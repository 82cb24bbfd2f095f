"""Reads the body of a request within bounds of size, time and memory."""

import asyncio

from starlette.requests import Request

from livesegment.protocol.received import Refusal

MAX_BODY_BYTES = 20 * 1024 * 1024
"""The documented limit of an upload."""

MAX_HELD_BYTES = 16 * MAX_BODY_BYTES
"""What all bodies may take together while they arrive; the model's queue bounds those that wait."""

BODY_TIME_S = 60.0
"""Seconds for a body to arrive: a client that stops half-way holds nothing for ever."""


class BodyReader:
    """Reads bodies; belongs to one event loop."""

    def __init__(self) -> None:
        self._held_bytes = 0

    async def read(self, request: Request) -> bytes:
        """Return the whole body.

        Raises:
            Refusal: With status 413 if it is too large, 408 if it takes too long, 503 if too many
                bodies arrive at once.
            ClientDisconnect: If the client goes away before its end.
        """
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
            raise _too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_TIME_S):
                async for chunk in request.stream():
                    body += chunk
                    self._held_bytes += len(chunk)
                    if len(body) > MAX_BODY_BYTES:
                        raise _too_large()
                    if self._held_bytes > MAX_HELD_BYTES:
                        raise Refusal(503, "too much arrives at once; try again")
        except TimeoutError as error:
            raise Refusal(408, f"the body did not arrive within {BODY_TIME_S:g} s") from error
        finally:
            self._held_bytes -= len(body)
        return bytes(body)


def _too_large() -> Refusal:
    return Refusal(413, f"the request has over {MAX_BODY_BYTES // 2**20} MB")
