"""Starts and stops the page."""

import re
import socket
from collections.abc import Iterator

from livesegment.address import addresses_behind
from livesegment.http_server import HttpServer
from livesegment.review.review import Review
from livesegment.settings import WebOptions
from livesegment.web.access import Access
from livesegment.web.app import Feeds, build_app
from livesegment.web.certificate import server_context
from livesegment.web.editing import Editor
from livesegment.web.inlet import Inlet
from livesegment.web.machine_routes import Beat
from livesegment.web.phone_routes import Phones
from livesegment.web.streams import Streams

_NAME = re.compile(r"[A-Za-z0-9.:-]*[A-Za-z0-9]")
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
        editor: Changes the file that the cameras come from; None: they come from none.
        review: What was seen and recorded, which stays the caller's to close; None: nothing was.
        phones: Who is told of events on a phone; None: nobody.
        takes_any_port: Whether any free port does where that of the options is taken.

    Raises:
        OptionsError: If a certificate is named that cannot be used.
        MissingExtra: If one is to be made, and what makes it is not installed.
    """

    def __init__(
        self,
        feeds: Feeds,
        options: WebOptions,
        *,
        hangs_after_s: float = 8.0,
        beat: Beat | None = None,
        inlet: Inlet | None = None,
        editor: Editor | None = None,
        review: Review | None = None,
        phones: Phones | None = None,
        takes_any_port: bool = False,
    ) -> None:
        self._streams = Streams()
        tls, self._fingerprint = None, None
        if options.tls.is_wanted:
            tls, self._fingerprint = server_context(options.tls, _names(options.host))
        access = Access(options.token, options.view_token)
        # Cookies know no ports: two pages of one machine must not log each other out.
        cookie = f"livesegment-{0 if takes_any_port else options.port}"
        app = build_app(
            feeds,
            access,
            self._streams,
            cookie=cookie,
            beat=beat,
            takes_camera=inlet is not None,
            editor=editor,
            review=review,
            phones=phones,
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
            tls=tls,
            longest_message=None if inlet is None else inlet.most_bytes,
            takes_any_port=takes_any_port,
        )

    def announcement(self) -> Iterator[str]:
        """Yield sentences that say where the page is, and by what it is known."""
        yield f"the page is at {self.url}"
        if others := self.urls_elsewhere:
            yield f"other machines find it at {' and '.join(others)}"
        if self._fingerprint is not None:
            yield (
                "browsers warn of its certificate, which was made just now: the right one has the"
                f" SHA-256 fingerprint {self._fingerprint}"
            )

    def close(self) -> None:
        """End every stream and the server. May be called twice."""
        self._streams.end()
        super().close()


def _names(host: str) -> list[str]:
    """Return by what names and numbers a page may be asked for that listens on a host."""
    others = addresses_behind(host)
    own = [socket.gethostname() if others else host]
    named = [each for each in own if _NAME.fullmatch(each)]  # else no certificate can have it
    return list(dict.fromkeys(("localhost", "127.0.0.1", "::1", *named, *others)))
