"""A browser's own camera as the source: what a real Chromium sends, and what it shows."""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from clock import BITS, stamp
from conftest import need_package, skip_or_fail
from fake_camera import ALLOWED, DRAWN, NONE, plays, write_pictures
from feeds import HandFeed, served
from parts import FunctionSegmenter
from waiting import wait_until

from livesegment import ApiKey, LiveOptions, OverlayOptions, RedactOptions, live
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.settings import WebOptions
from livesegment.sources.browser import BrowserSource

playwright = need_package("playwright.sync_api", extra="test")
expect = playwright.expect
expect.set_options(timeout=20_000)

WIDTH, HEIGHT = 320, 240
LOOP = 1200  # pictures: 40 s, far longer than anything is late

READ = """([bits]) => {
  const screen = document.querySelector(".picture .screen:not([hidden])");
  const isVideo = screen instanceof HTMLVideoElement;
  const width = isVideo ? screen.videoWidth : screen.width;
  const height = isVideo ? screen.videoHeight : screen.height;
  if (width < 100) return null;
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d");
  pen.drawImage(screen, 0, 0);
  const grey = (x, y) => pen.getImageData(x, y, 1, 1).data[1];
  const side = Math.floor(width / bits);
  let number = 0;
  for (let bit = 0; bit < bits; bit++) {
    if (grey(bit * side + (side >> 1), height >> 3) > 128) number += 2 ** bit;
  }
  const below = pen.getImageData(0, height * 0.6, width, height * 0.4).data;
  // Chromium's drawn camera gives a picture now and then while the next one is written into it.
  const [half, other] = [number % 65536, Math.floor(number / 65536)];
  const whole = half + other === 65535 ? half : 0;
  return [whole, below.reduce((most, each, at) => at % 4 < 3 ? Math.max(most, each) : most, 0)];
}"""
"""Returns the number of the picture on the page, and the brightest that its lower part has."""


@contextmanager
def browsing(*arguments: str) -> Iterator["playwright.Browser"]:
    path = shutil.which("chromium")
    if path is None:
        skip_or_fail("this test needs the program chromium")
    always = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=[*always, *arguments])
        yield browser
        browser.close()


def look(browser: "playwright.Browser", url: str) -> "playwright.Page":
    """Open a page as somebody else than before; a script that fails fails the test."""
    tab = browser.new_context().new_page()
    tab.set_default_timeout(20_000)
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("close", lambda _: wrong and pytest.fail(str(wrong)))
    tab.goto(url)
    return tab


def lower_half(frame: Frame) -> Mask:
    """Say that the lower half of a picture is what nobody may see."""
    ids = np.zeros(frame.image.shape[:2], np.uint8)
    ids[ids.shape[0] // 2 :] = 1
    return Mask(ids, {0: "background", 1: "secret"}, frame.index)


@contextmanager
def running(source: BrowserSource, log: pytest.LogCaptureFixture) -> Iterator[str]:
    """Run `live` with a browser's camera and something to be hidden, and yield its address."""
    options = LiveOptions(
        window=False,
        align="delay",
        overlay=OverlayOptions(opacity=0, legend=False),
        redact=RedactOptions(frozenset({"secret"}), "black"),
        web=WebOptions(port=0),
    )

    def address() -> str | None:
        found = re.search(r"the page is at (http://\S+)", log.text)
        return None if found is None else found[1]

    model = FunctionSegmenter(lambda _: 1)
    model.segment = lower_half  # type: ignore[method-assign]
    with log.at_level("INFO", "livesegment"), ThreadPoolExecutor(1) as pool:
        run = pool.submit(live, source, segmenter=model, options=options)
        try:
            yield wait_until(address, "the page's address")
        finally:
            source.stop()
            run.result(30)


def shown(tab: "playwright.Page", count: int) -> list[int]:
    """Return the numbers of so many different pictures on a page, in the order in which they came.

    Nothing of what is to be hidden may be in any of them; one that is hidden whole has no number.
    """
    numbers: list[int] = []

    def is_enough() -> bool:
        number, brightest = tab.evaluate(READ, [BITS]) or (0, 0)
        assert brightest < 40
        if number and number not in numbers[-1:]:
            numbers.append(number)
        return len(numbers) == count

    wait_until(is_enough, "pictures on the page")
    return numbers


def in_order(numbers: Sequence[int]) -> bool:
    return all(0 < (later - earlier) % LOOP < LOOP // 2 for earlier, later in pairwise(numbers))


def test_a_browsers_camera_is_shown_hidden_where_it_has_to_be_and_comes_back_when_it_was_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Beside each number stands what makes it whole: one of two pictures at once is known by that.
    stamped = (stamp(WIDTH, HEIGHT, n | (65535 - n) << 16) for n in range(1, 1 + LOOP))
    path = write_pictures(
        tmp_path / "camera.mjpeg",
        (np.frombuffer(each, np.uint8).reshape(HEIGHT, WIDTH, 3) for each in stamped),
    )
    with (
        BrowserSource() as source,
        running(source, caplog) as url,
        browsing(ALLOWED, *plays(path)) as browser,
    ):
        first = look(browser, url)
        expect(first.locator(".veil")).to_contain_text("Waiting for the camera")
        first.click(".sender button")
        expect(first.locator(".state")).to_have_text("Live")
        expect(first.locator(".sender .said")).to_have_text("This device's camera is shown.")
        assert in_order(shown(first, 12))
        second = look(browser, url)
        expect(second.locator(".sender .said")).to_have_text("Another device sends its camera.")
        expect(second.locator(".sender button")).to_be_disabled()
        shown(second, 3)
        first.close()
        expect(second.locator(".veil")).to_contain_text("Camera lost")
        second.click(".sender button:enabled")
        expect(second.locator(".state")).to_have_text("Live")
        _of_the_first, *numbers = shown(second, 4)
        assert in_order(numbers)
        second.get_by_role("button", name="Stop this camera").click()
        expect(second.locator(".veil")).to_contain_text("Camera lost")
        assert source.reconnects == 1


TOKEN = "correct horse battery"


def log_in(tab: "playwright.Page") -> None:
    tab.get_by_label("Token").fill(TOKEN)
    tab.get_by_role("button").click()


@contextmanager
def asking(*arguments: str) -> Iterator[Callable[[str, str], None]]:
    """Serve a page that takes a camera, and yield what asks for one there and is told why not."""
    feed = HandFeed("camera")
    options = WebOptions(port=0, token=ApiKey(TOKEN))
    with BrowserSource() as source, browsing(*arguments) as browser:
        feed.inlet = source
        with served(feed, options=options) as server:

            def ask(host: str, sentence: str) -> None:
                tab = look(browser, server.url.replace("127.0.0.1", host))
                log_in(tab)
                tab.click(".sender button:enabled")
                expect(tab.locator(".sender .said")).to_contain_text(sentence)
                expect(tab.locator(".sender button")).to_have_text("Use this camera")
                assert not source.is_taken
                tab.close()

            yield ask


def test_a_camera_that_is_denied_or_not_there_says_what_to_do() -> None:
    resolving = "--host-resolver-rules=MAP page.example 127.0.0.1"
    with asking("--deny-permission-prompts", DRAWN, resolving) as ask:
        ask("127.0.0.1", "allow it for this page, with the sign beside the address")
        ask("page.example", "to https only: start livesegment with --web-tls")
    with asking(ALLOWED, NONE) as ask:
        ask("127.0.0.1", "finds no camera: plug one in")
