"""The page's picture as video and as single pictures: bytes, how far behind, and CPU.

Run: `python tests/benchmarks/page_video.py [--seconds 10] [CLIP ...]`. It needs Chromium and
Playwright. Pictures of clips, 1280x720 at 30 a second, go through the page's own encoder and server
to its page in Chromium; a band at the top of each carries the clock, which a script reads back
from what is shown. How alike a picture is to what was encoded is said as its signal-to-noise ratio.
"""

import argparse
import io
import itertools
import os
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import httpx
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))

from clock import BITS, MODULUS, stamp
from feeds import HandFeed, served
from playwright.sync_api import Page, sync_playwright
from watching import cpu_s
from web_latency import NOTE_AGES, now_ms

from livesegment import Frame
from livesegment.frame import Image
from livesegment.output import Shown, Wants
from livesegment.web.encoder import encode
from livesegment.web.video import VideoEncoder

SIZE = (1280, 720)
FPS = 30
CLIPS = ("asl-webcam.mp4", "live-one-by-one-person.mp4", "live-vtest.mp4")
FORMS = {"video": "/stream.video", "MJPEG": "/stream.mjpg"}
_BAND = 24  # rows of the clock, more than a block of the coding
_WITHOUT_VIDEO = "delete window.MediaSource"


def pictures(clip: Path, count: int) -> list[Image]:
    """Return the beginning of a clip."""
    capture, found = cv2.VideoCapture(str(clip)), []
    while len(found) < count:
        is_there, image = capture.read()
        if not is_there:
            break
        found.append(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA))
    capture.release()
    return found


def clock_band() -> npt.NDArray[np.uint8]:
    """Return rows that carry the time."""
    width = SIZE[0]
    rows = np.frombuffer(stamp(width, 8, now_ms()), np.uint8).reshape(8, width, 3)
    return np.broadcast_to(rows[:1], (_BAND, width, 3))


@contextmanager
def filmed(feed: HandFeed, images: Sequence[Image]) -> Iterator[None]:
    """Show pictures again and again, to and fro so that nothing jumps."""
    ending = threading.Event()

    def film() -> None:
        due_s = time.monotonic()
        for index, image in enumerate(itertools.cycle([*images, *images[-2:0:-1]])):
            due_s += 1 / FPS
            if ending.wait(max(0.0, due_s - time.monotonic())):
                return
            image[:_BAND] = clock_band()
            frame = Frame(image, index, index / FPS, time.monotonic())
            is_wanted = feed.encoder.wants is Wants.SHOWN
            feed.encoder.on_frame(Shown(frame, None, None, image if is_wanted else None))

    thread = threading.Thread(target=film)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def bytes_a_picture(url: str, seconds: float) -> float:
    """Return what a picture of a stream takes on its way, all that is around it included."""
    total, count, began_s = 0, 0, time.monotonic()
    with httpx.stream("GET", url, trust_env=False, timeout=30) as answer:
        for chunk in answer.iter_raw():
            total, count = total + len(chunk), count + chunk.count(b"X-Camera: ")
            if time.monotonic() - began_s >= seconds:
                return total / count
    raise RuntimeError("the stream ended")


@dataclass
class Seen:
    """What was seen on the page.

    Attributes:
        ages_ms: How old each picture was when it was shown.
        cpu: Cores that the program took.
    """

    ages_ms: list[float]
    cpu: float


def look(page: Page, url: str, seconds: float) -> Seen:
    """Watch a page."""
    page.goto(url)
    page.wait_for_selector("[data-mood=good]")
    page.wait_for_timeout(2000)
    used_s, began_s = cpu_s(os.getpid()), time.monotonic()
    ages = page.evaluate(NOTE_AGES, [seconds, BITS, MODULUS, _BAND / 2 / SIZE[1]])
    return Seen(ages, (cpu_s(os.getpid()) - used_s) / (time.monotonic() - began_s))


def likeness(images: Sequence[Image]) -> dict[str, float]:
    """Return the signal-to-noise ratio of pictures in dB, in either form."""
    encoder = VideoEncoder()
    fragments = [encoder.encode(image, keyframe=False) for image in images]
    encoder.close()
    file = io.BytesIO(fragments[0].head.segment + b"".join(each.media for each in fragments))
    with av.open(file) as container:
        shown = [each.to_ndarray(format="bgr24") for each in container.decode(video=0)]
    files = [
        cv2.imdecode(np.frombuffer(encode(image), np.uint8), cv2.IMREAD_COLOR) for image in images
    ]
    return {
        form: statistics.mean(cv2.PSNR(*pair) for pair in zip(images, found, strict=True))
        for form, found in (("video", shown), ("MJPEG", files))
    }


def measure(clips: Sequence[Path], seconds: float) -> list[dict[str, Any]]:
    """Return a row for each clip and form."""
    rows = []
    with sync_playwright() as player, ExitStack() as stack:
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        stack.callback(browser.close)
        for clip in clips:
            images = pictures(clip, 150)
            sizes, alike = {}, likeness(images[:30])
            for form, path in FORMS.items():
                feed = HandFeed()
                with served(feed) as server, filmed(feed, images):
                    page = browser.new_page(viewport={"width": 1280, "height": 900})
                    if form != "video":
                        page.add_init_script(_WITHOUT_VIDEO)
                    seen = look(page, server.url, seconds)
                    page.close()
                    sizes[form] = bytes_a_picture(server.url + path, seconds)
                ages = sorted(seen.ages_ms)
                rows.append(
                    {
                        "720p, 30 frames/s": f"{clip.stem}, {form}",
                        "Mbit/s": round(sizes[form] * 8 * FPS / 1e6, 2),
                        "times the video's bytes": round(sizes[form] / sizes["video"], 1),
                        "dB": round(alike[form], 1),
                        "shown a second": round(len(ages) / seconds, 1),
                        "ms behind, p50": round(statistics.median(ages)),
                        "p95": round(ages[int(0.95 * (len(ages) - 1))]),
                        "CPU": round(seen.cpu, 2),
                    }
                )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("clips", nargs="*", type=Path)
    given = parser.parse_args()
    media = Path(os.environ.get("LIVESEGMENT_TEST_MEDIA", Path(__file__).parents[3] / "shared"))
    for row in measure(given.clips or [media / "clips" / name for name in CLIPS], given.seconds):
        print(row)


if __name__ == "__main__":
    main()
