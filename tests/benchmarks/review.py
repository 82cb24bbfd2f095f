"""How soon ten thousand events are there to be looked at.

Three cameras leave ten thousand events and a week of recordings. Timed are reading all of that into
an index that was lost, the first page of the list over HTTP with the index as it is kept, the page
after a thousand others, the list of one rule, and, where Chromium is, the page in a browser from
its address to the first event::

    python tests/benchmarks/review.py [--events N] [--runs N]

The list is promised within 0.3 s.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
from feeds import HandFeed, served
from past import BEGAN_S, opened, told, write_events

CAMERAS = ("door", "gate", "yard")
SEGMENTS = 1008  # of each camera: ten minutes each, for a week
EVENTS = 10_000


def leave_a_past(folder: Path, events: int) -> None:
    """Write the files of all cameras."""
    (folder / "recorded").mkdir()
    each = events // len(CAMERAS)
    step_s = 600.0 * SEGMENTS / each
    for camera in CAMERAS:
        lines = []
        for number in range(each):
            rule = {"rule": f"rule {number % 7}", "class": ("person", "car")[number % 2]}
            lines.append(told(number, after_s=step_s * number, **rule))
            lines.append(told(number, "end", step_s * number + 5, **rule))
        write_events(folder / f"{camera}.jsonl", lines)
        for number in range(SEGMENTS):
            began_s = BEGAN_S + 600 * number
            stamp = time.strftime("%Y%m%d-%H%M%SZ", time.gmtime(began_s))
            segment = folder / "recorded" / f"{camera}_{stamp}.mp4"
            segment.write_bytes(b"")
            os.utime(segment, (began_s + 600, began_s + 600))


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def browser_s(address: str, runs: int) -> float | None:
    """Return the seconds from a page's address to its first event; None without Chromium."""
    path = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if path is None:
        return None
    with sync_playwright() as player:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
        browser = player.chromium.launch(executable_path=path, args=flags)
        took = []
        for _ in range(runs):
            tab = browser.new_page()
            began_s = time.perf_counter()
            tab.goto(address, wait_until="commit")
            tab.wait_for_selector(".entry")
            took.append(time.perf_counter() - began_s)
            tab.close()
        browser.close()
    return statistics.median(took)


def measure(events: int = EVENTS, runs: int = 15) -> list[tuple[str, float | None]]:
    """Return what was timed, and the seconds each took."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        leave_a_past(folder, events)
        index = folder / "review.sqlite"
        review = opened(folder, *CAMERAS, path=folder / "first.sqlite")
        review.close()
        rebuilt_s = timed(lambda: opened(folder, *CAMERAS, path=index).close())
        feeds = [HandFeed(each, each.title()) for each in CAMERAS]
        with opened(folder, *CAMERAS, path=index) as review, served(*feeds, review=review) as page:
            with httpx.Client(base_url=page.url, trust_env=False, timeout=60) as client:

                def asked(**query: Any) -> float:
                    return statistics.median(
                        timed(lambda: client.get("/api/review", params=query).raise_for_status())
                        for _ in range(runs)
                    )

                middle = BEGAN_S + 300.0 * SEGMENTS
                rows: list[tuple[str, float | None]] = [
                    ("all files read into an empty index", rebuilt_s),
                    ("the newest 50", asked()),
                    ("50 out of the middle", asked(until=middle)),
                    ("50 of one rule", asked(rule="rule 3")),
                    ("the newest 200", asked(limit=200)),
                ]
            rows.append(("in Chromium, address to first event", browser_s(f"{page.url}/review", 5)))
    return rows


def tables(quick: bool) -> dict[str, list[dict[str, Any]]]:
    """Return what is kept of it."""
    rows = measure(runs=3 if quick else 15)
    kept = [(name, round(1000 * took, 1)) for name, took in rows if took is not None]
    return {"review": [{"ten thousand events": name, "ms": took} for name, took in kept]}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    print(f"{options.events} events, {SEGMENTS * len(CAMERAS)} files of recordings")
    for name, seconds in measure(options.events, options.runs):
        print(f"{name:40} {'no Chromium' if seconds is None else f'{seconds:.3f} s'}")


if __name__ == "__main__":
    main()
