"""Events in a file: rotation, and what a crash or a full disk leaves."""

import json
import logging
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from events import event
from waiting import wait_until

from livesegment.errors import OutputNotWritable
from livesegment.events.event import Event
from livesegment.events.jsonl import JsonlFile, numbered, read_events


def test_every_event_is_a_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    told = [
        event(1, media_s=12.34567, coverage=0.123456, snapshot="a.jpg", clip="a.mp4"),
        event(1, "end"),
        event(2, subject="camera", rule="camera", class_name=None),
    ]
    with JsonlFile(path) as file:
        for each in told:
            file.put(each)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {
        "id": f"{1:032x}",
        "rule": "door",
        "subject": "coverage",
        "kind": "begin",
        "camera": "yard",
        "time": "2026-11-23T15:51:01.000+01:00",
        "media_s": 12.346,
        "class": "person",
        "coverage": 0.1235,
        "count": None,
        "counted": None,
        "snapshot": "a.jpg",
        "clip": "a.mp4",
        "circuit": None,
    }
    assert list(read_events(path))[1:] == told[1:]


def test_what_is_there_stays_and_new_events_follow(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    for number in (1, 2):
        with JsonlFile(path) as file:
            file.put(event(number))
    assert list(read_events(path)) == [event(1), event(2)]


def test_a_full_file_is_numbered_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    length = len(event(0).as_json()) + 1
    with JsonlFile(path, most_bytes=3 * length, keep=2) as file:
        for number in range(11):
            file.put(event(number))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["e.jsonl", "e.jsonl.1", "e.jsonl.2"]
    found = [list(read_events(numbered(path, number))) for number in (2, 1, 0)]
    assert found == [
        [event(3), event(4), event(5)],
        [event(6), event(7), event(8)],
        [event(9), event(10)],
    ]


@pytest.mark.parametrize("length", [1, 9, 40, -3])
def test_a_torn_line_is_read_over_and_removed_before_the_next(tmp_path: Path, length: int) -> None:
    path = tmp_path / "e.jsonl"
    torn = event(2).as_json()[:length]
    path.write_text(event(1).as_json() + "\n" + torn)
    assert list(read_events(path)) == [event(1)]
    with JsonlFile(path) as file:
        file.put(event(3))
    assert list(read_events(path)) == [event(1), event(3)]
    if length > 8:
        assert path.read_text().count("\n") == 2


def test_a_last_line_that_only_lacks_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(event(1).as_json())
    with JsonlFile(path) as file:
        file.put(event(2))
    assert list(read_events(path)) == [event(1), event(2)]


def test_what_is_no_event_of_ours_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("bread\nmilk")
    with JsonlFile(path) as file:
        file.put(event(1))
    assert path.read_text().startswith("bread\nmilk\n{")


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputNotWritable, match=r"missing/e\.jsonl: no such file or directory"):
        JsonlFile(tmp_path / "missing" / "e.jsonl")


def test_on_a_full_disk_events_are_counted_and_later_ones_are_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, lost = tmp_path / "e.jsonl", []
    length = len(event(0).as_json()) + 1
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    file = JsonlFile(path, lost.append)
    try:
        # To Python it looks as a full disk does: a part is written, then nothing.
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * length + length // 2, hard))
        with caplog.at_level(logging.WARNING), file:
            for number in range(4):
                file.put(event(number))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sum(lost) == 2
    assert any("e.jsonl cannot be written" in message for message in caplog.messages)
    with JsonlFile(path) as file:
        file.put(event(9))
    assert list(read_events(path)) == [event(0), event(1), event(9)]
    assert path.read_bytes().count(b"\n") == 3


def test_what_was_written_survives_a_killed_program(tmp_path: Path) -> None:
    program = (
        f"import sys, time; sys.path.append({str(Path(__file__).parents[1])!r})\n"
        "from events import event\n"
        "from livesegment.events.jsonl import JsonlFile\n"
        "file = JsonlFile('e.jsonl')\n"
        # Not as fast as it can: then it would leave the writing thread no time.
        "while True: file.put(event(7)); time.sleep(0.001)\n"
    )
    path = tmp_path / "e.jsonl"
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path) as child:
        try:
            wait_until(lambda: path.exists() and path.stat().st_size >= 2000, "some events")
        finally:
            child.kill()
    found = list(read_events(path))
    assert len(found) >= 5
    with JsonlFile(path) as file:
        file.put(event(7))
    lines = path.read_bytes().splitlines()
    assert len([Event.from_json(line) for line in lines]) == len(found) + 1
