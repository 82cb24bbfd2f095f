"""What is in samples/deploy, each file checked by the program that reads it."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import need_package
from feeds import HandFeed, served

from livesegment.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "samples" / "deploy"
OURS = re.compile(r"\blivesegment_[a-z_]+")
COMMAND = "/opt/livesegment/bin/livesegment"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the samples, with the files that they speak of."""
    copy = tmp_path / "deploy"
    shutil.copytree(DEPLOY, copy)
    (copy / "livesegment.token").write_text("a-token-of-the-page\n")
    return copy


def check(folder: Path, *command: str) -> str:
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's own")
def test_systemd_takes_the_unit_and_finds_it_hardened(
    folder: Path, need_tool: Callable[[str], str]
) -> None:
    analyze = need_tool("systemd-analyze")
    command = shutil.which("true")
    assert command is not None
    unit = folder / "livesegment-monitor.service"
    text = unit.read_text()
    assert text.count(COMMAND) == 1
    # It is checked that the program is there.
    unit.write_text(text.replace(COMMAND, command))
    assert check(folder, analyze, "verify", str(unit)) == ""
    # In tenths of its exposure level, from 0 (all closed) to 100; below 50 it says OK.
    security = ("security", "--offline=true", "--no-pager", "--threshold=25")
    check(folder, analyze, *security, str(unit))


def test_prometheus_takes_the_scrape_example_and_the_rules_do_what_they_say(
    folder: Path, need_tool: Callable[[str], str]
) -> None:
    promtool = need_tool("promtool")
    check(folder, promtool, "check", "config", "prometheus.yml")
    check(folder, promtool, "check", "rules", "alerts.yml")
    check(folder, promtool, "test", "rules", "alerts_test.yml")


def queries() -> Iterator[str]:
    """Yield the dashboard's queries as Grafana sends them."""
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$camera", ".*").replace("$__rate_interval", "1m")


def test_prometheus_understands_the_queries_of_the_dashboard(
    folder: Path, need_tool: Callable[[str], str]
) -> None:
    rules: list[dict[str, Any]] = [
        {"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries())
    ]
    assert len(rules) > 8
    # JSON is YAML.
    text = json.dumps({"groups": [{"name": "dashboard", "rules": rules}]})
    assert "$" not in text
    (folder / "queries.yml").write_text(text)
    said = check(folder, need_tool("promtool"), "check", "rules", "queries.yml")
    assert f"{len(rules)} rules found" in said


def test_rules_and_dashboard_ask_for_figures_that_there_are() -> None:
    parser = need_package("prometheus_client.parser", extra="monitor")
    feed = HandFeed("door")
    metrics = Metrics()
    metrics.error(TimeoutError())
    feed.counted = metrics.snapshot({"mask_age_ms": 0.1})
    feed.price_per_call = 0.5
    feed.put()
    with served(feed) as page:
        text = httpx.get(f"{page.url}/metrics").text
    there = {
        sample.name
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }
    alerts = (DEPLOY / "alerts.yml").read_text()
    asked = set(OURS.findall(alerts)) | {
        name for query in queries() for name in OURS.findall(query)
    }
    assert len(asked) > 10
    assert asked <= there


def test_every_panel_has_a_place_of_its_own() -> None:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(places)
