"""What the doctor says of an endpoint: one call, and no key in any word of it."""

import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from parts import FunctionSegmenter
from tls import self_signed

from livesegment.doctor.endpoint import check
from livesegment.doctor.examination import Finding
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings import ApiKey, EndpointOptions
from livesegment.settings.serve import ServeOptions

KEY = "s3cret-key-0123456789"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of the developer's own keys and proxies."""
    for name in ("LIVESEGMENT_API_KEY", "ROBOFLOW_API_KEY", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def look(url: str, model: str = "any/1", **options: object) -> dict[str, Finding]:
    findings = list(check(EndpointOptions(url, model, **options)))  # type: ignore[arg-type]
    assert KEY not in repr(findings)
    assert "ok" in {finding.state for finding in findings}
    assert all(each.advice for each in findings if each.state != "ok")
    return {finding.name: finding for finding in findings}


@contextmanager
def embedded(**options: object) -> Iterator[tuple[str, list[int]]]:
    """Serve a model; yield its address and the calls that it gets."""
    calls: list[int] = []

    def answer(frame: object) -> int:
        calls.append(1)
        return 1

    with EmbeddedServer(
        FunctionSegmenter(answer),
        ServeOptions(port=0, **options),  # type: ignore[arg-type]
    ) as server:
        yield server.url, calls


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers every call with the status that the model's name is, and repeats what it was sent."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = f'{{"message": "about {self.path}"}}'.encode()
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def refusing(key_and_certificate: tuple[Path, Path] | None = None) -> Iterator[int]:
    """Serve errors; yield the port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        if key_and_certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(key_and_certificate[1], key_and_certificate[0])
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_an_endpoint_that_answers_is_called_once_and_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIVESEGMENT_API_KEY", KEY)
    with embedded(latency_ms=100) as (url, calls):
        found = look(url, max_in_flight=2)
    assert len(calls) == 1
    assert {finding.state for finding in found.values()} == {"ok"}
    assert found["key source"].text == "LIVESEGMENT_API_KEY"
    assert found["key"].text == "accepted"
    assert "background, object" in found["model"].text
    assert found["call"].text.startswith("ONE made and billed: encode")
    # 100 ms and two at once: 20 a second at most, and 4 or more would give 30.
    assert "with 2 in flight" in found["rate"].text
    assert "--in-flight" in found["rate"].advice
    assert 5 < float(found["rate"].text.split()[1]) <= 20


def test_without_a_model_nothing_is_asked() -> None:
    (finding,) = check(EndpointOptions())
    assert finding.state == "ok"
    assert "--model" in finding.advice
    assert "billed" in finding.advice


def test_no_call_is_made_where_none_is_allowed() -> None:
    with embedded() as (url, calls):
        found = look(url, max_calls=0)
    assert calls == []
    assert found["call"].state == "warn"
    assert found["connection"].state == "ok"


def test_a_key_that_is_refused_is_named_by_its_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text("another-key\n")
    monkeypatch.setenv("ROBOFLOW_API_KEY", KEY)
    with embedded(api_key_file=str(keys)) as (url, calls):
        found = look(url)
        assert calls == []
        assert found["key"].state == "fail"
        assert "403" in found["key"].text
        assert "ROBOFLOW_API_KEY" in found["key"].advice
        assert "model" not in found
        keys_found = look(url, api_key=ApiKey("another-key"))
    assert keys_found["key"].state == "ok"
    assert keys_found["key source"].state == "warn"
    assert "LIVESEGMENT_API_KEY" in keys_found["key source"].advice


@pytest.mark.parametrize(
    ("status", "line", "advice"),
    [
        (401, "key", "this one is from LIVESEGMENT_API_KEY"),
        (402, "call", "credits"),
        (404, "model", "--model SLUG/VERSION"),
        (429, "call", "--call-rate"),
        (500, "call", "answer"),
        (503, "call", "again"),
        (200, "model", "model of a segmentation"),
    ],
)
def test_each_refusal_has_its_own_line_and_advice(
    monkeypatch: pytest.MonkeyPatch, status: int, line: str, advice: str
) -> None:
    monkeypatch.setenv("LIVESEGMENT_API_KEY", KEY)
    with refusing() as port:
        found = look(f"http://127.0.0.1:{port}", f"{status}/1")
    assert [each.name for each in found.values() if each.state == "fail"] == [line]
    assert advice in found[line].advice


def test_nobody_at_the_port_is_said_before_any_call() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = look(f"http://user:{KEY}@127.0.0.1:{port}")
    assert found["connection"].state == "fail"
    assert f"port {port}: connection refused" in found["connection"].text
    assert "call" not in found


def test_a_name_that_leads_nowhere_is_said() -> None:
    found = look("http://a..b")
    assert found["name"].state == "fail"
    assert found["name"].text == "a..b has no address: it is no name of a host"


def test_an_endpoint_that_does_not_answer_in_time_is_said() -> None:
    with embedded(latency_ms=1500) as (url, _):
        found = look(url, timeout_s=0.3)
    assert found["call"].state == "fail"
    assert "0.3 s" in found["call"].text
    assert "--timeout" in found["call"].advice


def test_a_key_is_said_to_stay_here_when_the_endpoint_is_a_strangers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROBOFLOW_API_KEY", KEY)
    found = look("http://a..b")
    assert found["key source"].state == "warn"
    assert "ROBOFLOW_API_KEY" in found["key source"].text
    assert "LIVESEGMENT_API_KEY" in found["key source"].advice


def test_a_key_that_would_travel_in_the_clear_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVESEGMENT_API_KEY", KEY)
    assert "unencrypted" in look("http://a..b")["key source"].text


def test_a_proxy_is_said_and_not_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing() as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:{KEY}@127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "")
        found = look("http://segment.invalid", "404/1")
    assert found["connection"].text == "through the proxy that HTTP_PROXY names"
    assert "name" not in found


def test_a_certificate_that_is_not_trusted_is_said_and_one_that_is_may_end_soon(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, need_tool: Callable[[str], str]
) -> None:
    made = self_signed(need_tool("openssl"), tmp_path, days=3)
    with refusing(made) as port:
        url = f"https://127.0.0.1:{port}"
        found = look(url)
        assert found["tls"].state == "fail"
        assert "SSL_CERT_FILE" in found["tls"].advice
        monkeypatch.setenv("SSL_CERT_FILE", str(made[1]))
        found = look(url, "404/1")
        assert found["tls"].state == "warn"
        assert "days left" in found["tls"].text
        assert found["model"].state == "fail"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
        assert "SSL_CERT_FILE" in look(url)["tls"].text


def test_a_proxy_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"gopher://user:{KEY}@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    found = look("http://segment.invalid")
    assert found["call"].state == "fail"
    assert "HTTP_PROXY" in found["call"].text


def test_an_address_without_tls_is_said() -> None:
    with embedded() as (url, _):
        found = look(url.replace("http://", "https://"))
    assert found["tls"].state == "fail"
    assert "http://" in found["tls"].advice


def test_a_key_that_is_missing_is_said_before_the_hosted_endpoint_is_looked_for() -> None:
    *_, last = check(EndpointOptions(model="any/1"))
    assert (last.name, last.state) == ("key source", "fail")
    assert "no key given: set LIVESEGMENT_API_KEY" in last.text
    assert "LIVESEGMENT_API_KEY" in last.advice


def test_a_key_that_is_missing_is_told_apart_from_a_wrong_one() -> None:
    with refusing() as port:
        found = look(f"http://127.0.0.1:{port}", "401/1")
    assert "no key given" in found["key"].text
    assert found["key"].advice == "set LIVESEGMENT_API_KEY to your key"
