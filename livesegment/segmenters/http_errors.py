"""What goes wrong in an exchange with an endpoint, as an error of our tree."""

from collections.abc import Iterator
from contextlib import contextmanager

from livesegment.errors import (
    BadReply,
    EndpointError,
    EndpointTimeout,
    EndpointUnreachable,
    RequestRefused,
)
from livesegment.http_client import HttpFailure


@contextmanager
def endpoint_errors(url: str, timeout_s: float) -> Iterator[None]:
    """Turn what goes wrong in an exchange into errors of an endpoint.

    Args:
        url: The address as it may be shown.
        timeout_s: Seconds that the exchange had.

    Raises:
        EndpointError: In place of an HttpFailure.
    """
    try:
        yield
    except HttpFailure as failure:
        raise _error(failure, url, timeout_s) from failure


def _error(failure: HttpFailure, url: str, timeout_s: float) -> EndpointError:
    if failure.what == "timed out":
        return EndpointTimeout(f"{url} did not answer within {timeout_s:.3g} s", url=url)
    if failure.what == "too long":
        return BadReply(f"the answer from {url} does not end: {failure.reason}", url=url)
    if failure.what == "undecodable":
        return BadReply(
            f"the answer from {url} is packed in a way that cannot be unpacked", url=url
        )
    if failure.what == "unwritable":
        return RequestRefused(f"a request to {url} cannot be written: {failure.reason}", url=url)
    return EndpointUnreachable(f"{url} cannot be reached: {failure.reason}", url=url)
