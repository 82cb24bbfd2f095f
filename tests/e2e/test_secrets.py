"""Keys and passwords are in nothing that the program says, writes, sends or shows.

Each has a mark of its own, and is looked for in every form (`marked.py`): with an endpoint that
repeats the key in all of them, at `-v`, in JSON logs, in files, journals and pages.
"""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from broker import Broker, Listener
from cameras import Camera
from clips import serve_handler, write_video
from marked import forms, marked, shown_in
from monitored import Monitored, followed, until
from odd_endpoint import Answer, OddEndpoint, raw

from livesegment.annotate.journal_file import read_records
from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply

KEY, PASSWORD, VALUE = marked("key"), marked("endpoint"), marked("query")
SECRETS = (KEY, PASSWORD, VALUE)
VERBOSE = ("-v", "--log-format", "json")
GOOD = raw("200 OK", json.dumps(flat_reply(Mask(np.ones((48, 64), np.uint8)))).encode())


def hangs_up_with(text: str) -> Answer:
    return lambda connection: connection.sendall(text.encode(errors="replace"))


def echoes(secret: str, status: str = "401 No") -> list[Answer]:
    """Return answers that repeat a secret in every form, in every place of an answer."""
    found = []
    for form in forms(secret).values():
        text = f"no access with {form}, sorry"
        found.append(raw(status, json.dumps({"message": text}).encode()))
        found.append(raw(status, text.encode()))
        if form.isascii():
            found.append(raw(f"302 Found\r\nLocation: https://x/{form}", b""))
    plain = quote(secret, safe="")
    found += [
        raw(f"302 Found\r\nLocation: http://anna:{plain}@127.0.0.1/{plain}?k={plain}", b""),
        raw(f"503 {plain}\r\nRetry-After: {plain}\r\nX-Key: {plain}", plain.encode()),
        raw(f"200 OK\r\nContent-Encoding: {plain}", plain.encode()),
        raw("200 OK", json.dumps({"segmentation_mask": secret, "class_map": secret}).encode()),
        raw("200 OK", json.dumps({secret: secret}).encode()),
        hangs_up_with(f"{secret}\r\n\r\n"),
        hangs_up_with(f"HTTP/1.1 {secret} OK\r\n\r\n"),
        hangs_up_with(f"HTTP/1.1 200 OK\r\nContent-Length: {secret}\r\n\r\n{secret}"),
        hangs_up_with(f"HTTP/1.1 200 OK\r\n{secret}\r\n{secret}: {secret}\r\n\r\n"),
    ]
    return found


def by_turns(bad: list[Answer]) -> OddEndpoint:
    """Return an endpoint that gives a mask, then an answer that repeats a secret, and so on."""
    return OddEndpoint(lambda call: bad[call // 2] if call % 2 and call // 2 < len(bad) else GOOD)


def named(url: str) -> str:
    """Return an endpoint's address with a password and a value in its query."""
    return url.replace("://", f"://anna:{quote(PASSWORD, safe='')}@") + f"?k={quote(VALUE)}"


def written(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Return every file in a folder, and their names, but for those that the test wrote."""
    files = [each for each in folder.rglob("*") if each.is_file() and each.name not in but]
    found = {"names of files": "\n".join(each.name for each in files).encode()}
    for each in files:
        found[each.name] = each.read_bytes()
        if each.suffix == ".journal":
            with each.open("rb") as journal:
                journal.readline()
                found["replies"] = b"\n".join(record.content for record in read_records(journal))
    return found


def run(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "livesegment", *arguments],
        cwd=folder,
        env={**os.environ, "LIVESEGMENT_API_KEY": KEY, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def check(result: "subprocess.CompletedProcess[str]", folder: Path, *but: str) -> None:
    """Look for secrets in all that a program has left."""
    said = {"stdout": result.stdout, "stderr": result.stderr, **written(folder, but=but)}
    assert not shown_in(said, SECRETS)
    assert "Traceback" not in result.stderr


REFUSED, *ODD = [echoes(KEY)[0], *echoes(KEY)[-9:]]
ONE_CALL = [("doctor", answer) for answer in (REFUSED, *ODD)]
ONE_CALL += [("bench", REFUSED)]
ONE_CALL += [("predict photo.jpg --save x.jpg", answer) for answer in (REFUSED, ODD[-1])]


@pytest.mark.parametrize("number", range(len(ONE_CALL)))
def test_one_call(number: int, tmp_path: Path) -> None:
    command, answer = ONE_CALL[number]
    cv2.imwrite(str(tmp_path / "photo.jpg"), np.full((48, 64, 3), 90, np.uint8))
    endpoint = OddEndpoint(lambda _: answer)
    with endpoint.serving() as url:
        # An address without a user leaves the header to the key.
        ask = (
            "--endpoint",
            url if number % 2 else named(url),
            "--model",
            "any/1",
            "--timeout",
            "2",
        )
        result = run(tmp_path, *command.split(), *ask, *VERBOSE)
    check(result, tmp_path)
    assert result.returncode == 4
    sent = b"".join(call.head for call in endpoint.log)
    assert (f"Bearer {KEY}".encode() in sent) == bool(number % 2)


def test_a_picture_by_its_address(tmp_path: Path) -> None:
    to = f"http://anna:{quote(KEY, safe='')}@127.0.0.1:9/x.jpg?k={quote(KEY, safe='')}"
    for answer in ("404 No", f"302 Found\r\nLocation: {to}", "200 OK"):

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self, answer: str = answer) -> None:
                raw(answer, KEY.encode())(self.connection)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with serve_handler(Handler) as (url, _):
            result = run(tmp_path, "predict", named(url + "/x.jpg"), *VERBOSE)
        check(result, tmp_path)
        assert result.returncode == 3


REPLY = {**flat_reply(Mask(np.ones((48, 64), np.uint8))), "class_map": {"1": "thing"}}
REPEATING = {
    "the address's value, in an error": raw("401 No", f"no {VALUE}, sorry".encode()),
    "the address's password, in an error": raw("401 No", f"no {PASSWORD}".encode()),
    "the key, beside a mask": raw(
        "200 OK", json.dumps({**REPLY, "asked": {"api_key": KEY, "q": quote(KEY)}}).encode()
    ),
    "the key, as a class": raw(
        "200 OK", json.dumps({**REPLY, "class_map": {"1": KEY, "2": quote(KEY)}}).encode()
    ),
}


@pytest.mark.parametrize("what", REPEATING)
def test_an_endpoint_that_repeats_what_it_was_asked_with(what: str, tmp_path: Path) -> None:
    answer = REPEATING[what]
    write_video(tmp_path / "film.mp4", 10)
    end = raw("401 No", b"")
    with OddEndpoint(lambda call: answer if call < 5 else end).serving() as url:
        ask = ("--endpoint", named(url), "--model", "any/1", "--in-flight", "1")
        keep = (
            "-o",
            "out.mp4",
            "--masks",
            "out.mkv",
            "--report",
            "report.json",
            "--report",
            "report.html",
            "--table",
            "out.csv",
            "--export",
            "coco",
            "--export",
            "label-studio",
            "--export",
            "cvat",
        )
        result = run(tmp_path, "annotate", "film.mp4", *keep, *ask, *VERBOSE)
    assert result.returncode == 4
    check(result, tmp_path, "film.mp4")


def test_films_and_what_was_paid_for(tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", 40)
    endpoint = by_turns([*echoes(KEY, "503 No")[: 3 * 16 : 3], echoes(KEY)[2]])
    with endpoint.serving() as url:
        ask = ("--endpoint", named(url), "--model", "any/1", "--in-flight", "1")
        keep = ("-o", "out.mp4", "--masks", "out.mkv", "--report", "report.json")
        keep += ("--report", "report.html", "--table", "out.csv")
        result = run(tmp_path, "annotate", "film.mp4", *keep, *ask, *VERBOSE)
    assert result.returncode == 4, result.stderr
    assert list(tmp_path.rglob("*.journal"))
    check(result, tmp_path, "film.mp4")


@contextmanager
def as_whoever_knows(token: str) -> Iterator[None]:
    """Ask pages with a token, in this whole process."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.addheaders = [("Authorization", f"Bearer {token}")]
    urllib.request.install_opener(opener)
    try:
        yield
    finally:
        urllib.request.install_opener(None)  # type: ignore[arg-type]


def replies(url: str, names: list[str]) -> dict[str, bytes]:
    """Return everything that a page answers, in words, headers among them."""
    paths = ["/", "/login", "/api/cameras", "/api/controls", "/metrics", "/healthz", "/readyz"]
    paths += ["/nothing", f"/?token={quote(TOKEN)}", "/page/app.js"]
    paths += [f"/api/cameras/{name}/{what}" for name in names for what in ("events", "nothing")]
    found = {}
    for path in paths:
        try:
            with urllib.request.urlopen(url + path, timeout=30) as reply:
                found[path] = reply.read() + str(reply.headers).encode()
        except urllib.error.HTTPError as error:
            found[path] = error.read() + str(error.headers).encode()
    return found


def seen_by_everybody(pids: list[int]) -> dict[str, bytes]:
    """Return what the system tells everybody of processes: their command lines and threads."""
    found = {}
    for pid in pids:
        found[f"{pid} command"] = Path(f"/proc/{pid}/cmdline").read_bytes()
        names = (each.read_bytes() for each in Path(f"/proc/{pid}/task").glob("*/comm"))
        found[f"{pid} threads"] = b" ".join(names)
    return found


class Receiver(BaseHTTPRequestHandler):
    """Takes events, but for the first two, which it refuses while it says what it was told."""

    heard: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.heard.append((self.path, body + str(self.headers["webhook-id"]).encode()))
        echo = quote(HOOK, safe="")
        if len(self.heard) == 1:
            self.send_response(503, f"no {echo}")
        elif len(self.heard) == 2:
            self.send_response(302)
            self.send_header("Location", f"http://anna:{echo}@127.0.0.1/{echo}?k={echo}")
        else:
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


STREAM = marked("stream")
CAMERA, HOOK, HOOK_KEY = marked("camera"), marked("hook"), marked("signature")
BROKER, TOKEN, PHONE = marked("broker"), marked("token"), marked("phone")
ALL = (*SECRETS, STREAM, CAMERA, HOOK, HOOK_KEY, BROKER, TOKEN, PHONE)
RULE = '[[camera.rule]]\nname = "scene"\nclass = "class 1"\nabove = 1\nfor = 0\n'


def streams(*schemes: str) -> list[str]:
    """Return addresses of streams that are secret in every part, but for the host."""
    word = quote(STREAM, safe="")
    return [f"{each}://anna:{word}@127.0.0.1:9/{word}/{word}?k={word}" for each in schemes]


def phones(hook: str) -> list[str]:
    """Return addresses of people: one who is there, and one who is not."""
    word, host = quote(PHONE, safe=""), hook.removeprefix("http://")
    return [f"json://anna:{word}@{host}/{word}?-k={word}", f"ntfy://{word}@127.0.0.1:9/yard"]


def text(endpoint: str, camera: str, hook: str, broker: int, folder: Path) -> str:
    """Return a monitor's file that holds a secret wherever one may stand."""
    with_password = camera.replace("://", f"://anna:{quote(CAMERA, safe='')}@")
    dead = with_password.replace("http:", "rtsp:")
    posts = hook.replace("://", f"://anna:{quote(HOOK, safe='')}@")
    posts += f"/{quote(HOOK, safe='')}?k={quote(HOOK, safe='')}"
    return (
        f'web.token = "${{TOKEN}}"\n[endpoint]\nurl = "{named(endpoint)}"\nmodel = "any/1"\n'
        f"api_key = {json.dumps(KEY)}\n"
        f'[record]\nfolder = "{folder}"\n[events]\nfolder = "{folder}"\npre = 0\npost = 0\n'
        f'camera_lost = 1\nendpoint_failing = 1\nwebhook = "{posts}"\n'
        f"webhook_secret = {json.dumps(HOOK_KEY)}\n"
        f"notify = {json.dumps(phones(hook))}\n"
        f'mqtt = "mqtt://anna@127.0.0.1:{broker}"\nmqtt_password = {json.dumps(BROKER)}\n'
        f'[[camera]]\nname = "a"\nsource = "{with_password}?k={quote(CAMERA)}"\n'
        f"publish = {json.dumps(streams('rtmp'))}\n{RULE}"
        f'[[camera]]\nname = "b"\nsource = "{dead}"\n'
        f'events.mqtt = "mqtt://anna:{quote(BROKER, safe="")}@127.0.0.1:9"\n'
        '[[camera]]\nname = "c"\nsource = "rtsp:/anna:${CAMERA}@door/cam"\n'
    )


def ask_until_all_was_answered(running: Monitored, name: str, endpoint: OddEndpoint) -> None:
    """Have an endpoint asked again and again, and look at the page meanwhile."""
    wanted = 2 * len(echoes(KEY))

    def enough() -> bool:
        running.retry(name)
        assert not shown_in(replies(running.url, [name]), ALL)
        return endpoint.calls > wanted

    until(enough)


@pytest.mark.needs_package("apprise", "notify")
def test_everything_in_a_monitor(need_tool: Callable[[str], str], tmp_path: Path) -> None:
    broker = Broker(need_tool("mosquitto"), tmp_path)
    camera, endpoint = Camera("mjpeg", tmp_path), by_turns(echoes(KEY))
    receiver = type("Heard", (Receiver,), {"heard": []})
    out = tmp_path / "out"
    out.mkdir()
    listener = None
    try:
        broker.start()
        camera.start("64x48", 15)
        listener = Listener(broker.port)
        with endpoint.serving() as url, serve_handler(receiver) as (hook, _):
            config = tmp_path / "cameras.toml"
            config.write_text("web.port = 0\n" + text(url, camera.url, hook, broker.port, out))
            environment = {**os.environ, "TOKEN": TOKEN, "CAMERA": CAMERA}
            command = ["monitor", str(config), *VERBOSE]
            with (
                as_whoever_knows(TOKEN),
                followed(command, config, environment) as monitor,
            ):
                until(lambda: monitor.cameras()["a"]["state"] == "running")
                ask_until_all_was_answered(monitor, "a", endpoint)
                camera.kill()
                # Lost for longer than `camera_lost`, so that this is told as well.
                listener.wait_for(lambda: "camera" in listener.rules())
                camera.start("64x48", 15)
                until(lambda: monitor.cameras()["a"]["state"] == "running")
                until(lambda: len(receiver.heard) > 2)
                until(lambda: any(quote(PHONE, safe="") in path for path, _ in receiver.heard))
                children = Path(f"/proc/{monitor.program.pid}/task/{monitor.program.pid}/children")
                pids = [monitor.program.pid, *map(int, children.read_text().split())]
                assert len(pids) > 2
                monitor.said("cannot send to rtmp://127.0.0.1:9: Connection refused")
                seen = seen_by_everybody(pids) | replies(monitor.url, ["a", "b", "c"])
    finally:
        if listener is not None:
            listener.close()
        camera.kill()
        broker.kill()
    # They were all in use.
    asked = " ".join(path for path, _ in receiver.heard)
    assert quote(HOOK, safe="") in asked
    assert quote(PHONE, safe="") in asked
    assert config.stat().st_mode & 0o77 == 0 or "secret" in "".join(monitor.lines)
    seen["stderr"] = "\n".join(monitor.lines).encode()
    seen["webhook"] = b"".join(body for _, body in receiver.heard)
    seen["MQTT"] = "".join(f"{topic} {said}" for topic, said, _ in listener.messages).encode()
    assert not shown_in(seen | written(out), ALL)
    assert len(written(out)) > 4
    assert b"Traceback" not in seen["stderr"]
    assert b"rtsp:/anna:...@door/cam" in seen["stderr"]


@pytest.mark.needs_package("apprise", "notify")
def test_everything_in_live(tmp_path: Path) -> None:
    camera, endpoint = Camera("mjpeg", tmp_path), by_turns(echoes(KEY))
    out = tmp_path / "out"
    out.mkdir()
    try:
        camera.start("64x48", 15)
        with endpoint.serving() as url:
            source = camera.url.replace("://", f"://anna:{quote(CAMERA, safe='')}@")
            command = [
                *("live", source, "--no-window", "--web", "127.0.0.1:0", *VERBOSE),
                *("--endpoint", url, "--model", "any/1", "--timeout", "5"),
                *("--record", "x.mp4", "--masks", "x.mkv", "--stats", "x.json"),
                *("--events", "x.jsonl", "--clips", "clips", "--pre", "0", "--post", "0"),
                *("--rule", "class 1 > 1% for 0s named scene"),
                *("--webhook", f"http://anna:{quote(HOOK, safe='')}@127.0.0.1:9/{quote(HOOK)}"),
                *(word for to in streams("rtmp", "rtsp", "udp") for word in ("--publish", to)),
                *(word for to in phones("http://127.0.0.1:9") for word in ("--notify", to)),
            ]
            environment = {
                **os.environ,
                "LIVESEGMENT_API_KEY": KEY,
                "LIVESEGMENT_WEB_TOKEN": TOKEN,
                "LIVESEGMENT_WEBHOOK_SECRET": HOOK_KEY,
            }
            with (
                as_whoever_knows(TOKEN),
                followed(command, out / "x", environment) as live,
            ):
                until(lambda: [each["state"] for each in live.cameras().values()] == ["running"])
                [name] = live.cameras()
                ask_until_all_was_answered(live, name, endpoint)
                camera.kill()
                until(lambda: live.cameras()[name]["state"] == "lost")
                for scheme in ("rtmp", "rtsp"):
                    live.said(f"cannot send to {scheme}://127.0.0.1:9: Connection refused")
                seen = replies(live.url, [name])
    finally:
        camera.kill()
    seen["stderr"] = "\n".join(live.lines).encode()
    assert not shown_in(seen | written(out), ALL)
    assert b"Traceback" not in seen["stderr"]


def test_a_server_and_its_keys(tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text(f"# of the house\n{KEY}\n")
    wrong, found = marked("wrong"), {}
    command = ["serve", "--port", "0", "--api-key-file", "keys.txt", "--allow-url-images", *VERBOSE]
    image = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
    with followed(command, tmp_path / "keys.txt") as server:
        serving = re.compile(r"serving (?P<url>http://[^/]+)/")
        url = until(lambda: [m["url"] for m in map(serving.search, server.lines) if m])[0]
        for key in (KEY, wrong):
            quoted = quote(key, safe="")
            asked = [f"/any/1?api_key={quoted}", f"/any/1/?api_key={quoted}", f"/{quoted}"]
            asked += [f"/any/1?api_key={quoted}&image=http://anna:{quoted}@[x/{quoted}"]
            asked += [f"/any/1?api_key={quoted}&image=http://127.0.0.1/{quoted}"]
            asked += [f"/any/1?api_key={quoted}&confidence={quoted}"]
            for path in asked:
                for body in (image, key.encode(), None):
                    request = urllib.request.Request(url + path, body)
                    try:
                        with urllib.request.urlopen(request, timeout=30) as reply:
                            said = reply.read() + str(reply.headers).encode()
                    except urllib.error.HTTPError as error:
                        said = error.read() + str(error.headers).encode()
                    found[f"{path} {body and body[:9]!r}"] = said
    found["stderr"] = "\n".join(server.lines).encode()
    assert b"segmentation_mask" in b"".join(found.values())
    assert not shown_in(found, [KEY, wrong])


def test_a_file_with_mistakes(tmp_path: Path) -> None:
    quoted = quote(KEY, safe="")
    for number, lines in enumerate(
        (
            f'endpoint.url = "htp://anna:{quoted}@x?k={quoted}"',
            f"endpoint.api_key = {quoted}",
            f'endpoint.api_key = "{quoted}',
            f'endpoint.api_key = ["{quoted}"]',
            f'endpoint.api_kye = "{quoted}"',
            f'endpoint.api_key_env = "NOT_THERE"\nevents.webhook = "x://{quoted}"',
            f'events.mqtt = "mqt://anna:{quoted}@x"\nevents.mqtt_password = 1{quoted}',
            f'web.token = "{quoted[:7]}"\nevents.webhook_secret = {{a = "{quoted}"}}',
            f'[[camera]]\nname = "a"\nsource = ["rtsp://anna:{quoted}@x"]',
            f'[[camera]]\nname = "a"\nsource = 0\npublish = ["http://x/{quoted}", "{quoted}"]',
            f'[[camera]]\nname = "a"\nsource = 0\npublish = "rtmp://x/{quoted}"',
            f'[[camera]]\nname = "a b"\nsource = "rtsp://anna:{quoted}@x"\nsurce = "{quoted}"',
        )
    ):
        config = tmp_path / f"{number}.toml"
        config.write_text(lines + "\n")
        how = ("--check",) if number % 2 else VERBOSE
        result = run(tmp_path, "monitor", config.name, *how)
        assert result.returncode == 2, result.stderr
        assert not shown_in(result.stderr + result.stdout, [KEY])
        assert "Traceback" not in result.stderr
