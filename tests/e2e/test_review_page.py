"""The page of the past in a real browser, of a run that records, and after one that was killed."""

import json
import shutil
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from conftest import need_package
from feeds import HandFeed, served, with_log
from past import BEGAN_S, HappeningNow, opened, told, write_events, write_recording
from waiting import PLAYED, wait_in_page, wait_until

from livesegment.review.fragments import Fragments

playwright = need_package("playwright.sync_api", extra="test")
expect = playwright.expect
expect.set_options(timeout=20_000)


def test_events_play_where_they_were_recorded(page: "playwright.Page", tmp_path: Path) -> None:
    began_s = float(int(time.time()) - 300)
    after_s = began_s - BEGAN_S
    write_recording(tmp_path / "recorded" / "gate.mp4", 8, began_s)
    write_recording(tmp_path / "recorded" / "gate.mp4", 8, began_s + 8)
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "b.jpg").write_bytes(b"")
    events = [
        told(1, after_s=after_s + 6),
        told(1, "end", after_s + 7),
        told(2, after_s=after_s - 86400, snapshot="b.jpg"),
        told(3, after_s=after_s - 2 * 86400, rule="old"),
    ]
    write_events(tmp_path / "gate.jsonl", events)
    feed = HandFeed("gate", "Gate")
    with opened(tmp_path) as review, served(feed, review=review) as server:
        page.goto(f"{server.url}/review")
        entries = page.locator(".entry")
        expect(entries).to_have_count(5)
        event = page.locator(".entry", has_text="porch").first
        event.click()
        video = page.locator("video")
        assert page.evaluate(PLAYED, [video.element_handle(), 4])
        assert video.evaluate("each => each.currentTime") >= 3  # three seconds before it
        assert video.evaluate("each => [each.videoWidth, each.error]") == [96, None]
        # It goes on with the file that follows.
        video.evaluate("each => { each.currentTime = each.duration - 0.3; }")
        expect(page.locator(".line .head")).to_be_visible()
        early = "() => document.querySelector('video').currentTime < 3"
        wait_in_page(page, early, "the next file")
        # A mark is kept, and one without anything to see says so.
        event.click()
        page.keyboard.press("m")
        expect(page.locator("#seen")).to_have_attribute("aria-pressed", "true")
        page.locator(".entry", has_text="old").click()
        expect(page.locator(".nothing")).to_contain_text("No picture of this event")
        page.locator(".entry", has_text="porch").last.click()
        expect(page.locator(".stage img")).to_be_visible()
        # Only what is wanted is listed.
        page.locator("#filters select[name=rule]").select_option("old")
        expect(entries).to_have_count(1)
        page.locator("#filters select[name=rule]").select_option("")
        day = time.strftime("%Y-%m-%d", time.localtime(began_s - 86400))
        page.locator("#filters input[name=day]").fill(day)
        expect(entries).to_have_count(1)
        expect(page.locator("#day")).to_have_value(day)
        # The address leads to the event again.
        page.goto(f"{server.url}/review?of=gate&event={1:032x}")
        expect(page.locator("#viewer-title")).to_have_text("porch")
        # A stretch is saved as a file.
        with page.expect_download() as saved:
            page.locator("#stretch summary").click()
            page.locator("#stretch button").click()
        assert saved.value.suggested_filename.startswith("gate_")
        assert Path(saved.value.path()).stat().st_size > 1000
        # A moment is chosen on the time line by keys.
        line = page.locator(".line")
        expect(line).to_have_attribute("aria-label", "Gate: 16 s recorded, 1 event")
        line.focus()
        page.keyboard.press("Home")
        page.keyboard.press("Enter")
        expect(page.locator(".nothing")).to_contain_text("Nothing was recorded at")


LASTS = "() => document.querySelector('video').duration || 0"
GREW = f"first => ({LASTS})() > first + 1"


def test_an_event_that_goes_on_plays_as_far_as_its_clip_has_come_and_then_all_of_it(
    page: "playwright.Page", tmp_path: Path
) -> None:
    feed = HandFeed("gate")
    with (
        opened(tmp_path) as review,
        served(feed, review=review) as server,
        closing(HappeningNow(tmp_path, with_log(feed, review).note)) as happening,
    ):
        happening.show(8)
        page.goto(f"{server.url}/review")
        event = page.locator(".entry", has_text="porch")
        expect(event).to_contain_text("going on")
        event.click()
        video = page.locator("video")
        assert page.evaluate(PLAYED, [video.element_handle(), 1])
        first = wait_in_page(page, LASTS, "how long it is")
        happening.show(4)
        wait_in_page(page, GREW, "that it grows", first)
        assert video.evaluate("each => [each.videoWidth, each.error]") == [96, None]
        with page.expect_download() as saved:
            page.locator("#clip").click()
        assert _ends(Path(saved.value.path())) >= first
        shown_s = video.evaluate("each => each.currentTime")
        lasts_s = happening.end()
        whole = "() => document.querySelector('video').currentSrc.endsWith('.mp4')"
        wait_in_page(page, whole, "the whole clip")
        wait_in_page(page, LASTS, "its length")
        assert video.evaluate("each => each.duration") == pytest.approx(lasts_s, abs=0.01)
        assert video.evaluate("each => each.currentTime") >= shown_s
        video.evaluate("each => { each.currentTime = each.duration - 0.3; }")
        assert page.evaluate(PLAYED, [video.element_handle(), lasts_s - 0.2])
        with page.expect_download() as saved:
            page.locator("#clip").click()
        assert Path(saved.value.path()).read_bytes() == happening.clip.read_bytes()


def test_a_clip_whose_writing_was_broken_off_plays_to_where_it_came(
    page: "playwright.Page", tmp_path: Path
) -> None:
    running, left = tmp_path / "running", tmp_path / "left"
    running.mkdir()
    with closing(HappeningNow(running)) as happening:
        happening.show(8)
        part = happening.clip.with_suffix(".part.mp4")
        wait_until(lambda: part.exists() and _ends(part) > 3, "the clip's beginning")
        shutil.copytree(running, left)
    (kept,) = (left / "gate").glob("*.part.mp4")
    feed = HandFeed("gate")
    with opened(left) as review, served(feed, review=review) as server:
        with_log(feed, review)
        page.goto(f"{server.url}/review")
        page.locator(".entry", has_text="porch").click()
        video = page.locator("video")
        assert page.evaluate(PLAYED, [video.element_handle(), 1])
        assert video.evaluate("each => each.duration") == pytest.approx(_ends(kept), abs=0.01)


def _ends(path: Path) -> float:
    found = Fragments.read(path)
    return 0.0 if found is None else found.end_s


CONFIG = """
[web]
port = 0
[record]
folder = "{folder}/recorded"
segment = 0.3
[events]
folder = "{folder}"
clips = false
[[camera]]
name = "gate"
source = "pattern:160x120@10"
[[camera.rule]]
name = "scene"
class = "background"
above = 1
for = 0
"""


def test_a_killed_monitor_leaves_the_same_list_and_so_does_a_lost_index(
    page: "playwright.Page", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    (tmp_path / "m.toml").write_text(CONFIG.format(folder=tmp_path))
    command = [sys.executable, "-m", "livesegment", "monitor", "m.toml"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert program.stderr is not None
            url = next(line.split()[-1] for line in program.stderr if "the page is at" in line)
            wait_until(lambda: len(_entries(url)) >= 2, "an event and a segment", 60)
            # What goes on is played as far as it has come, and further as it grows.
            page.goto(f"{url}/review")
            event = page.locator(".entry", has_text="scene")
            expect(event).to_contain_text("going on")
            event.click()
            assert page.evaluate(PLAYED, [page.locator("video").element_handle(), 2])
            page.locator(".entry.recording.on").click()
            first = wait_in_page(page, LASTS, "how long it is")
            wait_in_page(page, GREW, "that it grows", first)
        finally:
            program.kill()
    (index,) = (tmp_path / "state").rglob("review.sqlite")
    with opened(tmp_path, path=index) as review:
        # The children finish their files; then nothing is written any more.
        wait_until(lambda: _is_still(tmp_path), "the camera's process has ended", 20)
        review.refresh()
        kept = _listed(review)
    assert len(kept) >= 2
    index.unlink()
    with opened(tmp_path, path=index) as review:
        assert _listed(review) == kept


def _entries(url: str) -> list[dict[str, Any]]:
    return list(httpx.get(f"{url}/api/review", trust_env=False).json()["entries"])


def _is_still(folder: Path) -> bool:
    newest = max(each.stat().st_mtime for each in folder.rglob("gate*") if each.is_file())
    return time.time() - newest > 2


def _listed(review: Any) -> list[str]:
    from livesegment.review.query import Wanted

    entries = review.shown(review.index.entries(Wanted(["gate"], most=1000)))
    return [json.dumps({**each, "goes_on": False}) for each in entries]


@pytest.mark.parametrize("title", ["Gate", 40 * "Gate " + "!"])
def test_nothing_on_it_is_cut(page: "playwright.Page", tmp_path: Path, title: str) -> None:
    write_recording(tmp_path / "recorded" / "gate.mp4", 2, BEGAN_S)
    with opened(tmp_path) as review, served(HandFeed("gate", title), review=review) as server:
        for width in (360, 1300):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{server.url}/review")
            expect(page.locator(".entry")).to_have_count(1)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for card in page.locator(".card").all():
                [shown, needed] = card.evaluate("each => [each.clientWidth, each.scrollWidth]")
                assert shown == needed > 0.3 * width


@pytest.mark.parametrize(
    ("day", "began", "hours"),
    [("2025-10-26", "2025-10-25T22:00Z", 25), ("2025-03-30", "2025-03-29T23:00Z", 23)],
)
def test_a_day_is_as_long_as_it_was_where_clocks_are_changed(
    chromium: "playwright.Browser", tmp_path: Path, day: str, began: str, hours: int
) -> None:
    since = int(datetime.fromisoformat(began).timestamp())
    address = f"/api/review/timeline?since={since}&until={since + hours * 3600}"
    with (
        opened(tmp_path) as review,
        served(HandFeed("gate"), review=review) as server,
        chromium.new_context(timezone_id="Europe/Berlin") as context,
    ):
        page = context.new_page()
        page.goto(f"{server.url}/review")
        with page.expect_request(lambda asked: asked.url.endswith(address)):
            page.locator("#day").fill(day)
            page.locator("#day").dispatch_event("change")
        # So it stays when it is asked for again, and the days beside it follow.
        for step, to in (("later", since + hours * 3600), ("earlier", since)):
            begins = f"/api/review/timeline?since={to}&"
            with page.expect_request(lambda asked, begins=begins: begins in asked.url):
                page.locator(f"#{step}").click()


HOLD_TIMELINES = """() => {
    const ask = window.fetch;
    window.held = [];
    window.fetch = (path, ...rest) => path.includes("/timeline?")
        ? new Promise((done) => held.push({ path, answer: () => ask(path, ...rest).then(done) }))
        : ask(path, ...rest);
}"""
ANSWER_THE_LAST_FIRST = """async () => {
    for (const each of held.reverse()) {
        await each.answer();
        await new Promise((done) => setTimeout(done, 100));
    }
}"""


def test_who_goes_on_quickly_sees_where_that_leads_whatever_is_answered_last(
    page: "playwright.Page", tmp_path: Path
) -> None:
    with opened(tmp_path) as review, served(HandFeed("gate"), review=review) as server:
        page.goto(f"{server.url}/review")
        hour = page.locator("#timeline .hours span").first
        expect(hour).to_be_attached()
        page.locator("#span").select_option("3600")
        page.evaluate(HOLD_TIMELINES)
        for _ in range(2):
            page.locator("#earlier").click()
        begins = [begin_of(each) for each in page.evaluate("held.map((each) => each.path)")]
        assert begins[0] - begins[1] == pytest.approx(3600)
        page.evaluate(ANSWER_THE_LAST_FIRST)
        time_words = (
            "at => new Date(at).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'})"
        )
        expect(hour).to_have_text(page.evaluate(time_words, 1000 * begins[1]))
        page.evaluate("held.length = 0")
        page.locator("#earlier").click()
        assert begins[1] - begin_of(page.evaluate("held[0].path")) == pytest.approx(3600)


def begin_of(timeline: str) -> float:
    return float(parse_qs(urlsplit(timeline).query)["since"][0])
