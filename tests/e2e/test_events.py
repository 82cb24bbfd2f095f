"""Events of a live run, as a user sees them: files, clips, a web server, a broker."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import av
import cv2
import httpx
import pytest
from broker import Broker, Listener
from clips import serve_handler
from monitored import followed
from parts import started
from receiver import Receiver

from livesegment import EventOptions, Frame, LiveOptions, Mask, Rule, Segmenter, live
from livesegment.events.jsonl import read_events
from livesegment.sources.pattern import PatternSource

LIVE = [sys.executable, "-m", "livesegment", "live"]
ALWAYS = "background > 1% for 0s named scene"


class Truth(Segmenter):
    """Knows the pattern's true masks."""

    def __init__(self, source: PatternSource) -> None:
        self._source = source

    def segment(self, frame: Frame) -> Mask:
        """Return the frame's true mask."""
        return self._source.truth(frame.index)


def run(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*LIVE, *arguments, "--no-window"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_events_are_in_the_file_with_their_clip_and_snapshot(tmp_path: Path) -> None:
    outputs = ["--events", "e.jsonl", "--clips", "clips", "--pre", "1", "--post", "1"]
    result = run(
        tmp_path,
        *("pattern:160x120@30:90", "--rule", ALWAYS, "--rule", "background < 1% for 0s"),
        *(*outputs, "--camera-name", "yard", "--stats", "s.json"),
    )
    assert result.returncode == 0, result.stderr
    assert "yard: scene begins" in result.stderr
    begin, end = read_events(tmp_path / "e.jsonl")
    assert (begin.rule, begin.kind, end.kind) == ("scene", "begin", "end")
    assert (begin.camera, begin.class_name) == ("yard", "background")
    assert begin.snapshot is not None
    assert begin.clip is not None
    snapshot = cv2.imread(str(tmp_path / "clips" / begin.snapshot))
    assert snapshot is not None
    assert snapshot.shape == (120, 160, 3)
    with av.open(str(tmp_path / "clips" / begin.clip)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) > 10
    assert times == sorted(times)
    stats = json.loads((tmp_path / "s.json").read_text())
    assert (stats["events"], stats["events_lost"], stats["frames_unwritten"]) == (2, 0, 0)


def test_a_ball_that_comes_into_a_zone_begins_and_ends_when_it_truly_does(tmp_path: Path) -> None:
    source = PatternSource((160, 120), 30.0, 300)
    left = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    rule = Rule("left", class_name="ball", above=0.05, for_s=0.2, zone=left)
    options = LiveOptions(
        window=False, events=EventOptions(rules=(rule,), jsonl=str(tmp_path / "e.jsonl"))
    )
    live(source, segmenter=Truth(source), options=options)
    shares = [float((source.truth(index).class_ids[:, :80] == 1).mean()) for index in range(300)]
    truly = [
        index / 30
        for index in range(1, 300)
        if (shares[index] > 0.05) != (shares[index - 1] > 0.05)
    ]
    begin, end = list(read_events(tmp_path / "e.jsonl"))[:2]
    assert (begin.kind, end.kind) == ("begin", "end")
    assert begin.media_s is not None
    assert end.media_s is not None
    # Not before 0.2 s of evidence, and not only when the ball has left.
    assert truly[0] + 0.15 < begin.media_s < truly[1]
    assert truly[1] + 0.15 < end.media_s


def test_a_webhook_gets_the_events_and_its_secret_is_nowhere(tmp_path: Path) -> None:
    received: list[tuple[str | None, dict[str, object]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.headers["webhook-signature"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serve_handler(Handler) as (url, _):
        result = run(
            tmp_path,
            *("pattern:160x120@30:45", "--rule", ALWAYS, "--webhook", f"{url}/h?key=hidden", "-v"),
            LIVESEGMENT_WEBHOOK_SECRET="very-hidden",
        )
    assert result.returncode == 0, result.stderr
    assert [event["kind"] for _, event in received] == ["begin", "end"]
    assert all(signature and signature.startswith("v1,") for signature, _ in received)
    assert "hidden" not in result.stderr


def test_a_killed_run_is_offline_for_home_assistant(
    need_tool: Callable[[str], str], tmp_path: Path
) -> None:
    broker = Broker(need_tool("mosquitto"), tmp_path)
    broker.start()
    try:
        listener = Listener(broker.port)
        arguments = ["pattern:64x48", "--no-window", "--rule", ALWAYS, "--camera-name", "yard"]
        url = f"mqtt://127.0.0.1:{broker.port}"
        with started(tmp_path, "live", *arguments, "--mqtt", url) as program:
            listener.wait_for(lambda: "ON" in listener.texts("scene/state"))
            listener.wait_for(lambda: listener.texts("yard/availability") == ["online"])
            program.kill()
            program.communicate()
        listener.wait_for(lambda: listener.texts("yard/availability")[-1] == "offline")
        listener.close()
    finally:
        broker.kill()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rule", "person"], "a rule begins with a class and its share"),
        (["--rule", "a > 5%", "--rule", "a > 5% for 3s"], "need different names"),
        (["--webhook", "example.org"], "--webhook is an address that begins with http"),
        (
            ["--mqtt", "localhost"],
            "--mqtt is an address, mqtt://[USER@]HOST[:PORT][/PREFIX], or mqtts://",
        ),
        (["--clips", "c", "--keep-clips", "lots"], "--keep-clips is a number of clips"),
        (["--clips", "c", "--pre", "100"], "--pre is a number from 0 to 60 seconds, not 100"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = run(tmp_path, "pattern:64x48:5", *arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    result = run(tmp_path, "pattern:64x48:5", "--events", "missing/e.jsonl")
    assert result.returncode == 5
    assert "cannot write missing/e.jsonl: no such file or directory" in result.stderr


def test_without_the_package_mqtt_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "paho").mkdir()
    (tmp_path / "paho" / "__init__.py").write_text("raise ImportError\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = run(tmp_path, "pattern:64x48:5", "--mqtt", "mqtt://localhost", PYTHONPATH=path)
    assert result.returncode == 2
    assert "pip install 'livesegment[monitor]'" in result.stderr


@pytest.mark.needs_package("apprise", extra="notify")
def test_the_page_of_a_run_sends_a_test_to_its_phones(tmp_path: Path) -> None:
    receiver = Receiver(200)
    with receiver.serving() as url:
        address = f"json://{url.removeprefix('http://')}"
        run = ["live", "pattern:160x120@15", "--no-window", "--web", "127.0.0.1:0"]
        with followed([*run, "--notify", address], tmp_path / "none") as running:
            answer = httpx.post(f"{running.url}/api/notify/test", json={}, timeout=60)
    assert answer.json() == {"told": [{"place": "notify 1 (json)", "is_told": True}]}
    assert "This is a test" in receiver.requests[0][1].decode()
