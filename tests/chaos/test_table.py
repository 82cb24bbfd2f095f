"""The quick rows of the table: what each promises, but for what a busy machine can spoil."""

from dataclasses import replace

import pytest
from chaos.row import TIMED, Row, failures
from chaos.running import measured
from chaos.table import ROWS, can_run

_MORE_S = 3.0


def patient(row: Row) -> Row:
    """Return a row that is given more time for masks to come again."""
    words = list(row.command)
    if "--duration" in words:
        place = words.index("--duration") + 1
        words[place] = f"{float(words[place]) + _MORE_S:g}"
    return replace(row, command=tuple(words))


@pytest.mark.parametrize("row", [row for row in ROWS if row.is_quick], ids=lambda row: row.name)
def test_a_row_of_the_table_holds(row: Row) -> None:
    if not can_run(row):
        pytest.skip(f"this machine cannot: {row.needs}")
    got = measured(patient(row))
    found = {about: what for about, what in failures(row, got).items() if about not in TIMED}
    assert not found, got.said


def test_every_row_has_a_name_of_its_own() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names) >= 60
