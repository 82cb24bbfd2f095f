"""Everything that an endpoint, a file, a disk or a person does to a run, and what comes of it.

    python tests/chaos/table.py [ROW...] [--quick] [--jobs 2] [--markdown] [--keep FOLDER]

Each row runs the shipped command as a process. It prints

- rate: of the source's frames, how many were shown;
- memory: the most that a process of it ever held (VmHWM);
- calls: while the trouble lasted, and in all;
- masks after: seconds from the moment in which the endpoint is well again to the next mask;
- exit: the exit code;
- whether that is what the row promises, and if not, what was seen.

A row that fails only in what a busy machine can spoil is run again by itself, which is said. Where
others keep the machine busy, by what Linux says of waits for a processor before and after, that
part is not judged, which is said and counted. The key of every run is marked: it is
looked for in everything that a run says or writes.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from chaos import annotate_rows, file_rows, live_rows, monitor_rows
from chaos.row import TIMED, Measured, Row, failures
from chaos.running import measured

_PRESSURE = Path("/proc/pressure/cpu")
_BUSY = 0.2

ROWS: list[Row] = [*live_rows.ROWS, *annotate_rows.ROWS, *monitor_rows.ROWS, *file_rows.ROWS]


class Table:
    """Prints rows as they end, and sums at last.

    Args:
        as_markdown: Whether for a document.
    """

    def __init__(self, *, as_markdown: bool = False) -> None:
        self._as_markdown = as_markdown
        self._all: list[tuple[Row, Measured]] = []
        self.failed: list[str] = []
        self._judged: list[tuple[Row, Measured]] = []

    def head(self) -> None:
        """Print the names of the columns."""
        self._line("row", "rate", "memory", "calls", "masks after", "exit", "holds")
        if self._as_markdown:
            print("|---|---|---|---|---|---|---|")

    def add(self, row: Row, got: Measured, note: str = "", *, is_busy: bool = False) -> None:
        """Print a row; what is timed is not judged where the machine is busy otherwise."""
        found = failures(row, got)
        if is_busy:
            seen = "; ".join(found[about] for about in TIMED if about in found)
            note += f" (machine busy, not judged: {seen})"
            found = {about: text for about, text in found.items() if about not in TIMED}
        self._all.append((row, got))
        if not is_busy:
            self._judged.append((row, got))
        if found:
            self.failed.append(row.name)
        is_over = row.expected.recovery_s is not None
        self._line(
            row.name,
            "" if got.rate is None else f"{100 * got.rate:.0f} %",
            f"{got.memory_mb:.0f} MB",
            f"{got.calls_in_trouble} / {got.calls}",
            "" if got.recovery_s is None or not is_over else f"{got.recovery_s:.2f} s",
            str(got.code),
            ("; ".join(found.values()) or "yes") + note,
        )

    def sums(self, took_s: float) -> None:
        """Print how many there were, and the worst of each."""
        rates = [
            got.rate for row, got in self._judged if row.expected.rate and got.rate is not None
        ]
        # Which a busy machine can only make longer.
        waits = [
            got.recovery_s
            for row, got in self._all
            if row.expected.recovery_s and got.recovery_s is not None
        ]
        soon = sum(wait_s <= 1 for wait_s in waits)
        results = [got for _, got in self._all]
        unjudged = len(results) - len(self._judged)
        said = (
            f"{len(results)} rows, {len(self.failed)} failures; what is timed was not judged in"
            f" {unjudged}, because the machine was busy; {took_s / 60:.0f} min.",
            f"The picture: at least {100 * min(rates, default=0):.0f} % of the source's rate, in"
            f" {len(rates)} rows.",
            f"Memory: at most {max(got.memory_mb for got in results):.0f} MB.",
            f"Masks again: within 1 s in {soon} of {len(waits)} rows, within"
            f" {max(waits, default=0):.1f} s in all.",
            f"Calls to another host: {sum(got.elsewhere for got in results)}."
            f" Outputs with the key: {sum(len(got.leaks) for got in results)}."
            f" Tracebacks: {sum('Traceback' in got.said for got in results)}.",
        )
        print("", *said, sep="\n")
        for name in self.failed:
            print(f"failed: {name}")

    def _line(self, name: str, *cells: str) -> None:
        if self._as_markdown:
            print("|", " | ".join((name, *cells)), "|", flush=True)
        else:
            widths = (6, 8, 11, 12, 5)
            padded = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False)]
            print(f"{name:46.46}", *padded, "", cells[-1], flush=True)


def results(rows: Sequence[Row], jobs: int, keep_in: Path | None) -> Iterator[tuple[int, Measured]]:
    """Run rows, several at once, each from a process of its own; yields them as they end."""
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        running = {
            pool.submit(by_name, row.name, keep_in): number for number, row in enumerate(rows)
        }
        for done in as_completed(running):
            error = done.exception()  # of the row itself, as where it waits for a page in vain
            yield running[done], done.result() if error is None else Measured(said=repr(error))


def by_name(name: str, keep_in: Path | None) -> Measured:
    """Run a row by its name: what a row is made of cannot be sent to another process."""
    return measured(next(row for row in ROWS if row.name == name), keep_in)


def waits_for_processor(seconds: float = 1.0) -> float:
    """Return in which share of some time a task had to wait for a processor; 0: nobody says."""
    waited_us = []
    for pause_s in (seconds, 0.0):
        try:
            waited_us.append(int(_PRESSURE.read_text().split("total=")[1].split()[0]))
        except (OSError, IndexError):
            return 0.0
        time.sleep(pause_s)
    return (waited_us[1] - waited_us[0]) / (1e6 * seconds)


def chosen(names: Sequence[str], *, quick: bool) -> list[Row]:
    """Return the rows whose names have one of some texts in them."""
    return [
        row
        for row in ROWS
        if (not names or any(name in row.name for name in names)) and (row.is_quick or not quick)
    ]


def can_run(row: Row) -> bool:
    """Tell whether this machine has what a row needs."""
    return (
        not row.needs
        or subprocess.run(["sh", "-c", row.needs], capture_output=True).returncode == 0
    )


def main() -> None:
    """Print the table; the exit code is 1 where a row does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("rows", nargs="*", help="a part of their names; all, if there is none")
    parser.add_argument("--quick", action="store_true", help="the rows that the tests run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder for what the runs leave")
    given = parser.parse_args()
    rows = []
    for row in chosen(given.rows, quick=given.quick):
        if can_run(row):
            rows.append(row)
        else:
            print(f"left out, because `{row.needs}` fails here: {row.name}")
    began_s = time.monotonic()
    table = Table(as_markdown=given.markdown)
    table.head()
    again: dict[str, Measured] = {}
    for number, got in results(rows, given.jobs, given.keep):
        found = failures(rows[number], got)
        if found and set(found) <= {*TIMED}:
            again[rows[number].name] = got
        else:
            table.add(rows[number], got)
    for row in [each for each in rows if each.name in again]:
        if waits_for_processor() > _BUSY:
            table.add(row, again[row.name], is_busy=True)
            continue
        for _, got in results([row], 1, given.keep):
            is_timed = bool(set(failures(row, got)) & {*TIMED})
            table.add(row, got, " (alone)", is_busy=is_timed and waits_for_processor() > _BUSY)
    table.sums(time.monotonic() - began_s)
    sys.exit(bool(table.failed))


if __name__ == "__main__":
    main()
