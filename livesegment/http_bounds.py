"""The bounds of an exchange over HTTP: its time, and how much of it is read and unpacked.

httpx bounds each of its waits and not their sum: headers that arrive byte by byte, or interim
answers (100, 102) one after the other, are a new wait each and could go on for ever within one
call to it. So what reads and writes for it is ours, and looks at the bounds of the exchange that
its thread is about.
"""

import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

_MOST_BEFORE_ANSWER = 64 * 1024
"""Bytes of headers and interim answers: those of real servers have a few hundred."""

_READ_BEFORE_ANSWER = 16 * 1024  # at once, so that no flood is parsed before it is noticed
_WRITTEN_AT_ONCE = 16 * 1024

_FEW_PIECES = 10_000
_LEAST_PIECE = 32  # bytes, in the mean of very many


class Bounds:
    """What an exchange may take: time in all, and bytes until its answer begins.

    Args:
        seconds: From now to the last byte. Only the look-up of a name may last longer.

    Attributes:
        is_over: Whether the exchange has come to its end, good or bad.
    """

    def __init__(self, seconds: float) -> None:
        self._ends_at_s = time.monotonic() + seconds
        self._has_begun = False
        self._heard = 0
        self.is_over = False

    def remaining_s(self) -> float:
        """Return the seconds that are left, above 0.

        Raises:
            httpx.ReadTimeout: If there are none.
        """
        remaining_s = self._ends_at_s - time.monotonic()
        if remaining_s <= 0:
            raise httpx.ReadTimeout("the time for the exchange is over")
        return remaining_s

    def asked(self) -> None:
        """Take in that a request is written: an answer to it is to begin."""
        self._has_begun, self._heard = False, 0

    def began(self) -> None:
        """Take in that the head of the answer is complete: what follows is its body."""
        self._has_begun = True

    def readable(self, most: int) -> int:
        """Return how many bytes may be read at once.

        Raises:
            httpx.RemoteProtocolError: If too many came without an answer.
        """
        if self._has_begun:
            return most
        if self._heard > _MOST_BEFORE_ANSWER:
            kilobytes = _MOST_BEFORE_ANSWER // 1024
            raise httpx.RemoteProtocolError(f"over {kilobytes} kB came before an answer")
        return min(most, _READ_BEFORE_ANSWER)

    def heard(self, count: int) -> None:
        """Take in that so many bytes were read."""
        self._heard += count


_current: ContextVar[Bounds | None] = ContextVar("bounds", default=None)


@contextmanager
def bounded(bounds: Bounds) -> Iterator[None]:
    """Keep what this thread reads and writes within the block within bounds."""
    token = _current.set(bounds)
    try:
        yield
    finally:
        bounds.is_over = True
        _current.reset(token)


_UNPACKED = ("", "identity")
_GZIP = ("gzip", "x-gzip")


def unpacked(response: httpx.Response, most: int) -> Iterator[bytes]:
    """Yield the body of an answer, unpacked, no more than is wanted.

    httpx unpacks whatever has come, layer by layer, before it can be counted.

    Args:
        response: The answer; its request has asked for gzip at most.
        most: Bytes after which nothing more need be unpacked, 1 or more.

    Raises:
        httpx.DecodingError: If it is damaged, or packed otherwise.
        httpx.RemoteProtocolError: If it comes in very many pieces of next to nothing.
    """
    if response.is_stream_consumed:  # what carried it has read it already
        return response.iter_bytes()
    named = response.headers.get("content-encoding", "").lower().split(",")
    codings = [each.strip() for each in named if each.strip() not in _UNPACKED]
    if not codings:
        return _pieces(response)
    if len(codings) > 1 or codings[0] not in _GZIP:
        raise httpx.DecodingError("it is packed in a way that was not asked for")
    return _gunzipped(_pieces(response), most)


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """Yield the body as it comes, but not in chunks of next to nothing without end.

    Each costs as much as a large one: there would be time for nothing else. If there is more than
    the answer, the connection is not used again: it would be taken for the next request's answer.
    """
    assert isinstance(response.stream, httpx.SyncByteStream)
    size = 0
    # Not `iter_raw`, at whose end somebody else may have the connection already.
    for count, piece in enumerate(response.stream, start=1):
        size += len(piece)
        if count > _FEW_PIECES and size < count * _LEAST_PIECE:
            raise httpx.RemoteProtocolError("the answer comes in too many small pieces")
        yield piece
    if _has_more(response):
        response.extensions["network_stream"].close()


def _has_more(response: httpx.Response) -> bool:
    """Tell whether something has come behind an answer that is read to its end."""
    # httpcore keeps what it has read beyond an answer, and nobody is told but h11.
    stream: Any = response.stream
    while stream is not None and not hasattr(stream, "_connection"):
        stream = getattr(stream, "_stream", None) or getattr(stream, "_httpcore_stream", None)
    state = getattr(getattr(stream, "_connection", None), "_h11_state", None)
    return state is not None and bool(state.trailing_data[0])


def _gunzipped(packed: Iterable[bytes], most: int) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    is_empty = True
    for chunk in packed:
        if unpacking.eof:
            return
        try:
            data = unpacking.decompress(chunk, most)
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error
        is_empty = False
        most -= len(data)
        yield data
        if most <= 0:
            return
    if not unpacking.eof and not is_empty:  # some name a coding where there is no body
        raise httpx.DecodingError("what is packed is cut off")


def install(client: httpx.Client) -> None:
    """Have a client's own connections, also those to proxies, kept within bounds."""
    # httpx has no public way to hand these to the connections that it opens by itself, and to open
    # them in its place would be to read the proxies' variables in its place.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = _Backend()


def _wait_s(timeout: float | None) -> float | None:
    """Return the seconds that a wait may take."""
    bounds = _current.get()
    if bounds is None:
        return timeout
    return bounds.remaining_s() if timeout is None else min(timeout, bounds.remaining_s())


class _Backend(httpcore.SyncBackend):
    """Opens connections whose waits end with the exchange."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers, all of them within the time."""
        try:
            addresses = _addresses(host, port)
        except OSError as error:  # no such name
            raise httpcore.ConnectError(str(error)) from error
        for left in range(len(addresses), 0, -1):
            wait_s = _wait_s(timeout)
            try:
                stream = super().connect_tcp(
                    addresses[-left],
                    port,
                    None if wait_s is None else wait_s / left,
                    local_address,
                    socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if left == 1:
                    raise
            else:
                return _Stream(stream)
        raise httpcore.ConnectError(f"{host} has no address")


def _addresses(host: str, port: int) -> list[str]:
    if "%" in host:  # an address with the name of an interface, which a look-up would lose
        return [host]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._used_by: Bounds | None = None
        self._is_closed = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        bounds = _current.get()
        if bounds is not None:
            max_bytes = bounds.readable(max_bytes)
        data = self._stream.read(max_bytes, _wait_s(timeout))
        if bounds is not None:
            bounds.heard(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._used_by = _current.get()
        if self._used_by is not None:
            self._used_by.asked()
        for start in range(0, len(buffer), _WRITTEN_AT_ONCE):
            self._stream.write(buffer[start : start + _WRITTEN_AT_ONCE], _wait_s(timeout))

    def close(self) -> None:
        self._is_closed = True
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _wait_s(timeout)))

    def get_extra_info(self, info: str) -> Any:
        # What can be read from an idle connection is that the server has closed it. But another
        # thread may have sent a request since it was found idle, and what can be read is the
        # answer: it would be closed under that thread's hands.
        is_used = self._used_by is not None and not self._used_by.is_over
        if info == "is_readable" and (is_used or self._is_closed):
            return self._is_closed
        return self._stream.get_extra_info(info)
