"""Replies that were paid for on behalf of another output: the whole of a file, or another part."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from livesegment.annotate.journal_file import (
    SIGNATURE,
    Record,
    ReplyPlaces,
    read_identity,
    read_note,
    read_records,
)

# Of an archive's folder each journal would be opened once for each of the others. One that another
# process begins anew is not looked at again: that costs calls at the most.
_known: dict[Path, Mapping[str, str]] = {}


def forget(path: Path) -> None:
    """Look anew at what a journal's replies depend on: it has been begun anew."""
    _known.pop(path.absolute(), None)


class RepliesBeside:
    """The replies in the other journals of a folder that depend on the same things.

    They are looked at once, and only read: another run may be writing them. What cannot be read is
    left out.

    Args:
        path: The journal beside which they are.
        identity: What the replies must depend on.
    """

    def __init__(self, path: Path, identity: Mapping[str, str]) -> None:
        self._found: list[tuple[Path, ReplyPlaces]] = []
        if not identity:
            return
        for other in sorted(path.parent.glob("*.journal")):
            if other.name == path.name or _known.get(other.absolute(), identity) != identity:
                continue
            if (places := _places(other, identity)) is not None:
                self._found.append((other, places))

    def __contains__(self, frame_index: int) -> bool:
        """Tell whether one of them has a reply for a frame."""
        return any(frame_index in places for _, places in self._found)

    def reply(self, frame_index: int) -> bytes | None:
        """Return the reply for a frame; None where there is none."""
        for path, places in self._found:
            if frame_index not in places:
                continue
            try:
                with path.open("rb") as file:
                    content = places.content(file, frame_index)
            except OSError:
                continue  # it was there before
            if content is not None:
                return content
        return None


def _places(path: Path, identity: Mapping[str, str]) -> ReplyPlaces | None:
    """Return where a journal has replies; None if it is of another identity, or none at all."""
    places = ReplyPlaces()
    try:
        with path.open("rb") as file:
            records = _records(file)
            first = next(records, None)
            found = None if first is None else read_identity(read_note(first))
            if found is not None:
                _known[path.absolute()] = found
            if found != identity:
                return None
            for record in records:
                places.remember(record.number, record.begin)
    except OSError:
        return None
    return places


def _records(file: BinaryIO) -> Iterator[Record]:
    return read_records(file) if file.read(len(SIGNATURE)) == SIGNATURE else iter(())
