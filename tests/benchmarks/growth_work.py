"""What `growth.py` measures, in a process of its own: annotating, a plain script, a live run.

    python growth_work.py WORK URL IN_FLIGHT JOBS CLIP ...

It prints a line of JSON: frames, seconds of wall and CPU from the first line of the work to its
last, and the most memory held in MB. What is imported is imported before.
"""

import base64
import contextlib
import json
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import cv2
import httpx
import numpy as np

from livesegment import AnnotateOptions, EndpointOptions, annotate
from livesegment.cli import main as program
from livesegment.sinks.codecs import DEFAULT_QUALITY, coding_for

MODEL = "canned/1"
SENT = 640  # the longest side of what is sent by default
FPS = 30
NOTED_EVERY = 50  # frames

Said = dict[str, Any]


def most_memory_mb() -> float:
    """Return the most that this process ever held; getrusage would count what started it."""
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def annotate_clips(clips: list[str], url: str, in_flight: int, jobs: int) -> Said:
    """Annotate clips, and note again and again what is held and spent."""
    options = AnnotateOptions(
        endpoint=EndpointOptions(endpoint=url, model=MODEL, max_in_flight=in_flight), jobs=jobs
    )
    written, noted = 0, []
    lock = threading.Lock()

    def note(*_: object) -> None:
        nonlocal written
        with lock:
            written += 1
            if written % NOTED_EVERY == 0:
                noted.append((written, time.process_time(), _status("VmRSS")))

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) if len(clips) > 1 else Path(folder) / "out.mp4"
        report = annotate(clips, output, options=options, on_progress=note)
    return {"frames": report.frames, "noted": noted}


def annotate_plainly(clips: list[str], url: str, in_flight: int, jobs: int) -> Said:
    """Do the same as a script does."""
    coding = coding_for(Path("out.mp4"), "h264", quality=DEFAULT_QUALITY)
    colours = np.random.default_rng(0).integers(0, 256, (256, 1, 3), np.uint8)
    count = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        httpx.Client(limits=httpx.Limits(max_connections=in_flight), timeout=60) as client,
        ThreadPoolExecutor(in_flight) as pool,
        av.open(clips[0]) as read,
        av.open(f"{folder}/out.mp4", "w") as container,
    ):
        video = read.streams.video[0]
        stream = container.add_stream(coding.codec, rate=FPS, options=dict(coding.codec_options))
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"

        def ask(image: np.ndarray) -> np.ndarray:
            height, width = image.shape[:2]
            smaller = min(1.0, SENT / max(width, height))
            sent = cv2.resize(image, None, fx=smaller, fy=smaller, interpolation=cv2.INTER_AREA)
            _, jpeg = cv2.imencode(".jpg", sent, (cv2.IMWRITE_JPEG_QUALITY, 80))
            reply = client.post(f"{url}/{MODEL}", content=base64.b64encode(jpeg.data))
            png = base64.b64decode(reply.json()["segmentation_mask"])
            ids = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
            return cv2.resize(ids, (width, height), interpolation=cv2.INTER_NEAREST)

        def write(image: np.ndarray, reply: Future[np.ndarray]) -> None:
            ids = reply.result()
            blended = cv2.addWeighted(image, 0.5, cv2.applyColorMap(ids, colours), 0.5, 0)
            cv2.copyTo(image, cv2.compare(ids, 0, cv2.CMP_EQ), blended)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(blended, format="bgr24")))

        waiting: deque[tuple[np.ndarray, Future[np.ndarray]]] = deque()
        for picture in read.decode(video):
            image = picture.to_ndarray(format="bgr24")
            waiting.append((image, pool.submit(ask, image)))
            count += 1
            if len(waiting) > in_flight:
                write(*waiting.popleft())
        while waiting:
            write(*waiting.popleft())
        container.mux(stream.encode(None))
    return {"frames": count}


def show_live(clips: list[str], url: str, in_flight: int, jobs: int) -> Said:
    """Show a clip again and again for some seconds, without a window."""
    with tempfile.TemporaryDirectory() as folder:
        stats = Path(folder) / "stats.json"
        sys.argv = ["livesegment", "live", clips[0], "--loop", "--no-window", "--duration", "6"]
        sys.argv += ["--endpoint", url, "--model", MODEL, "--stats", str(stats)]
        with contextlib.suppress(SystemExit):
            program()
        said = json.loads(stats.read_text())
    return {"frames": said["frames_shown"], "age_ms": said["mask_age_ms"]["p50"]}


WORKS: dict[str, Callable[[list[str], str, int, int], Said]] = {
    "annotate": annotate_clips,
    "plain": annotate_plainly,
    "live": show_live,
}


def work(words: list[str]) -> None:
    """Do one work in this process, which is its own, and say what it took."""
    name, url, in_flight, jobs, *clips = words
    began_s, cpu_s = time.perf_counter(), time.process_time()
    said = WORKS[name](clips, url, int(in_flight), int(jobs))
    said["wall_s"] = time.perf_counter() - began_s
    said["cpu_s"] = time.process_time() - cpu_s
    said["memory_mb"] = most_memory_mb()
    print(json.dumps(said))


if __name__ == "__main__":
    work(sys.argv[1:])
