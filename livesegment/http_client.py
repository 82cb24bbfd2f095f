"""The one place that opens an HTTP client, and that knows what httpx raises.

Whoever asks somebody over HTTP does it with an `HttpClient`: its timeouts, proxies, certificates,
the silence in the logs and what must not be shown are the same for all. Only `server/image_fetch`
brings an asynchronous client of its own, because it chooses the addresses that it connects to.
"""

import logging
import ssl
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Literal

import httpx

from livesegment.address import is_loopback, scrubbed, shown_url
from livesegment.errors import OptionsError
from livesegment.http_bounds import Bounds, bounded, install, unpacked
from livesegment.resource import Resource

What = Literal["timed out", "too long", "undecodable", "unwritable", "unreachable"]
"""timed out: no answer, or not all of it, in time; too long: the body has more bytes than are
wanted; undecodable: it is packed in a way that cannot be unpacked; unwritable: no request can be
made of the address; unreachable: anything else on the way."""


class HttpFailure(Exception):
    """An exchange that came to nothing. Neither it nor its cause holds a secret.

    Attributes:
        what: What kind of failure it is.
        reason: What went wrong, in words.
        raised: The name of what httpx raised, which says less and repeats nothing of the address;
            empty: it raised nothing.
    """

    def __init__(self, what: What, reason: str, raised: str = "") -> None:
        super().__init__(reason)
        self.what = what
        self.reason = reason
        self.raised = raised


_RAISED: tuple[tuple[tuple[type[Exception], ...], What], ...] = (
    ((httpx.TimeoutException,), "timed out"),
    ((httpx.DecodingError,), "undecodable"),
    ((httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol), "unwritable"),
    ((httpx.HTTPError,), "unreachable"),
)
"""What httpx raises, and what it means; the first that fits."""


class Answer:
    """What came back: the status and headers, and the body if it is read.

    Attributes:
        status: HTTP status.
        headers: Names are looked up in lower case.
    """

    def __init__(
        self,
        response: httpx.Response,
        bounds: Bounds,
        mapped_errors: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._bounds = bounds
        self._mapped_errors = mapped_errors

    def read(self, most: int) -> bytes:
        """Return the body, unpacked.

        Args:
            most: Bytes at most; no more are ever unpacked.

        Raises:
            HttpFailure: If it has more, or is not there in time.
        """
        body = self.beginning(most + 1)
        if len(body) > most:
            limit = f"{most // 2**20} MB" if most >= 2**20 else f"{most} bytes"
            raise HttpFailure("too long", f"it has over {limit}")
        return body

    def beginning(self, most: int) -> bytes:
        """Return the first bytes of the body, unpacked, all of it if it has no more.

        Args:
            most: Bytes at most; no more are ever unpacked.

        Raises:
            HttpFailure: If they are not there in time.
        """
        body = bytearray()
        with self._mapped_errors():
            for chunk in unpacked(self._response, most):
                body += chunk
                if len(body) >= most:
                    break
                self._bounds.remaining_s()  # not all that carries requests is a network
        return bytes(body[:most])


class HttpClient(Resource):
    """Asks over kept connections. Any number of threads may ask at once.

    Proxies are those of the environment, but this machine's own services are asked directly, as
    no proxy can reach them. Trusted are the usual authorities, or whom the environment names.
    HTTP/1.1, because threads that share a client corrupt the state of HTTP/2.

    Args:
        url: Whom it will ask, to know whether that is this machine.
        timeout_s: Seconds for a whole exchange, from connecting to the last byte.
        connections: Connections at once; an exchange beyond that waits for a free one.
        headers: Of every request.
        max_redirects: How many are followed. One could carry a key to another host, so: none.
        secrets: Texts that no failure may show.
        transport: What carries the requests instead of the network, for tests and gateways.

    Raises:
        OptionsError: If the environment's proxies or certificates cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        connections: int = 1,
        headers: Mapping[str, str] | None = None,
        max_redirects: int = 0,
        secrets: Collection[str] = (),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._free = threading.BoundedSemaphore(connections)
        self._max_redirects = max_redirects
        self._secrets = secrets
        trusted = trusted_certificates()
        try:
            self._client = httpx.Client(
                headers={"accept-encoding": "gzip", **(headers or {})},
                timeout=httpx.Timeout(timeout_s),
                # Where it counts them itself, it may close one to make room for another that a
                # thread is about to use.
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
                trust_env=not is_loopback(url),
                # Given apart, so that it counts for this machine's own services too.
                verify=trusted,
                transport=transport,
            )
            install(self._client)
        except (ImportError, ValueError):  # a SOCKS proxy without its package; no URL at all
            raise OptionsError(
                "the proxy that the environment names cannot be used: see HTTP_PROXY, HTTPS_PROXY,"
                " ALL_PROXY"
            ) from None  # the proxy's address may hold a password

    @contextmanager
    def exchange(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Iterator[Answer]:
        """Ask once.

        A body that is not read to its end costs the connection.

        Args:
            method: GET, POST and so on.
            url: Where to.
            content: The request's body.
            headers: Beside those of every request.
            timeout_s: Seconds for this exchange, where they are fewer than for any.

        Yields:
            The answer, whose body may be read within the block.

        Raises:
            HttpFailure: If it comes to nothing, also while the body is read.
        """
        timeout_s = min(self._timeout_s, timeout_s or self._timeout_s)
        bounds = Bounds(timeout_s)
        with (
            unlogged(),
            self._mapped_errors(method, url, timeout_s),
            bounded(bounds),
            self._connection(bounds),
        ):
            try:
                request = self._client.build_request(method, url, content=content, headers=headers)
            except ValueError as error:  # characters that have no place in an address
                raise httpx.InvalidURL(str(error)) from None
            response = self._answered(request)
            bounds.began()
            try:
                yield Answer(response, bounds, lambda: self._mapped_errors(method, url, timeout_s))
            finally:
                response.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def _connection(self, bounds: Bounds) -> Iterator[None]:
        """Wait for a free connection and hold it."""
        if not self._free.acquire(timeout=bounds.remaining_s()):
            raise httpx.PoolTimeout("no connection is free")
        try:
            yield
        finally:
            self._free.release()

    def _answered(self, request: httpx.Request) -> httpx.Response:
        """Return what answers a request, whose body is not read yet, after so many redirects."""
        for _ in range(self._max_redirects + 1):
            # httpx would read a redirect's body by itself, however much it unpacks to.
            response = self._client.send(request, stream=True, follow_redirects=False)
            if response.next_request is None or self._max_redirects == 0:
                return response
            response.close()
            request = response.next_request
        raise httpx.TooManyRedirects(f"over {self._max_redirects} redirects")

    @contextmanager
    def _mapped_errors(self, method: str, url: httpx.URL | str, timeout_s: float) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = next(what for kinds, what in _RAISED if isinstance(error, kinds))
            raised = type(error).__name__
            if isinstance(error, httpx.RequestError):
                # The failed request rides along in the error, its URL with the key.
                error.request = httpx.Request(method, shown_url(str(url)))
            reason = scrubbed(str(error), self._secrets) or raised
            if what == "timed out":  # whatever it was waiting for
                reason = f"no answer within {timeout_s:.3g} s"
            raise HttpFailure(what, reason, raised) from self._without_secrets(error)

    def _without_secrets(self, error: Exception) -> Exception | None:
        """Return the error as a cause that may be printed; None if its text holds a secret."""
        text = "".join(traceback.format_exception(error))
        return error if text == scrubbed(text, self._secrets) else None


def trusted_certificates() -> ssl.SSLContext:
    """Return whom calls trust: the usual authorities, or those of SSL_CERT_FILE or SSL_CERT_DIR.

    Raises:
        OptionsError: If these cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError:
        raise OptionsError(
            "the certificates that the environment names cannot be read: see SSL_CERT_FILE,"
            " SSL_CERT_DIR"
        ) from None


# httpx logs whole URLs at INFO, and the key travels in them. Raising the level of its loggers
# would silence the program around us as well, and would not last: anybody may lower it again.

_unlogged: ContextVar[bool] = ContextVar("unlogged", default=False)

# A filter is asked only by the logger that it was added to, not by that logger's parents.
_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


def _allow(_: logging.LogRecord) -> bool:
    return not _unlogged.get()


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_allow)


@contextmanager
def unlogged() -> Iterator[None]:
    """Silence httpx for what this thread or task does within the block."""
    token = _unlogged.set(True)
    try:
        yield
    finally:
        _unlogged.reset(token)
