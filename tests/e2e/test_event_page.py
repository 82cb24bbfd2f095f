"""Events on the page, in a real browser: the list, the clips, and a zone drawn by clicking."""

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from clips import picture, write_video
from conftest import need_package
from events import event
from feeds import HandFeed, served
from parts import started
from waiting import PLAYED, log_out, wait_in_page

from livesegment import Rule
from livesegment.events.event import Event
from livesegment.settings import ApiKey, WebOptions
from livesegment.settings.rule_text import parse_rule
from livesegment.sinks.image_file import write_image
from livesegment.web.event_log import EventLog
from livesegment.web.phone_routes import Phones

playwright = need_package("playwright.sync_api", extra="test")
expect = playwright.expect
expect.set_options(timeout=20_000)


def test_a_test_message_is_sent_and_who_took_it_is_said(page: "playwright.Page") -> None:
    told = {"notify 1 (ntfy)": True, "notify 2 (telegram)": False}
    addresses = [0]
    tokens = {"token": ApiKey("correct horse"), "view_token": ApiKey("battery staple")}
    phones = Phones(lambda: addresses[0], lambda: told)
    with served(HandFeed(), options=WebOptions(port=0, **tokens), phones=phones) as server:

        def log_in(token: str) -> None:
            page.goto(f"{server.url}/login")
            page.get_by_label("Token").fill(token)
            page.keyboard.press("Enter")
            expect(page.locator("article")).to_have_count(1)

        log_in("correct horse")
        button = page.get_by_role("button", name="Send a test")
        expect(button).to_be_hidden()
        addresses[0] = 2
        button.click()
        dialog = page.get_by_role("dialog", name="Test message to phones")
        expect(dialog).to_contain_text("1 of 2 took it.")
        expect(dialog.locator("li")).to_have_text(
            ["notify 1 (ntfy): sent", f"{list(told)[1]}: not taken"]
        )
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        dialog.get_by_role("button", name="Close").click()
        addresses[0] = 0
        expect(button).to_be_hidden()
        log_out(page)
        addresses[0] = 2
        log_in("battery staple")
        expect(page.locator("#looking")).to_be_visible()
        expect(button).to_be_hidden()


def note(feed: HandFeed, noted: Event) -> None:
    feed.events.note(noted.fields())


def test_events_are_listed_and_their_clips_play(page: "playwright.Page", tmp_path: Path) -> None:
    feed = HandFeed()
    feed.events = EventLog(tmp_path)
    write_video(tmp_path / "a.mp4", 30, size=(160, 96))
    write_image(tmp_path / "a.jpg", picture(0, (160, 90)))
    with served(feed) as server:
        page.goto(server.url)
        section = page.locator(".events")
        expect(section).to_be_hidden()
        note(feed, event(1, snapshot="a.jpg", clip="a.mp4", coverage=0.0712))
        items = section.locator("li")
        expect(items).to_have_count(1)
        expect(items.first).to_contain_text("door")
        expect(items.first).to_contain_text("going on, 7.1%")
        assert items.first.locator("img").evaluate("each => each.decode().then(() => true)")
        later = "2026-11-23T15:51:13.000+01:00"
        note(feed, replace(event(1, "end"), time=later))
        expect(items.first).to_contain_text("for 12 s")
        note(feed, event(2, rule="camera", subject="camera", class_name=None))
        expect(items).to_have_count(2)
        expect(items.first).to_contain_text("camera")
        expect(items.first.locator("button")).to_be_disabled()

        items.last.locator("button").click()
        video = page.locator("article dialog video")
        expect(video).to_be_visible()
        video.evaluate("each => new Promise(done => each.onended = done)")
        assert video.evaluate("each => [each.videoWidth, each.videoHeight]") == [160, 96]
        page.locator("article dialog button").click()
        expect(video).to_be_hidden()


def test_who_looks_at_an_event_while_it_goes_on_sees_it_to_its_end(
    page: "playwright.Page", tmp_path: Path
) -> None:
    feed = HandFeed()
    feed.events = EventLog(tmp_path)
    write_image(tmp_path / "a.jpg", picture(0, (160, 90)))
    with served(feed) as server:
        page.goto(server.url)
        note(feed, event(1, snapshot="a.jpg"))
        page.locator(".events li button").click()
        dialog = page.get_by_role("dialog", name="Event")
        expect(dialog.get_by_role("heading")).to_contain_text("going on")
        expect(dialog.locator(".hint")).to_contain_text("It goes on")
        later = "2026-11-23T15:51:13.000+01:00"
        note(feed, replace(event(1, "end", snapshot="a.jpg", clip="a.mp4"), time=later))
        expect(dialog.get_by_role("heading")).to_contain_text("for 12 s")
        expect(dialog.locator(".hint")).to_contain_text("as soon as it is there")
        write_video(tmp_path / "part.mp4", 30, size=(160, 96)).rename(tmp_path / "a.mp4")
        assert page.evaluate(PLAYED, [dialog.locator("video").element_handle(), 0.5])
        expect(dialog.locator(".hint")).to_be_empty()


def test_a_clip_that_is_not_there_yet_is_said(page: "playwright.Page", tmp_path: Path) -> None:
    feed = HandFeed()
    feed.events = EventLog(tmp_path)
    with served(feed) as server:
        page.goto(server.url)
        note(feed, event(1, clip="a.mp4"))
        page.locator(".events li button").click()
        expect(page.locator("article dialog .hint")).to_contain_text("not complete yet")


def test_an_event_that_goes_on_plays_while_its_clip_is_written_and_after_a_kill(
    page: "playwright.Page", tmp_path: Path
) -> None:
    arguments = ["pattern:160x120", "--no-window", "--web", "127.0.0.1:0"]
    arguments += ["--clips", "clips", "--events", "e.jsonl"]
    arguments += ["--rule", "background > 1% for 0s named scene"]
    lasts = "() => document.querySelector('article dialog video').duration || 0"
    video = page.locator("article dialog video")
    with started(tmp_path, "live", *arguments) as program:
        assert program.stderr is not None
        url = next(line.split()[-1] for line in program.stderr if "the page is at" in line)
        page.goto(url)
        page.locator(".events li button").click()
        first = wait_in_page(page, lasts, "a clip that plays")
        wait_in_page(page, f"first => ({lasts})() > first + 1", "that it grows", first)
        wait_in_page(page, f"() => ({lasts})() > 3", "some of it")
        program.kill()
        program.communicate()
    feed = HandFeed()
    feed.events = EventLog(tmp_path / "clips")
    (line,) = (tmp_path / "e.jsonl").read_text().splitlines()
    note(feed, Event.from_json(line))
    with served(feed) as server:
        page.goto(server.url)
        page.locator(".events li button").click()
        assert float(str(wait_in_page(page, lasts, "what was there"))) > 3
        video.evaluate("each => { each.currentTime = each.duration - 0.5; }")
        wait_in_page(page, "() => document.querySelector('article dialog video').ended", "the end")


def test_only_files_that_an_event_names_are_given_out(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"a picture")
    (folder / "b.jpg").write_bytes(b"another")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    feed = HandFeed()
    feed.events = EventLog(folder)
    note(feed, event(1, snapshot="a.jpg", clip="gone.mp4"))
    with served(feed) as server:
        base = f"{server.url.rstrip('/')}/cameras/one/events"
        answer = httpx.get(f"{base}/a.jpg")
        assert (answer.status_code, answer.content) == (200, b"a picture")
        assert answer.headers["content-type"] == "image/jpeg"
        (folder / "b.part.mp4").write_bytes(b"part of another")
        (tmp_path / "secret.part.mp4").write_bytes(b"secret")
        parts = ("b.mp4", "b.part.mp4", "..%2Fsecret.mp4", "../secret.mp4")
        for name in ("b.jpg", "gone.mp4", "..%2Fsecret.jpg", "../secret.jpg", *parts):
            assert httpx.get(f"{base}/{name}").status_code == 404
            for address in ("/cameras/one/partial", "/api/cameras/one/partial"):
                assert httpx.get(f"{server.url.rstrip('/')}{address}/{name}").status_code == 404
        assert httpx.get(base.replace("one", "two") + "/a.jpg").status_code == 404


def test_a_zone_is_drawn_by_clicking_its_corners(page: "playwright.Page") -> None:
    feed = HandFeed()
    feed.put((160, 90))
    with served(feed) as server:
        page.goto(server.url)
        expect(page.locator("article")).to_have_attribute("data-mood", re.compile("good|bad"))
        page.locator(".draw").click()
        sheet = page.locator(".sheet")
        box = sheet.bounding_box()
        assert box is not None
        corners = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.1, 0.9)]
        # The picture stands in the middle of its place, as large as it can.
        scale = min(box["width"] / 160, box["height"] / 90)
        left, top = (box["width"] - 160 * scale) / 2, (box["height"] - 90 * scale) / 2
        for x, y in corners:
            sheet.click(position={"x": left + x * 160 * scale, "y": top + y * 90 * scale})
        toml, option = page.locator(".zone code").all()
        expect(option).to_have_text(re.compile(r"^in( [\d.]+,[\d.]+){4}$"))
        page.locator(".zone .undo").click()
        expect(option).to_have_text(re.compile(r"^in( [\d.]+,[\d.]+){3}$"))
        rule: Rule = parse_rule(f"person > 5% {option.text_content()}")
        assert rule.zone is not None
        for drawn, clicked in zip(rule.zone, corners, strict=False):
            assert drawn == pytest.approx(clicked, abs=0.01)
        expect(toml).to_have_text(re.compile(r"^zone = \[(\[[\d.]+, [\d.]+\](, )?){3}\]$"))


def test_a_live_run_lists_its_events_and_those_of_earlier_runs(
    page: "playwright.Page", tmp_path: Path
) -> None:
    # Left by an earlier run, which was killed before the event was over.
    (tmp_path / "e.jsonl").write_text(event(7).as_json() + "\n")
    arguments = ["pattern:160x120", "--no-window", "--web", "127.0.0.1:0"]
    arguments += ["--clips", "clips", "--events", "e.jsonl"]
    rule = "background > 1% for 0s named scene"
    with started(tmp_path, "live", *arguments, "--rule", rule) as program:
        assert program.stderr is not None
        url = next(line.split()[-1] for line in program.stderr if "the page is at" in line)
        page.goto(url)
        items = page.locator(".events li")
        item = items.first
        expect(item).to_contain_text("scene")
        expect(items).to_have_count(2)
        expect(items.last).to_contain_text("door")
        expect(items.last).not_to_have_class("on")
        assert item.locator("img").evaluate("each => each.decode().then(() => each.naturalWidth)")
        program.terminate()
        program.communicate()
