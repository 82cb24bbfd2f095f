"""Events of a monitor's cameras, as a user sees them."""

import json
import os
import signal
import sys
import urllib.request
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from events import event
from monitored import CountingEndpoint, Monitored, monitored, until
from receiver import Receiver

from livesegment.events.jsonl import read_events

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="monitor needs a Unix system")

CAMERA = """
[[camera]]
name = "{name}"
source = "pattern:160x120@15"
[[camera.rule]]
name = "door"
class = "thing"
above = 50
for = 0.2
"""


def listed(monitor: Monitored, name: str) -> list[dict[str, Any]]:
    """Return the events of a camera that the page lists, newest first."""
    address = f"{monitor.url}/api/cameras/{name}/events"
    with urllib.request.urlopen(address, timeout=30) as reply:
        return json.load(reply)["events"]


def test_events_of_two_cameras_are_kept_and_listed_apart(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    events = f'[events]\nfolder = "{folder}"\npre = 1\npost = 0.5\nendpoint_failing = 0.5\n'
    cameras = CAMERA.format(name="a") + CAMERA.format(name="b")
    with (
        CountingEndpoint() as endpoint,
        monitored(tmp_path, endpoint.toml + events + cameras) as (monitor),
    ):
        monitor.until_runs("a", "b")
        until(lambda: listed(monitor, "a") and listed(monitor, "b"))
        newest = listed(monitor, "a")[-1]
        assert (newest["rule"], newest["class"], newest["ended"]) == ("door", "thing", None)
        assert newest["coverage"] == 1.0
        assert "livesegment: a: door begins" in monitor.lines
        address = f"{monitor.url}/cameras/a/events/{newest['snapshot']}"
        with urllib.request.urlopen(address, timeout=30) as reply:
            snapshot = cv2.imdecode(np.frombuffer(reply.read(), np.uint8), cv2.IMREAD_COLOR)
        assert snapshot.shape == (120, 160, 3)
        endpoint.status = 500
        until(lambda: any(each["rule"] == "endpoint" for each in listed(monitor, "a")))
        endpoint.status = 200
        until(
            lambda: any(
                each["rule"] == "endpoint" and each["ended"] for each in listed(monitor, "a")
            )
        )
    told = list(read_events(folder / "a.jsonl"))
    assert {event.camera for event in told} == {"a"}
    kinds = [(event.rule, event.kind) for event in told]
    assert kinds[0] == ("door", "begin")
    assert kinds.index(("endpoint", "begin")) < kinds.index(("endpoint", "end"))
    # A monitor that is ended finishes what goes on.
    assert kinds.count(("door", "begin")) == kinds.count(("door", "end"))
    clip = told[0].clip
    assert clip is not None
    assert (folder / "a" / clip).is_file()
    assert (folder / "b.jsonl").is_file()
    assert not list(folder.rglob("*.part.*"))


def test_what_went_on_in_a_process_that_was_killed_is_over(tmp_path: Path) -> None:
    events = f'[events]\nfolder = "{tmp_path}"\nclips = false\n'
    with (
        CountingEndpoint() as endpoint,
        monitored(tmp_path, endpoint.toml + events + CAMERA.format(name="a")) as monitor,
    ):
        monitor.until_runs("a")
        until(lambda: listed(monitor, "a"))
        os.kill(monitor.pid("a"), signal.SIGKILL)
        monitor.pid("a", 1)
        found = until(lambda: each if len(each := listed(monitor, "a")) == 2 else None)
        assert found[1]["ended"] is not None
        assert found[0]["ended"] is None
        assert found[0]["id"] != found[1]["id"]


def test_a_monitor_lists_the_events_of_its_earlier_runs(tmp_path: Path) -> None:
    text = f'[events]\nfolder = "{tmp_path}"\nclips = false\n' + CAMERA.format(name="a")
    (tmp_path / "a.jsonl").write_text(event(3).as_json() + "\n")
    with CountingEndpoint() as endpoint, monitored(tmp_path, endpoint.toml + text) as monitor:
        found = listed(monitor, "a")
        assert found[-1]["id"] == event(3).id
        assert found[-1]["ended"] == event(3).time


@pytest.mark.needs_package("apprise", extra="notify")
def test_the_page_sends_a_test_to_every_phone_of_the_file_once(tmp_path: Path) -> None:
    receiver = Receiver(200)
    with receiver.serving() as url:
        own = f'[camera.events]\nnotify = ["json://{url.removeprefix("http://")}/NAME"]\n'
        first = CAMERA.format(name="a") + own.replace("NAME", "all")
        cameras = first + CAMERA.format(name="b") + own.replace("NAME", "all")
        with monitored(tmp_path, cameras) as monitor:
            monitor.until_runs("a", "b")
            asked = urllib.request.Request(
                f"{monitor.url}/api/notify/test", b"{}", {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(asked, timeout=60) as reply:
                told = json.load(reply)["told"]
            assert not [line for line in monitor.lines if "json://" in line]
    assert told == [{"place": "notify 1 (json)", "is_told": True}]
    bodies = [body.decode() for headers, body in receiver.requests if headers[":path"] == "/all"]
    assert sum("This is a test" in body for body in bodies) == 1
