"""How many frames a second `live` shows, by picture size and by what the masks are like.

A clip of 30 frames/s in each size is played before an endpoint that answers after 150 ms, once with
a few objects and once with a class on every pixel::

    python tests/benchmarks/live_sizes.py [--clip FILE] [--seconds S]

`paste` draws each mask where it was: what is missing of 30 frames/s there is what reading,
drawing and showing cost. There is a window where there is a display.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
from canned_endpoint import DENSE, endpoint

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
FPS = 30
FRAMES = 120


def write_clip(source: Path, size: tuple[int, int], path: Path, frames: int = FRAMES) -> None:
    """Write the first frames of a video in another size, 30 a second."""
    with av.open(str(source)) as read, av.open(str(path), "w") as written:
        options = {"preset": "veryfast", "tune": "fastdecode"}
        stream = written.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for index, picture in zip(range(frames), read.decode(video=0), strict=False):
            frame = picture.reformat(*size, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))


def shown(clip: Path, url: str, align: str, seconds: float) -> dict:
    """Return the figures of a run of `live`."""
    with tempfile.TemporaryDirectory() as folder:
        stats = Path(folder) / "stats.json"
        command = [sys.executable, "-m", "livesegment", "live", str(clip), "--loop"]
        command += ["--endpoint", url, "--model", "canned/1", "--align", align]
        command += ["--duration", str(seconds), "--stats", str(stats)]
        if not os.environ.get("DISPLAY"):
            command.append("--no-window")
        subprocess.run(command, check=True, capture_output=True)
        return json.loads(stats.read_text())


def tables(quick: bool = False) -> dict[str, list[dict]]:
    """Return the frames a second that are shown, by size and masks."""
    source = Path(__file__).parents[2] / "samples" / "sample.mp4"
    sizes = dict(list(SIZES.items())[:2]) if quick else SIZES
    rows = []
    for name, size in sizes.items():
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "clip.mp4"
            write_clip(source, size, clip)
            for dense, kind in enumerate(("two objects", "a class on every pixel")):
                with endpoint(dense=dense) as running:
                    paste, warp = (
                        shown(clip, running.url, align, 4 if quick else 12)
                        for align in ("paste", "warp")
                    )
                rows.append(
                    {
                        "frames/s shown of 30": f"{name}, {kind}",
                        "`paste`": round(paste["fps_shown"], 1),
                        "`warp`": round(warp["fps_shown"], 1),
                        "times": round(warp["fps_shown"] / paste["fps_shown"], 2),
                        "mask age, ms": round(warp["mask_age_ms"]["p50"]),
                    }
                )
    return {"picture": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = Path(__file__).parents[2] / "samples" / "sample.mp4"
    parser.add_argument("--clip", type=Path, default=default, help="what is played, enlarged")
    parser.add_argument("--seconds", type=float, default=12, help="of each run")
    arguments = parser.parse_args()
    print(f"frames/s shown of {FPS}, mask age in ms (median), each after {arguments.seconds:g} s")
    for name, size in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "clip.mp4"
            write_clip(arguments.clip, size, clip)
            for dense, kind in enumerate(("two objects", f"{DENSE} classes on every pixel")):
                row = f"{name:6} {kind:26}"
                with endpoint(dense=dense) as running:
                    for align in ("paste", "warp"):
                        run = shown(clip, running.url, align, arguments.seconds)
                        age_ms = run["mask_age_ms"]["p50"]
                        row += f"  {align} {run['fps_shown']:5.2f} ({age_ms:.0f} ms)"
                print(row, flush=True)


if __name__ == "__main__":
    main()
