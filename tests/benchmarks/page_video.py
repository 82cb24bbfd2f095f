"""The page's picture as video and as single pictures: bytes, how far behind, and CPU.

Run: `python tests/benchmarks/page_video.py [--seconds 10] [CLIP ...]`. It needs Chromium and
Playwright. Pictures of clips, 1280x720 at 30 a second, are encoded as the page has them, and go
through its encoder and server to its page in Chromium; a band at the top of each carries the clock,
which a script reads back from what is shown. CPU is that of the encoder, all threads. How alike a
picture is to what was encoded is said as its signal-to-noise ratio.
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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))

from clock import BITS, MODULUS, stamp
from feeds import HandFeed, served
from playwright.sync_api import Browser, sync_playwright
from web_latency import NOTE_AGES, now_ms

from livesegment import Frame
from livesegment.frame import Image
from livesegment.output import Shown, Wants
from livesegment.web.encoder import encode
from livesegment.web.video_encoder import VideoEncoder

SIZE = (1280, 720)
FPS = 30
CLIPS = ("asl-webcam.mp4", "live-one-by-one-person.mp4", "live-vtest.mp4")
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
    if not found:
        raise SystemExit(f"{clip} cannot be read")
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
            is_wanted = feed.encoder.wants is Wants.DRAWN
            feed.encoder.on_frame(Shown(frame, None, None, image if is_wanted else None))

    thread = threading.Thread(target=film)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


@dataclass
class Coded:
    """What pictures become.

    Attributes:
        bytes: Of a picture.
        psnr: How alike they are to what they were, in dB.
        cpu_ms: Of a picture.
    """

    bytes: float
    psnr: float
    cpu_ms: float


def coded(images: Sequence[Image]) -> dict[str, Coded]:
    """Return what pictures become that come in time, 30 a second, in either form."""
    encoder, began_s = VideoEncoder(), time.process_time()
    fragments = [encoder.encode(image, at / FPS) for at, image in enumerate(images)]
    between_s = time.process_time()
    files = [encode(image) for image in images]
    ended_s = time.process_time()
    encoder.close()
    video = io.BytesIO(fragments[0].head.segment + b"".join(each.media for each in fragments))
    with av.open(video) as container:
        shown = [each.to_ndarray(format="bgr24") for each in container.decode(video=0)]
    opened = (cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_COLOR) for each in files)

    def of(sizes: Iterable[int], found: Iterable[Any], cpu_s: float) -> Coded:
        ratios = [cv2.PSNR(*pair) for pair in zip(images, found, strict=True)]
        return Coded(statistics.mean(sizes), statistics.mean(ratios), 1000 * cpu_s / len(images))

    return {
        "video": of((len(each.media) for each in fragments), shown, between_s - began_s),
        "MJPEG": of(map(len, files), opened, ended_s - between_s),
    }


def look(browser: Browser, images: Sequence[Image], form: str, seconds: float) -> list[float]:
    """Return how old pictures are when the page shows them, in ms, in their order of age."""
    feed = HandFeed()
    with served(feed) as server, filmed(feed, images):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        if form != "video":
            page.add_init_script(_WITHOUT_VIDEO)
        page.goto(server.url)
        page.wait_for_selector("[data-mood=good]")
        page.wait_for_timeout(2000)
        ages = page.evaluate(NOTE_AGES, [seconds, BITS, MODULUS, _BAND / 2 / SIZE[1]])
        page.close()
    return sorted(map(float, ages))


def measure(clips: Sequence[Path], seconds: float) -> Iterator[dict[str, Any]]:
    """Yield a row for each clip and form."""
    with sync_playwright() as player, ExitStack() as stack:
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        stack.callback(browser.close)
        for clip in clips:
            images = pictures(clip, 150)
            sizes = coded(images)
            for form, size in sizes.items():
                ages = look(browser, images, form, seconds)
                yield {
                    "720p, 30 frames/s": f"{clip.stem}, {form}",
                    "Mbit/s": round(size.bytes * 8 * FPS / 1e6, 1),
                    "times the video's": round(size.bytes / sizes["video"].bytes, 1),
                    "dB": round(size.psnr, 1),
                    "CPU ms a picture": round(size.cpu_ms, 1),
                    "ms behind": round(statistics.median(ages)),
                    "95%": round(ages[int(0.95 * (len(ages) - 1))]),
                    "shown a second": round(len(ages) / seconds, 1),
                }


def tables(quick: bool, media: str) -> list[dict[str, Any]]:
    """Return the rows that are kept."""
    clips = [Path(media) / "clips" / name for name in CLIPS]
    return list(measure(clips[:1] if quick else clips, 5 if quick else 20))


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
