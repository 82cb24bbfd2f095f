"""Real clients, as the documentation's readers run them, against the embedded endpoint."""

import base64
import io
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from parts import FunctionSegmenter
from PIL import Image

from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions

Curl = Callable[..., dict[str, Any]]


class _Folder(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    keys = tmp_path / "keys"
    keys.write_text("s3cret\n")
    options = ServeOptions(
        port=0, api_key_file=str(keys), allow_url_images=True, allow_private_urls=True
    )
    with EmbeddedServer(FunctionSegmenter(lambda _: 1), options) as opened:
        yield opened


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a picture large enough that curl asks before it sends it."""
    path = tmp_path / "photo.jpg"
    noise = np.random.default_rng(5).integers(0, 255, (900, 1200, 3), np.uint8)
    path.write_bytes(cv2.imencode(".jpg", noise)[1].tobytes())
    assert path.stat().st_size > 2**20
    return path


@pytest.fixture
def curl(need_tool: Callable[[str], str]) -> Curl:
    program = need_tool("curl")

    def run(*arguments: str, stdin: bytes = b"") -> dict[str, Any]:
        command = [program, "-sS", "--noproxy", "*", "--max-time", "30", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        reply: dict[str, Any] = json.loads(done.stdout)
        return reply

    return run


def assert_segmented(reply: dict[str, Any]) -> None:
    """Read the reply as its documentation describes it."""
    assert reply["image"] == {"width": 1200, "height": 900}
    assert reply["class_map"] == {"0": "background", "1": "object"}
    png = base64.b64decode(reply["segmentation_mask"], validate=True)
    with Image.open(io.BytesIO(png)) as mask:
        assert mask.mode == "L"
        assert mask.size == (1200, 900)
        assert mask.getextrema() == (1, 1)


def wrapped(photo: Path, columns: int) -> bytes:
    text = base64.b64encode(photo.read_bytes())
    return b"\n".join(text[i : i + columns] for i in range(0, len(text), columns)) + b"\n"


@pytest.mark.parametrize("columns", [60, 76, 10**9])
@pytest.mark.parametrize("how", ["-d", "--data-binary"])
def test_curl_with_base64_in_the_body(
    server: EmbeddedServer, photo: Path, curl: Curl, columns: int, how: str
) -> None:
    # `-d` takes line ends out, `--data-binary` leaves them in, as other languages' clients do.
    url = f"{server.url}/your-model/42?api_key=s3cret&name=YOUR_IMAGE.jpg&confidence=40"
    assert_segmented(curl(how, "@-", url, stdin=wrapped(photo, columns)))


def test_curl_asks_before_it_sends_much(server: EmbeddedServer, photo: Path, curl: Curl) -> None:
    url = f"{server.url}/your-model/42?api_key=s3cret"
    expect = ("-H", "Expect: 100-continue", "--expect100-timeout", "20")
    assert_segmented(curl(*expect, "-d", "@-", url, stdin=wrapped(photo, 76)))


def test_curl_without_content_type_or_length(
    server: EmbeddedServer, photo: Path, curl: Curl
) -> None:
    bare = ("-H", "Content-Type:", "-H", "Transfer-Encoding: chunked", "-H", "Expect:")
    url = f"{server.url}/your-model/42?api_key=s3cret"
    assert_segmented(curl(*bare, "--data-binary", "@-", url, stdin=wrapped(photo, 76)))


def test_curl_with_a_form(server: EmbeddedServer, photo: Path, curl: Curl) -> None:
    url = f"{server.url}/your-model/42?api_key=s3cret&confidence=50"
    assert_segmented(curl("-F", f"file=@{photo};type=image/jpeg", "-F", "name=a.jpg", url))


def test_curl_with_a_bearer_key_and_base64_called_json(
    server: EmbeddedServer, photo: Path, curl: Curl
) -> None:
    headers = ("-H", "Authorization: Bearer s3cret", "-H", "Content-Type: application/json")
    url = f"{server.url}/your-model/42?confidence=0.4&disable_active_learning=true"
    body = base64.b64encode(photo.read_bytes())
    assert_segmented(curl(*headers, "--data-binary", "@-", url, stdin=body))


def test_curl_with_the_bare_file(server: EmbeddedServer, photo: Path, curl: Curl) -> None:
    url = f"{server.url}/your-model/42?api_key=s3cret"
    assert_segmented(curl("--data-binary", f"@{photo}", url))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_curl_with_an_image_by_url(
    server: EmbeddedServer, photo: Path, curl: Curl, method: str
) -> None:
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Folder, directory=str(photo.parent)))
    thread = threading.Thread(target=site.serve_forever, args=(0.05,))
    thread.start()
    try:
        image = quote(f"http://127.0.0.1:{site.server_port}/{photo.name}", safe="")
        url = f"{server.url}/your-model/42?api_key=s3cret&image={image}"
        assert_segmented(curl("-X", method, url))
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


def test_curl_with_a_wrong_key(server: EmbeddedServer, photo: Path, curl: Curl) -> None:
    url = f"{server.url}/your-model/42?api_key=wrong"
    reply = curl("-d", "@-", url, stdin=wrapped(photo, 76))
    assert reply == {"Message": "User is not authorized to access this resource"}


def test_curl_with_too_much(server: EmbeddedServer, curl: Curl) -> None:
    url = f"{server.url}/your-model/42?api_key=s3cret"
    reply = curl("--data-binary", "@-", url, stdin=b"A" * (25 * 2**20))
    assert "20 MB" in reply["message"]
