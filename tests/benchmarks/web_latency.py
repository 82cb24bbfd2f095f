"""How old a picture is when the page shows it: frames carry the clock, a browser reads it back.

Run: `python tests/benchmarks/web_latency.py [--fps 15] [--size 640x360] [--seconds 20]`. It needs
Chromium and Playwright. One camera, alignment on; the endpoint answers after 200 ms. Two ways of
reading: by a script in the page, whenever the canvas has a new picture, and off screenshots, whose
own time is counted as the picture's age.
"""

import argparse
import shutil
import statistics
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from clock import BITS, MODULUS, read_stamp, stamp
from playwright.sync_api import Page, sync_playwright

from livesegment import Frame, LiveOptions, Mask, Segmenter, Source, live
from livesegment.settings import WebOptions

PORT = 18080
ANSWER_S = 0.2

# Looks at the picture before every repaint and notes the age of each once.
NOTE_AGES = """async ([seconds, bits, modulus, at = 1 / 8]) => {
  const screen = document.querySelector("[data-camera] .screen:not([hidden])");
  const [width, height] = [screen.videoWidth || screen.width, screen.videoHeight || screen.height];
  const copy = new OffscreenCanvas(width, 1);
  const pen = copy.getContext("2d", {willReadFrequently: true});
  const side = Math.floor(width / bits);
  const ages = [];
  let last = -1;
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end) {
    await new Promise(requestAnimationFrame);
    pen.drawImage(screen, 0, -Math.floor(height * at));
    const row = pen.getImageData(0, 0, width, 1).data;
    let shown = 0;
    for (let bit = 0; bit < bits; bit++) {
      if (row[4 * (bit * side + (side >> 1))] > 128) shown += 2 ** bit;
    }
    if (shown !== last) ages.push((Date.now() % modulus) - shown);
    last = shown;
  }
  return ages;
}"""


def now_ms() -> int:
    return int(time.time() * 1000) % MODULUS


class ClockCamera(Source):
    """A camera that films the clock."""

    name = "clock"
    is_live = True
    is_endless = True

    def __init__(self, width: int, height: int, fps: float) -> None:
        self._size, self._spacing_s = (width, height), 1 / fps
        self._stopping = threading.Event()
        self._index, self._next_s = 0, time.monotonic()

    def read(self) -> Frame | None:
        self._next_s += self._spacing_s
        if self._stopping.wait(max(0.0, self._next_s - time.monotonic())):
            return None
        width, height = self._size
        pixels = np.frombuffer(stamp(width, height, now_ms()), np.uint8)
        self._index += 1
        image = pixels.reshape(height, width, 3)
        return Frame(image, self._index, self._index * self._spacing_s, time.monotonic())

    def stop(self) -> None:
        self._stopping.set()


class SlowSegmenter(Segmenter):
    """Sees a person in the lower half, as late as an endpoint would."""

    max_concurrency = 4

    def segment(self, frame: Frame) -> Mask:
        threading.Event().wait(ANSWER_S)
        ids = np.zeros(frame.image.shape[:2], np.uint8)
        ids[ids.shape[0] // 2 :, : ids.shape[1] // 3] = 1
        return Mask(ids, {0: "background", 1: "person"}, frame.index)


def screenshot_age(page: Page) -> float:
    """Return how old the picture of a screenshot is by the time it has been taken, in ms."""
    png = page.locator("[data-camera] .screen:visible").screenshot()
    taken_ms = now_ms()
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return taken_ms - read_stamp(cv2.resize(image, (640, 360), interpolation=cv2.INTER_NEAREST))


def report(name: str, ages: list[float]) -> None:
    ages = sorted(ages)
    p95 = ages[int(0.95 * (len(ages) - 1))]
    print(f"{name}: {len(ages)} read, {statistics.median(ages):.0f} ms p50, {p95:.0f} ms p95")


def look(seconds: float) -> None:
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"http://127.0.0.1:{PORT}/")
        page.wait_for_selector("[data-mood=good]")
        page.wait_for_timeout(2000)
        report("in the page", page.evaluate(NOTE_AGES, [seconds, BITS, MODULUS]))
        report("screenshots", [screenshot_age(page) for _ in range(20)])
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fps", type=float, default=15)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    width, height = (int(side) for side in arguments.size.split("x"))
    camera = ClockCamera(width, height, arguments.fps)

    def watch() -> None:
        try:
            look(arguments.seconds)
        finally:
            camera.stop()

    watcher = threading.Thread(target=watch)
    watcher.start()
    options = LiveOptions(window=False, web=WebOptions(port=PORT))
    figures = live(camera, segmenter=SlowSegmenter(), options=options)
    watcher.join()
    print(f"shown {figures['fps_shown']} frames/s, mask age {figures['mask_age_ms']['p50']} ms p50")


if __name__ == "__main__":
    main()
