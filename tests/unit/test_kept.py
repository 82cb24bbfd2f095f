"""What the benchmarks measured when they were last run, and how it gets into Markdown."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import kept
import pytest
from claims import with_claims
from plots import growth_svg

MACHINE = {
    "cores": 2,
    "cpu": "a CPU",
    "memory_gb": 8,
    "os": "a system",
    "python": "3.11",
    "opencv": "5.0",
    "load": 0.5,
}
ROWS = [{"size": "360p", "ms": 4.25, "times": 1.0}, {"size": "4K", "ms": 1200.5, "times": None}]
PARTS = {"some": {"quick": False, "seconds": 3, "machine": MACHINE, "tables": {"by size": ROWS}}}
TEXT = "Before.\n<!-- measured: by size -->\nold\n<!-- end of measured -->\nAfter.\n"


def test_a_table_has_as_many_decimals_in_all_of_a_column() -> None:
    assert kept.markdown(ROWS).splitlines()[2:] == ["| 360p | 4.25 | 1.0 |", "| 4K | 1,200.50 | |"]


def test_what_was_measured_is_written_between_its_marks() -> None:
    written = kept.with_tables(TEXT, PARTS)
    assert "old" not in written
    assert "| 360p | 4.25 | 1.0 |\n| 4K | 1,200.50 | |\n<!-- end" in written
    assert written.startswith("Before.\n<!-- measured: by size -->\n| size | ms | times |\n")
    assert kept.with_tables(written, PARTS) == written


def test_what_was_not_measured_stays() -> None:
    assert kept.with_tables(TEXT, {}) == TEXT


def test_what_is_kept_is_read_again_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    kept.write(PARTS, path)
    kept.write({**kept.read(path), "other": PARTS["some"]}, path)
    assert kept.read(path) == {**PARTS, "other": PARTS["some"]}
    assert json.dumps(ROWS[1]) in path.read_text(encoding="utf-8")


def test_a_figure_in_a_sentence_is_written_however_it_is_broken_into_lines() -> None:
    sentence = "It takes {by size|360p|ms:.1f} ms, {by size|360p|times:s.2f} times as long."
    text = "First. It takes 9.9\n  ms, 3 times as\n  long. Last."
    written = with_claims(text, (sentence,), kept.tables(PARTS))
    assert written == "First. It takes 4.2\n  ms, 1.00 times as\n  long. Last."
    with pytest.raises(ValueError, match="no such sentence"):
        with_claims("Nothing.", (sentence,), kept.tables(PARTS))


def test_a_sentence_whose_figure_was_not_measured_stays() -> None:
    text = "It takes 9.9 ms."
    assert with_claims(text, ("It takes {by size|4K|times:.1f} ms.",), kept.tables(PARTS)) == text


def test_plots_are_drawn_of_what_was_measured() -> None:
    rows = [
        {"cameras": count, "CPU of a core, % a camera": 8.0 / count} for count in (1, 2, 4, 8, 16)
    ]
    drawn = ElementTree.fromstring(growth_svg({"growth by cameras": rows}))
    texts = [each.text for each in drawn.iter() if each.tag.endswith("text")]
    assert "CPU of a core, % a camera" in texts
    assert sum(each.tag.endswith("circle") for each in drawn.iter()) == 5


def test_nothing_says_on_whose_machine_it_was_measured() -> None:
    text = json.dumps(kept.read())
    assert not re.search(r"/(tmp|home|root|work|usr|var|Users)\b|127\.0\.0\.1", text)
