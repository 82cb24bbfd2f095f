"""How near annotating comes to what the endpoint can give, and what the CPU does meanwhile.

An endpoint in a process of its own (`canned_endpoint.py`) answers each request after a set time;
a clip with a moving pattern and noise is annotated over it::

    python tests/benchmarks/throughput.py [--latency-ms 150] [--in-flight 8] [--frames 1000]

The bound is `in flight / latency`. Beside it, in the same run: one call at a time; a plain
ThreadPoolExecutor with an httpx client and nothing drawn or written, which is what Python
reaches; `--in-flight auto`. CPU seconds by part are those of the thread that works there
(time.thread_time); the codecs' own threads are in the rest. `--find` prints what `auto` settles
on at several endpoints instead.
"""

import argparse
import base64
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import av
import cv2
import httpx
import numpy as np
from canned_endpoint import endpoint

from livesegment import AnnotateOptions, EndpointOptions, Frame, HttpSegmenter, annotate
from livesegment.annotate.asking import Caller
from livesegment.calls.limiter import Limiter
from livesegment.calls.saturation import Saturation
from livesegment.metrics import Metrics
from livesegment.overlay.compositor import Compositor
from livesegment.segmenters import http as http_room
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources.video_file import VideoFileSource

FPS = 25
MODEL = "canned/1"


def write_clip(path: Path, size: tuple[int, int], frames: int) -> None:
    width, height = size
    random = np.random.default_rng(1)
    y, x = np.mgrid[:height, :width]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(frames):
            waves = 110 + 60 * np.sin((x + 3 * index) / 25) + 40 * np.cos((y - 2 * index) / 17)
            image = np.repeat(waves[:, :, None], 3, axis=2) + random.normal(
                0, 6, (height, width, 3)
            )
            image = np.clip(image, 0, 255).astype(np.uint8)
            cv2.circle(image, (index * 5 % width, height // 2), height // 5, (40, 60, 220), -1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))


@dataclass
class PartTimes:
    """CPU seconds by part: of the thread that works there, without the parts called within."""

    seconds: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _inner: threading.local = field(default_factory=threading.local)

    @contextmanager
    def watch(self, owner: Any, name: str, part: str) -> Iterator[None]:
        """Have every call of `owner.name` counted as that part while the block runs."""
        original = getattr(owner, name)
        setattr(owner, name, self._timed(original, part))
        try:
            yield
        finally:
            setattr(owner, name, original)

    def _timed(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        @wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            outer = getattr(self._inner, "seconds", 0.0)
            self._inner.seconds = 0.0
            began_s = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                spent_s = time.thread_time() - began_s
                with self._lock:
                    self.seconds[part] += spent_s - self._inner.seconds
                self._inner.seconds = outer + spent_s

        return timed


@dataclass(frozen=True)
class Run:
    """What a run took."""

    name: str
    frames: int
    wall_s: float
    cpu_s: float
    parts: Counter[str]

    @property
    def rate(self) -> float:
        return self.frames / self.wall_s


def measured(name: str, work: Callable[[], int]) -> Run:
    parts = PartTimes()
    with (
        parts.watch(VideoFileSource, "read", "read and decode"),
        parts.watch(http_room, "encode_image", "JPEG and base64"),
        parts.watch(http_room, "decode_reply", "decode the reply"),
        parts.watch(HttpSegmenter, "_call", "HTTP"),
        parts.watch(Compositor, "draw", "draw"),
        parts.watch(VideoFileSink, "write", "encode and write"),
        parts.watch(VideoFileSink, "commit", "encode and write"),
    ):
        began_s, cpu_s = time.perf_counter(), time.process_time()
        frames = work()
        wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    return Run(name, frames, wall_s, cpu_s, parts.seconds)


def annotate_with(clip: Path, url: str, in_flight: Any) -> int:
    options = AnnotateOptions(
        endpoint=EndpointOptions(endpoint=url, model=MODEL, max_in_flight=in_flight)
    )
    with tempfile.TemporaryDirectory() as folder:
        return annotate(clip, Path(folder) / "out.mp4", options=options).frames


def one_at_a_time(clip: Path, url: str, frames: int) -> int:
    with VideoFileSource(clip) as source, HttpSegmenter(url, MODEL) as segmenter:
        for _ in range(frames):
            frame = source.read()
            assert frame is not None
            segmenter.segment(frame)
    return frames


def thread_pool(clip: Path, url: str, in_flight: int) -> int:
    """Do what a script would: decode, post and parse, on a pool; draw and write nothing."""
    capture = cv2.VideoCapture(str(clip))

    def pictures() -> Iterator[np.ndarray]:
        while (read := capture.read())[0]:
            yield read[1]

    with (
        httpx.Client(limits=httpx.Limits(max_connections=in_flight), timeout=30) as client,
        ThreadPoolExecutor(in_flight) as pool,
    ):

        def ask(image: np.ndarray) -> np.ndarray:
            _, jpeg = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 80))
            reply = client.post(f"{url}/{MODEL}", content=base64.b64encode(jpeg.data))
            png = base64.b64decode(reply.json()["segmentation_mask"])
            return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)

        return sum(1 for _ in pool.map(ask, pictures()))


def report(runs: list[Run], bound: float) -> None:
    print(f"{'':34} {'frames/s':>9} {'of bound':>9} {'CPU s':>7} {'cores':>6}")
    for run in runs:
        print(
            f"{run.name:34} {run.rate:9.1f} {run.rate / bound:9.1%}"
            f" {run.cpu_s:7.2f} {run.cpu_s / run.wall_s:6.2f}"
        )


def report_parts(run: Run) -> None:
    print(f"CPU of '{run.name}', ms a frame:")
    parts = run.parts.copy()
    parts["the rest: codecs' threads, waiting"] = run.cpu_s - sum(parts.values())
    for part, seconds in parts.most_common():
        print(f"  {part:36} {1000 * seconds / run.frames:6.2f} {seconds / run.cpu_s:6.1%}")


def measure(clip: Path, size: tuple[int, int], given: argparse.Namespace) -> list[Run]:
    """Return what each way takes, ours last."""
    few = min(given.frames, 40)
    works: dict[str, Callable[[str], int]] = {
        "one call at a time": lambda url: one_at_a_time(clip, url, few),
        "a thread pool, nothing drawn": lambda url: thread_pool(clip, url, given.in_flight),
        f"annotate --in-flight {given.in_flight}": lambda url: annotate_with(
            clip, url, given.in_flight
        ),
        "annotate --in-flight auto": lambda url: annotate_with(clip, url, "auto"),
    }
    runs = []
    for name, work in works.items():
        with endpoint(places=given.in_flight, latency_ms=given.latency_ms, size=size) as running:
            runs.append(measured(name, lambda work=work, url=running.url: work(url)))
        print(f"  ({name}: the endpoint's own CPU {running.cpu_s:.2f} s)", flush=True)
    return runs


def tables(quick: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of 640x360 and an endpoint of 150 ms with eight places."""
    given = argparse.Namespace(latency_ms=150, in_flight=8, frames=300 if quick else 1000)
    bound = given.in_flight / (given.latency_ms / 1000)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(clip, (640, 360), given.frames)
        runs = measure(clip, (640, 360), given)
    rows = [
        {
            "": run.name,
            "frames/s": round(run.rate, 1),
            "of the most": f"{run.rate / bound:.0%}",
            "times the pool": round(run.rate / runs[1].rate, 2),
            "cores": round(run.cpu_s / run.wall_s, 2),
            "CPU ms a frame": round(1000 * run.cpu_s / run.frames, 1),
        }
        for run in runs
    ]
    return {"throughput": rows}


def compare(clip: Path, size: tuple[int, int], given: argparse.Namespace) -> None:
    bound = given.in_flight / (given.latency_ms / 1000)
    print(f"{size[0]}x{size[1]}, {given.frames} frames, {given.latency_ms:g} ms a call,", end=" ")
    print(f"{given.in_flight} places, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"bound: {given.in_flight} / {given.latency_ms / 1000:g} s = {bound:.1f} frames/s")
    runs = measure(clip, size, given)
    report(runs, bound)
    report_parts(runs[2])


def found(clip: Path, seconds: float, **options: object) -> list[tuple[float, int, int]]:
    """Ask one endpoint for a while: (seconds since the start, limit, masks so far) each second."""
    with VideoFileSource(clip) as source:
        frame = source.read()
    assert frame is not None
    limiter, metrics, stopping = Limiter(Saturation()), Metrics(), threading.Event()
    seen = []
    with (
        endpoint(**options) as running,
        HttpSegmenter(running.url, MODEL, max_connections=limiter.width) as segmenter,
    ):
        caller = Caller(segmenter, limiter, metrics, stopping)
        with ThreadPoolExecutor(limiter.width) as pool:
            for _ in range(limiter.width):
                pool.submit(_ask_on, caller, frame)
            began_s = time.monotonic()
            while (elapsed_s := time.monotonic() - began_s) < seconds:
                seen.append((elapsed_s, limiter.limit, metrics.get("masks_received")))
                stopping.wait(0.1)
            stopping.set()
            limiter.wake()
    return seen


def _ask_on(caller: Caller, frame: Frame) -> None:
    while caller.ask(frame) is not None:
        pass


def find(clip: Path, seconds: float) -> None:
    half_s = seconds / 2
    endpoints: dict[str, tuple[dict[str, object], float, float]] = {
        "8 places of 150 ms": ({"places": 8, "latency_ms": 150}, 53.3, 53.3),
        "1 place of 40 ms, network 20 ms": (
            {"places": 1, "latency_ms": 40, "network_ms": 20},
            25.0,
            25.0,
        ),
        "8 places, 150 then 300 ms": (
            {"places": 8, "latency_ms": 150, "change_after_s": half_s},
            53.3,
            26.7,
        ),
        "8 places, 300 then 150 ms": (
            {
                "places": 8,
                "latency_ms": 300,
                "change_after_s": half_s,
                "changed_latency_ms": 150,
            },
            26.7,
            53.3,
        ),
        "any number at 150 ms": ({"places": 1000, "latency_ms": 150}, 427.0, 427.0),
    }
    print(f"{'what auto finds':34} {'half':>6} {'limit':>12} {'calls/s':>8} {'possible':>9}")
    for name, (options, first, second) in endpoints.items():
        seen = found(clip, seconds, **options)
        # The first seconds of each half are left out: it is still searching.
        halves = {"first": (5.0, half_s, first), "second": (half_s + 5.0, seconds, second)}
        for half, (from_s, to_s, possible) in halves.items():
            part = [each for each in seen if from_s <= each[0] < to_s]
            limits = sorted(limit for _, limit, _ in part)
            rate = (part[-1][2] - part[0][2]) / (part[-1][0] - part[0][0])
            middle = limits[len(limits) // 2]
            spread = f"{limits[len(limits) // 10]}-{middle}-{limits[-len(limits) // 10]}"
            print(f"{name:34} {half:>6} {spread:>12} {rate:8.1f} {possible:9.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--latency-ms", type=float, default=150)
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--size", type=int, nargs=2, default=(640, 360), metavar=("W", "H"))
    parser.add_argument("--find", action="store_true", help="what auto finds at some endpoints")
    parser.add_argument("--find-s", type=float, default=30, help="seconds at each of them")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(clip, tuple(given.size), given.frames)
        if given.find:
            find(clip, given.find_s)
        else:
            compare(clip, tuple(given.size), given)


if __name__ == "__main__":
    main()
