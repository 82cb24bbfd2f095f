"""Fetches pictures that requests name by URL, without being led astray.

A server that fetches what a stranger names can be sent to its own machine and its neighbours.
So the name is resolved once, every address it resolves to is checked, and the connection goes to
a checked address: a name that resolves differently a moment later gains nothing. Redirects are
followed by hand, each one checked the same way.
"""

import asyncio
import ipaddress
import socket

import httpx

from livesegment.http_client import unlogged
from livesegment.protocol.received import Refusal

MAX_REDIRECTS = 3
TOTAL_TIME_S = 10.0
MAX_AT_ONCE = 16
"""Fetches at once: each may hold a whole file. Further ones do not wait, for sites may be slow."""

# Addresses that carry an IPv4 address within: a translator would lead to whatever that is, a
# router inside the house included.
_TRANSLATED = tuple(
    ipaddress.ip_network(network)
    for network in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)


class ImageFetcher:
    """Fetches image files over http and https; belongs to one event loop.

    Args:
        allow_private: Fetch from this machine and its networks, too.
        max_bytes: Larger files are refused.
    """

    def __init__(self, *, allow_private: bool, max_bytes: int) -> None:
        self._allow_private = allow_private
        self._max_bytes = max_bytes
        self._fetching = 0

    async def fetch(self, url: str) -> bytes:
        """Return the file at an address.

        Raises:
            Refusal: With status 400 if it cannot be had, 413 if it is too large, 503 if as many as
                may be are being fetched.
        """
        if self._fetching >= MAX_AT_ONCE:
            raise Refusal(503, "too many pictures are being fetched already; try again")
        self._fetching += 1
        try:
            with unlogged():
                async with (
                    asyncio.timeout(TOTAL_TIME_S),
                    # No proxy: it would resolve the name once more, unchecked.
                    httpx.AsyncClient(trust_env=False, timeout=TOTAL_TIME_S) as client,
                ):
                    return await self._follow(client, _parsed(url))
        except TimeoutError as error:
            raise Refusal(400, f"the image's address took over {TOTAL_TIME_S:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
            # httpx follows a redirect in its mind, and may find no name of a host there.
            raise Refusal(400, "the image's address does not answer") from error
        finally:
            self._fetching -= 1

    async def _follow(self, client: httpx.AsyncClient, url: httpx.URL) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._get(client, url)
            try:
                if not response.has_redirect_location:
                    return await self._content(response)
                url = _parsed(str(url.join(response.headers["location"])))
            finally:
                await response.aclose()
        raise Refusal(400, f"the image's address redirects more than {MAX_REDIRECTS} times")

    async def _get(self, client: httpx.AsyncClient, url: httpx.URL) -> httpx.Response:
        """Ask the first of the host's addresses that takes a connection."""
        addresses = await self._checked_addresses(url)
        for position, address in enumerate(addresses):
            request = client.build_request(
                "GET",
                url.copy_with(host=address, userinfo=b""),
                headers={
                    "host": url.netloc.decode("ascii").rpartition("@")[2],
                    # A few packed bytes may unpack to gigabytes, and pictures gain nothing by it.
                    "accept-encoding": "identity",
                },
                # Certificates are checked against the name, not against the address.
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                return await client.send(request, stream=True, follow_redirects=False)
            except httpx.ConnectError:
                if position == len(addresses) - 1:
                    raise
        raise Refusal(400, "the image's address leads nowhere")

    async def _checked_addresses(self, url: httpx.URL) -> list[str]:
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            raise Refusal(400, "the image's address has a host that does not exist") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise Refusal(
                400, "the image's address is not on the public internet, which is refused here"
            )
        return addresses

    async def _content(self, response: httpx.Response) -> bytes:
        if response.status_code != 200:
            raise Refusal(400, f"the image's address answers with status {response.status_code}")
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Refusal(400, "the image's address answers with a compressed file")
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > self._max_bytes:
                raise Refusal(413, f"the image has over {self._max_bytes // 2**20} MB")
        return bytes(content)


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise Refusal(400, "image is no usable address") from error
    if parsed.scheme not in {"http", "https"} or not parsed.raw_host:
        raise Refusal(400, "image is an address that begins with http:// or https://")
    return parsed


def is_public(address: str) -> bool:
    """Tell whether an address, as `getaddrinfo` gives it, is reached over the public internet.

    Private, loopback, link-local, multicast, reserved and unspecified addresses are not; neither
    are the ranges that translate to IPv4. An IPv4-mapped address counts as what it maps to.
    Source: the IANA special-purpose address registries, as far as `ipaddress` knows them.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip.is_site_local or any(ip in network for network in _TRANSLATED):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
