"""What `annotate` did, as one page that opens from the disk: no network, nothing beside it."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from livesegment.duration import counted, in_words
from livesegment.timeline.contact_sheet import MOST_PICTURES
from livesegment.timeline.input_section import (
    Room,
    badge,
    colour_rules,
    input_section,
    length,
    mostly,
)
from livesegment.timeline.kept import KeptTimeline, Timeline
from livesegment.timeline.series import MOST_POINTS
from livesegment.timeline.words import Price, fact, short_names, shown, without_folders

_FILES = Path(__file__).with_name("page")
# What a page holds, whatever the number of its inputs, and so how large it is: a few MB.
_MOST_NUMBERS = 250_000
_MOST_SECTIONS = 300
_PICTURES = 96
_ROWS = 4000  # of classes; twenty of an input in any case
_CURVES, _CURVES_OF_MANY = 24, 8
_LEAST_POINTS = 50


@dataclass(frozen=True, slots=True)
class PageInput:
    """One input of a page.

    Attributes:
        report: What became of it, as `FileReport.as_json` has it.
        timeline: Where what it shows over time is kept; None: nowhere.
    """

    report: Mapping[str, Any]
    timeline: KeptTimeline | None


def page(inputs: Sequence[PageInput], elapsed_s: float, price: Price) -> str:
    """Return the page, HTML.

    Every text on it may be a stranger's and is escaped; a policy in its head lets nothing run but
    the two scripts that it brings along, and nothing be loaded. It may be sent around: files are
    called by their names, without the folders of this machine. It has at most 300 inputs in full,
    and of each fewer points and pictures the more there are; what is beyond has a row.

    Args:
        inputs: What became of each input.
        elapsed_s: Seconds that it took in all.
        price: What a call costs.
    """
    inputs = _without_folders(inputs)
    room = _room(len(inputs))
    rows, sections, data = [], [], []
    colours: set[str] = set()
    model = ""
    for number, each in enumerate(inputs):
        # One at a time: of hundreds of inputs, all that is kept would be too much.
        kept = None if each.timeline is None else each.timeline.read()
        model = model or ("" if each.timeline is None else each.timeline.model)
        rows.append(_row(number, each.report, kept, has_section=number < _MOST_SECTIONS))
        if number < _MOST_SECTIONS:
            room_of_it = room if number < _PICTURES else replace(room, pictures=0)
            section = input_section(number, each.report, kept, price, room_of_it)
            sections.append(section.html)
            data.append(section.data)
            colours |= section.colours
    is_one = len(inputs) == 1
    title = shown(inputs[0].report["source"]) if is_one else counted(len(inputs), "input")
    body = [_head_line(title, model)]
    if is_one:
        body += sections
    else:
        body.append(_totals(inputs, elapsed_s, price))
        body.append(_overview(rows))
        full = enumerate(zip(inputs, sections, strict=False))
        body += [_folded(number, each, section) for number, (each, section) in full]
    return _document(title, "\n".join([*body, *data]), colours)


def _without_folders(inputs: Sequence[PageInput]) -> list[PageInput]:
    names = short_names([each.report["source"] for each in inputs])
    found = []
    for name, each in zip(names, inputs, strict=True):
        source, output, error = (each.report[key] for key in ("source", "output", "error"))
        report = {
            **each.report,
            "source": name,
            "output": short_names([output])[0],
            "error": error and without_folders(error, (source, output)),
        }
        found.append(replace(each, report=report))
    return found


def _room(inputs: int) -> Room:
    curves = _CURVES if inputs <= 1 else _CURVES_OF_MANY
    sections = max(1, min(inputs, _MOST_SECTIONS))
    points = _MOST_NUMBERS // (sections * curves)
    pictures = max(1, min(MOST_PICTURES, _PICTURES // sections))
    most = max(_LEAST_POINTS, min(MOST_POINTS, points))
    return Room(most, curves, pictures, rows=_ROWS // sections)


def _head_line(title: str, model: str) -> str:
    asked = f" &middot; {shown(model)}" if model else ""
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f'<header class="top"><p class="by">livesegment annotate{asked}</p>'
        f"<h1><bdi>{title}</bdi></h1><p>Written {written}</p></header>"
    )


def _totals(inputs: Sequence[PageInput], elapsed_s: float, price: Price) -> str:
    def total(name: str) -> int:
        return sum(int(each.report[name]) for each in inputs)

    calls, errors = total("calls"), sum(sum(each.report["errors"].values()) for each in inputs)
    done = sum(each.report["error"] is None for each in inputs)
    facts = [
        fact("Complete", f"{done} of {len(inputs)}"),
        fact("Frames", f"{total('frames'):,}"),
        fact("Calls", f"{calls:,}"),
        fact("Cost", price.of(calls)),
        fact("Masks without a call", f"{total('calls_saved'):,}"),
        fact("Failed calls", f"{errors:,}"),
        fact("Took", in_words(elapsed_s)),
    ]
    return f'<dl class="facts">{"".join(facts)}</dl>'


def _row(
    number: int, report: Mapping[str, Any], kept: Timeline | None, *, has_section: bool
) -> str:
    name = f"<bdi>{shown(report['source'])}</bdi>"
    link = f'<a href="#input-{number}">{name}</a>' if has_section else name
    frames = report["frames"] or (0 if kept is None else kept["frames"])
    failed = sum(report["errors"].values())
    cells = (
        f"{frames:,}",
        length(kept),
        f"{report['calls']:,}",
        f"{report['calls_saved']:,}",
        f"{failed:,}",
        in_words(report["elapsed_s"]),
    )
    numbers = "".join(f'<td class="number">{each}</td>' for each in cells)
    said = shown(report["error"]) if report["error"] else mostly(kept)
    return (
        f'<tr><th scope="row">{link}</th><td>{badge(report["outcome"])}</td>{numbers}'
        f"<td>{said}</td></tr>"
    )


def _overview(rows: Sequence[str]) -> str:
    names = ("Frames", "Length", "Calls", "Without a call", "Failed calls", "Took")
    heads = "".join(f'<th scope="col" class="number">{each}</th>' for each in names)
    left_out = len(rows) - _MOST_SECTIONS
    more = (
        f'<p class="quiet">The last {left_out:,} have a row only, for this page not to grow large:'
        " a report of each by itself has all.</p>"
        if left_out > 0
        else ""
    )
    return (
        '<section class="card"><h2>Inputs</h2><div class="wide" tabindex="0" role="region"'
        ' aria-label="Inputs"><table><thead><tr><th scope="col">Input</th><th scope="col">'
        f'Outcome</th>{heads}<th scope="col">Mostly</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{more}</section>"
    )


def _folded(number: int, each: PageInput, section: str) -> str:
    name = shown(each.report["source"])
    return (
        f'<details class="input" id="input-{number}"><summary><bdi>{name}</bdi>'
        f" {badge(each.report['outcome'])}</summary>{section}</details>"
    )


@cache
def _file(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")


def _document(title: str, body: str, colours: set[str]) -> str:
    styles = (_file("uPlot.min.css"), _file("report.css") + colour_rules(colours))
    scripts = (_file("uPlot.min.js"), _file("report.js"))
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hashes(styles)};"
        f" script-src {_hashes(scripts)}; base-uri 'none'; form-action 'none'"
    )
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{title} - livesegment</title>",
            f"<!-- The charts are drawn by uPlot.\n{_file('uPlot.LICENSE')}\n-->",
            *(f"<style>{each}</style>" for each in styles),
            f"</head>\n<body>\n<main>\n{body}\n</main>",
            *(f"<script>{each}</script>" for each in scripts),
            "</body>\n</html>\n",
        )
    )


def _hashes(texts: Sequence[str]) -> str:
    digests = (hashlib.sha256(each.encode()).digest() for each in texts)
    return " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in digests)
