"""How soon a lost camera is noticed and how soon it is back.

    python tests/benchmarks/reconnect.py [--rounds 5] [--kinds rtsp mjpeg hls]

A real server, in a process of its own, is killed, frozen (SIGSTOP) and started with another size,
round after round, under one source that `live` would read. It prints

- noticed: from the kill or freeze until the source says that it is lost. What a buffer still holds
  is shown first: HLS is noticed when its pictures end.
- back: from the moment the server answers again until the first picture is read. A server that
  was killed listens then; its encoder may take some time more.
- latency: how old a picture is when it is read, at the median and at most, over the whole run. Its
  pictures carry the clock. The most tells whether a stale one was among them.
- descriptors and threads of this process before, after, and the most in between.

The baselines: OpenCV's capture with its defaults, with the timeouts that it offers, and what is
asked for (noticed within 3 s, back within 2 s).
"""

import argparse
import logging
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2
from cameras import Camera, Watcher, has_rtsp_server, latency_s, watching

from livesegment.sources import open_live_source

SIZES = ("320x240", "640x360")
FREEZE_S = 4.0


def held() -> tuple[int, int]:
    """Return the number of open descriptors and of threads."""
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def kill(camera: Camera, number: int) -> Callable[[], None]:
    """Kill a camera; returns what brings it back, with the other size."""
    camera.kill()
    return lambda: camera.start(SIZES[number % 2])


def freeze(camera: Camera, number: int) -> Callable[[], None]:
    """Freeze a camera; returns what brings it back."""
    camera.freeze()
    return camera.thaw


def one_round(
    watcher: Watcher, camera: Camera, lose: Callable[[Camera, int], Callable[[], None]], number: int
) -> tuple[float, float]:
    """Return the seconds to notice a loss and to be back."""
    watcher.until(lambda frame: frame.index >= watcher.source.scene_began + 20)
    began_s = time.monotonic()
    bring_back = lose(camera, number)
    watcher.until_lost()
    noticed_s = time.monotonic() - began_s
    # Away for some time, so that the waits have grown to their longest.
    time.sleep(FREEZE_S + random.random())
    bring_back()
    began_s = time.monotonic()
    back = watcher.until_back()
    return noticed_s, back.captured_at_s - began_s


Seconds = dict[str, tuple[list[float], list[float]]]
"""How long it took to notice and to be back, by how a camera was lost."""


def measure(kind: str, rounds: int) -> Seconds:
    """Print the figures of one kind of camera, and return them."""
    found: Seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        camera = Camera(kind, Path(folder))
        camera.start(SIZES[1])
        with open_live_source(camera.url) as source, watching(source) as watcher:
            watcher.until(lambda frame: frame.index > 20)
            before = held()
            most = before
            for name, lose in (("killed, other size", kill), ("frozen", freeze)):
                figures = []
                for number in range(rounds):
                    figures.append(one_round(watcher, camera, lose, number))
                    most = max(most, held())
                noticed, back = zip(*figures, strict=True)
                found[name] = list(noticed), list(back)
                print(
                    f"{kind:6}{name:20}"
                    f"noticed {statistics.median(noticed):.2f} s, at most {max(noticed):.2f};  "
                    f"back {statistics.median(back):.2f} s, at most {max(back):.2f}"
                )
            ages_s = [latency_s(frame) for frame in watcher.frames]
            print(
                f"{kind:6}{len(ages_s)} pictures, latency {statistics.median(ages_s):.3f} s,"
                f" at most {max(ages_s):.3f};  descriptors and threads {before} before,"
                f" {most} at most, {held()} after"
            )
        camera.kill()
    return found


def measure_opencv(name: str, parameters: list[int]) -> float:
    """Print when OpenCV's capture says that an RTSP camera is frozen, and return the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        camera = Camera("rtsp", Path(folder))
        camera.start()
        capture = cv2.VideoCapture(camera.url, cv2.CAP_FFMPEG, parameters)
        for _ in range(20):
            capture.read()
        camera.freeze()
        began_s = last_s = time.monotonic()
        stale = 0
        while capture.read()[0]:
            now_s = time.monotonic()
            stale += now_s - last_s > 1.0
            last_s = now_s
        noticed_s = time.monotonic() - began_s
        print(
            f"rtsp  OpenCV, {name}: frozen noticed {noticed_s:.1f} s,"
            f" {stale} stale pictures given as live; killed once, it never comes back"
        )
        capture.release()
        camera.kill()
    return noticed_s


def tables(quick: bool = False) -> dict[str, list[dict[str, object]]]:
    """Return how soon a lost camera is noticed and back, beside OpenCV's own reader."""
    logging.getLogger("livesegment").setLevel(logging.ERROR)
    if not has_rtsp_server():
        raise SystemExit("install gir1.2-gst-rtsp-server-1.0 and the plugins of GStreamer")
    rows: list[dict[str, object]] = []
    for kind in ("rtsp",) if quick else ("rtsp", "mjpeg", "hls"):
        for name, (noticed, back) in measure(kind, 1 if quick else 5).items():
            rows.append(
                {
                    "": f"{kind}, {name}",
                    "noticed after, s": round(statistics.median(noticed), 2),
                    "at most": round(max(noticed), 2),
                    "back after, s": round(statistics.median(back), 2),
                    "back at most": round(max(back), 2),
                }
            )
    baselines = {"a timeout of 2 s": [cv2.CAP_PROP_READ_TIMEOUT_MSEC, 2000], "as it is": []}
    for name, parameters in list(baselines.items())[: 1 if quick else 2]:
        noticed_s = round(measure_opencv(name, parameters), 2)
        rows.append({"": f"OpenCV's reader, {name}, rtsp, frozen", "noticed after, s": noticed_s})
    return {"reconnect": rows}


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kinds", nargs="*", default=["rtsp", "mjpeg", "hls"])
    parser.add_argument("--no-baselines", action="store_true")
    arguments = parser.parse_args()
    logging.getLogger("livesegment").setLevel(logging.ERROR)
    if not has_rtsp_server():
        raise SystemExit("install gir1.2-gst-rtsp-server-1.0 and the plugins of GStreamer")
    for kind in arguments.kinds:
        measure(kind, arguments.rounds)
    if not arguments.no_baselines:
        measure_opencv("read timeout 2 s", [cv2.CAP_PROP_READ_TIMEOUT_MSEC, 2000])
        measure_opencv("as it is", [])


if __name__ == "__main__":
    main()
