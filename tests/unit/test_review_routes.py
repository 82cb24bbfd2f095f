"""What the page of the past is answered."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from feeds import HandFeed, visited, with_log
from past import BEGAN_S, FPS, HappeningNow, opened, told, write_events, write_recording
from waiting import wait_until

from livesegment.review.review import Review
from livesegment.settings import ApiKey, WebOptions
from livesegment.web import answers


@contextmanager
def asked(folder: Path, options: WebOptions | None = None) -> Iterator[httpx.Client]:
    """Serve a page with a camera that has a past, and yield somebody who asks it."""
    feed = HandFeed("gate", "Gate")
    with opened(folder) as review, visited(feed, options, review) as client:
        yield client


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """Leave events, and a recording of six seconds in two files."""
    events = []
    for number in range(120):
        events += [told(number, after_s=number), told(number, "end", number + 0.5)]
    write_events(tmp_path / "gate.jsonl", events)
    for number in range(2):
        write_recording(tmp_path / "recorded" / "gate.mp4", 3, BEGAN_S + 3 * number)
    return tmp_path


def test_the_whole_list_is_had_page_by_page(past: Path) -> None:
    with asked(past) as client:
        found: list[dict[str, Any]] = []
        query = {"limit": "50"}
        while True:
            said = client.get("/api/review", params=query).json()
            assert said.keys() == answers.ENTRIES["properties"].keys()
            found += said["entries"]
            if said["next"] is None:
                break
            assert len(said["entries"]) == 50
            query["before"] = said["next"]
        assert said["is_complete"]
        assert said["cameras"] == [{"name": "gate", "title": "Gate"}]
        assert (said["rules"], said["classes"]) == (["porch"], ["person"])
        assert len(found) == 122
        assert found[0].keys() == answers.ENTRY["properties"].keys()
        assert [each["began"] for each in found] == sorted(
            (each["began"] for each in found), reverse=True
        )
        assert client.get(f"/api/cameras/gate/events/{found[0]['id']}").json() == found[0]
        assert client.get("/api/cameras/gate/events/none").status_code == 404


def test_a_time_line_has_what_was_recorded_and_what_happened(past: Path) -> None:
    with asked(past) as client:
        span = {"since": BEGAN_S + 2, "until": BEGAN_S + 5}
        said = client.get("/api/review/timeline", params=span).json()
        assert said.keys() == answers.TIMELINE["properties"].keys()
        (camera,) = said["cameras"]
        assert [each["began"] for each in camera["recordings"]] == [BEGAN_S, BEGAN_S + 3]
        assert [each["ended"] for each in camera["recordings"]] == [BEGAN_S + 3, BEGAN_S + 6]
        assert [each["began"] - BEGAN_S for each in camera["events"]] == [4, 3, 2]


def test_a_recording_is_had_in_pieces_and_as_a_stretch(past: Path, tmp_path: Path) -> None:
    with asked(past) as client:
        entry = client.get("/api/review", params={"kind": "recording"}).json()["entries"][0]
        name = entry["recording"]["file"]
        table = client.get(f"/api/cameras/gate/recordings/{name}").json()
        assert table.keys() == answers.FRAGMENTS["properties"].keys()
        assert [time_s for _, time_s in table["fragments"]] == [0, 1, 2]
        assert not table["grows"]
        part = client.get(
            f"/cameras/gate/recordings/{name}", headers={"range": f"bytes=0-{table['head'] - 1}"}
        )
        assert (part.status_code, len(part.content)) == (206, table["head"])
        span = {"since": BEGAN_S + 1, "until": BEGAN_S + 5}
        stretch = client.get("/cameras/gate/stretch.mp4", params=span)
        assert stretch.headers["content-type"] == "video/mp4"
        assert "gate_20251124-160001Z.mp4" in stretch.headers["content-disposition"]
        (tmp_path / "stretch.mp4").write_bytes(stretch.content)
        with av.open(str(tmp_path / "stretch.mp4")) as container:
            assert sum(1 for _ in container.decode(video=0)) == 40
        nothing = client.get("/cameras/gate/stretch.mp4", params={"since": 5, "until": 6})
        assert (nothing.status_code, "nothing was" in nothing.json()["message"]) == (404, True)


def test_a_clip_that_is_written_is_had_in_pieces_and_then_whole(tmp_path: Path) -> None:
    feed = HandFeed("gate")
    with (
        opened(tmp_path) as review,
        visited(feed, None, review) as client,
        closing(HappeningNow(tmp_path, with_log(feed, review).note)) as happening,
    ):
        name = happening.clip.name
        table = f"/api/cameras/gate/partial/{name}"

        def has_begun() -> dict[str, Any] | None:
            happening.show(1)
            answer = client.get(table)
            found = answer.json() if answer.status_code == 200 else None
            return found if found is not None and len(found["fragments"]) > 1 else None

        wait_until(has_begun, "some of the clip")
        first = client.get(table).json()
        assert first.keys() == answers.FRAGMENTS["properties"].keys()
        assert first["grows"]
        (entry,) = client.get("/api/review").json()["entries"]
        assert (entry["clip"], entry["partial"]) == (None, name)
        asking = {"range": f"bytes=0-{first['end'] - 1}"}
        part = client.get(f"/cameras/gate/partial/{name}", headers=asking)
        assert (part.status_code, len(part.content)) == (206, first["end"])
        assert part.headers["content-type"] == "video/mp4"
        assert part.headers["cache-control"] == "no-store"
        (tmp_path / "had.mp4").write_bytes(part.content)
        with av.open(str(tmp_path / "had.mp4")) as container:
            times = [float(frame.time) for frame in container.decode(video=0)]
        assert times == pytest.approx([index / FPS for index in range(len(times))], abs=1e-4)
        assert times[-1] == pytest.approx(first["ended"] - 1 / FPS, abs=1e-4)
        assert client.get(f"/cameras/gate/events/{name}").status_code == 404
        happening.end()
        (entry,) = client.get("/api/review").json()["entries"]
        assert (entry["clip"], entry["partial"]) == (name, None)
        assert client.get(f"/cameras/gate/events/{name}").status_code == 200
        for address in (table, f"/cameras/gate/partial/{name}"):
            assert client.get(address).status_code == 404


def test_a_file_that_grows_while_it_is_sent_is_sent_as_it_was(
    past: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = past / "recorded" / "gate_20251124-160003Z.mp4"
    before = path.stat()
    with asked(past) as client:
        with path.open("ab") as file:
            file.write(bytes(500_000))
        stat = Path.stat
        as_before = lambda each, **more: before if each == path else stat(each, **more)  # noqa: E731
        monkeypatch.setattr(Path, "stat", as_before)
        answer = client.get(f"/cameras/gate/recordings/{path.name}")
        assert (answer.status_code, len(answer.content)) == (200, before.st_size)


def test_a_file_that_goes_while_it_is_asked_for_is_said_and_is_no_failure(
    past: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = past / "recorded" / "gate_20251124-160003Z.mp4"
    before, stat = path.stat(), Path.stat
    with asked(past) as client:
        path.unlink()
        as_before = lambda each, **more: before if each == path else stat(each, **more)  # noqa: E731
        monkeypatch.setattr(Path, "stat", as_before)
        answer = client.get(f"/cameras/gate/recordings/{path.name}")
    assert (answer.status_code, "kept no more" in answer.json()["message"]) == (404, True)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


def test_no_other_file_is_given_out(past: Path) -> None:
    (past / "recorded" / "other_20251124-160000Z.mp4").write_bytes(b"of another camera")
    (past / "secret.mp4").write_bytes(b"secret")
    names = ("other_20251124-160000Z.mp4", "..%2Fsecret.mp4", "%2e%2e%2fsecret.mp4", "x" * 5000)
    with asked(past) as client:
        for name in names:
            for address in ("/cameras/gate/recordings/", "/api/cameras/gate/recordings/"):
                assert client.get(f"{address}{name}").status_code == 404


WRONG = (
    "/api/review?limit=0",
    "/api/review?limit=201",
    "/api/review?limit=%C2%B2",
    "/api/review?kind=video",
    "/api/review?since=nan",
    "/api/review?since=5&until=5",
    "/api/review?before=nothing",
    "/api/review?before=inf~a~b~c",
    "/api/review/timeline",
    "/api/review/timeline?since=9&until=1",
    "/cameras/gate/stretch.mp4?since=0&until=99999",
    "/cameras/gate/stretch.mp4?since=-1&until=5",
)


def test_a_wrong_query_is_said(past: Path) -> None:
    with asked(past) as client:
        answered = {query: client.get(query) for query in WRONG}
    assert {query: each.status_code for query, each in answered.items()} == dict.fromkeys(
        WRONG, 400
    )
    assert all(each.json()["message"] for each in answered.values())


def test_who_may_change_marks_events_and_who_looks_does_not(past: Path) -> None:
    options = WebOptions(port=0, token=ApiKey("correct horse"), view_token=ApiKey("battery staple"))
    with asked(past, options) as client:
        body = {"camera": "gate", "events": [f"{5:032x}", "no such event"], "is_seen": True}
        looker = {"authorization": "Bearer battery staple"}
        changer = {"authorization": "Bearer correct horse"}
        assert client.post("/api/review/seen", json=body, headers=looker).status_code == 403
        assert client.post("/api/review/seen", json=body, headers=changer).status_code == 204
        said = client.get("/api/review", params={"unseen": "1", "limit": "200"}, headers=looker)
        assert said.json()["role"] == "look"
        assert len(said.json()["entries"]) == 119
        written = (past / "gate.jsonl.seen").read_text().split()
        assert json.loads(" ".join(written)) == {"id": f"{5:032x}", "seen": True}
        wrong: list[Any] = [{}, [], {**body, "events": "5"}, {**body, "events": [5]}]
        wrong.append({**body, "events": ["x"] * 1001})
        for each in wrong:
            refused = client.post("/api/review/seen", json=each, headers=changer)
            assert (refused.status_code, bool(refused.json()["message"])) == (400, True)
        other = {**body, "camera": "../gate"}
        assert client.post("/api/review/seen", json=other, headers=changer).status_code == 404


def test_a_mark_that_cannot_be_written_is_said(past: Path) -> None:
    (past / "gate.jsonl.seen").mkdir()
    with asked(past) as client:
        body = {"camera": "gate", "events": [f"{5:032x}"], "is_seen": True}
        refused = client.post("/api/review/seen", json=body)
        assert refused.status_code == 507
        assert "cannot be written down" in refused.json()["message"]


def test_a_list_without_cameras_is_empty() -> None:
    feed = HandFeed("gate", "Gate")
    with Review() as review, visited(feed, review=review) as client:
        said = client.get("/api/review").json()
        assert (said["entries"], said["next"], said["rules"]) == ([], None, [])
