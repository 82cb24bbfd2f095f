"""All there is to see of one input of a page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from livesegment.duration import counted, in_words
from livesegment.timeline.kept import Timeline
from livesegment.timeline.thinning import thinned
from livesegment.timeline.words import Price, clock, fact, percent, shown

_ROWS = 20  # of classes, before the others are folded away
_MOSTLY = 3
_ROLE_WORDS = {
    "asked": "asked",
    "carried": "carried along the motion",
    "still": "the same, nothing had moved",
    "none": "none",
}
_OUTCOMES = {"done": "good", "already complete": "good", "failed": "bad"}


@dataclass(frozen=True, slots=True)
class Room:
    """What a page has room for of one input.

    Attributes:
        points: Of each curve.
        curves: Of classes.
        pictures: Of the contact sheet.
        rows: Of the table of classes.
    """

    points: int
    curves: int
    pictures: int
    rows: int


@dataclass(frozen=True, slots=True)
class Section:
    """An input's part of a page.

    Attributes:
        html: What is seen.
        data: What its charts are drawn from, in a script element that nothing runs.
        colours: Of its classes, `#rrggbb`.
    """

    html: str
    data: str = ""
    colours: frozenset[str] = field(default_factory=frozenset)


def input_section(
    number: int, report: Mapping[str, Any], kept: Timeline | None, price: Price, room: Room
) -> Section:
    """Return what a page shows of one input.

    Args:
        number: Which of the inputs it is.
        report: What became of it, as `FileReport.as_json` has it.
        kept: What it shows over time; None: that is not known.
        price: What a call costs.
        room: For how much there is room.
    """
    facts = f'<dl class="facts">{"".join(_facts(report, kept, price))}</dl>'
    error = f'<p class="error">{shown(report["error"])}</p>' if report["error"] else ""
    if kept is None:
        return Section(f"{facts}{error}{_why_nothing(report['outcome'])}")
    parts = [
        *(facts, error, _masks(kept)),
        _chart(number, kept),
        _scenes(number, kept["scenes"], room.pictures),
        _classes(kept["classes"], kept["counted"], room.rows),
    ]
    curves = json.dumps(thinned(kept, room.points, room.curves), separators=(",", ":"))
    # JSON's own escapes: the text cannot end its element, whatever the classes are called.
    safe = curves.replace("<", "\\u003c")
    data = f'<script type="application/json" id="data-{number}">{safe}</script>'
    colours = frozenset(each["colour"] for each in kept["classes"])
    return Section("".join(parts), data, colours)


def _facts(report: Mapping[str, Any], kept: Timeline | None, price: Price) -> list[str]:
    size = "" if kept is None else "{} &times; {}".format(*kept["frame_size"])
    frames = report["frames"] or (0 if kept is None else kept["frames"])
    waits = report.get("round_trip_ms") or {}
    typical, slowest = waits.get("p50"), waits.get("max")
    waited = "" if typical is None else f"{typical:,.0f}&nbsp;ms, at most {slowest:,.0f}&nbsp;ms"
    errors = ", ".join(f"{count} {shown(name)}" for name, count in report["errors"].items())
    hidden = report.get("frames_hidden", 0)
    return [
        fact("Outcome", badge(report["outcome"])),
        fact("Size", size),
        fact("Length", length(kept)),
        fact("Frames", f"{frames:,}"),
        fact("Calls", f"{report['calls']:,}"),
        fact("Cost", price.of(report["calls"])),
        fact("Masks without a call", f"{report['calls_saved']:,}"),
        fact("Wait for an answer", waited),
        fact("Failed calls", errors or "0"),
        fact("Tried again", f"{report.get('errors_retried', 0) or ''}"),
        fact("Hidden whole", counted(hidden, "frame") if hidden else ""),
        fact("Took", in_words(report["elapsed_s"])),
        fact("Output", f"<bdi>{shown(report['output'])}</bdi>"),
    ]


def _why_nothing(outcome: str) -> str:
    if outcome == "already complete":
        said = (
            "The run that completed it kept no figures over time: <code>--overwrite</code> draws it"
            " again from the journal, without a call, and shows them."
        )
    else:
        said = "There are no figures over time of it."
    return f'<p class="quiet">{said}</p>'


def length(kept: Timeline | None) -> str:
    """Return the time from the first frame of a film to its last; empty: it is a picture."""
    if kept is None or len(kept["times"]) == 1:
        return ""
    return clock(kept["end_s"] - kept["times"][0])


def badge(outcome: str) -> str:
    """Return what became of an input, with a colour for whether that is well."""
    return f'<span class="badge {_OUTCOMES.get(outcome, "waiting")}">{shown(outcome)}</span>'


def mostly(kept: Timeline | None) -> str:
    """Return the classes that cover most of a film, with their colours."""
    if kept is None:
        return ""
    said = [
        f"{_name(each['name'], each['colour'])} {percent(each['share'])}"
        for each in kept["classes"][:_MOSTLY]
    ]
    return "<br>".join(said)


def colour_rules(colours: set[str]) -> str:
    """Return rules by which elements have the colours of classes: the page has no style of its own.

    Args:
        colours: They, `#rrggbb`.
    """
    return "".join(f".k{each[1:]}{{--class:{each}}}" for each in sorted(colours))


def _name(name: str, colour: str) -> str:
    return f'<span class="name k{colour[1:]}"><bdi>{shown(name)}</bdi></span>'


def _masks(kept: Timeline) -> str:
    counts = {name: int(sum(each)) for name, each in kept["roles"].items()}
    shares = "".join(
        f'<li class="{name}"><b>{count:,}</b> {_ROLE_WORDS[name]}</li>'
        for name, count in counts.items()
        if count
    )
    part = "" if kept["is_complete"] else '<p class="quiet">As far as it has come.</p>'
    return f'<section class="card masks"><h2>Masks</h2>{part}<ul>{shares}</ul></section>'


def _chart(number: int, kept: Timeline) -> str:
    if len(kept["times"]) == 1 or not kept["classes"]:
        return ""
    is_dense = kept["frames"] <= len(kept["times"])
    band = "" if is_dense else " The pale band holds all frames of a point."
    counts = f"Count of {kept['counted']}" if kept["counted"] else "Count"
    return (
        f'<section class="card chart" data-of="data-{number}"><header><h2>Over time</h2>'
        '<div class="switch" role="group" aria-label="What is drawn">'
        '<button type="button" data-what="share" aria-pressed="true">Share of the picture</button>'
        f'<button type="button" data-what="count" aria-pressed="false">{counts}</button></div>'
        '</header><div class="plot" tabindex="0" role="slider" aria-label="Time"'
        ' aria-valuemin="0" aria-valuenow="0"></div>'
        '<canvas class="strip" height="6" aria-hidden="true"></canvas><p class="at"></p>'
        '<ul class="legend" aria-label="Classes"></ul>'
        '<p class="quiet">Point at the chart, or press its arrow keys, for the values at a time.'
        f" Drag to zoom in, double-click to zoom out.{band}</p>"
        "<noscript><p>The chart needs JavaScript; the table below does not.</p></noscript>"
        "</section>"
    )


def _scenes(number: int, scenes: Sequence[Mapping[str, Any]], most: int) -> str:
    with_pictures = [each for each in scenes if each["jpeg"]]
    step = max(1, -(-len(with_pictures) // most)) if most else 0
    chosen = with_pictures[::step] if most else []
    if not chosen:
        return ""
    figures = "".join(_figure(number, each) for each in chosen)
    return f'<section class="card"><h2>Scenes</h2><div class="sheet">{figures}</div></section>'


def _figure(number: int, scene: Mapping[str, Any]) -> str:
    found = [(shown(name), percent(share)) for name, share in scene["classes"]]
    plain = ", ".join(f"{name} {share}" for name, share in found)
    said = ", ".join(f"<bdi>{name}</bdi> {share}" for name, share in found)
    at = clock(scene["at_s"])
    return (
        f'<figure><button type="button" data-of="data-{number}" data-at="{scene["at_s"]}"'
        f' aria-label="Show {at} in the chart"><img loading="lazy" decoding="async" alt="{plain}"'
        f' src="data:image/jpeg;base64,{scene["jpeg"]}"></button><figcaption><b>{at}</b>'
        f"{' new scene' if scene['begins_scene'] else ''}<br>{said}</figcaption>"
        "</figure>"
    )


def _classes(classes: Sequence[Mapping[str, Any]], counted_what: str, most: int) -> str:
    if not classes:
        return '<section class="card"><h2>Classes</h2><p>None was seen.</p></section>'
    more = classes[_ROWS:most]
    left_out = len(classes) - max(_ROWS, most)
    rest = f'<p class="quiet">{left_out} that cover less are left out.</p>' if left_out > 0 else ""
    folded = (
        f"<details><summary>{len(more)} more</summary>{_table(more, counted_what)}</details>"
        if more
        else ""
    )
    first = _table(classes[:_ROWS], counted_what)
    return f'<section class="card"><h2>Classes</h2>{first}{folded}{rest}</section>'


def _table(classes: Sequence[Mapping[str, Any]], counted_what: str) -> str:
    is_sure = any(each["confidence"] is not None for each in classes)
    rows = "".join(_class_row(each, says_how_sure=is_sure) for each in classes)
    most = f"Most {counted_what}" if counted_what else "Most"
    names = ("Mean share", "Greatest share", "At", "In frames", most)
    told = (*names, "Confidence") if is_sure else names
    heads = "".join(f'<th scope="col" class="number">{each}</th>' for each in told)
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="Classes"><table><thead><tr>'
        f'<th scope="col">Class</th>{heads}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _class_row(each: Mapping[str, Any], *, says_how_sure: bool) -> str:
    sure = "" if each["confidence"] is None else f"{each['confidence']:.2f}"
    cells = (
        percent(each["share"]),
        percent(each["peak"]),
        clock(each["peak_s"]),
        f"{each['frames']:,}",
        f"{each['most']:,}",
        *([sure] if says_how_sure else []),
    )
    numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row">{_name(each["name"], each["colour"])}</th>{numbers}</tr>'
