"""A newcomer's way, from no file at all to a message on a phone: by mouse, and by keyboard."""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from cameras import Camera, has_rtsp_server
from clips import picture, write_video
from conftest import need_package, skip_or_fail
from looks import found, keep_picture, looks
from monitored import Monitored, followed, usual_port_taken
from past import BEGAN_S, told, write_events
from receiver import Receiver
from waiting import PLAYED

from livesegment.sinks.image_file import write_image
from livesegment.sources import open_source

playwright = need_package("playwright.sync_api", extra="test")
need_package("apprise", extra="notify")
expect = playwright.expect
expect.set_options(timeout=40_000)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="monitor needs a Unix system")

SIZE, FPS = (256, 144), 10
AWAY_S = 12  # longer than a clip goes on after its event
MOST_TABS = 60
CUT = """() => [...document.querySelectorAll("html, .card, .side, .settings, dialog[open]")]
    .filter(each => each.scrollWidth > each.clientWidth + 2 && each.clientWidth > 0)
    .map(each => each.className || each.tagName)"""


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    """Run a network camera before which somebody comes and goes."""
    if not has_rtsp_server():
        skip_or_fail("this test needs GStreamer's RTSP server")
    footage = tmp_path / "footage.bgr"
    with open_source("sample:") as source, footage.open("wb") as file:
        for index in range(120):
            frame = source.read()
            assert frame is not None
            if index % 3 == 0:
                file.write(cv2.resize(frame.image, SIZE, interpolation=cv2.INTER_AREA).tobytes())
        nobody = cv2.GaussianBlur(cv2.resize(frame.image, SIZE), (0, 0), 60)
        for _ in range(AWAY_S * FPS):
            file.write(nobody.tobytes())
    running = Camera("rtsp", tmp_path)
    running.start(f"{SIZE[0]}x{SIZE[1]}", FPS, footage)
    yield running
    running.kill()


class Mouse:
    """Somebody who points and clicks."""

    def __init__(self, tab: "playwright.Page") -> None:
        self.tab = tab

    def press(self, wanted: "playwright.Locator") -> None:
        wanted.click()

    def write(self, wanted: "playwright.Locator", text: str) -> None:
        wanted.click()
        self.tab.keyboard.press("ControlOrMeta+a")
        self.tab.keyboard.type(text)

    def draw(self, corners: int) -> None:
        sheet = self.tab.locator(".sheet:visible")
        box = sheet.bounding_box()
        assert box is not None
        for x, y in [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)][:corners]:
            sheet.click(position={"x": x * box["width"], "y": y * box["height"]})


class Keyboard(Mouse):
    """Somebody who has no mouse, and reaches everything by tabs."""

    def press(self, wanted: "playwright.Locator") -> None:
        self._reach(wanted)
        self.tab.keyboard.press("Enter")

    def write(self, wanted: "playwright.Locator", text: str) -> None:
        self._reach(wanted)
        self.tab.keyboard.press("ControlOrMeta+a")
        self.tab.keyboard.type(text)

    def draw(self, corners: int) -> None:
        add = self.tab.get_by_role("button", name="Add a corner")
        for _ in range(corners):
            self.press(add)

    def _reach(self, wanted: "playwright.Locator") -> None:
        expect(wanted).to_be_visible()
        for _ in range(MOST_TABS):
            if wanted.evaluate("each => each === document.activeElement"):
                return
            self.tab.keyboard.press("Tab")
        pytest.fail(f"not to be reached by keyboard: {wanted}")


class Walk:
    """What is seen on the way, in every look of the page."""

    def __init__(self, tab: "playwright.Page", name: str) -> None:
        self.tab = tab
        self.name = name
        self.count = 0
        self.wrong: list[str] = []

    def station(self, name: str, *, is_new: bool = False) -> None:
        """Look at where one has come to: nothing is cut, or keeps anybody out.

        Args:
            name: What the place is called.
            is_new: Whether the page was just opened: nothing has the focus.
        """
        self.count += 1
        is_lost = self.tab.evaluate("document.activeElement === document.body")
        if is_lost and not is_new and self.name == "keyboard":
            self.wrong.append(f"{name}: the focus is lost")
        for look in looks(self.tab):
            cut = self.tab.evaluate(CUT)
            self.wrong += [f"{name}, {look}: {each} is wider than its place" for each in cut]
            keep_picture(self.tab, f"{self.name}-{self.count:02}-{name}-{look}")
            if self.name == "mouse":
                self.wrong += [f"{name}, {look}: {each}" for each in found(self.tab)]


def leave_yesterday(state: Path) -> None:
    """Write what a run of yesterday has left."""
    events = state / "events"
    (events / "front-door").mkdir(parents=True)
    write_video(events / "front-door" / "old.mp4", 30, size=(160, 96))
    write_image(events / "front-door" / "old.jpg", picture(0, (160, 96)))
    after_s = time.time() - 86400 - BEGAN_S
    kept = {"camera": "front-door", "rule": "parcel", "snapshot": "old.jpg"}
    ended = told(1, "end", after_s + 7, **kept, clip="old.mp4")
    write_events(events / "front-door.jsonl", [told(1, after_s=after_s, **kept), ended])


def add_camera(by: Mouse, walk: Walk, camera: Camera) -> None:
    tab = by.tab
    first = tab.get_by_role("button", name="Add the first camera")
    expect(first).to_be_visible()
    walk.station("nothing-yet", is_new=True)
    by.press(first)
    dialog = tab.get_by_role("dialog", name="Add a camera")
    by.write(dialog.get_by_role("textbox", name="Name for people"), "Front door")
    expect(dialog.get_by_role("textbox", name="Short name")).to_have_value("front-door")
    by.write(dialog.get_by_label("Address", exact=True), camera.url)
    by.press(dialog.get_by_role("button", name="Show its picture"))
    expect(dialog.get_by_role("img", name="What the camera sees")).to_be_visible()
    walk.station("looked-at")
    by.press(dialog.get_by_role("button", name="Save"))
    expect(tab.get_by_role("heading", name="Front door")).to_be_visible()
    expect(tab.get_by_role("list", name="In the picture")).to_contain_text("person")
    walk.station("added")


def make_rule(by: Mouse, walk: Walk) -> None:
    tab = by.tab
    by.press(tab.get_by_role("button", name="Draw a zone"))
    by.draw(4)
    expect(tab.get_by_role("region", name="Zone")).to_be_in_viewport(ratio=1)
    walk.station("zone")
    by.press(tab.get_by_role("button", name="Make a rule of it"))
    rule = tab.locator("form.rule")
    by.write(rule.get_by_label("Name", exact=True), "visitor")
    expect(rule.get_by_label("Class", exact=True)).to_have_value("person")
    walk.station("rule")
    by.press(rule.get_by_role("button", name="Save the rule"))
    expect(tab.get_by_text("Rule saved.")).to_be_visible()
    walk.station("rule-saved")


def tell_a_phone(by: Mouse, walk: Walk, monitor: Monitored, address: str) -> None:
    config = monitor.config.parent / "state" / "cameras.toml"
    expect(by.tab.get_by_text("To have a phone told")).to_contain_text(str(config))
    events = "[events]\n"
    config.write_text(config.read_text().replace(events, f'{events}notify = ["{address}"]\n'))
    monitor.program.send_signal(signal.SIGHUP)
    by.press(by.tab.get_by_role("button", name="Send a test"))
    told = by.tab.get_by_role("dialog", name="Test message to phones")
    expect(told).to_contain_text("Everybody took it.")
    expect(by.tab.get_by_text("To have a phone told")).to_be_hidden()
    walk.station("tested")
    by.press(told.get_by_role("button", name="Close"))


def see_the_event(by: Mouse, walk: Walk) -> None:
    tab = by.tab
    event = tab.locator(".events li", has_text="visitor").last
    expect(event.locator("img")).to_be_visible()
    walk.station("event")
    by.press(event.get_by_role("button"))
    # It plays as soon as it is complete, also for who has come too early.
    video = tab.locator("article dialog video")
    assert tab.evaluate(PLAYED, [video.element_handle(), 1])
    walk.station("clip")
    by.press(tab.locator("article dialog").get_by_role("button", name="Close"))


def find_yesterday(by: Mouse, walk: Walk) -> None:
    tab = by.tab
    by.press(tab.get_by_role("link", name="Review"))
    yesterday = tab.locator(".entry", has_text="parcel")
    expect(yesterday).to_be_visible()
    walk.station("review", is_new=True)
    by.press(yesterday)
    expect(tab.locator("#viewer-title")).to_have_text("parcel")
    assert tab.evaluate(PLAYED, [tab.locator("video").element_handle(), 0.5])
    walk.station("yesterday")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("hand", [Mouse, Keyboard])
def test_from_nothing_to_a_message_on_the_phone(
    tmp_path: Path, page: "playwright.Page", camera: Camera, hand: type[Mouse]
) -> None:
    walk, by = Walk(page, hand.__name__.lower()), hand(page)
    receiver = Receiver(200)
    leave_yesterday(tmp_path / "state")
    with (
        usual_port_taken(),  # else only one of these tests could have it
        receiver.serving() as phone,
        followed(["monitor"], tmp_path / "cameras.toml") as monitor,
    ):
        page.goto(monitor.url)
        add_camera(by, walk, camera)
        make_rule(by, walk)
        tell_a_phone(by, walk, monitor, f"ntfy://{phone.removeprefix('http://')}/door")
        see_the_event(by, walk)
        # The test, and then the event with its picture.
        receiver.wait_for(2)
        headers, body = receiver.requests[-1]
        assert body.startswith(b"\xff\xd8")
        assert "visitor" in " ".join([headers[":path"], *headers.values()])
        find_yesterday(by, walk)
    assert walk.wrong == []
