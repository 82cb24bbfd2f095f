"""The list of events and recordings: what files say, whatever becomes of the index."""

import json
import logging
import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from past import BEGAN_S, opened, places, told, write_events, write_recording

from livesegment.events.jsonl import JsonlFile
from livesegment.review.entry import Noted
from livesegment.review.query import Wanted
from livesegment.review.review import Review


def listed(review: Review, **wanted: Any) -> list[tuple[Any, ...]]:
    """Return the list as far as it has to be the same whoever made it, newest first."""
    cameras = wanted.pop("cameras", ["gate", "yard"])
    found = review.shown(review.index.entries(Wanted(cameras, **{"most": 1000, **wanted})))
    keys = ("camera", "kind", "id", "began_s", "ended_s", "rule", "clip", "recording", "is_seen")
    return [tuple(json.dumps(each[key]) for key in keys) for each in found]


def a_past(folder: Path) -> None:
    """Leave events of two cameras, the last without an end, and recordings of one."""
    for camera in ("gate", "yard"):
        events = []
        for number in range(30):
            events.append(told(number, after_s=10.0 * number, rule=f"rule {number % 3}"))
            events.append(told(number, "end", 10.0 * number + 4))
        write_events(folder / f"{camera}.jsonl", events[:-1])
    for number in range(3):
        write_recording(folder / "recorded" / "gate.mp4", 2, BEGAN_S + 2 * number)


def test_the_list_is_the_same_from_an_index_that_is_kept_lost_or_spoiled(tmp_path: Path) -> None:
    a_past(tmp_path)
    index = tmp_path / "state" / "review.sqlite"
    with opened(tmp_path, "gate", "yard", path=index) as review:
        review.mark("gate", [f"{3:032x}"], is_seen=True)
        first = listed(review)
        assert len(first) == 63
    spoils: dict[str, Any] = {
        "kept": lambda: None,
        "lost": index.unlink,
        "no index": lambda: index.write_bytes(b"this is no index" * 1000),
        "cut": lambda: os.truncate(index, index.stat().st_size // 2),
        "of another version": lambda: index.write_bytes(_of_another_version(tmp_path)),
    }
    for name, spoil in spoils.items():
        spoil()
        with opened(tmp_path, "gate", "yard", path=index) as review:
            assert listed(review) == first, name
    with opened(tmp_path, "gate", "yard", path=index) as review:
        data = bytearray(index.read_bytes())
        for at in range(4096, len(data), 512):
            data[at : at + 64] = random.Random(at).randbytes(64)
    index.write_bytes(data)
    with opened(tmp_path, "gate", "yard", path=index) as review:
        assert listed(review) == first


def test_an_index_that_is_spoiled_while_it_is_in_use_is_filled_again(tmp_path: Path) -> None:
    a_past(tmp_path)
    with opened(tmp_path, "gate", "yard", path=tmp_path / "review.sqlite") as review:
        review.mark("gate", [f"{3:032x}"], is_seen=True)
        first = listed(review)
        with closing(sqlite3.connect(tmp_path / "review.sqlite")) as other:
            other.execute("DROP TABLE seen")
        listed(review)  # it is found out, and begun anew
        review.refresh()
        assert listed(review) == first


def test_an_index_that_somebody_else_holds_stays_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_past(tmp_path)
    index = tmp_path / "review.sqlite"
    opened(tmp_path, "gate", "yard", path=index).close()
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **named: connect(path, **{**named, "timeout": 0})
    )
    with closing(connect(index, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with opened(tmp_path, "gate", "yard", path=index) as review:
            assert len(listed(review)) == 63
        assert other.execute("SELECT count(*) FROM entries").fetchone() == (63,)
    assert index.exists()


def test_an_index_that_somebody_takes_while_it_is_in_use_loses_nothing_of_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_past(tmp_path)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **named: connect(path, **{**named, "timeout": 0})
    )
    with opened(tmp_path, "gate", "yard", path=tmp_path / "review.sqlite") as review:
        first = listed(review)
        with closing(connect(tmp_path / "review.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            write_events(tmp_path / "yard.jsonl", [told(1000, after_s=1000)])
            review.refresh()
        found = listed(review)
        assert len(found) == len(first) + 1
        assert [each for each in found if each[2] != json.dumps(f"{1000:032x}")] == first


_WITHOUT_ROOM = """
import resource, signal, sys
from pathlib import Path
from past import opened
from livesegment.review.query import Wanted
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
folder = Path(sys.argv[1])
with opened(folder, path=folder / "review.sqlite") as review:
    review.refresh()
    print(len(review.index.entries(Wanted(["gate"], most=9999))))
"""


def test_an_index_that_a_disk_has_no_room_for_is_kept_in_memory(tmp_path: Path) -> None:
    write_events(tmp_path / "gate.jsonl", [told(number, after_s=number) for number in range(2000)])
    command = [sys.executable, "-c", _WITHOUT_ROOM, str(tmp_path)]
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["2000"]
    assert "it is kept in memory" in ran.stderr


def _of_another_version(folder: Path) -> bytes:
    path = folder / "other.sqlite"
    other = sqlite3.connect(path)
    other.executescript("CREATE TABLE entries (camera); PRAGMA user_version = 99;")
    other.close()
    return path.read_bytes()


def test_an_index_that_cannot_be_written_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    a_past(tmp_path)
    (tmp_path / "state").write_text("a file where the folder would be")
    with caplog.at_level(logging.WARNING):
        review = opened(tmp_path, "gate", "yard", path=tmp_path / "state" / "review.sqlite")
    assert len(listed(review)) == 63
    assert [record.message.count("kept in memory") for record in caplog.records] == [1]
    review.close()


def test_what_is_new_is_read_on_where_reading_ended(tmp_path: Path) -> None:
    write_events(tmp_path / "gate.jsonl", [told(1)])
    with opened(tmp_path) as review:
        write_events(tmp_path / "gate.jsonl", [told(2, after_s=5)])
        with (tmp_path / "gate.jsonl").open("a") as file:
            file.write(json.dumps(told(3, after_s=7))[:40])  # it is being written
        review.refresh()
        assert [each[2] for each in listed(review)] == [f'"{2:032x}"', f'"{1:032x}"']
        with (tmp_path / "gate.jsonl").open("a") as file:
            file.write(json.dumps(told(3, after_s=7))[40:] + "\n")
        write_events(tmp_path / "gate.jsonl", [told(3, "end", 9)])
        review.refresh()
        newest = listed(review)[0]
        assert newest[2:5] == (f'"{3:032x}"', str(BEGAN_S + 7), str(BEGAN_S + 9))


def test_full_files_are_followed_and_forgotten_as_they_go(tmp_path: Path) -> None:
    path = tmp_path / "gate.jsonl"
    with opened(tmp_path) as review:
        first: set[str] = set()
        for number in range(60):
            with JsonlFile(path, most_bytes=2000, keep=5) as file:
                from events import event

                file.put(event(number))
            if number % 4 == 0:
                review.refresh()
                first |= {each[2] for each in listed(review)}
        review.refresh()
        now = {each[2] for each in listed(review)}
        written = b"".join(each.read_bytes() for each in tmp_path.glob("gate.jsonl*"))
        there = {json.dumps(json.loads(line)["id"]) for line in written.splitlines()}
    assert now == there
    assert first - now, "nothing was full"
    with opened(tmp_path) as anew:
        assert {each[2] for each in listed(anew)} == there


def test_a_file_that_was_begun_anew_replaces_what_it_said(tmp_path: Path) -> None:
    write_events(tmp_path / "gate.jsonl", [told(number) for number in range(5)])
    write_recording(tmp_path / "recorded" / "gate.mp4", 1)
    with opened(tmp_path) as review:
        review.mark("gate", [f"{0:032x}"], is_seen=True)
        assert len(listed(review)) == 6
        lines = (tmp_path / "gate.jsonl").read_text().splitlines(keepends=True)
        (tmp_path / "gate.jsonl").write_text("".join(lines[:2]))
        review.refresh()
        assert len(listed(review)) == 3
        assert len(listed(review, only_unseen=True)) == 1
        (tmp_path / "gate.jsonl").write_text(json.dumps(told(9)) + "\n")
        review.refresh()
        assert [each[2] for each in listed(review, kind="event")] == [f'"{9:032x}"']


def test_what_a_run_tells_is_there_at_once_and_only_once(tmp_path: Path) -> None:
    with opened(tmp_path) as review:
        before = review.index.revision("gate")
        review.index.note("gate", Noted.of(told(1)) or pytest.fail("this is an event"))
        assert review.index.revision("gate") > before
        (entry,) = review.index.entries(Wanted(["gate"]))
        assert entry["goes_on"]
        write_events(tmp_path / "gate.jsonl", [told(1)])
        review.refresh()
        (entry,) = review.index.entries(Wanted(["gate"]))
        assert entry["goes_on"]
        review.index.end_all("gate")
        (entry,) = review.index.entries(Wanted(["gate"]))
        assert (entry["goes_on"], entry["ended_s"]) == (False, None)


def test_a_run_without_files_is_listed_as_far_as_memory_is_to_be_had(tmp_path: Path) -> None:
    with opened(tmp_path) as review:
        for number in range(1500):
            noted = Noted.of(told(number, after_s=number))
            assert noted is not None
            review.index.note("gate", noted)
        found = review.index.entries(Wanted(["gate"], most=9999))
    assert 1000 <= len(found) < 1200
    assert found[0]["id"] == f"{1499:032x}"


def test_what_only_a_run_told_is_forgotten_with_it(tmp_path: Path) -> None:
    index = tmp_path / "review.sqlite"
    write_events(tmp_path / "gate.jsonl", [told(1)])
    with opened(tmp_path, path=index) as review:
        review.index.note("gate", Noted.of(told(2)) or pytest.fail("this is an event"))
        assert len(listed(review)) == 2
    with opened(tmp_path, path=index) as review:
        assert [each[2] for each in listed(review)] == [f'"{1:032x}"']


def test_a_camera_that_is_no_more_is_listed_no_more(tmp_path: Path) -> None:
    a_past(tmp_path)
    with opened(tmp_path, "gate", "yard") as review:
        review.keep_to([places(tmp_path, "yard")])
        review.refresh()
        assert {each[0] for each in listed(review)} == {'"yard"'}
        review.keep_to([places(tmp_path, "yard"), places(tmp_path, "gate")])
        review.refresh()
        assert len(listed(review)) == 63


def test_the_list_is_filtered_and_paged(tmp_path: Path) -> None:
    a_past(tmp_path)
    with opened(tmp_path, "gate", "yard") as review:
        everything = listed(review)
        assert [each[3] for each in everything] == sorted(
            (each[3] for each in everything), reverse=True
        )
        of_rule = listed(review, rule="rule 1")
        assert of_rule == [each for each in everything if each[5] == '"rule 1"']
        assert len(of_rule) == 20
        assert listed(review, class_name="car") == []
        assert len(listed(review, kind="recording")) == 3
        assert len(listed(review, since_s=BEGAN_S + 100, until_s=BEGAN_S + 200)) == 20
        paged: list[Any] = []
        before = None
        while True:
            page = review.index.entries(Wanted(["gate", "yard"], before=before, most=7))
            if not page:
                break
            paged += page
            last = page[-1]
            before = (last["began_s"], last["camera"], last["kind"], last["id"])
        assert [json.dumps(each["id"]) for each in paged] == [each[2] for each in everything]


def test_events_marked_as_seen_stay_so(tmp_path: Path) -> None:
    a_past(tmp_path)
    index = tmp_path / "review.sqlite"
    with opened(tmp_path, "gate", "yard", path=index) as review:
        review.mark("gate", [f"{1:032x}", f"{2:032x}"], is_seen=True)
        review.mark("gate", [f"{2:032x}"], is_seen=False)
        assert len(listed(review, only_unseen=True)) == 59
    index.unlink()
    with (tmp_path / "gate.jsonl.seen").open("ab") as file:
        file.write(b'\xff\xfe no mark\n[]\n{"id": 3, "seen": true}\n{"id": "torn o')
    with opened(tmp_path, "gate", "yard", path=index) as review:
        unseen = {each[:3] for each in listed(review, only_unseen=True)}
        assert len(unseen) == 59
        assert ('"gate"', '"event"', f'"{1:032x}"') not in unseen
        review.mark("gate", [f"{5:032x}"], is_seen=True)
    with opened(tmp_path, "gate", "yard") as review:
        assert len(listed(review, only_unseen=True)) == 58


ODD: dict[str, Any] = {
    "no object": [1, 2],
    "no id": told(1, id=None),
    "an id that is no text": told(1, id={"a": 1}),
    "no kind": told(1, kind="middle"),
    "no time": told(1, time=5),
    "a time that is none": told(1, time="yesterday"),
    "a time before all": told(1, time="0001-01-01T00:00:00+14:00"),
    "numbers that are none": told(1, coverage="much", count=-1),
    "a share beyond all": told(1, coverage=1e308, count=10**30),
    "a clip elsewhere": told(1, clip="../../etc/passwd.mp4", snapshot="/etc/passwd.jpg"),
    "a clip of another kind": told(1, clip="passwd", snapshot=["a.jpg"]),
    "half a character": told(1, rule="\ud800", **{"class": "\udfff"}),
    "a long name": told(1, rule="x" * 100_000, clip="y" * 300 + ".mp4"),
    "a control character": told(1, rule="a\x1b[31mb\x00"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_event_is_left_out_or_cleaned(tmp_path: Path, name: str) -> None:
    path = tmp_path / "gate.jsonl"
    with path.open("wb") as file:
        file.write(json.dumps(ODD[name]).encode() + b"\n")
        file.write(b"\xff\x00 no text\n" + b"[" * 50_000 + b"\n" + b"9" * 5000 + b"\n\n")
    write_events(path, [told(7, after_s=1)])
    with opened(tmp_path) as review:
        found = review.shown(review.index.entries(Wanted(["gate"])))
        assert found[0]["id"] == f"{7:032x}"
        json.dumps(found, allow_nan=False).encode()
        for each in found:
            assert each["clip"] is None
            assert len(each["rule"]) <= 200
            assert each["rule"].isprintable()
            assert each["coverage"] is None or 0 <= each["coverage"] <= 1


def test_only_files_that_are_there_are_offered(tmp_path: Path) -> None:
    (tmp_path / "gate").mkdir()
    for name in ("a.jpg", "other.mp4"):
        (tmp_path / "gate" / name).write_bytes(b"content")
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    write_events(tmp_path / "gate.jsonl", [told(1, snapshot="a.jpg", clip="gone.mp4")])
    with opened(tmp_path) as review:
        (shown,) = review.shown(review.index.entries(Wanted(["gate"])))
        assert (shown["snapshot"], shown["clip"]) == ("a.jpg", None)
        assert review.event_file("gate", "a.jpg") == tmp_path / "gate" / "a.jpg"
        for name in ("other.mp4", "gone.mp4", "../secret.mp4", "", "."):
            assert review.event_file("gate", name) is None
        assert review.event_file("yard", "a.jpg") is None


def test_an_event_leads_to_its_moment_in_the_recording(tmp_path: Path) -> None:
    first = write_recording(tmp_path / "recorded" / "gate.mp4", 4)
    second = write_recording(tmp_path / "recorded" / "gate.mp4", 3, BEGAN_S + 4)
    (tmp_path / "recorded" / "gate_of_somebody_else.mp4").write_bytes(b"no video")
    (tmp_path / "recorded" / "gate_20251124-999999Z.mp4").write_bytes(b"no time")
    (tmp_path / "recorded" / "gate_20251124-170000Z.mp4").symlink_to(first)
    write_events(
        tmp_path / "gate.jsonl",
        [told(number, after_s=at_s) for number, at_s in enumerate((1.5, 5.5, 12.0, 500.0))],
    )
    with opened(tmp_path) as review:
        shown = review.shown(review.index.entries(Wanted(["gate"], kind="event")))
        places_of = [each["recording"] for each in reversed(shown)]
        assert places_of == [
            {"file": first.name, "at_s": 1.5},
            {"file": second.name, "at_s": 1.5},
            {"file": second.name, "at_s": 8.0},  # what led to a camera's loss
            None,
        ]
        found = review.recordings("gate", 0, 1e12)
        assert [each.name for each in found] == [first.name, second.name]
        assert [each.ended_s - each.began_s for each in found] == [4.0, 3.0]
        second.unlink()
        review.refresh()
        assert [each.name for each in review.recordings("gate", 0, 1e12)] == [first.name]


def test_copies_of_recordings_are_as_long_as_they_were(tmp_path: Path) -> None:
    for number in range(3):
        segment = write_recording(tmp_path / "recorded" / "gate.mp4", 2, BEGAN_S + 100 * number)
        os.utime(segment)  # as `cp` leaves them: written just now
    with opened(tmp_path) as review:
        found = review.recordings("gate", 0, 1e12)
        assert [each.ended_s - each.began_s for each in found] == [2.0, 2.0, 2.0]
