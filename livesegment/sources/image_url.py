"""An image by its address on the web."""

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
        timeout_s: Seconds for each step: connecting, and each wait for data.

    Returns:
        BGR uint8 (H, W, 3), turned upright.

    Raises:
        SourceNotFound: If it cannot be fetched, has over 20 MB, or is no image.
    """
    name = shown_url(url)
    content = bytearray()
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
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Not the error itself: it holds the whole address.
        raise SourceNotFound(f"{name} cannot be fetched: {type(error).__name__}") from None
    return decode_image(bytes(content), name)
