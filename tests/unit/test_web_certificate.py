"""The page over https, with a certificate of one's own or one made on the spot; who finds it."""

import hashlib
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import need_package
from feeds import HandFeed, served
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from test_http_server import rest_of
from waiting import wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from livesegment.address import addresses_behind
from livesegment.errors import MissingExtra, OptionsError
from livesegment.http_server import HttpServer
from livesegment.live.page import LivePage
from livesegment.monitor.config import ConfigMistakes, read_config
from livesegment.settings import ApiKey, WebOptions
from livesegment.settings.web import TlsOptions
from livesegment.sources.browser import BrowserSource
from livesegment.web.certificate import server_context

trustme = need_package("trustme", extra="tls")
serialization = need_package("cryptography.hazmat.primitives.serialization", extra="tls")

TOKEN = ApiKey("correct horse")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with certificates and keys, right and wrong ones."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    mine = authority.issue_cert("127.0.0.1")
    other = authority.issue_cert("127.0.0.1")
    rsa = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA)
    mine.cert_chain_pems[0].write_to_path(folder / "page.pem")
    mine.private_key_pem.write_to_path(folder / "page.key")
    mine.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    other.private_key_pem.write_to_path(folder / "other.key")
    rsa.private_key_pem.write_to_path(folder / "rsa.key")
    key = serialization.load_pem_private_key(mine.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (folder / "locked.key").write_bytes(locked)
    (folder / "half.key").write_bytes(mine.private_key_pem.bytes()[:90])
    return folder


@pytest.mark.parametrize(
    ("certificate", "key"), [("page.pem", "page.key"), ("both.pem", None), ("both.pem", "page.key")]
)
def test_a_page_is_served_with_a_certificate_of_ones_own(
    folder: Path, certificate: str, key: str | None
) -> None:
    tls = TlsOptions(str(folder / certificate), None if key is None else str(folder / key))
    trusting = ssl.create_default_context(cafile=folder / "authority.pem")
    with served(HandFeed("gate"), options=WebOptions(port=0, tls=tls)) as server:
        assert server.url.startswith("https://127.0.0.1:")
        answer = httpx.get(f"{server.url}/api/cameras", verify=trusting, trust_env=False)
        assert answer.json()["cameras"][0]["name"] == "gate"
        assert list(server.announcement()) == [f"the page is at {server.url}"]


@pytest.mark.parametrize(
    ("certificate", "key", "sentence"),
    [
        ("page.pem", "other.key", "other.key is not that of the certificate in .*page.pem"),
        ("page.pem", "rsa.key", "rsa.key is not that of the certificate in .*page.pem"),
        ("page.pem", "locked.key", "locked.key is locked with a password"),
        ("page.pem", "half.key", "page.pem or the key in .*half.key is damaged"),
        ("page.pem", None, "page.pem holds no private key in PEM"),
        ("page.pem", "no.key", "no.key cannot be read: no such file"),
        ("page.key", None, "page.key holds no certificate in PEM"),
        (".", "page.key", "cannot be read: is a directory"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_a_sentence_before_anything_begins(
    folder: Path, certificate: str, key: str | None, sentence: str
) -> None:
    tls = TlsOptions(str(folder / certificate), None if key is None else str(folder / key))
    with pytest.raises(OptionsError, match=f"^[^\n]*{sentence}[^\n]*$"):
        LivePage(WebOptions(port=0, tls=tls))


def peer_certificate(url: str) -> bytes:
    """Return the certificate that a server shows, in DER."""
    parts = urlsplit(url)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((parts.hostname, parts.port), 20) as plain,
        context.wrap_socket(plain) as connection,
    ):
        found = connection.getpeercert(binary_form=True)
        assert found is not None
        return found


def test_a_certificate_made_on_the_spot_is_the_one_whose_fingerprint_is_said() -> None:
    options = WebOptions("0.0.0.0", 0, token=TOKEN, tls=TlsOptions(is_made=True))
    feed = HandFeed("camera")
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with BrowserSource(320) as source:
        feed.inlet = source
        with (
            served(feed, options=options) as server,
            httpx.Client(base_url=server.url, verify=anybody, trust_env=False) as client,
        ):
            said = list(server.announcement())
            digest = hashlib.sha256(peer_certificate(server.url)).digest().hex(":").upper()
            assert said[-1].endswith(f"SHA-256 fingerprint {digest}")
            # A session never goes over a connection that others can read.
            login = client.post("/login", json={"token": TOKEN.reveal()})
            assert "secure" in login.headers["set-cookie"].lower()
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            address = f"wss://{urlsplit(server.url).netloc}/api/cameras/camera/sender"
            headers = {"Cookie": cookie, "Origin": server.url}
            with connect(address, ssl=anybody, additional_headers=headers, proxy=None) as sender:
                sender.send(b"no picture")
                # Who is not admitted is not told what is wrong with the picture.
                with pytest.raises(ConnectionClosed, match="a plain JPEG or WebP file"):
                    sender.recv(20)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("here")(scope, receive, send)


def test_a_handshake_has_its_time_and_no_more_and_counts_as_a_connection(folder: Path) -> None:
    tls, _ = server_context(TlsOptions(str(folder / "both.pem")), ())
    trusting = ssl.create_default_context(cafile=folder / "authority.pem")
    limits = {"grace_s": 1, "keep_alive_s": 5, "head_s": 0.3}
    server = HttpServer(*(_answer, "127.0.0.1", 0), option="--x", tls=tls, **limits)
    with server:
        address = urlsplit(server.url).hostname, urlsplit(server.url).port
        connections = server._server.server_state.connections
        for sent in (b"", b"\x16\x03\x01\x02", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
            with socket.create_connection(address, 20) as silent:
                silent.sendall(sent)
                if len(sent) < 9:  # what is no TLS at all has gone at once
                    wait_until(lambda: len(connections) == 1, "a place that is taken")
                assert b"HTTP" not in rest_of(silent)
            wait_until(lambda: not connections, "the place of a handshake that came to nothing")
        # A request that comes right behind the handshake is answered.
        with (
            socket.create_connection(address, 20) as plain,
            trusting.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            secure.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert rest_of(secure).endswith(b"here")


def test_without_what_makes_certificates_a_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "trustme", None)
    with pytest.raises(MissingExtra, match=r"--web-tls needs trustme: pip install 'livesegment"):
        LivePage(WebOptions(tls=TlsOptions(is_made=True)))


def test_a_monitors_file_names_certificate_and_key(tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    camera = '[[camera]]\nname = "a"\nsource = "pattern:"\n'
    path.write_text(f'[web]\ncert = "a.pem"\nkey = "a.key"\n{camera}')
    assert read_config(path).web.tls == TlsOptions("a.pem", "a.key")
    path.write_text(f'[web]\nkey = "a.key"\n{camera}')
    with pytest.raises(ConfigMistakes, match=r"toml:2: web.key belongs to a certificate"):
        read_config(path)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this machine a name with several numbers."""
    numbers = ("127.0.1.1", "10.7.7.7", "fe80::1%eth0", "fd07::7", "10.7.7.7")
    found = [(0, 0, 0, "", (number, 0)) for number in numbers]
    monkeypatch.setattr("livesegment.address.socket.getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr("livesegment.address._own_address", {"192.0.2.1": "10.1.1.1"}.get)


@pytest.mark.parametrize(
    ("host", "numbers"),
    [
        ("0.0.0.0", ["10.1.1.1", "10.7.7.7"]),
        ("::", ["10.1.1.1", "10.7.7.7", "fd07::7"]),
        ("127.0.0.1", []),
        ("10.7.7.7", []),
    ],
)
def test_others_find_a_page_at_every_number_of_the_machine_that_is_no_other_machines_too(
    machine: None, host: str, numbers: list[str]
) -> None:
    assert addresses_behind(host) == numbers


def test_a_page_on_every_address_says_where_others_find_it() -> None:
    with served(HandFeed(), options=WebOptions("0.0.0.0", 0, token=TOKEN)) as server:
        port = urlsplit(server.url).port
        said = list(server.announcement())
        assert said[0] == f"the page is at http://127.0.0.1:{port}"
        for number in addresses_behind("0.0.0.0"):
            assert f"http://{number}:{port}" in said[1]
            answer = httpx.get(f"http://{number}:{port}/healthz", trust_env=False)
            assert answer.status_code in (200, 503)
