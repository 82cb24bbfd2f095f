"""The page for who hears it, or has only a keyboard: axe-core finds nothing wrong in it."""

import time
from pathlib import Path

import pytest
from conftest import need_package
from events import event
from feeds import HandFeed, moving, served
from looks import LOOKS, found, look
from past import BEGAN_S, opened, told, write_events, write_recording

from livesegment.settings import ApiKey, WebOptions
from livesegment.web.event_log import EventLog

playwright = need_package("playwright.sync_api", extra="test")
expect = playwright.expect
expect.set_options(timeout=20_000)

TOKEN = "correct horse battery"
VIEW_TOKEN = "battery staple"


@pytest.fixture(params=LOOKS)
def tab(request: pytest.FixtureRequest, page: "playwright.Page") -> "playwright.Page":
    look(page, request.param)
    return page


@pytest.fixture
def feeds(tmp_path: Path) -> list[HandFeed]:
    """Return cameras in all states, one with events."""
    feeds = [HandFeed(name, f"The {name}") for name in ("gate", "yard", "dock", "barn")]
    feeds[0].say(endpoint="trouble", endpoint_text="http://127.0.0.1:9001 does not answer")
    feeds[0].classes = {0: "background", 1: "person", 2: "a class with a long name"}
    feeds[1].events = EventLog(tmp_path)
    for number in range(30):
        noted = event(number, coverage=0.07, snapshot="a.jpg" if number % 2 else None)
        feeds[1].events.note(noted.fields())
    feeds[2].say(state="lost", since=time.time() - 20)
    feeds[3].say(state="stopped", state_text="its process ended")
    return feeds


def test_nothing_keeps_anybody_out_of_the_page(
    tab: "playwright.Page", feeds: list[HandFeed]
) -> None:
    options = WebOptions(port=0, token=ApiKey(TOKEN), view_token=ApiKey(VIEW_TOKEN))
    with served(*feeds, options=options) as server, moving(*feeds):
        tab.goto(server.url)
        assert found(tab) == []
        tab.get_by_label("Token").fill("no token")
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("alert")).to_have_text("This is not the token.")
        assert found(tab) == []
        tab.get_by_label("Token").fill(TOKEN)
        tab.keyboard.press("Enter")
        expect(tab.locator(".chip")).to_have_count(8)
        expect(tab.locator("[data-camera=dock] .veil")).to_be_visible()
        assert found(tab) == []  # the grid
        tab.keyboard.press("?")
        expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()
        assert found(tab) == []
        tab.keyboard.press("Escape")
        tab.goto(f"{server.url}/#camera=yard")
        expect(tab.locator(".events:visible li")).not_to_have_count(0)
        assert found(tab) == []  # one camera, with its events
        tab.get_by_role("button", name="Draw a zone").click()
        tab.locator(".sheet:visible").click(position={"x": 50, "y": 50})
        assert found(tab) == []
        tab.goto(f"{server.url}/#camera=yard&event={event(1).id}")
        expect(tab.get_by_role("dialog", name="Event")).to_be_visible()
        assert found(tab) == []
        tab.goto(f"{server.url}/#camera=nowhere")
        expect(tab.locator("#nowhere")).to_contain_text("no camera")
        assert found(tab) == []


def test_nothing_keeps_anybody_out_of_the_past(tab: "playwright.Page", tmp_path: Path) -> None:
    write_recording(tmp_path / "recorded" / "gate.mp4", 4, BEGAN_S)
    write_events(tmp_path / "gate.jsonl", [told(1), told(1, "end", 1), told(2, after_s=2)])
    with opened(tmp_path) as review, served(HandFeed("gate"), review=review) as server:
        tab.goto(f"{server.url}/review")
        expect(tab.locator(".entry")).to_have_count(3)
        assert found(tab) == []
        tab.locator(".entry").first.click()
        expect(tab.locator(".entry[aria-current=true]")).to_have_count(1)
        assert found(tab) == []


def test_nothing_keeps_anybody_out_who_only_looks(
    page: "playwright.Page", feeds: list[HandFeed]
) -> None:
    options = WebOptions(port=0, token=ApiKey(TOKEN), view_token=ApiKey(VIEW_TOKEN))
    with served(*feeds[:2], options=options) as server, moving(*feeds):
        page.goto(f"{server.url}/#camera=gate")
        page.get_by_label("Token").fill(VIEW_TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("#looking")).to_be_visible()
        expect(page.locator(".chip").first).to_be_disabled()
        assert found(page) == []


def test_of_buttons_that_look_alike_each_says_whose_it_is(
    page: "playwright.Page", feeds: list[HandFeed]
) -> None:
    with served(*feeds) as server, moving(*feeds):
        page.goto(server.url)
        expect(page.locator("article")).to_have_count(4)
        for feed in feeds:
            card = page.get_by_role("article", name=feed.title)
            expect(card.get_by_role("link", name=f"Enlarge {feed.title}")).to_be_visible()
            expect(card.get_by_role("button", name=f"Pause {feed.title}")).to_have_count(1)
        said = page.locator("#announcer")
        page.wait_for_timeout(1500)
        assert said.text_content() == "", "who comes to the page is not told of each camera"
        feeds[0].say(is_hidden=True)
        expect(page.locator("[data-camera=gate] .veil")).to_be_visible()
        assert said.text_content() == "", "what comes and goes with each picture is not told"


def test_a_camera_is_enlarged_and_left_with_the_keyboard(
    page: "playwright.Page", feeds: list[HandFeed]
) -> None:
    with served(*feeds) as server, moving(*feeds):
        page.goto(server.url)
        expect(page.locator("article")).to_have_count(4)
        for _ in range(30):
            page.keyboard.press("Tab")
            label = page.evaluate("document.activeElement.getAttribute('aria-label')")
            # What has the focus is in the window, and to be seen.
            assert page.evaluate(
                "(() => { const box = document.activeElement.getBoundingClientRect();"
                " return box.top >= 0 && box.bottom <= innerHeight && box.width > 0; })()"
            ), label
            if label == "Enlarge The dock":
                break
        page.keyboard.press("Enter")
        expect(page.locator("article:visible")).to_have_count(1)
        expect(page.locator("article:visible")).to_have_attribute("data-camera", "dock")
        expect(page.get_by_role("link", name="All cameras")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("article:visible")).to_have_count(4)
        expect(page.get_by_role("link", name="Enlarge The dock")).to_be_focused()
