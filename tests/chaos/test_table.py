"""The quick rows of the table: what each promises, but for what a busy machine can spoil."""

import pytest
from chaos.row import TIMED, Row, failures
from chaos.running import measured
from chaos.table import ROWS, can_run


@pytest.mark.parametrize("row", [row for row in ROWS if row.is_quick], ids=lambda row: row.name)
def test_a_row_of_the_table_holds(row: Row) -> None:
    if not can_run(row):
        pytest.skip(f"this machine cannot: {row.needs}")
    got = measured(row)
    found = {about: what for about, what in failures(row, got).items() if about not in TIMED}
    assert not found, got.said


def test_every_row_has_a_name_of_its_own() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names) >= 60
