"""The embedded endpoint as a web application: requests in, replies and errors out."""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from livesegment import openapi
from livesegment.errors import EndpointError, LiveSegmentError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.protocol.received import (
    Refusal,
    decode_image,
    image_file,
    offered_keys,
    read_confidence,
)
from livesegment.protocol.reply import both_reply, flat_reply, nested_reply
from livesegment.protocol.request import PROMPTS_PATH
from livesegment.protocol.status import error_body, unauthorized_body
from livesegment.segmenters.base import Segmenter
from livesegment.server.api_document import endpoint_document
from livesegment.server.image_fetch import ImageFetcher
from livesegment.server.key_ring import KeyRing
from livesegment.server.model_pool import ModelPool
from livesegment.settings.serve import ServeOptions

logger = logging.getLogger(__name__)

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


_CLOSED_BY_CLIENT = 499
"""For an answer that nobody reads: the client went away."""


def build_app(
    segmenter: Segmenter, options: ServeOptions, *, keys: KeyRing, pool: ModelPool
) -> Starlette:
    """Return the application that answers for any slug and version, or alias, with one segmenter.

    Args:
        segmenter: The model; it stays the caller's to close.
        options: Shape and delay of replies, and whether pictures are fetched by URL.
        keys: The keys that are accepted.
        pool: The way to the model; it stays the caller's to close.
    """
    endpoint = _Endpoint(segmenter, options, keys, pool)
    app = Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route(openapi.PATH, endpoint.document),
            Route("/{alias}", endpoint.answer_by_alias, methods=["POST"]),
            Route(f"/{PROMPTS_PATH}", _no_prompts, methods=["POST"]),
            Route("/{slug:path}/{version}", endpoint.answer, methods=["GET", "POST"]),
        ],
        exception_handlers={HTTPException: _http_error, Exception: _failed},
    )
    # The redirect's address would repeat the key.
    app.router.redirect_slashes = False
    return app


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _no_prompts(_: Request) -> Response:
    """Refuse what would be answered with classes that nobody asked for."""
    return _error(404, "the model that is served here takes no prompts")


async def _http_error(_: Request, error: Exception) -> Response:
    """Answer what no route serves: 404 and 405."""
    assert isinstance(error, HTTPException)
    message = {
        404: "there is nothing here: models are asked at /SLUG/VERSION or /ALIAS",
        405: "models are asked with POST, or GET and image=URL",
    }.get(error.status_code, error.detail)
    return JSONResponse(error_body(message), error.status_code, headers=error.headers)


async def _failed(_: Request, error: Exception) -> Response:
    """Answer what should not have happened."""
    logger.error("the server failed", exc_info=error)
    return _error(500, "the server failed to answer that; its log says why")


class _Endpoint:
    """Answers requests for segmentation."""

    def __init__(
        self, segmenter: Segmenter, options: ServeOptions, keys: KeyRing, pool: ModelPool
    ) -> None:
        self._segmenter = segmenter
        self._options = options
        self._keys = keys
        self._pool = pool
        self._bodies = BodyReader()
        self._images = ImageFetcher(
            allow_private=options.allow_private_urls, max_bytes=MAX_BODY_BYTES
        )

    async def document(self, _: Request) -> Response:
        """Answer with the description of all of this that programs read."""
        return JSONResponse(endpoint_document(self._options))

    async def answer_by_alias(self, request: Request) -> Response:
        """Answer one request at a path of one word."""
        if request.url.path in ("/healthz", openapi.PATH):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        return await self.answer(request)

    async def answer(self, request: Request) -> Response:
        """Answer one request, whatever happens."""
        arrived_s = time.monotonic()
        offered = offered_keys(
            request.query_params.get("api_key"), request.headers.get("authorization")
        )
        if not self._keys.accepts(offered):
            return JSONResponse(unauthorized_body(), 403)
        try:
            content = await self._segmentation(request)
            await asyncio.sleep(arrived_s + self._options.latency_ms / 1000 - time.monotonic())
        except Refusal as refusal:
            return _error(refusal.status, str(refusal))
        except EndpointError as error:  # the model is itself behind an endpoint
            return _error(502, str(error))
        except LiveSegmentError as error:
            return _error(500, str(error))
        except ClientDisconnect:
            return _error(_CLOSED_BY_CLIENT, "the request was broken off")
        except asyncio.CancelledError:  # uvicorn stops and has waited long enough
            return _error(503, "the server is stopping")
        except Exception:  # A segmenter may be anybody's: its failure must not end the server.
            logger.exception("the model failed")
            return _error(500, "the model failed")
        return Response(content, media_type="application/json")

    async def _segmentation(self, request: Request) -> bytes:
        """Return the reply to a request, encoded."""
        confidence = read_confidence(request.query_params.get("confidence"))
        self._pool.check_free()
        file = await self._image_file(request)
        async with self._pool.place():
            if await request.is_disconnected():
                raise ClientDisconnect
            return await self._pool.run(lambda: self._segment(file(), confidence))

    async def _image_file(self, request: Request) -> Callable[[], bytes]:
        """Return what returns the encoded picture that a request carries or names.

        To find it in megabytes of base64, JSON or a form takes time that the event loop has not.
        """
        url = request.query_params.get("image", "")
        if url and not self._options.allow_url_images:
            raise Refusal(400, "image=URL is not served here: send the image in the body")
        if url:
            # Some clients send rubbish in the body along with a URL: it is not even read.
            fetched = await self._images.fetch(url)
            return lambda: fetched
        body = await self._bodies.read(request)
        return lambda: image_file(body, request.headers.get("content-type", ""))

    def _segment(self, file: bytes, confidence: float | None) -> bytes:
        """Decode, segment and encode: everything that takes processor time, on a pool thread."""
        started_s = time.monotonic()
        frame = Frame(decode_image(file), index=0, pts_s=0.0, captured_at_s=started_s)
        if confidence is None:
            mask = self._segmenter.segment(frame)
        else:
            mask = self._segmenter.segment_at(frame, confidence)
        reply = self._reply(mask, time.monotonic() - started_s)
        return json.dumps(reply, ensure_ascii=False).encode()

    def _reply(self, mask: Mask, time_s: float) -> dict[str, Any]:
        if self._options.reply == "flat":
            return flat_reply(mask)
        shape = both_reply if self._options.reply == "both" else nested_reply
        return shape(mask, inference_id=str(uuid.uuid4()), time_s=time_s)


def _error(status: int, message: str) -> Response:
    headers = {"retry-after": "1"} if status == 503 else None
    return JSONResponse(error_body(message), status, headers=headers)
