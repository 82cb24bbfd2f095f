"""Pictures that a request names by URL, and where the server may not be sent."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from parts import FunctionSegmenter

from livesegment.server.embedded import EmbeddedServer
from livesegment.server.image_fetch import MAX_AT_ONCE, is_public
from livesegment.settings.serve import ServeOptions

PNG = cv2.imencode(".png", np.zeros((30, 40, 3), np.uint8))[1].tobytes()


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.hosts.append(self.headers["Host"])  # type: ignore[attr-defined]
        if path.startswith("/hops/"):
            left = int(path.removeprefix("/hops/"))
            self.send_response(302)
            self.send_header("Location", f"/hops/{left - 1}" if left > 1 else "/image.png")
            self.end_headers()
        elif path == "/away":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif path == "/slow.png":
            self.server.reached.release()  # type: ignore[attr-defined]
            assert self.server.go_on.wait(30)  # type: ignore[attr-defined]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PNG)
        elif path == "/packed.png":
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(gzip.compress(PNG))
        elif path == "/astray":
            self.send_response(302)
            self.send_header("Location", "http://xn--a/")
            self.end_headers()
        elif path == "/image.png":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PNG)
        elif path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"\0" * 2**20)
            except OSError:
                return  # the reader has had enough
        else:
            self.send_error(404)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.hosts = []  # type: ignore[attr-defined]
    server.reached, server.go_on = threading.Semaphore(0), threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask() -> Iterator[Callable[..., Ask]]:
    """Start a server and return what asks it for an image by URL."""
    opened: list[EmbeddedServer] = []

    def start(**options: bool) -> Ask:
        server = EmbeddedServer(FunctionSegmenter(lambda _: 1), ServeOptions(port=0, **options))
        opened.append(server)
        server.start()

        def get(image: str, method: str = "GET", **request: Any) -> httpx.Response:
            params = {"image": image, "api_key": "any"}
            with httpx.Client(trust_env=False, timeout=30) as client:
                return client.request(method, f"{server.url}/m/1", params=params, **request)

        return get

    yield start
    for server in opened:
        server.close()


def address(site: ThreadingHTTPServer, path: str = "/image.png", host: str = "127.0.0.1") -> str:
    return f"http://{host}:{site.server_port}{path}"


def test_urls_are_refused_unless_allowed(ask: Callable[..., Ask]) -> None:
    reply = ask()("http://example.com/a.jpg")
    assert reply.status_code == 400
    assert "image=URL is not served here" in reply.json()["message"]


def test_a_url_is_fetched_and_the_body_ignored(
    ask: Callable[..., Ask], site: ThreadingHTTPServer
) -> None:
    get = ask(allow_url_images=True, allow_private_urls=True)
    for method in ("GET", "POST"):
        for content in (b"", b"https://rubbish/?api_key=1&image=x"):
            reply = get(address(site, "/image.png?size=1&x=%20y"), method, content=content)
            assert reply.status_code == 200
            assert reply.json()["image"] == {"width": 40, "height": 30}


def test_this_machine_is_refused_under_every_name(
    ask: Callable[..., Ask], site: ThreadingHTTPServer
) -> None:
    get = ask(allow_url_images=True)
    for host in ("127.0.0.1", "localhost", "2130706433", "0", "[::ffff:127.0.0.1]"):
        reply = get(address(site, host=host))
        assert reply.status_code == 400
        assert "not on the public internet" in reply.json()["message"]
    assert site.hosts == []  # type: ignore[attr-defined]


def test_redirects_and_sizes_have_limits(
    ask: Callable[..., Ask], site: ThreadingHTTPServer
) -> None:
    get = ask(allow_url_images=True, allow_private_urls=True)
    for path, status, reason in (
        ("/hops/3", 200, ""),
        ("/hops/4", 400, "redirects more than 3 times"),
        ("/away", 400, "begins with http:// or https://"),
        ("/astray", 400, "does not"),
        ("/packed.png", 400, "compressed"),
        ("/nothing", 400, "status 404"),
        ("/endless", 413, "20 MB"),
    ):
        reply = get(address(site, path))
        assert (path, reply.status_code) == (path, status)
        assert reason in reply.json().get("message", "")


def test_while_all_places_are_taken_by_slow_sites_more_are_turned_away_at_once(
    ask: Callable[..., Ask], site: Any
) -> None:
    get = ask(allow_url_images=True, allow_private_urls=True)
    with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
        try:
            slow = [pool.submit(get, address(site, "/slow.png")) for _ in range(MAX_AT_ONCE)]
            for _ in slow:
                assert site.reached.acquire(timeout=30)
            reply = get(address(site))  # nothing else can answer: the sites are silent
        finally:
            site.go_on.set()
        assert reply.status_code == 503
        assert reply.headers["retry-after"] == "1"
        assert "fetched" in reply.json()["message"]
        assert {each.result(30).status_code for each in slow} == {200}
    assert get(address(site)).status_code == 200


NOWHERE = [
    "file:///etc/passwd",
    "ftp://host/a.jpg",
    "no address",
    "http://",
    "http://[::1",
    "http://xn--a/",
    "http://xn--/",
    "http://a..b/",
    "http://\ud7ff/",
    "http://no.such.host.invalid/a.jpg",
    "http://" + "a" * 300 + "/",
    "http://127.0.0.1:1/",
]


def test_an_address_that_leads_nowhere_is_400(ask: Callable[..., Ask]) -> None:
    get = ask(allow_url_images=True, allow_private_urls=True)
    for url in NOWHERE:
        reply = get(url)
        assert (url, reply.status_code) == (url, 400)
        assert len(reply.json()["message"]) > 10


def resolver(answers: list[str]) -> Callable[..., Any]:
    """Return a `getaddrinfo` that knows one name, whose address changes with every question."""
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host in {"rebind.test", b"rebind.test"}:
            host = answers.pop(0)
        return real(host, port, *args, **kwargs)

    return resolve


def test_a_name_is_resolved_once_and_that_address_is_asked(
    ask: Callable[..., Ask], site: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["127.0.0.1"]  # a second question would find no answer
    monkeypatch.setattr(socket, "getaddrinfo", resolver(answers))
    get = ask(allow_url_images=True, allow_private_urls=True)
    assert get(address(site, host="rebind.test")).status_code == 200
    assert answers == []
    assert site.hosts == [f"rebind.test:{site.server_port}"]  # type: ignore[attr-defined]


def test_every_redirect_is_checked_anew(
    ask: Callable[..., Ask], site: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The check is made to take the first address for a public one; the redirect leads inside.
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.1", "10.0.0.1"]))
    monkeypatch.setattr(
        "livesegment.server.image_fetch.is_public", lambda found: found == "127.0.0.1"
    )
    reply = ask(allow_url_images=True)(address(site, "/hops/1", host="rebind.test"))
    assert reply.status_code == 400
    assert "not on the public internet" in reply.json()["message"]


@pytest.mark.parametrize("found", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "1.1.1.1"])
def test_public_addresses(found: str) -> None:
    assert is_public(found)


@pytest.mark.parametrize(
    "found",
    [
        "127.0.0.1",
        "127.8.9.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "239.1.2.3",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:192.168.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:1::",
    ],
)
def test_addresses_that_are_not_public(found: str) -> None:
    assert not is_public(found)
