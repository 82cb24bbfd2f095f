"""A monitor that is changed on its page: what is saved takes effect, and touches nothing else."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from cameras import Camera
from monitored import Monitored, followed, is_gone, monitored, until, usual_port_taken

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="monitor needs a Unix system")

A = '[[camera]]\nname = "a"\nsource = "pattern:64x48@15"\n'
B = A.replace('"a"', '"b"')


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    """Run a network camera."""
    folder = tmp_path / "camera"
    folder.mkdir()
    running = Camera("mjpeg", folder)
    running.start()
    yield running
    running.kill()


def post(monitor: Monitored, path: str, **change: Any) -> httpx.Response:
    """Have something saved, for the file as it is, or tried."""
    asked = f"{monitor.url}/api/settings"
    if path != "/try":
        change.setdefault("revision", httpx.get(asked).json()["revision"])
    return httpx.post(f"{asked}{path}", json=change, timeout=60)


def test_from_no_camera_to_one_that_was_tried_and_is_recorded(
    tmp_path: Path, camera: Camera
) -> None:
    config = tmp_path / "state" / "cameras.toml"  # where a service has it to which none is named
    config.parent.mkdir()
    config.write_text("[web] # mine\nport = 0\n[record]\non = false\nfolder = 'videos'\n")
    with followed(["monitor"], tmp_path / "cameras.toml") as monitor:
        assert monitor.cameras() == {}
        gone = camera.secret_url.replace(f":{camera.port}", ":9")
        refused = post(monitor, "/cameras", camera="door", source=gone)
        assert refused.status_code == 422
        # Whatever the reason, the same: nobody learns what listens in this network.
        assert refused.json()["message"].startswith("no picture came from there")
        picture = post(monitor, "/try", camera="door", source=camera.secret_url)
        assert picture.headers["content-type"] == "image/jpeg"
        decoded = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape == (240, 320, 3)
        values = {"camera.title": "Front door", "record.on": True}
        saved = post(monitor, "/cameras", camera="door", source=camera.secret_url, values=values)
        assert saved.status_code == 200, saved.text
        assert "geheim" not in saved.text
        said = monitor.until_runs("door")
        assert said["door"]["title"] == "Front door"
        until(lambda: list((tmp_path / "videos").glob("door_*.mp4")))
        assert post(monitor, "/cameras/door/remove").status_code == 200
        until(lambda: monitor.cameras() == {})
        assert is_gone(monitor.pid("door"))
    assert config.read_text().startswith("[web] # mine\nport = 0\n[record]\non = false\n")
    assert not any("geheim" in line for line in monitor.lines)


def test_a_changed_camera_is_started_again_and_no_other(tmp_path: Path) -> None:
    with monitored(tmp_path, A + "\n" + B) as monitor:
        monitor.until_runs("a", "b")
        # Looks alone are controls: the camera goes on with others.
        looks = {"overlay.style": "outline", "overlay.opacity": 0.9}
        assert post(monitor, "/cameras/a", values=looks).status_code == 200
        until(lambda: monitor.cameras()["a"]["controls"]["style"] == "outline")
        assert monitor.cameras()["a"]["controls"]["opacity"] == 0.9
        rule = {"name": "any", "class": "disk", "above": 0}
        assert post(monitor, "/cameras/a/rules", table=rule).status_code == 200
        # Nobody is frightened by a camera that has stopped.
        seen = {"running"}
        until(lambda: seen.add(monitor.cameras()["a"]["state"]) or len(monitor.pids("a")) == 2)
        assert seen <= {"running", "starting", "waiting"}
        monitor.until_runs("a", "b")
        assert (len(monitor.pids("a")), len(monitor.pids("b"))) == (2, 1)
        assert monitor.cameras()["a"]["controls"]["style"] == "outline"


def test_what_is_hidden_is_black_in_the_picture_that_is_tried(
    tmp_path: Path, camera: Camera
) -> None:
    zone = "[[camera.hide]]\nzone = [[0, 0], [1, 0], [1, 0.5], [0, 0.5]]\n"
    text = f'[[camera]]\nname = "a"\nsource = "{camera.secret_url}"\n{zone}'
    redacted = f'[[camera]]\nname = "b"\nsource = "{camera.url}"\nredact.classes = ["person"]\n'
    with monitored(tmp_path, text + redacted) as monitor:
        a, b = httpx.get(f"{monitor.url}/api/settings").json()["cameras"]
        picture = post(monitor, "/try", camera="a", source=a["source"])
        decoded = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded[:110].max() < 40
        # Who is redacted is found by a model, which is not asked here: nothing is shown.
        answer = post(monitor, "/try", camera="b", source=b["source"])
        assert (answer.status_code, answer.content) == (204, b"")


def test_a_rule_and_its_zone_are_made_by_keyboard(tmp_path: Path, page: Any) -> None:
    with monitored(tmp_path, A) as monitor:
        monitor.until_runs("a")
        page.goto(monitor.url)
        page.get_by_role("button", name="Settings").focus()
        page.keyboard.press("Enter")
        page.get_by_text("Rules (0)").press("Enter")
        page.get_by_role("button", name="Add a rule").press("Enter")
        page.get_by_label("Name", exact=True).fill("porch")
        page.get_by_label("Class", exact=True).fill("disk")
        page.get_by_role("region", name="Settings").get_by_role("button", name="Draw a zone").press(
            "Enter"
        )
        for _ in range(4):
            page.get_by_role("button", name="Add a corner").press("Enter")
        corner = page.get_by_role("button", name=re.compile("^Corner 1: 25% across, 25% down"))
        corner.press("ArrowLeft")
        page.get_by_role("button", name=re.compile("^Corner 1: 24% across")).press("Shift+ArrowUp")
        page.get_by_role("button", name=re.compile("^Corner 3")).press("Delete")
        page.get_by_role("button", name="Take this zone").press("Enter")
        page.get_by_role("button", name="Save the rule").press("Enter")
        page.get_by_text("Rule saved.").wait_for()
        assert monitor.config.read_text().endswith(
            '[[camera.rule]]\nname = "porch"\nclass = "disk"\nabove = 5\n'
            "zone = [[0.24, 0.2], [0.75, 0.25], [0.25, 0.75]]\n"
        )
        # Escape leaves a zone, and then the settings.
        draw = page.get_by_role("button", name="Draw a zone", exact=True)
        draw.press("Enter")
        page.get_by_role("region", name="Zone").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("region", name="Zone").wait_for(state="hidden")
        page.get_by_text("Rules (1)").press("Escape")
        page.get_by_role("region", name="Settings").wait_for(state="hidden")


def test_who_removes_a_camera_is_back_at_the_others(tmp_path: Path, page: Any) -> None:
    with monitored(tmp_path, A + B) as monitor:
        page.goto(f"{monitor.url}/#camera=a")
        page.on("dialog", lambda asked: asked.accept())
        page.get_by_role("button", name="Settings of a").press("Enter")
        page.get_by_role("button", name="Remove this camera").press("Enter")
        page.locator("article[data-camera=a]").wait_for(state="detached")
        page.get_by_role("button", name="Add a camera").and_(page.locator(":focus")).wait_for()
        assert page.locator("#nowhere").text_content() == ""


def test_who_begins_where_the_usual_port_is_taken_gets_another_and_keeps_it(
    tmp_path: Path,
) -> None:
    with usual_port_taken(), followed(["monitor"], tmp_path / "none.toml") as monitor:
        monitor.said("port 8080 is taken")
        url = monitor.url
        asked = {"camera": "door", "source": "/dev/video99", "is_untried": True}
        assert post(monitor, "/cameras", **asked).status_code == 200
    with followed(["monitor"], tmp_path / "none.toml") as monitor:
        assert monitor.url == url
        assert list(monitor.cameras()) == ["door"]


def test_a_port_that_is_taken_is_said_with_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_text(A)
    command = [sys.executable, "-m", "livesegment", "monitor", "cameras.toml"]
    with usual_port_taken():
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    [line] = ran.stderr.splitlines()
    assert "port 8080: address already in use" in line
    assert line.endswith("; [web] in cameras.toml says where the page is")


def test_who_has_no_camera_yet_reads_what_to_do(tmp_path: Path, page: Any) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "cameras.toml").write_text("web.port = 0\n")
    with followed(["monitor"], tmp_path / "none.toml") as monitor:
        page.goto(monitor.url)
        first = page.locator("#first")
        first.get_by_role("button", name="Add the first camera").wait_for()
        [shown, needed] = first.evaluate("each => [each.clientWidth, each.scrollWidth]")
        assert shown == needed > 300, "it is cut"
