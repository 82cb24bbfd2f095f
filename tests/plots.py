"""Small line charts as SVG, of tables as `kept.py` has them."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from math import log2

from kept import Row, Tables

WIDTH, HEIGHT = 290, 200  # of a chart
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 34, 34  # around its lines
COLUMNS = 3
COLOURS = ("#0b6bcb", "#c2571a")
PIXELS = {"360p": 0.23, "720p": 0.92, "1080p": 2.07, "4K": 8.29}  # millions


@dataclass(frozen=True)
class Chart:
    """What is drawn of a table.

    Attributes:
        title: What the lines show.
        table: Its name.
        along: What the axis is called; it is the first column.
        lines: A column and what it is called, for each line.
        doubles: Whether each doubling along takes as much room.
    """

    title: str
    table: str
    along: str
    lines: dict[str, str]
    doubles: bool = False


SCRIPT = "a plain script"
GROWTH = (
    Chart(
        "CPU, ms a frame",
        "growth by sizes",
        "million pixels",
        {"CPU ms a frame": "annotate", "script's CPU ms": SCRIPT},
    ),
    Chart(
        "memory, MB, 8 in flight",
        "growth by sizes",
        "million pixels",
        {"MB": "annotate", "script's MB": SCRIPT},
    ),
    Chart(
        "CPU, ms a frame, 720p",
        "growth by classes",
        "classes",
        {"CPU ms a frame": "annotate", "script's CPU ms": SCRIPT},
    ),
    Chart(
        "frames/s, 100 ms a call",
        "growth by in flight",
        "requests in flight",
        {"frames/s": "annotate", "script's frames/s": SCRIPT},
        doubles=True,
    ),
    Chart(
        "CPU of a core, % a camera",
        "growth by cameras",
        "cameras",
        {"CPU of a core, % a camera": "monitor"},
        doubles=True,
    ),
    Chart("memory, MB, along a file", "growth by length", "quarter", {"MB, median": "annotate"}),
)


def _along(row: Row, index: int) -> float:
    value = next(iter(row.values()))
    return float(value) if isinstance(value, int | float) else PIXELS.get(value, index + 1)


def _top(most: float) -> float:
    """Return a round number that is not below the most."""
    unit = 10.0 ** (len(str(int(most))) - 1)
    return next(step * unit for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * unit >= most)


def _chart(chart: Chart, rows: list[Row], x0: int, y0: int) -> list[str]:
    xs = [_along(row, index) for index, row in enumerate(rows)]
    high = _top(max(row[column] for row in rows for column in chart.lines))
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [f'<g transform="translate({x0} {y0})">']
    parts.append(f'<text class="title" x="{LEFT}" y="16">{escape(chart.title)}</text>')
    for part in (0.0, 0.5, 1.0):
        y = bottom - part * (bottom - TOP)
        parts.append(f'<path class="grid" d="M{LEFT} {y:g}H{right}"/>')
        parts.append(f'<text class="y" x="{LEFT - 5}" y="{y + 4:g}">{part * high:g}</text>')

    def share(x: float) -> float:
        return log2(x) / log2(max(xs)) if chart.doubles else x / max(xs)

    def place(x: float, value: float) -> str:
        across = LEFT + share(x) * (right - LEFT)
        return f"{across:.1f} {bottom - value / high * (bottom - TOP):.1f}"

    for number, (column, name) in enumerate(chart.lines.items()):
        points = [place(x, row[column]) for x, row in zip(xs, rows, strict=True)]
        colour = COLOURS[number]
        parts.append(f'<path class="line" stroke="{colour}" d="M{"L".join(points)}"/>')
        for point in points:
            x, y = point.split()
            parts.append(f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>')
        at = LEFT + 90 * number
        parts.append(f'<text x="{at}" y="29" fill="{colour}">{escape(name)}</text>')
    parts.append(f'<text class="x" x="{right}" y="{HEIGHT - 6}">{escape(chart.along)}</text>')
    parts += [
        f'<text class="tick" x="{place(x, 0).split()[0]}" y="{bottom + 14}">{x:g}</text>'
        for x in _apart(xs, share)
    ]
    return [*parts, "</g>"]


def _apart(xs: list[float], share: Callable[[float], float]) -> list[float]:
    """Return the places whose numbers do not run into each other, the last one among them."""
    kept = [xs[-1]]
    for x in reversed(xs[:-1]):
        if share(kept[-1]) - share(x) > 1 / 9:
            kept.append(x)
    return kept


def growth_svg(tables: Tables) -> str:
    """Return the charts of the tables that are there."""
    shown = [chart for chart in GROWTH if tables.get(chart.table)]
    lines = -(-len(shown) // COLUMNS)
    width, height = COLUMNS * WIDTH, max(1, lines) * HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" font-family="sans-serif" font-size="11">',
        "<style>.grid{stroke:#ddd}.line{fill:none;stroke-width:1.8}.title{font-weight:bold}"
        ".y,.x{text-anchor:end;fill:#555}.tick{text-anchor:middle;fill:#555}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, chart in enumerate(shown):
        row, column = divmod(number, COLUMNS)
        parts += _chart(chart, tables[chart.table], column * WIDTH, row * HEIGHT)
    return "\n".join([*parts, "</svg>"]) + "\n"
