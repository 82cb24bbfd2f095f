"""Which entries of the index somebody asks for, and how SQLite is asked for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

EntryKind = Literal["event", "recording"]

COLUMNS = """camera, kind, id, began_s, ended_s, began, ended, rule, subject, class, coverage,
count, counted, snapshot, clip, size, mtime_s,
EXISTS (SELECT 1 FROM seen WHERE seen.camera = entries.camera AND seen.id = entries.id) AS is_seen
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for.

    Attributes:
        cameras: Of which cameras.
        kind: Events or recordings; None: both.
        rule: Of which rule; None: of any.
        class_name: Of which class; None: of any.
        only_unseen: Whether events that were marked as seen are left out.
        since_s: Begun at this time or later, seconds since 1970.
        until_s: Begun before this time.
        before: What an entry has to come after in the list, as `Index.entries` gives it; None: the
            list begins with the newest.
        most: How many.
    """

    cameras: Sequence[str]
    kind: EntryKind | None = None
    rule: str | None = None
    class_name: str | None = None
    only_unseen: bool = False
    since_s: float = 0.0
    until_s: float = 1e12
    before: tuple[float, str, str, str] | None = None
    most: int = 100


def newest_first(wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    """Return the query for what is wanted, and its values."""
    places = ", ".join("?" * len(wanted.cameras))
    given: list[tuple[str, Sequence[Any]]] = [
        ("began_s >= ? AND began_s < ?", (wanted.since_s, wanted.until_s)),
        (f"+camera IN ({places})", wanted.cameras),  # not by its index, but in order of time
    ]
    for column, value in (
        ("kind", wanted.kind),
        ("rule", wanted.rule),
        ("class", wanted.class_name),
    ):
        if value is not None:
            given.append((f"{column} = ?", (value,)))
    if wanted.only_unseen:
        given.append(("kind = 'event' AND NOT is_seen", ()))
    if wanted.before is not None:
        given.append(("(began_s, camera, kind, id) < (?, ?, ?, ?)", wanted.before))
        given[0] = (
            "began_s >= ? AND +began_s < ? AND began_s <= ?",
            (wanted.since_s, wanted.until_s, wanted.before[0]),
        )
    where = " AND ".join(condition for condition, _ in given)
    asked = f"SELECT {COLUMNS} FROM entries WHERE {where}"
    asked += " ORDER BY began_s DESC, camera DESC, kind DESC, id DESC LIMIT ?"
    return asked, (*(value for _, values in given for value in values), wanted.most)
