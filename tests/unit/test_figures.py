"""The table of figures: whatever is in it is everywhere, and nothing is counted besides."""

import ast
import json
import re
from pathlib import Path

import httpx
import pytest
from feeds import HandFeed, served
from generate import GENERATED

import livesegment
from livesegment.annotate.report import FileReport
from livesegment.figures import FIGURES, Figure, shown_figures
from livesegment.live.alignment import ChosenMask
from livesegment.live.hud import hud_lines
from livesegment.metrics import LiveStatus, Metrics, Snapshot

PACKAGE = Path(livesegment.__file__).parent


def counted_names() -> set[str]:
    """Return every name that the package counts or measures."""
    names = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func)
            # Also `partial(metrics.count, "frames_unwritten")`.
            first, *more = node.args
            if called == "partial" and more:
                called, first = ast.unparse(first), more[0]
            if re.search(r"metrics\.(count|measure|get)$", called):
                assert isinstance(first, ast.Constant | ast.Attribute), ast.unparse(node)
                if isinstance(first, ast.Constant):
                    names.add(first.value)
    return names


def test_what_is_counted_is_in_the_table_and_what_is_in_the_table_is_counted() -> None:
    by_other_ways = {
        "errors",  # Metrics.error
        "frames_shown",  # Metrics.shown
        "fps_shown",  # Metrics.shown
        "cost",  # from calls
        "process_ends",  # by the monitor
    }
    assert counted_names() | by_other_ways == FIGURES.keys()


@pytest.mark.parametrize("act", ["count", "get"])
def test_a_name_that_is_not_in_the_table_is_an_error(act: str) -> None:
    with pytest.raises(KeyError):
        getattr(Metrics(), act)("frames_forgotten")
    with pytest.raises(KeyError):
        Metrics().measure("calls", 1.0)


def test_stats_have_the_keys_that_they_always_had() -> None:
    counters = {
        *("frames_captured", "frames_shown", "frames_submitted", "frames_dropped"),
        *("frames_unwritten", "frames_hidden", "masks_received", "masks_stale"),
        *("calls", "reconnects", "events", "events_lost", "loops"),
        *("frames_published", "stream_losses"),
    }
    times = {"mask_age_ms", "round_trip_ms", "capture_to_show_ms"}
    report = Metrics().report()
    assert report.keys() == counters | times | {"errors", "fps_shown"}
    assert {name for name in report if report[name] == 0} == counters
    assert report["mask_age_ms"] == {"p50": None, "p95": None, "max": None}


def test_what_annotate_counts_stands_in_its_report() -> None:
    metrics = Metrics()
    metrics.count("errors_retried", 2)
    said = FileReport("a.mp4", Path("b.mp4"), "done", figures=metrics.report("annotate")).as_json()
    assert {name for name, row in FIGURES.items() if "annotate" in row.by} <= said.keys()
    assert said["errors_retried"] == 2


def test_the_page_has_the_keys_that_it_always_had() -> None:
    keys = {
        *("frames_per_s", "mask_age_s", "round_trip_s", "calls", "cost", "errors"),
        *("frames_dropped", "reconnects"),
    }
    feed = HandFeed()
    with served(feed):
        figures = feed.figures()
    assert keys <= figures.keys()
    assert figures["cost"] is figures["mask_age_s"] is None
    assert figures["calls"] == figures["errors"] == 0


@pytest.mark.needs_package("prometheus_client", "monitor")
def test_a_row_in_the_table_is_all_that_a_new_figure_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = Figure("frames_blue", "frames", "Frames that were blue.", label="Blue", panel="Blue")
    monkeypatch.setitem(FIGURES, row.name, row)
    metrics, feed = Metrics(), HandFeed("door")
    metrics.count("frames_blue", 3)
    feed.counted = Snapshot.from_json(json.loads(json.dumps(metrics.snapshot().as_json())))
    assert metrics.report()["frames_blue"] == 3
    with served(feed) as page:
        said = httpx.get(f"{page.url}/api/cameras").json()
        exported = httpx.get(f"{page.url}/metrics").text
    assert said["cameras"][0]["figures"]["frames_blue"] == 3
    (drawn,) = [each for each in said["figures"] if each["key"] == "frames_blue"]
    assert (drawn["label"], drawn["help"]) == ("Blue", "Frames that were blue.")
    assert 'livesegment_frames_blue_total{camera="door"} 3.0' in exported


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_what_follows_from_the_table_is_written(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert GENERATED[path](text) == text, "run python tests/generate.py"


def test_no_two_figures_have_one_name_anywhere() -> None:
    for names in (
        [figure.label for figure in FIGURES.values()],
        [figure.key for figure in shown_figures()],
        [figure.exported for figure in shown_figures()],
    ):
        assert len(set(names)) == len(names)
    # Longer ones have no room on the page.
    assert max(len(figure.label) for figure in FIGURES.values()) <= 12


def test_every_newest_value_is_part_of_what_a_run_is_at() -> None:
    assert LiveStatus(frames_per_s=25.0, mask_age_s=0.1, capture_to_show_s=0.02).moment() == {
        "fps_shown": 25.0,
        "mask_age_ms": 0.1,
        "round_trip_ms": None,
        "capture_to_show_ms": 0.02,
    }


def test_the_window_says_what_was_lost_only_once_something_is() -> None:
    metrics = Metrics()
    lines = hud_lines(metrics, 24.96, ChosenMask(), align="warp")
    assert lines == ["25.0 frames/s", "waiting for the first mask", "0 calls"]
    metrics.count("calls", 7)
    metrics.count("events_lost")
    lines = hud_lines(metrics, 0.0, ChosenMask(), align="warp", calls_used_up=True, delay_s=0.2)
    assert lines == [
        *("0.0 frames/s", "waiting for the first mask", "picture 200 ms late"),
        *("7 calls, the limit", "events lost: 1"),
    ]
