"""A camera's process by its socket: what it says, and what it does when told."""

import io
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from waiting import wait_until

from livesegment.backoff import Restarts
from livesegment.events.switches import RECORDING, Switches
from livesegment.metrics import Snapshot
from livesegment.monitor.camera_process import home_of, run
from livesegment.monitor.child_link import ChildLink
from livesegment.monitor.config import read_config
from livesegment.monitor.keeper import HEALTHY_S, RESTART, changed_controls, same_run
from livesegment.monitor.link import Message, packed_controls, unpacked_fragment, unpacked_report
from livesegment.settings.controls import Controls
from livesegment.settings.monitor import CameraOptions
from livesegment.web.broadcast import Broadcast
from livesegment.web.feed import Report
from livesegment.web.video import Fragment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="monitor needs a Unix system")

PLENTY = {"number": 1, "in_flight": 4, "calls": None, "until_s": 0.0}


class Monitor:
    """The monitor's end of the socket, by hand."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.settimeout(30)
        self._file = connection.makefile("rb")

    def send(self, kind: str, **fields: object) -> None:
        self._connection.sendall(Message(kind, fields).packed())

    def watch(
        self,
        is_watched: bool,
        *,
        labelled: bool = False,
        video: bool = False,
        keyframe: bool = False,
    ) -> None:
        self.send(
            "orders",
            controls=packed_controls(Controls()),
            is_watched=is_watched,
            is_labelled_watched=labelled,
            is_video_watched=video,
            needs_keyframe=keyframe,
        )

    def next(self) -> Message:
        head, body = struct.unpack("!II", self._file.read(8))
        return Message.unpacked(self._file.read(head), self._file.read(body))

    def until(self, kind: str) -> list[Message]:
        """Return all messages up to one of a kind."""
        messages: list[Message] = []

        def came() -> bool:
            messages.append(self.next())
            return messages[-1].kind == kind

        wait_until(came, f"a message of kind {kind}", pause_s=0)
        return messages

    def close(self) -> None:
        self._file.close()
        self._connection.close()


@pytest.fixture
def camera(tmp_path: Path) -> CameraOptions:
    """Return a small camera, drawn."""
    path = tmp_path / "c.toml"
    path.write_text('[[camera]]\nname = "a"\nsource = "pattern:64x48@30"\n')
    [only] = read_config(path).cameras
    return only


@pytest.fixture
def started() -> Iterator[Callable[[CameraOptions], Monitor]]:
    """Return what runs a camera on another thread and ends it after the test."""
    with ThreadPoolExecutor(1) as pool:
        running, monitors = [], []

        def start(config: CameraOptions) -> Monitor:
            ours, theirs = socket.socketpair()
            monitors.append(Monitor(ours))
            running.append(pool.submit(run, ChildLink(theirs), config))
            return monitors[-1]

        yield start
        for monitor, code in zip(monitors, running, strict=True):
            monitor.send("stop")
            monitor.until("ended")
            assert code.result(timeout=30) == 0
            monitor.close()


def test_pictures_are_made_only_while_somebody_watches(started, camera: CameraOptions) -> None:
    monitor = started(camera)
    said = monitor.until("report") + monitor.until("report")
    assert all(message.kind != "picture" for message in said)
    monitor.watch(True)
    picture = monitor.until("picture")[-1]
    image = cv2.imdecode(np.frombuffer(picture.body, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (48, 64, 3)
    monitor.watch(False)
    monitor.until("report")
    monitor.until("report")
    said = monitor.until("report")
    assert [message.kind for message in said] == ["report"]


def test_nothing_is_asked_without_a_lease_and_the_picture_goes_on(
    started, camera: CameraOptions
) -> None:
    monitor = started(camera)
    needs = [monitor.until("need")[-1].fields]
    assert needs[0] == {"number": 0, "in_use": 0, "wants": 1, "calls": 0}
    monitor.until("report")
    fields = monitor.until("report")[-1].fields
    report = unpacked_report(fields["report"])
    assert Snapshot.from_json(fields["snapshot"]).counts["calls"] == 0
    assert report.state == "running"
    monitor.send("lease", **PLENTY)

    def asked() -> Report | None:
        fields = monitor.until("report")[-1].fields
        has_asked = Snapshot.from_json(fields["snapshot"]).counts["calls"]
        return unpacked_report(fields["report"]) if has_asked else None

    report = wait_until(asked, "a call", pause_s=0)
    assert report.endpoint in {"waiting", "answering"}


def test_the_folders_that_the_file_names_are_made(started, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    folder = tmp_path / "new" / "deeper"
    path.write_text(
        f'[record]\nfolder = "{folder}/videos"\n[events]\nfolder = "{folder}/events"\n'
        '[[camera]]\nname = "a"\nsource = "pattern:64x48@30"\n'
    )
    [camera] = read_config(path).cameras
    assert not folder.parent.exists(), "to check a file makes nothing"
    monitor = started(camera)
    monitor.until("report")
    wait_until(lambda: list(folder.glob("videos/a*.mp4")), "a recording")
    assert (folder / "events" / "a.jsonl").is_file()


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(camera: CameraOptions) -> None:
    ours, theirs = socket.socketpair()
    monitor = Monitor(ours)
    options = replace(camera.options, record="/etc/passwd/videos/a.mp4")
    with ThreadPoolExecutor(1) as pool:
        code = pool.submit(run, ChildLink(theirs), replace(camera, options=options))
        failed = monitor.until("failed")[-1]
        assert failed.fields["text"].startswith("the folder /etc/passwd/videos cannot be made: ")
        assert code.result(timeout=30) == 1
    monitor.close()


def test_a_source_that_cannot_be_opened_is_told_in_a_sentence(camera: CameraOptions) -> None:
    ours, theirs = socket.socketpair()
    monitor = Monitor(ours)
    broken = CameraOptions("a", "/no/such/file.mp4", "a", camera.options)
    with ThreadPoolExecutor(1) as pool:
        code = pool.submit(run, ChildLink(theirs), broken)
        failed = monitor.until("failed")[-1]
        assert "/no/such/file.mp4" in failed.fields["text"]
        assert code.result(timeout=30) == 1
    monitor.close()


def test_video_comes_while_it_is_watched_with_a_keyframe_for_whoever_joins(
    started, camera: CameraOptions
) -> None:
    monitor = started(camera)
    monitor.watch(False, video=True)
    shown: list[Fragment] = []

    def next_one() -> Fragment:
        message = monitor.until("fragment")[-1]
        fragment = unpacked_fragment(message, shown[-1].head if shown else None)
        assert fragment is not None
        shown.append(fragment)
        return fragment

    assert next_one().is_keyframe
    assert not next_one().is_keyframe
    monitor.watch(False, video=True, keyframe=True)
    wait_until(lambda: next_one().is_keyframe, "a keyframe", pause_s=0)
    assert len({fragment.head for fragment in shown}) == 1
    file = io.BytesIO(shown[0].head.segment + b"".join(each.media for each in shown))
    with av.open(file) as container:
        assert len(list(container.decode(video=0))) == len(shown)
    monitor.watch(False)
    monitor.until("report")
    monitor.until("report")
    assert {message.kind for message in monitor.until("report")} == {"report"}


def test_other_programs_get_pictures_with_a_legend_that_those_of_the_page_do_not_have(
    started, camera: CameraOptions
) -> None:
    monitor = started(replace(camera, source="pattern:320x240@30"))
    monitor.send("lease", **PLENTY)
    monitor.watch(True, labelled=True)

    def brightness(kind: str) -> float:
        """Return how bright a picture is where its legend would lie on a dark plate."""
        jpeg = np.frombuffer(monitor.until(kind)[-1].body, np.uint8)
        return float(np.median(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)[-45:-15, 15:75]))

    wait_until(lambda: brightness("labelled") < 0.7 * brightness("picture"), "a legend", pause_s=0)
    monitor.watch(False)
    monitor.until("report")
    monitor.until("report")
    assert {message.kind for message in monitor.until("report")} == {"report"}


def test_a_monitor_that_is_slow_holds_up_nobody_and_gets_the_newest_picture() -> None:
    ours, theirs = socket.socketpair()
    monitor, link, pictures = Monitor(ours), ChildLink(theirs), Broadcast()
    link.show(pictures)
    for number in range(1000):
        pictures.publish(number.to_bytes(4) * 25_000)  # 100 MB, that no socket holds
    link.send("report")
    said = monitor.until("report")
    assert len(said) < 100
    last = monitor.until("picture")[-1]
    assert int.from_bytes(last.body[:4]) == 999
    link.close()
    monitor.close()


@pytest.mark.parametrize(
    ("module", "spared"),
    [
        ("livesegment.monitor.supervisor", {"av", "cv2", "numpy", "httpx"}),
        ("livesegment.monitor.camera_process", {"starlette", "uvicorn", "typer", "rich", "click"}),
    ],
)
def test_neither_process_loads_what_only_the_other_needs(module: str, spared: set[str]) -> None:
    script = f"import sys, {module}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert spared.isdisjoint(ran.stdout.split())


def test_the_first_restart_is_at_once_and_later_ones_wait_longer() -> None:
    restarts = Restarts(RESTART, HEALTHY_S)
    assert [restarts.after(1.0) for _ in range(8)] == [0, 1, 2, 4, 8, 16, 30, 30]
    assert restarts.after(HEALTHY_S) == 0
    assert restarts.after(0.5) == 1


def test_another_look_is_no_other_run_unless_a_background_hangs_on_it(tmp_path: Path) -> None:
    def read(more: str) -> CameraOptions:
        path = tmp_path / "cameras.toml"
        path.write_text(f'[[camera]]\nname = "a"\nsource = "pattern:"\n{more}')
        return read_config(path).cameras[0]

    plain, outlined = read(""), read('overlay.style = "outline"\npicture.align = "paste"\n')
    assert same_run(plain, outlined)
    assert changed_controls(plain, outlined) == {"style": "outline", "align": "paste"}
    for more in ('title = "A"\n', "picture.mirror = true\n", 'picture.background = "blur"\n'):
        assert not same_run(plain, read(more))
    # What is seen before another background is a promise, which a run makes when it begins.
    one, two = (
        read(f'picture.background = "blur"\noverlay.classes = ["{each}"]\n')
        for each in ("ball", "box")
    )
    assert same_run(one, one)
    assert not same_run(one, two)


@pytest.mark.parametrize("are_allowed", [True, False])
def test_what_was_switched_off_stays_so_while_commands_are_allowed(
    tmp_path: Path, are_allowed: bool
) -> None:
    path = tmp_path / "state" / "a.json"
    Switches(path).turn(RECORDING, on=False)
    config = tmp_path / "c.toml"
    text = f'[events]\nmqtt = "mqtt://broker"\nmqtt_commands = {str(are_allowed).lower()}\n'
    config.write_text(f'{text}[[camera]]\nname = "a"\nsource = "pattern:"\ntitle = "Yard"\n')
    [camera] = read_config(config).cameras
    home = home_of(camera, {"page_url": "http://a:1", "switches": str(path)})
    assert home.switches.is_on(RECORDING) is not are_allowed
    assert (home.title, home.page_url) == ("Yard", "http://a:1")
