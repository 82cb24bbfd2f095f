"""An image by its address on the web."""

import time

import httpx

from livesegment.address import shown_url
from livesegment.errors import SourceNotFound
from livesegment.frame import Image
from livesegment.sources.images import decode_image

MAX_BYTES = 20 * 1024 * 1024
MAX_REDIRECTS = 5


def fetch_image(url: str, *, timeout_s: float = 10.0) -> Image:
    """Fetch an image over http(s).

    Args:
        url: The address; user, password and query in it are never shown.
        timeout_s: Seconds for connecting, for each wait for data, and for the whole picture.

    Returns:
        BGR uint8 (H, W, 3), turned upright.

    Raises:
        SourceNotFound: If it cannot be fetched, has over 20 MB, or is no image.
    """
    name = shown_url(url)
    content = bytearray()
    deadline_s = time.monotonic() + timeout_s
    try:
        with (
            httpx.Client(
                timeout=timeout_s, follow_redirects=True, max_redirects=MAX_REDIRECTS
            ) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise SourceNotFound(f"{name} answers {response.status_code}")
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise SourceNotFound(f"{name} has over {MAX_BYTES // 2**20} MB")
                if time.monotonic() > deadline_s:
                    raise SourceNotFound(f"{name} did not arrive within {timeout_s:g} s")
    except ImportError:  # for a SOCKS proxy
        raise SourceNotFound(
            f"{name} cannot be fetched: the proxy that the environment names cannot be used (see"
            " HTTP_PROXY, HTTPS_PROXY, ALL_PROXY)"
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        # Not the error itself: it holds the whole address.
        raise SourceNotFound(f"{name} cannot be fetched: {type(error).__name__}") from None
    return decode_image(bytes(content), name)
