"""Starts and stops the page."""

from livesegment.http_server import HttpServer
from livesegment.settings import WebOptions
from livesegment.web.access import Access
from livesegment.web.app import Feeds, build_app
from livesegment.web.inlet import Inlet
from livesegment.web.machine_routes import Beat
from livesegment.web.streams import Streams

_GRACE_S = 1
_KEEP_ALIVE_S = 15

# What the system may hold for a viewer is what it sees late when its connection is slow: enough for
# a few pictures, and for 10 Mbit/s to the other side of the world.
_SEND_BUFFER = 128 * 1024


class PageServer(HttpServer):
    """The page on a thread of its own.

    ::

        with PageServer(lambda: [feed], WebOptions()) as page:
            print(page.url)

    Args:
        feeds: The cameras; asked at every request, from the server's thread.
        options: Where to listen, and the tokens.
        hangs_after_s: Seconds after which a viewer that takes nothing is dropped.
        beat: The pulse of whoever owns the page, for /healthz.
        inlet: That of the camera whose pictures come from the page itself, if one's do.
    """

    def __init__(
        self,
        feeds: Feeds,
        options: WebOptions,
        *,
        hangs_after_s: float = 8.0,
        beat: Beat | None = None,
        inlet: Inlet | None = None,
    ) -> None:
        self._streams = Streams()
        access = Access(options.token, options.view_token)
        # Cookies know no ports: two pages of one machine must not log each other out.
        cookie = f"livesegment-{options.port}"
        app = build_app(
            feeds, access, self._streams, cookie=cookie, beat=beat, takes_camera=inlet is not None
        )
        super().__init__(
            app,
            options.host,
            options.port,
            option="--web",
            grace_s=_GRACE_S,
            keep_alive_s=_KEEP_ALIVE_S,
            hangs_after_s=hangs_after_s,
            send_buffer=_SEND_BUFFER,
            longest_message=None if inlet is None else inlet.most_bytes,
        )

    def close(self) -> None:
        """End every stream and the server. May be called twice."""
        self._streams.end()
        super().close()
