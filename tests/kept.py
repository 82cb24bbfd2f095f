"""What the benchmarks measured when they were last run to be kept, and how it is written down.

`benchmarks/all.py` writes `benchmarks/kept.json`: for each part the machine, and tables of rows, a
row being a dict whose keys are the columns. `generate.py` writes the tables of Markdown files from
it, between `<!-- measured: TABLE -->` and `<!-- end of measured -->`, and figures in sentences.
"""

import json
import re
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parent / "benchmarks" / "kept.json"

Row = dict[str, Any]
Tables = dict[str, list[Row]]
"""Rows by the name of their table."""

_TABLE = re.compile(r"(<!-- measured: ([\w, ]+) -->\n).*?(<!-- end of measured -->)", re.DOTALL)


def read(path: Path = KEPT) -> dict[str, Any]:
    """Return what was kept, by part; nothing if there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(parts: dict[str, Any], path: Path = KEPT) -> None:
    """Write the parts by name, a row a line."""
    lines = []
    for name, part in sorted(parts.items()):
        head = {key: value for key, value in part.items() if key != "tables"}
        tables = [
            f"    {json.dumps(table)}: [\n      {rows}\n    ]"
            for table, each in part["tables"].items()
            for rows in [",\n      ".join(json.dumps(row, ensure_ascii=False) for row in each)]
        ]
        said = json.dumps(head, ensure_ascii=False)[:-1]
        joined = ",\n".join(tables)
        lines.append(f'  {json.dumps(name)}: {said}, "tables": {{\n{joined}\n  }}}}')
    beside = path.with_suffix(".part")
    beside.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    beside.replace(path)


def tables(parts: dict[str, Any]) -> Tables:
    """Return the rows of all parts by the name of their table, and on what they were measured."""
    found = {name: rows for part in parts.values() for name, rows in part["tables"].items()}
    return {**found, "measured on": _machines(parts)} if parts else found


def _machines(parts: dict[str, Any]) -> list[Row]:
    """Return a row for each part; what is as in the row above is left out."""
    rows: list[Row] = []
    before = ""
    for name, part in sorted(parts.items()):
        shown = described(part["machine"])
        rows.append(
            {
                "part": name,
                "load": part["machine"]["load"],
                "took, s": part["seconds"],
                "": "quick" if part["quick"] else None,
                "machine": None if shown == before else shown,
            }
        )
        before = shown
    return rows


def described(machine: dict[str, Any]) -> str:
    """Return a machine in a line, without its load."""
    display = "" if machine.get("display", True) else ", no display"
    return (
        f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB,"
        f" {machine['os']}, Python {machine['python']}, OpenCV {machine['opencv']}{display}"
    )


def _decimals(value: Any) -> int:
    return len(repr(value).partition(".")[2]) if isinstance(value, float) else 0


def cells(rows: list[Row]) -> list[list[str]]:
    """Return the header and the rows as text, the numbers of a column with as many decimals."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    most = {key: max(_decimals(row.get(key)) for row in rows) for key in columns}

    def shown(key: str, value: Any) -> str:
        if value is None:
            return ""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return f"{value:,.{most[key]}f}" if is_number else str(value)

    return [columns, *([shown(key, row.get(key)) for key in columns] for row in rows)]


def markdown(rows: list[Row]) -> str:
    """Return a table as Markdown."""
    head, *body = cells(rows)
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(re.sub(r"\|  (?=\|)", "| ", f"| {' | '.join(line)} |") for line in lines)


def plain(rows: list[Row]) -> str:
    """Return a table for a terminal."""
    lines = cells(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def with_tables(text: str, parts: dict[str, Any]) -> str:
    """Return Markdown with each marked table as it was measured; unmeasured ones stay."""
    rows_by_table = tables(parts)

    def table(found: re.Match[str]) -> str:
        rows = rows_by_table.get(found[2])
        return found[0] if rows is None else f"{found[1]}{markdown(rows)}\n{found[3]}"

    return _TABLE.sub(table, text)
