"""An image by its address on the web."""

from livesegment.address import shown_url
from livesegment.errors import OptionsError, SourceNotFound
from livesegment.frame import Image
from livesegment.http_client import HttpClient, HttpFailure
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
    try:
        with (
            HttpClient(url, timeout_s=timeout_s, max_redirects=MAX_REDIRECTS) as client,
            client.exchange("GET", url) as answer,
        ):
            if answer.status != 200:
                raise SourceNotFound(f"{name} answers {answer.status}")
            content = answer.read(MAX_BYTES)
    except OptionsError as error:
        raise SourceNotFound(f"{name} cannot be fetched: {error}") from None
    except HttpFailure as failure:
        if failure.what == "too long":
            raise SourceNotFound(f"{name} has over {MAX_BYTES // 2**20} MB") from None
        if failure.what == "timed out":
            raise SourceNotFound(f"{name} did not arrive within {timeout_s:g} s") from None
        # Not the reason: it may hold the whole address.
        raise SourceNotFound(f"{name} cannot be fetched: {failure.raised}") from None
    return decode_image(content, name)
