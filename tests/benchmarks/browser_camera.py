"""From a browser's camera to the segmented picture on its page: how long it takes, and the memory.

    python tests/benchmarks/browser_camera.py [--sizes 640x480 1280x720] [--seconds 60]

Needs Chromium and Playwright. Chromium's fake camera plays pictures that carry their number; a
script in the page notes when the camera gave each (`captureTime`) and when the page's picture shows
that number. So the figure holds everything between: the camera, the picture made smaller and
encoded, the way to the server and back, the program with the built-in model, and the repaint.
Browser, program and script share this machine.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from broker import free_port
from clock import BITS, stamp
from fake_camera import ALLOWED, plays, write_pictures
from playwright.sync_api import Browser, sync_playwright
from waiting import read_until
from watching import memory_mb

LOOP = 600  # pictures of the file: 20 s, much longer than any is late
SIZES = ("640x480", "1280x720")

NOTE_AGES = """async ([seconds, bits, forget]) => {
  const video = document.querySelector(".sender video");
  const pen = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const read = (picture, width, height) => {
    if (pen.canvas.width !== width) Object.assign(pen.canvas, {width, height: 1});
    pen.drawImage(picture, 0, height >> 3, width, 1, 0, 0, width, 1);
    const row = pen.getImageData(0, 0, width, 1).data;
    const side = Math.floor(width / bits);
    let number = 0;
    for (let bit = 0; bit < bits; bit++) {
      if (row[4 * (bit * side + (side >> 1))] > 128) number += 2 ** bit;
    }
    return number;
  };
  const taken = new Map(), ages = [];
  const end = performance.now() + 1000 * seconds;
  let pictures = 0;
  const note = (now, about) => {
    taken.set(read(video, video.videoWidth, video.videoHeight), about.captureTime ?? now);
    pictures += 1;
    if (performance.now() < end) video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  let last = -1;
  while (performance.now() < end) {
    await new Promise(requestAnimationFrame);
    const screen = document.querySelector(".picture .screen:not([hidden])");
    const width = screen.videoWidth ?? screen.width, height = screen.videoHeight ?? screen.height;
    if (!width) continue;
    const shown = read(screen, width, height);
    // A number that comes again in the loop, and was not seen this time, says nothing.
    const age = performance.now() - (taken.get(shown) ?? -Infinity);
    if (shown !== last && age < forget) ages.push([shown, age]);
    last = shown;
  }
  return {ages, pictures};
}"""


@dataclass(frozen=True)
class Seen:
    """What was measured of one size.

    Attributes:
        ages_ms: From the camera to the page's picture, of each picture shown.
        within_ms: Of that within the program, from a picture that has come to one that is drawn.
        in_order: Whether every picture shown was later than the one before.
        taken_per_s: What the browser's camera gave.
        shown_per_s: What the page showed.
        memory_mb: Of the program, at the beginning and at the end.
    """

    ages_ms: list[float]
    within_ms: float
    in_order: bool
    taken_per_s: float
    shown_per_s: float
    memory_mb: tuple[float, float]


def look(browser: Browser, port: int, pid: int, seconds: float) -> Seen:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"http://127.0.0.1:{port}/")
    page.click(".sender button:enabled")
    page.wait_for_selector("[data-mood=good]")
    page.wait_for_timeout(5000)
    before = memory_mb([pid])
    noted = page.evaluate(NOTE_AGES, [seconds, BITS, 1000 * LOOP / 30 / 2])
    [camera] = page.evaluate("fetch('/api/cameras').then((answer) => answer.json())")["cameras"]
    numbers, ages = zip(*noted["ages"], strict=True)
    steps = np.diff(numbers) % LOOP
    return Seen(
        list(ages),
        1000 * camera["figures"]["capture_to_show_s"],
        bool((steps < LOOP // 2).all()),
        noted["pictures"] / seconds,
        len(ages) / seconds,
        (before, memory_mb([pid])),
    )


def measure(size: str, seconds: float) -> Seen:
    """Return what is seen of a camera of a size in so many seconds."""
    width, height = map(int, size.split("x"))
    port = free_port()
    command = [sys.executable, "-m", "livesegment", "live", "browser:", "--web"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        stamped = (stamp(width, height, number) for number in range(LOOP))
        pictures = (np.frombuffer(each, np.uint8).reshape(height, width, 3) for each in stamped)
        path = write_pictures(Path(folder) / "camera.mjpeg", pictures)
        program = subprocess.Popen(
            [*command, f"127.0.0.1:{port}"], stderr=subprocess.PIPE, text=True
        )
        assert program.stderr is not None
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", ALLOWED, *plays(path)],
        )
        with program:
            try:
                read_until(program.stderr, "Use this camera")
                return look(browser, port, program.pid, seconds)
            finally:
                browser.close()
                program.terminate()


def tables(quick: bool) -> dict[str, list[dict[str, object]]]:
    """Return a row for each size of the camera."""
    rows = []
    for size in SIZES:
        seen = measure(size, 10 if quick else 60)
        before, after = seen.memory_mb
        rows.append(
            {
                "camera": size,
                "glass to glass, ms": round(statistics.median(seen.ages_ms)),
                "of which in the program": round(seen.within_ms),
                "95%": round(sorted(seen.ages_ms)[int(0.95 * (len(seen.ages_ms) - 1))]),
                "camera's frames/s": round(seen.taken_per_s, 1),
                "shown": round(seen.shown_per_s, 1),
                "MB at the beginning": round(before),
                "at the end": round(after),
                "in order": "yes" if seen.in_order else "no",
            }
        )
    return {"browser": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    for size in arguments.sizes:
        seen = measure(size, arguments.seconds)
        ages = sorted(seen.ages_ms)
        print(
            f"{size}: {statistics.median(ages):.0f} ms p50,"
            f" {ages[int(0.95 * (len(ages) - 1))]:.0f} ms p95, {max(ages):.0f} at most,"
            f" of which in the program {seen.within_ms:.0f};"
            f" camera {seen.taken_per_s:.1f} frames/s, shown {seen.shown_per_s:.1f},"
            f" {'in order' if seen.in_order else 'OUT OF ORDER'};"
            f" memory {seen.memory_mb[0]:.0f} MB, then {seen.memory_mb[1]:.0f}"
        )


if __name__ == "__main__":
    main()
