"""Rows for `all.py` of benchmarks whose `measure` returns objects of their own."""

import statistics
from pathlib import Path
from types import ModuleType
from typing import Any

Rows = dict[str, list[dict[str, Any]]]


def blending(module: ModuleType, quick: bool, media: str) -> Rows:
    """Return what drawing costs in units of one `cv2.addWeighted`, by size and by mask."""
    module.cv2.setNumThreads(1)
    rows: dict[str, dict[str, Any]] = {}
    for size in module.SIZES:
        people = module.person_scene(Path(media) / "clips" / "asl-webcam.mp4", size)
        for case in module.cases_of(people, size):
            row = rows.setdefault(case.name, {"in units of `addWeighted`": case.name})
            ways = module.measure(case, [module.HERE], 12 if quick else 100)
            for kind, way in zip(("", ", soft"), ways, strict=True):
                row[f"{size[1]}p{kind}"] = round(statistics.median(way.ratios), 1)
            row[f"ms, {size[1]}p"] = round(1000 * statistics.median(ways[0].seconds), 1)
            row["bound"] = case.bound
    return {"blending": list(rows.values())}


def starting(module: ModuleType, quick: bool, media: str) -> Rows:
    """Return how long it takes from the command to a picture, beside OpenCV alone."""
    rows = []
    for name, (bare, ours) in module.measure(3 if quick else 9).items():
        rows.append(
            {
                "": f"`{name} sample:`",
                "s": round(ours.wall_s, 2),
                "OpenCV alone, s": round(bare.wall_s, 2),
                "times": round(ours.wall_s / bare.wall_s, 1),
                "CPU s": round(ours.cpu_s, 2),
                "OpenCV alone, CPU s": round(bare.cpu_s, 2),
            }
        )
    return {"starting": rows}


def memory(module: ModuleType, quick: bool, media: str) -> Rows:
    """Return the most memory held, and how many pictures of three bytes a pixel that is."""
    sizes = list(module.SIZES)
    few: dict[str, Any] = {"frames": 60, "seconds": 4.0, "latencies_ms": (150,)}
    rows = []
    for row in module.measure(sizes, **(few if quick else {})):
        width, height = module.SIZES[row.size]
        rows.append(
            {
                "8 in flight": f"`{row.command}`, {row.size}, {row.latency_ms:g} ms a call",
                "MB": round(row.peak_mb),
                "pictures": round(row.peak_mb * 2**20 / (3 * width * height)),
                "CPU ms a frame": None if row.cpu_ms is None else round(row.cpu_ms),
            }
        )
    return {"memory": rows}
