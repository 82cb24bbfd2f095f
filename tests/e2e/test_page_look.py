"""What the page looks like in a real browser: how cards stand, legends, and where links lead."""

import re
from pathlib import Path

import pytest
from conftest import need_package
from events import event
from feeds import HandFeed, moving, served
from waiting import wait_in_page, wait_until

from livesegment.settings import ApiKey, WebOptions
from livesegment.web.event_log import EventLog

playwright = need_package("playwright.sync_api", extra="test")
expect = playwright.expect
expect.set_options(timeout=20_000)

SHAPES = [(160, 90), (120, 90), (60, 108), (200, 72)]
TOKEN = "correct horse battery"


def cameras(count: int) -> list[HandFeed]:
    """Return cameras whose pictures differ in shape; one is lost, the endpoint of one fails."""
    feeds = [HandFeed(f"camera-{number}", f"Camera {number}") for number in range(count)]
    feeds[0].say(endpoint="trouble", endpoint_text="http://127.0.0.1:9001 does not answer")
    feeds[-1].say(state="lost", since=0)
    return feeds


def show(*feeds: HandFeed) -> None:
    for number, feed in enumerate(feeds):
        feed.put(SHAPES[number % len(SHAPES)])


def sizes(tab: "playwright.Page", selector: str) -> list[tuple[int, int]]:
    boxes = [each.bounding_box() for each in tab.locator(selector).all()]
    return [(round(box["width"]), round(box["height"])) for box in boxes if box]


@pytest.mark.parametrize(
    ("count", "width", "height", "columns"),
    [(4, 1366, 768, 2), (4, 1440, 900, 2), (8, 1366, 768, 4), (16, 1920, 1080, 6)],
)
def test_cameras_stand_in_an_even_grid_that_fits_the_window(
    page: "playwright.Page", count: int, width: int, height: int, columns: int
) -> None:
    feeds = cameras(count)
    page.set_viewport_size({"width": width, "height": height})
    page.add_init_script("delete window.MediaSource")  # sixteen videos would take their time
    with served(*feeds) as server:
        page.goto(server.url)
        expect(page.locator("article")).to_have_count(count)
        for feed in feeds:
            wait_until(
                lambda feed=feed: page.wait_for_timeout(5) or feed.pictures.is_watched,
                "the page watching",
            )
        show(*feeds)
        for number in range(min(count, len(SHAPES))):
            across, down = SHAPES[number]
            shape = across / down
            screen = page.locator(f"[data-camera=camera-{number}] .screen:visible")
            wait_in_page(
                page,
                "([camera, shape]) => [...document.querySelectorAll("
                "`[data-camera=camera-${camera}] .screen`)].some(each =>"
                " Math.abs(each.clientWidth / each.clientHeight / shape - 1) < 0.03)",
                "a picture in its shape",
                [number, shape],
            )
            # As large as its place lets it be, and not cut.
            [place] = sizes(page, f"[data-camera=camera-{number}] .picture")
            box = screen.bounding_box()
            assert box is not None
            assert box["width"] <= place[0] + 1
            assert box["height"] <= place[1] + 1
            assert box["width"] >= place[0] - 2 or box["height"] >= place[1] - 2
        root = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        assert root == [width, height]
        for selector in ("article", ".picture"):
            across, down = zip(*sizes(page, selector), strict=True)
            assert max(across) - min(across) <= 1
            assert max(down) - min(down) <= 1
        assert min(across) >= 200
        lefts = {round(each.bounding_box()["x"]) for each in page.locator("article").all()}
        assert len(lefts) == columns
        # What ails one is said there, without a card that is higher than the others.
        expect(page.locator("[data-camera=camera-0] .endpoint")).to_be_visible()


def test_one_camera_uses_the_room_and_many_on_a_phone_are_one_column(
    page: "playwright.Page",
) -> None:
    page.set_viewport_size({"width": 1366, "height": 768})
    feed = HandFeed("one", "Front gate")
    with served(feed) as server, moving(feed):
        page.goto(server.url)
        expect(page.locator(".chip")).to_have_count(2)
        [(width, height)] = sizes(page, ".picture")
        assert width * height > 0.6 * 1366 * 768
        assert page.evaluate("document.documentElement.scrollHeight") == 768
        # All there is to it is at hand: nothing is to be opened first.
        expect(page.get_by_role("switch", name="Overlay")).to_be_visible()
        expect(page.locator(".enlarge")).to_be_hidden()
    feeds = cameras(4)
    with served(*feeds) as server, moving(*feeds):
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(server.url)
        expect(page.locator("article")).to_have_count(4)
        assert len({round(each.bounding_box()["x"]) for each in page.locator("article").all()}) == 1
        assert min(width for width, _ in sizes(page, ".picture")) > 360
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_legend_is_text_of_the_page(page: "playwright.Page") -> None:
    feed = HandFeed("one", "Front gate")
    hostile = "<img src=x onerror=alert(1)>‮" + "x" * 300
    feed.classes = {0: hostile, 1: "person", 2: "car"}
    with served(feed) as server, moving(feed):
        page.goto(server.url)
        legend = page.get_by_role("list", name="In the picture")
        rows = legend.get_by_role("listitem")
        expect(rows).to_have_count(2)
        # The largest first; what is not there is left out.
        expect(rows.nth(0)).to_contain_text("<img src=x")
        expect(rows.nth(1)).to_have_text("person 25 %")
        assert legend.locator("img").count() == 0
        colour = rows.nth(1).locator(".swatch").evaluate("e => getComputedStyle(e).backgroundColor")
        [said] = [each.colour for each in feed.report().classes if each.name == "person"]
        assert colour == f"rgb({', '.join(str(part) for part in bytes.fromhex(said[1:]))})"
        assert page.evaluate("document.documentElement.scrollWidth") <= 1200
        # Nobody is told of every change of a share.
        assert page.locator("[aria-live] .legend, [role=status] .legend").count() == 0
        page.get_by_role("button", name="person").click()
        expect(rows).to_have_count(1)
        page.get_by_role("switch", name="Legend").click()
        expect(rows).to_have_count(0)


def test_an_address_leads_to_a_camera_and_back(page: "playwright.Page") -> None:
    feeds = cameras(3)
    with served(*feeds) as server, moving(*feeds):
        page.goto(server.url)
        page.get_by_role("link", name="Enlarge Camera 1").click()
        expect(page).to_have_url(f"{server.url}/#camera=camera-1")
        expect(page).to_have_title(re.compile(r"Camera 1"))
        alone = page.locator("article:visible")
        expect(alone).to_have_count(1)
        expect(alone).to_have_attribute("data-camera", "camera-1")
        page.reload()
        expect(alone).to_have_count(1)
        page.go_back()
        expect(alone).to_have_count(3)
        page.go_forward()
        expect(alone).to_have_count(1)
        page.get_by_role("link", name="All cameras").press("Enter")
        expect(alone).to_have_count(3)
        page.goto(f"{server.url}/#camera=%3Cb%3Ebarn")
        expect(page.locator("#nowhere")).to_have_text("There is no camera “<b>barn” here.")
        expect(alone).to_have_count(3)
        page.goto(f"{server.url}/#camera=camera-2")
        expect(page.locator("#nowhere")).to_have_text("")
        expect(alone).to_have_count(1)


def test_an_address_leads_to_an_event_and_back(page: "playwright.Page", tmp_path: Path) -> None:
    feeds = [HandFeed("one", "One"), HandFeed("two", "Two")]
    for feed in feeds:
        feed.events = EventLog(tmp_path)
    noted = event(1, snapshot="a.jpg", coverage=0.07)
    feeds[1].events.note(noted.fields())
    dialog = page.get_by_role("dialog")
    with served(*feeds) as server, moving(*feeds):
        for address in (f"#camera=two&event={noted.id}", f"#event={noted.id}"):
            page.goto(f"{server.url}/{address}")
            page.reload()
            expect(dialog.get_by_role("heading")).to_contain_text("door")
            expect(page.locator("article:visible")).to_have_attribute("data-camera", "two")
        page.goto(f"{server.url}/#camera=two")
        page.locator(".events:visible button").click()
        expect(page).to_have_url(re.compile(rf"#camera=two&event={noted.id}$"))
        expect(dialog).to_be_visible()
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_be_hidden()
        expect(page).to_have_url(re.compile("#camera=two$"))
        page.go_forward()
        expect(dialog).to_be_visible()
        page.go_back()
        expect(dialog).to_be_hidden()
        # Who came by a link closes it, and stays with the camera.
        page.goto(f"{server.url}/#camera=two&event={noted.id}")
        page.reload()
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(page).to_have_url(re.compile("#camera=two$"))
        for address in ("#camera=two&event=gone", "#camera=one&event=gone", "#event=gone"):
            page.goto(f"{server.url}/{address}")
            expect(page.locator("#nowhere")).to_contain_text("not among the newest")


def test_an_event_gone_to_while_the_dialog_still_closes_is_shown(
    page: "playwright.Page", tmp_path: Path
) -> None:
    feed = HandFeed("one", "One")
    feed.events = EventLog(tmp_path)
    noted = event(1, snapshot="a.jpg")
    feed.events.note(noted.fields())
    to_event = f"#camera=one&event={noted.id}"
    dialog = page.get_by_role("dialog")
    with served(feed) as server, moving(feed):
        page.goto(f"{server.url}/{to_event}")
        expect(dialog).to_be_visible()
        # The page hears of the address first, and closes the dialog; that it is closed it hears
        # only after this.
        page.evaluate(
            """there => {
                const back = () => { location.hash = there; };
                addEventListener("hashchange", back, { once: true });
                document.querySelector("dialog[open]").addEventListener("close", () => {
                    setTimeout(() => { window.isTold = true; });
                });
                location.hash = "#camera=one";
            }""",
            to_event,
        )
        page.wait_for_function("window.isTold")
        expect(dialog).to_be_visible()
        assert page.evaluate("location.hash") == to_event


def test_an_address_is_kept_while_somebody_logs_in(page: "playwright.Page") -> None:
    feeds = cameras(3)
    options = WebOptions(port=0, token=ApiKey(TOKEN))
    with served(*feeds, options=options) as server, moving(*feeds):
        page.goto(f"{server.url}/#camera=camera-1")
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("article:visible")).to_have_attribute("data-camera", "camera-1")
        expect(page).to_have_url(f"{server.url}/#camera=camera-1")
