"""The embedded endpoint, asked over loopback."""

import base64
import io
import json
import queue
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np
import pytest
from parts import FunctionSegmenter, frame
from PIL import Image

from livesegment.errors import OptionsError, OutputNotWritable
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.protocol.received import image_file
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.http import HttpSegmenter
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions

JPEG = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
BODY = base64.b64encode(JPEG)
MEGABYTE = 2**20


@pytest.fixture
def serve() -> Iterator[Callable[..., EmbeddedServer]]:
    """Start servers that end with the test."""
    servers: list[EmbeddedServer] = []

    def start(segmenter: Segmenter | None = None, **options: object) -> EmbeddedServer:
        segmenter = segmenter or FunctionSegmenter(lambda _: 1, max_concurrency=1)
        server = EmbeddedServer(segmenter, ServeOptions(port=0, **options))  # type: ignore[arg-type]
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as opened:
        yield opened


Serve = Callable[..., EmbeddedServer]


class Gate(Segmenter):
    """Answers when it is opened, and tells when it is reached."""

    max_concurrency = 1

    def __init__(self) -> None:
        self.reached = threading.Semaphore(0)
        self.open = threading.Event()
        self.calls = 0

    def segment(self, frame: Frame) -> Mask:
        self.calls += 1
        self.reached.release()
        assert self.open.wait(30)
        return Mask(np.zeros(frame.image.shape[:2], np.uint8), {0: "background"})


def test_any_slug_and_version_is_answered(serve: Serve, client: httpx.Client) -> None:
    url = serve().url
    for path in ("/model/1", "/workspace/model/latest", "/a/b/c/d/5", "/an-alias"):
        reply = client.post(url + path, content=BODY, params={"unknown": "parameter"})
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "application/json"
        assert reply.json()["image"] == {"width": 64, "height": 48}
        assert reply.json()["class_map"] == {"0": "background", "1": "object"}


def test_prompts_are_refused_and_not_answered_with_other_classes(
    serve: Serve, client: httpx.Client
) -> None:
    reply = client.post(serve().url + "/sam3/concept_segment", content=b'{"prompts": []}')
    assert reply.status_code == 404
    assert reply.json()["message"] == "the model that is served here takes no prompts"


def test_every_client_finds_its_form_in_the_reply(serve: Serve, client: httpx.Client) -> None:
    """`roboflow` reads the flat form; others look into `predictions`, if that is an object."""

    class Sure(FunctionSegmenter):
        def segment(self, frame: Frame) -> Mask:
            mask = super().segment(frame)
            return replace(mask, certainty=np.full_like(mask.class_ids, 200))

    reply = client.post(serve(Sure(lambda _: 1)).url + "/model/1", content=BODY).json()
    assert reply["image"] == {"width": 64, "height": 48}
    assert set(reply) >= {"inference_id", "time"}
    for form in (reply, reply["predictions"]):
        assert form["class_map"] == {"0": "background", "1": "object"}
        for name, value in (("segmentation_mask", 1), ("confidence_mask", 200)):
            with Image.open(io.BytesIO(base64.b64decode(form[name], validate=True))) as picture:
                assert (picture.mode, picture.size) == ("L", (64, 48))
                assert picture.getextrema() == (value, value)
    assert reply["predictions"]["present_class_ids"] == [1]


def test_the_nested_reply_is_given_when_asked_for(serve: Serve, client: httpx.Client) -> None:
    reply = client.post(serve(reply="nested").url + "/model/1", content=BODY).json()
    assert set(reply) == {"inference_id", "time", "image", "predictions"}
    assert reply["predictions"]["class_map"]["1"] == "object"


def test_health_is_told_without_a_key(serve: Serve, client: httpx.Client, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("one")
    reply = client.get(serve(api_key_file=str(keys)).url + "/healthz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


NOT_SERVED = [
    ("GET", "/", 404),
    ("POST", "/", 404),
    ("GET", "/model", 405),
    ("POST", "/model/1/", 404),
    ("PUT", "/model/1", 405),
    ("DELETE", "/model/1", 405),
    ("POST", "/healthz", 405),
    ("GET", "/model/1", 400),
    ("POST", "/model/1", 400),
    ("POST", "/model/1?confidence=high", 400),
]


def test_what_is_not_served_has_a_status_and_a_message(serve: Serve, client: httpx.Client) -> None:
    url = serve().url
    for method, path, status in NOT_SERVED:
        reply = client.request(method, url + path)
        assert (method, path, reply.status_code) == (method, path, status)
        assert len(reply.json()["message"]) > 10


def test_a_bad_image_is_400(serve: Serve, client: httpx.Client) -> None:
    url = serve().url + "/model/1"
    half = rb'{"image": "\ud800"}'
    for content in (b"hello", base64.b64encode(b"hello"), BODY[:-100], b"{}", half):
        reply = client.post(url, content=content)
        assert reply.status_code == 400
        assert set(reply.json()) == {"message"}


def test_only_keys_of_the_file_are_accepted(
    serve: Serve, client: httpx.Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    file = tmp_path / "keys"
    file.write_text("# who may ask\nfirst-key  # the laptop\n\n  second-key\n")
    url = serve(api_key_file=str(file)).url + "/model/1"
    for key in ("first-key", "second-key"):
        assert client.post(url, params={"api_key": key}, content=BODY).status_code == 200
        bearer = {"Authorization": f"Bearer {key}"}
        assert client.post(url, headers=bearer, content=BODY).status_code == 200
    for wrong in ("first", "# who may ask", "", "first-key  # the laptop", "schlüssel"):
        reply = client.post(url, params={"api_key": wrong}, content=BODY)
        assert reply.status_code == 403
        assert reply.json() == {"Message": "User is not authorized to access this resource"}
    assert client.post(url, content=BODY).status_code == 403
    ours = [record for record in caplog.records if not record.name.startswith("http")]
    assert "first-key" not in "".join(record.getMessage() for record in ours)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file"), (b"", "no key"), (b"# nothing\n", "no key"), (b"\xff\xfe", "text")],
)
def test_an_unusable_key_file_does_not_open_the_endpoint(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(OptionsError, match=reason):
        EmbeddedServer(FunctionSegmenter(lambda _: 1), ServeOptions(api_key_file=str(file)))


def test_a_large_upload_is_413_by_its_length(serve: Serve, client: httpx.Client) -> None:
    reply = client.post(serve().url + "/model/1", content=b"A" * (21 * MEGABYTE))
    assert reply.status_code == 413
    assert "20 MB" in reply.json()["message"]


def test_a_large_upload_is_413_without_a_length(serve: Serve, client: httpx.Client) -> None:
    url = serve().url + "/model/1"
    reply = client.post(url, content=(b"A" * MEGABYTE for _ in range(21)))
    assert "content-length" not in reply.request.headers
    assert reply.status_code == 413
    assert client.post(url, content=BODY).status_code == 200


def test_too_many_pixels_are_413(serve: Serve, client: httpx.Client) -> None:
    png = bytearray(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    png[16:24] = (20_000).to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    reply = client.post(serve().url + "/model/1", content=base64.b64encode(bytes(png)))
    assert reply.status_code == 413
    assert "pixels" in reply.json()["message"]


def test_confidence_reaches_the_model(serve: Serve, client: httpx.Client) -> None:
    class Recorder(FunctionSegmenter):
        def segment_at(self, frame: Frame, confidence: float) -> Mask:
            asked.append(confidence)
            return self.segment(frame)

    asked: list[float] = []
    url = serve(Recorder(lambda _: 1)).url + "/model/1"
    for confidence in ("40", "0.4", "1", "", None):
        params = {} if confidence is None else {"confidence": confidence}
        assert client.post(url, content=BODY, params=params).status_code == 200
    assert asked == [40.0, 40.0, 1.0]


def test_33_requests_wait_and_the_next_is_turned_away(serve: Serve) -> None:
    gate = Gate()
    url = serve(gate).url + "/model/1"
    replies: queue.Queue[httpx.Response] = queue.Queue()

    def post() -> None:
        replies.put(httpx.post(url, content=BODY, timeout=60, trust_env=False))

    with ThreadPoolExecutor(34) as pool:
        for _ in range(34):
            pool.submit(post)
        turned_away = replies.get(timeout=30)  # nothing else can answer: the gate is closed
        gate.open.set()
    assert turned_away.status_code == 503
    assert turned_away.headers["retry-after"] == "1"
    assert [replies.get_nowait().status_code for _ in range(33)] == [200] * 33


def test_a_busy_model_is_no_unhealthy_server(serve: Serve, client: httpx.Client) -> None:
    gate = Gate()
    url = serve(gate).url
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(client.post, f"{url}/model/1", content=BODY)
        assert gate.reached.acquire(timeout=30)
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        gate.open.set()
        assert busy.result(30).status_code == 200


def test_a_body_that_takes_long_to_read_holds_nobody_up(
    serve: Serve, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def slow_image_file(body: bytes, content_type: str) -> bytes:
        reached.set()
        assert go_on.wait(30)
        return image_file(body, content_type)

    monkeypatch.setattr("livesegment.server.app.image_file", slow_image_file)
    url = serve().url
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.post, f"{url}/model/1", content=BODY)
        assert reached.wait(30)
        try:
            assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        finally:
            go_on.set()
        assert slow.result(30).status_code == 200


def test_latency_holds_replies_back_and_not_the_model(serve: Serve) -> None:
    reached: queue.Queue[int] = queue.Queue()
    replied: queue.Queue[int] = queue.Queue()

    def answer(_: Frame) -> int:
        reached.put(replied.qsize())
        return 1

    url = serve(FunctionSegmenter(answer, max_concurrency=1), latency_ms=1500).url

    def call(index: int) -> float:
        asked_s = time.monotonic()
        with HttpSegmenter(url, "model/1") as segmenter:
            segmenter.segment(frame(index))
        replied.put(index)
        return time.monotonic() - asked_s

    with ThreadPoolExecutor(6) as pool:
        round_trips_s = list(pool.map(call, range(6)))
    assert [reached.get_nowait() for _ in range(6)] == [0] * 6  # all in before the first came out
    assert min(round_trips_s) >= 1.5


def test_a_model_that_fails_is_500_and_the_server_goes_on(
    serve: Serve, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[Exception] = [KeyError("inner s3cret"), OutputNotWritable("the disk is full")]

    def answer(_: Frame) -> int:
        if errors:
            raise errors.pop(0)
        return 1

    url = serve(FunctionSegmenter(answer)).url + "/model/1"
    first, second, third = (client.post(url, content=BODY) for _ in range(3))
    assert (first.status_code, first.json()) == (500, {"message": "the model failed"})
    assert "inner" in caplog.text  # the owner of the model needs the traceback
    assert (second.status_code, second.json()) == (500, {"message": "the disk is full"})
    assert third.status_code == 200


def test_a_served_endpoint_may_ask_another_one(serve: Serve, client: httpx.Client) -> None:
    inner = serve()
    with HttpSegmenter(inner.url, "model/1") as segmenter:
        url = serve(segmenter).url + "/model/1"
        assert client.post(url, content=BODY).status_code == 200
        inner.close()
        reply = client.post(url, content=BODY)
    assert reply.status_code == 502
    assert "cannot be reached" in reply.json()["message"]


def connect(server: EmbeddedServer) -> socket.socket:
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def test_idle_and_broken_connections_disturb_nobody(serve: Serve, client: httpx.Client) -> None:
    server = serve()
    with connect(server), connect(server) as half_sent:
        half_sent.sendall(b"POST /model/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\nabc")
        assert client.post(f"{server.url}/model/1", content=BODY).status_code == 200
    assert client.post(f"{server.url}/model/1", content=BODY).status_code == 200


def test_who_went_away_while_waiting_is_not_segmented(serve: Serve, client: httpx.Client) -> None:
    gate = Gate()
    server = serve(gate)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(httpx.post, f"{server.url}/model/1", content=BODY, trust_env=False)
        assert gate.reached.acquire(timeout=30)
        with connect(server) as impatient:
            head = f"POST /model/1 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n"
            impatient.sendall(head.encode() + BODY)
            client.get(f"{server.url}/healthz")  # the server has taken note of it
        client.get(f"{server.url}/healthz")
        gate.open.set()
        assert first.result(30).status_code == 200
    assert client.post(f"{server.url}/model/1", content=BODY).status_code == 200
    assert gate.calls == 2


def test_expect_100_continue_is_answered_before_the_body(serve: Serve) -> None:
    with connect(serve()) as connection:
        connection.sendall(
            b"POST /model/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_stopping_twice_is_stopping_once_and_the_port_is_free_again() -> None:
    segmenter = FunctionSegmenter(lambda _: 1)
    server = EmbeddedServer(segmenter, ServeOptions(port=0))
    with pytest.raises(RuntimeError):
        _ = server.url
    server.start()
    port = urlsplit(server.url).port
    with connect(server):  # an idle connection does not hold it up
        server.close()
    server.close()
    assert port is not None
    with EmbeddedServer(segmenter, ServeOptions(port=port)) as again:
        assert again.url == server.url


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost"])
def test_the_url_leads_to_the_server(serve: Serve, client: httpx.Client, host: str) -> None:
    assert client.get(serve(host=host).url + "/healthz").status_code == 200


def test_a_port_in_use_is_one_sentence(serve: Serve) -> None:
    port = urlsplit(serve().url).port
    assert port is not None
    with pytest.raises(OptionsError, match=f"cannot listen on 127.0.0.1, port {port}"):
        EmbeddedServer(FunctionSegmenter(lambda _: 1), ServeOptions(port=port)).start()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "a" * 300])
def test_an_address_of_another_machine_is_one_sentence(host: str) -> None:
    with pytest.raises(OptionsError, match=r"host|listen"):
        EmbeddedServer(FunctionSegmenter(lambda _: 1), ServeOptions(host=host, port=0)).start()


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": " "},
        {"port": -1},
        {"port": 65536},
        {"reply": "round"},
        {"latency_ms": -1},
        {"latency_ms": float("nan")},
        {"allow_private_urls": True},
    ],
)
def test_an_option_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionsError):
        ServeOptions(**wrong)  # type: ignore[arg-type]


def test_a_reply_is_plain_json_that_any_reader_takes(serve: Serve, client: httpx.Client) -> None:
    text = client.post(serve().url + "/model/1", content=BODY).text
    png = base64.b64decode(json.loads(text)["segmentation_mask"], validate=True)
    ids = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert ids is not None
    assert ids.shape == (48, 64)
    assert (ids == 1).all()
