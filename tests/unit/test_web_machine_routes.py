"""What programs read off the page: figures for Prometheus, whether it lives and is ready."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from conftest import need_package
from feeds import HandFeed, served

from livesegment.metrics import BOUNDS_S, Metrics, Snapshot
from livesegment.settings import ApiKey, WebOptions

TOKEN = "correct-horse-battery"
needs_prometheus = pytest.mark.needs_package("prometheus_client", extra="monitor")


def counted(**counts: int) -> Snapshot:
    """Return what a run counts that had two answers and two errors."""
    metrics = Metrics()
    for name, count in counts.items():
        metrics.count(name, count)
    for seconds in (0.12, 0.12, 4.0, 70.0):
        metrics.measure("round_trip_ms", seconds)
    metrics.error(TimeoutError())
    metrics.count("reconnects", 2)
    return metrics.snapshot()


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return (name, labels in words) and value of every sample of ours."""
    parser = need_package("prometheus_client.parser", extra="monitor")
    return {
        (
            each.name,
            ",".join(f"{key}={each.labels[key]}" for key in sorted(each.labels)),
        ): each.value
        for family in parser.text_string_to_metric_families(text)
        for each in family.samples
        if each.name.startswith("livesegment")
    }


@needs_prometheus
def test_every_figure_of_every_camera_is_there() -> None:
    door, yard = HandFeed("door"), HandFeed("yard")
    door.put()
    counts = counted(frames_captured=100, frames_shown=90, frames_dropped=7, calls=5)
    door.counted = replace(counts, moment={"fps_shown": 24.5, "mask_age_ms": 0.25})
    door.price_per_call = 0.15
    door.say(state="lost", endpoint="trouble", circuit="open")
    with served(door, yard) as page:
        answer = httpx.get(f"{page.url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = samples(answer.text)
    assert found["livesegment_frames_captured_total", "camera=door"] == 100
    assert found["livesegment_frames_shown_total", "camera=door"] == 90
    assert found["livesegment_frames_dropped_total", "camera=door"] == 7
    assert found["livesegment_calls_total", "camera=door"] == 5
    assert found["livesegment_reconnects_total", "camera=door"] == 2
    assert found["livesegment_errors_total", "camera=door,kind=TimeoutError"] == 1
    assert found["livesegment_cost_total", "camera=door"] == 0.75
    assert found["livesegment_frames_shown_per_second", "camera=door"] == 24.5
    assert found["livesegment_mask_age_seconds", "camera=door"] == 0.25
    assert found["livesegment_camera_state", "camera=door,state=lost"] == 1
    assert found["livesegment_camera_state", "camera=door,state=running"] == 0
    assert found["livesegment_camera_state", "camera=yard,state=running"] == 1
    assert found["livesegment_endpoint_state", "camera=door,state=trouble"] == 1
    assert found["livesegment_endpoint_circuit", "camera=door,state=open"] == 1
    assert found["livesegment_endpoint_circuit", "camera=door,state=closed"] == 0
    assert found["livesegment_endpoint_circuit", "camera=yard,state=closed"] == 1
    assert found["livesegment_class_coverage_ratio", "camera=door,class=person"] == 0.25
    assert found["livesegment_frames_captured_total", "camera=yard"] == 0
    assert ("livesegment_mask_age_seconds", "camera=yard") not in found


@needs_prometheus
def test_round_trips_are_a_cumulative_histogram() -> None:
    feed = HandFeed("door")
    feed.counted = counted()
    with served(feed) as page:
        found = samples(httpx.get(f"{page.url}/metrics").text)
    up_to = {
        key[1].partition("le=")[2]: value
        for key, value in found.items()
        if key[0] == "livesegment_round_trip_seconds_bucket"
    }
    assert up_to["0.1"] == 0
    assert up_to["0.15"] == 2
    assert up_to["3.0"] == 2
    assert up_to["5.0"] == 3
    assert up_to["10.0"] == 3
    assert up_to["+Inf"] == 4
    assert len(up_to) == len(BOUNDS_S) + 1
    assert found["livesegment_round_trip_seconds_count", "camera=door"] == 4
    assert found["livesegment_round_trip_seconds_sum", "camera=door"] == pytest.approx(74.24)


def test_counters_of_processes_add_up_and_travel_as_json() -> None:
    first, second = counted(calls=3), counted(calls=4)
    both = Snapshot({"process_ends": 1}).plus(first).plus(second)
    counts = both.counts
    assert (counts["calls"], counts["reconnects"], counts["process_ends"]) == (7, 4, 1)
    assert both.kinds["errors"] == {"TimeoutError": 2}
    assert sum(both.durations["round_trip_ms"].counts) == 8
    assert Snapshot.from_json(json.loads(json.dumps(both.as_json()))) == both


def test_whoever_adds_up_has_the_newest_values_and_forgets_no_counter_that_is_0() -> None:
    before = replace(counted(), moment={"mask_age_ms": 0.1})
    both = before.plus(replace(counted(), moment={"mask_age_ms": 0.2}))
    assert both.moment == {"mask_age_ms": 0.2}
    assert both.counts["events_lost"] == 0
    assert both.plus(Snapshot()) == replace(both, moment={})


def test_what_is_hidden_and_what_is_lost_can_be_seen() -> None:
    feed = HandFeed("door")
    feed.counted = counted(frames_hidden=4, events=6, events_lost=2)
    with served(feed) as page:
        found = samples(httpx.get(f"{page.url}/metrics").text)
        (camera,) = httpx.get(f"{page.url}/api/cameras").json()["cameras"]
    for name, count in {"frames_hidden": 4, "events": 6, "events_lost": 2}.items():
        assert found[f"livesegment_{name}_total", "camera=door"] == count
        assert camera["figures"][name] == count


@needs_prometheus
def test_openmetrics_is_spoken_where_it_is_asked_for() -> None:
    with served(HandFeed("door")) as page:
        accept = {"accept": "application/openmetrics-text; version=1.0.0"}
        answer = httpx.get(f"{page.url}/metrics", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


@needs_prometheus
@pytest.mark.parametrize("version", ["x.y", '"1"', "1..0", "."])
def test_who_asks_for_a_format_that_there_is_not_gets_the_usual_one(version: str) -> None:
    with served(HandFeed("door")) as page:
        accept = {"accept": f"application/openmetrics-text; version={version}"}
        answer = httpx.get(f"{page.url}/metrics", headers=accept, trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")


@needs_prometheus
def test_promtool_finds_nothing_to_complain_about(need_tool: Callable[[str], str]) -> None:
    promtool = need_tool("promtool")
    feed = HandFeed("door")
    feed.counted = counted()
    with served(feed) as page:
        text = httpx.get(f"{page.url}/metrics").text
    result = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@needs_prometheus
def test_figures_are_for_those_who_know_the_token_and_health_for_everybody() -> None:
    feed = HandFeed("door")
    feed.alive_at_s = time.monotonic()
    options = WebOptions(port=0, token=ApiKey(TOKEN))
    with served(feed, options=options) as page:
        assert httpx.get(f"{page.url}/metrics").status_code == 401
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert httpx.get(f"{page.url}/metrics", headers=bearer).status_code == 200
        assert httpx.get(f"{page.url}/healthz").json() == {"status": "ok"}
        assert httpx.get(f"{page.url}/readyz").json() == {"status": "ready"}


def test_ready_is_when_every_camera_has_answered_lately() -> None:
    door, yard = HandFeed("door"), HandFeed("yard")
    with served(door, yard) as page:
        door.alive_at_s = time.monotonic()
        answer = httpx.get(f"{page.url}/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"status": "not ready", "cameras_missing": 1}
        yard.alive_at_s = time.monotonic() - 60
        assert httpx.get(f"{page.url}/readyz").status_code == 503
        yard.alive_at_s = time.monotonic()
        assert httpx.get(f"{page.url}/readyz").status_code == 200


def test_alive_is_when_the_owners_loop_goes_round() -> None:
    beats: list[float | None] = [None]
    with served(beat=lambda: beats[-1]) as page:
        assert httpx.get(f"{page.url}/healthz").status_code == 200
        beats.append(time.monotonic() - 60)
        answer = httpx.get(f"{page.url}/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "hangs"})
        beats.append(time.monotonic())
        assert httpx.get(f"{page.url}/healthz").status_code == 200


def test_without_the_extra_the_page_works_and_metrics_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "livesegment.web.metrics", raising=False)
    with served(HandFeed("door")) as page:
        answer = httpx.get(f"{page.url}/metrics")
        assert httpx.get(page.url).status_code == 200
    assert answer.status_code == 501
    assert "pip install 'livesegment[monitor]'" in answer.json()["message"]
