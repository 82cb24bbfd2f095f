"""Replies survive whatever ends a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from livesegment.annotate.journal import Journal, journal_path
from livesegment.errors import JournalMismatch, OutputNotWritable

MINE = {"input": "clip.mp4 (1 byte)", "model": "any/1"}


def kept(path: Path, indices: range) -> list[bytes | None]:
    with Journal(path, MINE) as journal:
        return [journal.reply(index) for index in indices]


def test_replies_are_there_for_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    with Journal(path, MINE) as journal:
        for index in (5, 0, 3):
            journal.add(index, b"reply %d" % index)
        assert journal.reply(3) == b"reply 3"
        assert journal.reply(4) is None
        assert len(journal) == 3
    assert kept(path, range(7)) == [b"reply 0", None, None, b"reply 3", None, b"reply 5", None]


def test_the_last_reply_and_the_last_note_count(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.journal", MINE) as journal:
        journal.add(1, b"old")
        journal.add(1, b"new")
        journal.note("state", "begun")
        journal.note("state", "done")
    with Journal(tmp_path / "a.journal", MINE) as journal:
        assert (journal.reply(1), len(journal)) == (b"new", 1)
        assert journal.noted("state") == "done"
        assert journal.noted("other") is None


@pytest.mark.parametrize("missing", [1, 2, 17, 999, 1030, 2000, 3100])
def test_a_file_that_breaks_off_anywhere_keeps_all_whole_replies(
    tmp_path: Path, missing: int
) -> None:
    path = tmp_path / "a.journal"
    ends = []
    with Journal(path, MINE) as journal:
        for index in range(4):
            journal.add(index, os.urandom(1000))
            ends.append(path.stat().st_size)
        replies = [journal.reply(index) for index in range(4)]
    size = ends[-1] - missing
    os.truncate(path, size)
    whole = [reply if end <= size else None for reply, end in zip(replies, ends, strict=True)]
    assert kept(path, range(4)) == whole
    with Journal(path, MINE) as journal:
        journal.add(3, b"paid again")
    assert kept(path, range(4)) == [*whole[:3], b"paid again"]


def test_a_run_without_replies_blocks_no_other(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.journal", MINE) as journal:
        journal.note("begun", "with a wrong key")
    with Journal(tmp_path / "a.journal", {**MINE, "model": "any/2"}) as journal:
        assert journal.noted("begun") is None


def test_a_damaged_reply_in_the_middle_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    places = []
    with Journal(path, MINE) as journal:
        for index in range(3):
            places.append(path.stat().st_size)
            journal.add(index, os.urandom(1000))
        replies = [journal.reply(index) for index in range(3)]
    content = bytearray(path.read_bytes())
    content[places[1] + 500] ^= 1
    path.write_bytes(content)
    assert kept(path, range(3)) == [replies[0], None, replies[2]]


def test_another_input_or_model_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    with Journal(path, MINE) as journal:
        journal.add(0, b"paid")
    with pytest.raises(JournalMismatch, match="another model, any/1, not any/2"):
        Journal(path, {**MINE, "model": "any/2"})
    with pytest.raises(JournalMismatch, match="another input"):
        Journal(path, {**MINE, "input": "other.mp4"})
    assert kept(path, range(1)) == [b"paid"]
    with Journal(path, {**MINE, "model": "any/2"}, replace=True) as journal:
        assert journal.reply(0) is None


def test_replace_keeps_what_is_the_same_runs(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.journal", MINE) as journal:
        journal.add(0, b"paid")
    with Journal(tmp_path / "a.journal", MINE, replace=True) as journal:
        assert journal.reply(0) == b"paid"


def test_a_file_of_something_else_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    path.write_text("Dear diary, today I bought a camera.")
    with pytest.raises(JournalMismatch, match="no journal"):
        Journal(path, MINE, replace=True)
    assert path.read_text().startswith("Dear diary")


def test_two_runs_do_not_write_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    other = (
        "from pathlib import Path; from livesegment.annotate.journal import Journal; import sys;"
        f"Journal(Path(sys.argv[1]), {MINE!r})"
    )
    with Journal(path, MINE):
        result = subprocess.run(
            [sys.executable, "-c", other, str(path)], capture_output=True, text=True, check=False
        )
    assert "another run is writing" in result.stderr


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputNotWritable, match="cannot write"):
        Journal(tmp_path / "absent" / "a.journal", MINE)


@pytest.mark.skipif(sys.platform == "win32", reason="the limit of a file's size is POSIX's")
def test_a_full_disk_is_said_and_costs_no_kept_reply(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    # In a process of its own: the limit cannot be lifted again.
    program = f"""
import os, resource, signal
from pathlib import Path
from livesegment.annotate.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
with Journal(Path({str(path)!r}), {MINE!r}) as journal:
    for index in range(100):
        journal.add(index, os.urandom(3000))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "OutputNotWritable: cannot write" in result.stderr
    found = kept(path, range(100))
    assert [index for index, reply in enumerate(found) if reply is not None] == list(range(6))


def test_a_journal_stands_in_a_hidden_folder_beside_its_output(tmp_path: Path) -> None:
    for name in ("clip.mp4", "frames"):
        expected = tmp_path / ".livesegment" / f"{name}.journal"
        assert journal_path(tmp_path / name) == expected


def test_a_journal_of_an_earlier_version_is_found_where_it_is(tmp_path: Path) -> None:
    with Journal(tmp_path / "clip.mp4.journal", MINE) as journal:
        journal.add(0, b"paid")
    assert journal_path(tmp_path / "clip.mp4") == tmp_path / "clip.mp4.journal"
    assert journal_path(tmp_path / "clip.mkv") != tmp_path / "clip.mp4.journal"


def test_a_journal_that_kept_nothing_is_not_left_behind(tmp_path: Path) -> None:
    Journal(tmp_path / "a.journal", MINE).close()
    Journal(journal_path(tmp_path / "out.mp4"), MINE).close()
    assert list(tmp_path.iterdir()) == []
    with Journal(journal_path(tmp_path / "kept.mp4"), MINE) as kept:
        kept.add(0, b"paid")
        Journal(journal_path(tmp_path / "out.mp4"), MINE).close()
    assert [each.name for each in tmp_path.rglob("*.journal")] == ["kept.mp4.journal"]


def test_what_another_output_of_the_same_input_paid_for_is_taken_and_kept(tmp_path: Path) -> None:
    other, own = (journal_path(tmp_path / name) for name in ("other.mp4", "own.mp4"))
    with Journal(other, MINE) as journal:
        journal.add(3, b"three")
    with Journal(own, MINE) as journal:
        assert (3 in journal, 4 in journal, len(journal)) == (True, False, 0)
        assert (journal.reply(3), journal.reply(4)) == (b"three", None)
        assert len(journal) == 1
    other.unlink()
    with Journal(own, MINE) as journal:
        assert journal.reply(3) == b"three"


def test_what_is_beside_and_is_none_of_its_own_is_left_out(tmp_path: Path) -> None:
    other, own = (journal_path(tmp_path / name) for name in ("other.mp4", "own.mp4"))
    with Journal(other, {**MINE, "model": "another"}) as journal:
        journal.add(3, b"another's")
    (other.parent / "odd.journal").write_bytes(b"dear diary")
    (other.parent / "folder.journal").mkdir()
    with Journal(own, MINE) as journal:
        assert journal.reply(3) is None
    with Journal(other, MINE, replace=True) as journal:
        journal.add(3, b"mine")
    with other.open("ab") as file:
        file.write(b"cut short by a crash")
    with Journal(own, MINE) as journal:
        assert journal.reply(3) == b"mine"


def test_a_journal_that_is_being_written_is_read_beside(tmp_path: Path) -> None:
    other, own = (journal_path(tmp_path / name) for name in ("other.mp4", "own.mp4"))
    with Journal(other, MINE) as running, Journal(own, MINE) as journal:
        running.add(0, b"a")
        assert journal.reply(0) == b"a"
        running.add(1, b"b")
        assert journal.reply(1) is None  # it came later


def test_replies_that_come_together_go_to_the_disk_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []
    to_disk = os.fsync

    def fsync(descriptor: int) -> None:
        handed.append(os.fstat(descriptor).st_size)
        to_disk(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "a.journal"
    with Journal(path, MINE) as journal:
        for index in range(200):
            journal.add(index, b"reply")
    assert len(handed) < 100
    assert handed[-1] == path.stat().st_size
