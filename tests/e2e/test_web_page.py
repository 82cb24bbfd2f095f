"""The page in a real browser: pictures move, controls act, and what is not live says so."""

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import need_package
from feeds import HandFeed, moving, served
from parts import FunctionSegmenter, started
from waiting import log_out, wait_in_page, wait_until

from livesegment.metrics import Snapshot
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings import ApiKey, WebOptions
from livesegment.settings.controls import STYLES, Controls
from livesegment.settings.keys import shown_keys
from livesegment.settings.serve import ServeOptions

playwright = need_package("playwright.sync_api", extra="test")
expect = playwright.expect
expect.set_options(timeout=20_000)

TOKEN = "correct horse battery"


def picture(tab: "playwright.Page", camera: str = "one") -> "np.ndarray":
    """Return what is to be seen of a camera, BGR uint8 (H, W, 3)."""
    png = tab.locator(f"[data-camera={camera}] .picture > video").screenshot()
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def until(tab: "playwright.Page", camera: str, seen: Callable[["np.ndarray"], bool]) -> None:
    """Wait until a camera's picture is as it should be."""
    for _ in range(100):
        if seen(picture(tab, camera)):
            return
    pytest.fail("the picture never looked so")


def moves(tab: "playwright.Page", camera: str) -> None:
    """Wait until a camera's picture differs from what it was."""
    before = picture(tab, camera)
    until(tab, camera, lambda now: now.shape != before.shape or bool((now != before).any()))


def test_eight_cameras_move_at_once_on_one_page(page: "playwright.Page") -> None:
    feeds = [HandFeed(f"camera-{number}", f"Camera {number}") for number in range(8)]
    with served(*feeds) as server, moving(*feeds):
        page.goto(server.url)
        expect(page.locator("article")).to_have_count(8)
        expect(page.locator("#summary")).to_have_text("8 cameras, live")
        for feed in feeds:
            moves(page, feed.name)
        # All in one response: nothing is left waiting for a free connection.
        assert all(len(feed.video_watched) == 1 for feed in feeds)
        page.close()
    assert all(feed.video_watched[-1] is False for feed in feeds)


def test_what_is_not_live_says_so_and_looks_so(page: "playwright.Page") -> None:
    feed = HandFeed("one", "Front gate")
    card = page.locator("[data-camera=one]")
    with served(feed) as server:
        with moving(feed):
            page.goto(server.url)
            expect(card.locator(".state")).to_have_text("Live")
            moves(page, "one")
            # It comes and goes softly: what it looks like is to be seen at the end of that.
            expect(card.locator(".screen:visible")).to_have_css("opacity", "1")
            bright = picture(page).mean()
            feed.say(state="lost", since=time.time() - 20)
            expect(card.locator(".veil")).to_contain_text("Camera lost")
            expect(card.locator(".veil")).to_contain_text("for 2")
            expect(card.locator(".screen:visible")).to_have_css("opacity", "0.45")
            assert picture(page).mean() < 0.8 * bright
            # Said once to whoever does not see it.
            expect(page.locator("[aria-live=polite]")).to_have_text("Front gate: Camera lost")
            feed.say(state="stopped", state_text="its process ended")
            expect(card.locator(".veil")).to_contain_text("Camera stopped")
            expect(card.locator(".veil")).to_contain_text("its process ended")
            expect(card.locator(".screen:visible")).to_have_attribute(
                "aria-label", "Picture of Front gate: Camera stopped"
            )
            expect(page.locator("#summary")).to_have_text("0 of 1 camera live")
            feed.say(state="running", state_text="")
            expect(card.locator(".veil")).to_be_hidden()
            feed.say(is_hidden=True)
            expect(card.locator(".veil")).to_have_text("Hiddenno mask to be trusted")
            expect(card.locator(".state")).to_have_text("Live")
            feed.say(is_hidden=False)
            expect(card.locator(".veil")).to_be_hidden()
        # It says that it runs, but nothing comes any more.
        expect(card.locator(".veil")).to_contain_text("No new picture")
        server.close()
        expect(card.locator(".veil")).to_contain_text("No connection to livesegment")


def test_figures_and_coverage_are_shown(page: "playwright.Page") -> None:
    feed = HandFeed("one", "Front gate")
    feed.counted = Snapshot(
        {"calls": 12345, "frames_dropped": 118, "reconnects": 3, "frames_hidden": 7},
        {"errors": {"ServerFailed": 2}},
        moment={"fps_shown": 14.8, "mask_age_ms": 0.18, "round_trip_ms": 2.1},
    )
    feed.price_per_call, feed.currency = 0.002, "EUR"
    other = HandFeed("two", "Back door")
    other.counted = Snapshot({"calls": 100}, moment={"fps_shown": 12.0})
    other.price_per_call, other.currency = 0.002, "EUR"
    feed.say(endpoint="trouble", endpoint_text="http://127.0.0.1:9001 does not answer")
    with served(feed, other) as server, moving(feed, other):
        page.goto(server.url)
        expect(page.locator("#summary")).to_have_text("2 cameras, live, 24.89 EUR in all")
        card = page.locator("[data-camera=one]")
        card.locator("summary").click()
        shown = {
            name: card.locator(f"[data-figure={name}]")
            for name in (
                *("frames_per_s", "mask_age_s", "round_trip_s", "calls", "cost", "reconnects"),
                *("frames_hidden", "events", "events_lost", "errors"),
            )
        }
        for name, text in zip(
            shown,
            ("14.8", "180 ms", "2.1 s", "12,345", "24.69 EUR", "3", "7", "0", "0", "2"),
            strict=True,
        ):
            expect(shown[name]).to_have_text(text)
        # What each is called and means comes from the server.
        hidden = card.locator("dl > div", has=page.locator("[data-figure=frames_hidden]"))
        expect(hidden.locator("dt")).to_have_text("Hidden")
        expect(hidden).to_have_attribute("title", re.compile("--redact"))
        # What is no figure of this camera, and what should not happen and has not.
        expect(card.locator("[data-figure=process_ends]")).to_be_hidden()
        expect(card.locator("[data-figure=events_lost]")).to_be_hidden()
        expect(shown["frames_hidden"]).to_be_visible()
        expect(card.locator(".endpoint")).to_contain_text("127.0.0.1:9001 does not answer")
        expect(card.locator(".chip", has_text="person")).to_contain_text("25 %")
        expect(card.locator(".chart")).to_have_attribute(
            "aria-label", "Coverage over the last minutes: person now 25 %, at most 25 %"
        )
        # A line is drawn once there are two seconds of it.
        expect(card.locator(".chart .line")).to_have_attribute("d", re.compile("L"))


def test_an_endpoint_in_trouble_is_asked_at_once_at_the_press_of_a_button(
    page: "playwright.Page",
) -> None:
    feed = HandFeed("one", "Front gate")
    with served(feed) as server, moving(feed):
        page.goto(server.url)
        button = page.get_by_role("button", name="Try now")
        expect(page.locator("[data-figure=frames_per_s]")).to_have_text("12.0")
        expect(button).to_be_hidden()
        feed.say(endpoint="trouble", endpoint_text="the endpoint asks to wait 12 min")
        expect(page.locator(".endpoint")).to_contain_text("asks to wait 12 min")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator("[aria-live=polite]")).to_have_text("Front gate: asking the endpoint")
        assert feed.retries == 1
        feed.say(endpoint="answering", endpoint_text="")
        expect(button).to_be_hidden()


def test_everything_is_reached_with_the_keyboard(page: "playwright.Page") -> None:
    feed = HandFeed("one", "Front gate")
    with served(feed) as server, moving(feed):
        page.goto(server.url)
        expect(page.locator(".chip")).to_have_count(2)
        reached = {}
        for _ in range(12):
            page.keyboard.press("Tab")
            name = page.evaluate(
                "(document.activeElement.name || document.activeElement.textContent).trim()"
            )
            reached[name] = page.evaluate(
                "getComputedStyle(document.activeElement.matches('.choice input')"
                " ? document.activeElement.nextElementSibling : document.activeElement)"
                ".outlineStyle"
            )
            if name == "show_overlay":
                page.keyboard.press("Space")
            if name == "opacity":
                page.keyboard.press("End")
            if name == "one-style":
                page.keyboard.press("ArrowRight")
        assert {"Keys", "Pause", "Full screen"} <= reached.keys()
        assert {"show_overlay", "opacity", "one-style", "one-align", "Snapshot"} <= reached.keys()
        assert set(reached.values()) == {"solid"}, "what has the focus is to be seen"
        wanted = (False, 1.0, "outline")
        for _ in range(100):
            now = feed.controls()
            if (now.show_overlay, now.opacity, now.style) == wanted:
                break
            page.wait_for_timeout(20)
        assert (now.show_overlay, now.opacity, now.style) == wanted


def test_what_another_viewer_changes_is_shown(page: "playwright.Page") -> None:
    feed = HandFeed("one", "Front gate")
    with served(feed) as server, moving(feed):
        page.goto(server.url)
        expect(page.get_by_role("switch", name="Overlay")).to_be_checked()
        expect(page.get_by_role("button", name="person")).to_have_attribute("aria-pressed", "true")
        feed.change({"show_overlay": False, "classes": frozenset({"Car"}), "align": "paste"})
        expect(page.get_by_role("switch", name="Overlay")).not_to_be_checked()
        expect(page.get_by_role("button", name="person")).to_have_attribute("aria-pressed", "false")
        expect(page.get_by_role("button", name="car")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("radio", name="Paste")).to_be_checked()


def test_a_page_that_nobody_sees_asks_for_no_pictures(page: "playwright.Page") -> None:
    feed = HandFeed("one", "Front gate")
    with served(feed) as server, moving(feed):
        page.goto(server.url)
        moves(page, "one")
        hide = """hidden => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
        page.evaluate(hide, True)
        wait_until(
            lambda: page.wait_for_timeout(10) or feed.video_watched == [True, False],
            "the page asking for no more pictures",
        )
        page.evaluate(hide, False)
        moves(page, "one")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1600])
def test_it_fits_any_width_in_light_and_dark(
    chromium: "playwright.Browser", width: int, scheme: str
) -> None:
    feeds = [HandFeed(name, "A camera with a name that is long " * 3) for name in ("a", "b", "c")]
    feeds[1].say(state="stopped", state_text="x" * 200)
    with served(*feeds) as server, moving(feeds[0]):
        tab = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        tab.goto(server.url)
        expect(tab.locator(".chip")).to_have_count(2)
        enlarge = tab.get_by_role("link", name="Enlarge").first
        enlarge.click()
        expect(tab.get_by_role("switch", name="Overlay")).to_be_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        tab.get_by_role("link", name="All cameras").click()
        expect(enlarge).to_be_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        boxes = [card.bounding_box() for card in tab.locator("article").all()]
        assert len({round(box["x"]) for box in boxes}) == {360: 1, 768: 2, 1600: 3}[width]
        page_colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        red = int(page_colour.removeprefix("rgb(").split(",")[0])
        assert (red > 200) == (scheme == "light")
        tab.close()


def test_on_another_address_the_token_is_demanded_and_nowhere_to_be_read(
    page: "playwright.Page",
) -> None:
    feed = HandFeed("one", "Front gate")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    options = WebOptions(host="0.0.0.0", port=0, token=ApiKey(TOKEN))
    with served(feed, options=options) as server, moving(feed):
        page.goto(server.url)
        expect(page).to_have_url(f"{server.url}/login")
        page.get_by_label("Token").fill("wrong token")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("This is not the token.")
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        moves(page, "one")
        assert page.url == f"{server.url}/"
        assert TOKEN not in page.content()
        assert TOKEN not in str(page.evaluate("[document.cookie, {...localStorage}]"))
        assert not any("correct" in url for url in asked)
        log_out(page)
        expect(page.get_by_label("Token")).to_be_visible()
        page.goto(server.url)
        expect(page.get_by_label("Token")).to_be_visible()


def test_who_only_looks_sees_the_page_and_finds_nothing_to_change(page: "playwright.Page") -> None:
    feed = HandFeed("one", "Front gate")
    feed.say(endpoint="trouble", endpoint_text="the endpoint asks to wait 12 min")
    tokens = {"token": ApiKey(TOKEN), "view_token": ApiKey("battery staple")}
    with served(feed, options=WebOptions(port=0, **tokens)) as server, moving(feed):

        def log_in(token: str) -> None:
            page.goto(f"{server.url}/login")
            page.get_by_label("Token").fill(token)
            page.keyboard.press("Enter")
            expect(page.locator(".chip")).to_have_count(2)

        log_in("battery staple")
        moves(page, "one")
        expect(page.locator("#looking")).to_have_text("Looking only")
        for locator in (page.locator(".controls input"), page.locator(".chip")):
            assert locator.count() > 1
            for each in locator.all():
                expect(each).to_be_disabled()
        expect(page.locator(".chip", has_text="person")).to_contain_text("25 %")
        expect(page.locator(".endpoint")).to_contain_text("asks to wait 12 min")
        expect(page.get_by_role("button", name="Try now")).to_be_hidden()
        expect(page.locator(".more .looking")).to_be_visible()
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        # What others change is shown all the same.
        feed.change({"show_overlay": False})
        expect(page.get_by_role("switch", name="Overlay")).not_to_be_checked()
        log_out(page)
        expect(page.get_by_label("Token")).to_be_visible()
        log_in(TOKEN)
        expect(page.locator("#looking")).to_be_hidden()
        expect(page.locator(".more .looking")).to_be_hidden()
        page.get_by_role("button", name="Try now").click()
        page.get_by_role("switch", name="Overlay").click()
        expect(page.locator("[aria-live=polite]")).to_have_text("Front gate: asking the endpoint")
        wait_until(lambda: feed.controls().show_overlay, "the overlay being shown again")
        assert feed.retries == 1


def test_controls_act_on_the_picture_of_a_live_run(page: "playwright.Page", tmp_path: Path) -> None:
    model = FunctionSegmenter(lambda _: 1, max_concurrency=1)
    with EmbeddedServer(model, ServeOptions(port=0)) as endpoint:
        arguments = [
            *("live", "pattern:320x240@20", "--no-window", "--web", "127.0.0.1:0"),
            *("--endpoint", endpoint.url, "--model", "any/1", "--opacity", "1", "--no-legend"),
        ]
        with started(tmp_path, *arguments) as program:
            assert program.stderr is not None
            said = next(line for line in program.stderr if "the page is at" in line)
            page.goto(said.split()[-1])

            def covered(image: "np.ndarray") -> bool:
                return bool(image[60:-60, 60:-60].std(axis=(0, 1)).max() < 3)

            def bare(image: "np.ndarray") -> bool:
                return not covered(image)

            until(page, "camera", covered)
            page.get_by_role("switch", name="Overlay").click()
            until(page, "camera", bare)
            page.get_by_role("switch", name="Overlay").click()
            until(page, "camera", covered)
            page.get_by_role("button", name="object").click()
            until(page, "camera", bare)
            page.get_by_role("button", name="object").click()
            until(page, "camera", covered)
            page.get_by_role("radio", name="Outline").click()
            until(page, "camera", bare)
            page.get_by_role("radio", name="Fill").click()
            until(page, "camera", covered)
            for align in ("Delay", "Paste", "Warp"):
                page.get_by_role("radio", name=align).click()
                until(page, "camera", covered)
            page.get_by_role("slider").fill("0")
            until(page, "camera", bare)
            program.send_signal(signal.SIGINT)
            assert program.wait(20) == 130
            expect(page.locator(".veil")).to_contain_text("No connection to livesegment")


SHOWS = """level => {
    const video = document.querySelector(".picture > video");
    const pen = new OffscreenCanvas(8, 8).getContext("2d");
    pen.drawImage(video, 0, 0, 8, 8);
    const [red, green, blue] = pen.getImageData(4, 4, 1, 1).data;
    return Math.abs(red - level) + Math.abs(green - 120) + Math.abs(blue - 60) < 15;
}"""


def test_video_shows_every_picture_in_order_and_the_last_before_it_stands_still(
    page: "playwright.Page",
) -> None:
    feed = HandFeed("one", "Front gate")
    video = page.locator("[data-camera=one] .picture > video")
    with served(feed) as server:
        page.goto(server.url)
        wait_until(lambda: page.wait_for_timeout(10) or feed.video.is_watched, "the page watching")
        seen = []
        for level in (40, 90, 140, 190, 240):
            feed.put(level=level)
            wait_in_page(page, SHOWS, f"a picture of {level}", level)
            seen.append(video.evaluate("video => video.currentTime"))
        assert seen == sorted(seen)
        assert seen[-1] > seen[0]
        expect(page.locator("[data-camera=one] canvas")).to_be_hidden()
        assert feed.watched == []


@pytest.mark.parametrize(
    "missing",
    ["delete window.MediaSource", "MediaSource.isTypeSupported = () => false"],
    ids=["no MediaSource", "no H.264"],
)
def test_a_browser_that_plays_no_video_shows_single_pictures(
    page: "playwright.Page", missing: str
) -> None:
    feed = HandFeed("one", "Front gate")
    page.add_init_script(missing)
    with served(feed) as server, moving(feed):
        page.goto(server.url)
        expect(page.locator("[data-camera=one] .state")).to_have_text("Live")
        expect(page.locator("[data-camera=one] canvas")).to_have_attribute("width", "160")
        expect(page.locator("[data-camera=one] .picture > video")).to_be_hidden()
        assert feed.video_watched == []


def test_a_video_that_cannot_be_played_gives_way_to_single_pictures(
    page: "playwright.Page",
) -> None:
    feed = HandFeed("one", "Front gate")
    page.add_init_script(
        "MediaSource.prototype.addSourceBuffer = () => { throw new Error('no decoder'); }"
    )
    with served(feed) as server, moving(feed):
        page.goto(server.url)
        expect(page.locator("[data-camera=one] canvas")).to_have_attribute("width", "160")
        expect(page.locator("[data-camera=one] .picture > video")).to_be_hidden()
        wait_until(
            lambda: page.wait_for_timeout(10) or feed.video_watched == [True, False],
            "no video being asked for any more",
        )


def test_the_keys_of_the_window_do_the_same_on_the_page(page: "playwright.Page") -> None:
    feed = HandFeed("one", "Front gate")
    feed.say(endpoint="trouble", endpoint_text="the endpoint asks to wait 12 min")

    def acts(key: str, what: Callable[[], bool]) -> None:
        page.keyboard.press(key)
        wait_until(lambda: page.wait_for_timeout(5) or what(), f"what key {key} does")

    with served(feed) as server, moving(feed):
        page.goto(server.url)
        moves(page, "one")
        for key in ("?", "F1"):
            page.keyboard.press(key)
            keys = page.get_by_role("dialog", name="Keys")
            expect(keys.locator("dt")).to_have_text([shown for shown, _ in shown_keys("page")])
            page.keyboard.press("o")
            page.keyboard.press("Escape")
            expect(keys).to_be_hidden()
        assert feed.controls() == Controls(), "keys that are only read of do nothing"
        acts("o", lambda: not feed.controls().show_overlay)
        acts("l", lambda: not feed.controls().show_legend)
        acts("[", lambda: feed.controls().opacity == pytest.approx(0.4))
        acts("]", lambda: feed.controls().opacity == pytest.approx(0.5))
        acts("a", lambda: feed.controls().align == "delay")
        for number, style in enumerate(STYLES, start=1):
            acts(str(number), lambda style=style: feed.controls().style == style)
        acts("r", lambda: feed.retries == 1)
        with page.expect_download() as saved:
            page.keyboard.press("s")
        assert re.match(r"one-\d{4}-.*\.jpg", saved.value.suggested_filename)
        acts("f", lambda: page.evaluate("document.fullscreenElement?.className") == "picture")
        acts("f", lambda: page.evaluate("document.fullscreenElement") is None)


def test_who_only_looks_holds_a_picture_that_goes_on_for_others(page: "playwright.Page") -> None:
    feed = HandFeed("one", "Front gate")
    tokens = {"token": ApiKey(TOKEN), "view_token": ApiKey("battery staple")}
    with served(feed, options=WebOptions(port=0, **tokens)) as server, moving(feed):
        page.goto(server.url)
        page.get_by_label("Token").fill("battery staple")
        page.keyboard.press("Enter")
        moves(page, "one")
        page.keyboard.press("o")
        page.keyboard.press("Space")
        expect(page.locator(".state")).to_have_text("Paused")
        expect(page.locator("#summary")).to_have_text("1 camera, live")
        wait_until(
            lambda: page.wait_for_timeout(10) or feed.video_watched == [True, False],
            "a page that is held asking for nothing",
        )
        page.mouse.move(0, 0)  # the buttons come and go softly
        expect(page.locator(".bar")).to_have_css("opacity", "1")
        held = picture(page)
        assert (picture(page) == held).all()
        page.get_by_role("button", name="Go on").click()
        expect(page.locator(".state")).to_have_text("Live")
        moves(page, "one")
        assert feed.controls() == Controls()
        assert not feed.controls().paused
