"""Images by their address: what can go wrong on the way is one error."""

import itertools
import socket
import threading

import pytest

from livesegment.errors import SourceNotFound
from livesegment.picture import fetch_image


def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://user:secret@127.0.0.1:9")
    with pytest.raises(SourceNotFound) as raised:
        fetch_image("http://example.com/x.jpg")
    assert "secret" not in str(raised.value)


def test_a_picture_that_trickles_in_is_given_up() -> None:
    end = threading.Event()

    def trickle() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            for _ in itertools.takewhile(lambda _: not end.wait(0.02), itertools.count()):
                try:
                    connection.sendall(b".")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=trickle)
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x.jpg"
        with pytest.raises(SourceNotFound, match=r"within 0\.2 s"):
            fetch_image(url, timeout_s=0.2)
        end.set()
        server.join()
