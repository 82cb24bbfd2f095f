"""Write what follows from descriptions in the program: `python tests/generate.py`.

From the table of figures: the table and the panels of the dashboard in samples/deploy. From the
options: the JSON Schema of a monitor's file. From what was last measured to be kept
(`benchmarks/all.py`): tables, plots, and figures in sentences. Tests fail while what is written
differs.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kept
from claims import CHANGELOG as CHANGELOG_CLAIMS
from claims import README as README_CLAIMS
from claims import with_claims
from plots import growth_svg

from livesegment.figures import FIGURES, Figure, shown_figures
from livesegment.settings.schema import json_schema

ROOT = Path(__file__).parents[1]
README = ROOT / "samples" / "deploy" / "README.md"
DASHBOARD = ROOT / "samples" / "deploy" / "grafana-dashboard.json"
SCHEMA = ROOT / "samples" / "monitor.schema.json"
MAIN_README = ROOT / "README.md"
CHANGELOG = ROOT / "CHANGELOG.md"
MEASURED = ROOT / "tests" / "benchmarks" / "README.md"
GROWTH = ROOT / "tests" / "benchmarks" / "growth.svg"
BEGIN, END = "<!-- figures: python tests/generate.py -->", "<!-- end of figures -->"

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT, TOP = 12, 8, 6  # of a panel, and where the first one begins
STACKED = {"custom": {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 20}}

Json = dict[str, Any]


def metric_name(figure: Figure) -> str:
    """Return what /metrics calls a figure."""
    is_total = figure.kind in ("counter", "counter by kind", "cost")
    return f"livesegment_{figure.exported}{'_total' if is_total else ''}"


def readme_table() -> str:
    """Return the table of figures as Markdown."""
    lines = ["| figure | counted by | `/metrics`: `livesegment_` | meaning |", "|---|---|---|---|"]
    for figure in FIGURES.values():
        exported = metric_name(figure).removeprefix("livesegment_")
        meaning = figure.help
        if figure.kind == "duration":
            meaning = meaning.removesuffix(".") + ": `p50`, `p95`, `max`."
        cells = (
            f"`{figure.name}`",
            ", ".join(figure.by),
            f"`{exported}`" if figure.is_shown else "",
            meaning,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def readme(text: str) -> str:
    """Return the README with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{readme_table()}\n{END}{after}"


def queries(figure: Figure) -> Iterator[tuple[str, str]]:
    """Yield the queries that draw a figure, and what each line is called."""
    labels, word = 'camera=~"$camera"', figure.label.lower()
    name, over = f"{metric_name(figure)}{{{labels}}}", "[$__rate_interval]"
    if figure.kind == "duration" and not figure.is_gauge:
        bucket = f"sum by (camera, le) (rate({metric_name(figure)}_bucket{{{labels}}}{over}))"
        yield f"histogram_quantile(0.5, {bucket})", "{{camera}} half"
        yield f"histogram_quantile(0.95, {bucket})", "{{camera}} 95 %"
    elif figure.kind == "counter by kind":
        yield f"sum by (kind) (increase({name}{over}))", "{{kind}}"
    elif figure.unit in ("ms", "frames/s", "price"):
        yield name, f"{{{{camera}}}} {word}"
    elif figure.unit == "frames":
        yield f"rate({name}{over})", f"{{{{camera}}}} {word}"
    elif figure.unit in ("calls", "masks"):
        yield f"3600 * rate({name}{over})", f"{{{{camera}}}} {word}"
    else:
        yield f"increase({name}{over})", f"{{{{camera}}}} {word}"


def figure_panels() -> Iterator[Json]:
    """Yield a panel for each title in the table, without its place."""
    by_title: dict[str, list[Figure]] = {}
    for figure in shown_figures():
        by_title.setdefault(figure.panel, []).append(figure)
    for title, figures in by_title.items():
        found = [each for figure in figures for each in queries(figure)]
        unit = {"frames": "fps", "frames/s": "fps", "ms": "s"}.get(figures[0].unit, "short")
        stacked = STACKED if figures[0].name == "calls" else {}
        yield panel(
            title,
            " ".join(figure.help.replace("`", "") for figure in figures),
            found,
            {"unit": unit, "min": 0, **stacked},
        )


def coverage_panel() -> Json:
    """Return the panel of what the picture holds, which is no figure of the table."""
    query = 'livesegment_class_coverage_ratio{camera=~"$camera",class!="background"}'
    return panel(
        "Share of the picture",
        "How much of the picture each class takes.",
        [(query, "{{camera}} {{class}}")],
        {"unit": "percentunit", "min": 0, "max": 1},
    )


def panel(title: str, description: str, queries: list[tuple[str, str]], defaults: Json) -> Json:
    """Return a panel with a line for each query."""
    return {
        "type": "timeseries",
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "targets": [
            {"refId": chr(ord("A") + n), "datasource": SOURCE, "expr": query, "legendFormat": name}
            for n, (query, name) in enumerate(queries)
        ],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def dashboard(text: str) -> str:
    """Return the dashboard with its panels as they should be; the first is drawn by hand."""
    board = json.loads(text)
    panels = [board["panels"][0]]
    for number, each in enumerate([*figure_panels(), coverage_panel()]):
        row, column = divmod(number, 2)
        place = {"x": WIDTH * column, "y": TOP + HEIGHT * row, "w": WIDTH, "h": HEIGHT}
        panels.append({"id": number + 2, **each, "gridPos": place})
    return json.dumps({**board, "panels": panels}, indent=2, ensure_ascii=False) + "\n"


def schema(_: str) -> str:
    """Return the schema as it should be."""
    return json.dumps(json_schema(), indent=2) + "\n"


def main_readme(text: str) -> str:
    """Return the README with what was measured."""
    measured = kept.read()
    return with_claims(kept.with_tables(text, measured), README_CLAIMS, kept.tables(measured))


def changelog(text: str) -> str:
    """Return the changelog with what was measured."""
    return with_claims(text, CHANGELOG_CLAIMS, kept.tables(kept.read()))


def measured_readme(text: str) -> str:
    """Return the benchmarks' README with their tables."""
    return kept.with_tables(text, kept.read())


def growth(_: str) -> str:
    """Return the plots of how cost grows."""
    return growth_svg(kept.tables(kept.read()))


GENERATED = {
    README: readme,
    DASHBOARD: dashboard,
    SCHEMA: schema,
    MAIN_README: main_readme,
    CHANGELOG: changelog,
    MEASURED: measured_readme,
    GROWTH: growth,
}
"""Each file of which a part is written here, and what it should be, given what it is."""


def main() -> None:
    """Write what differs, and say so."""
    for path, wanted in GENERATED.items():
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text != wanted(text):
            path.write_text(wanted(text), encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
