"""What the page saves, through HTTP: who may, what may be said, and what the file is then."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from marked import marked, shown_in

from livesegment.monitor.config_file import ConfigFile
from livesegment.monitor.page_editor import PageEditor
from livesegment.settings import ApiKey, WebOptions
from livesegment.settings.monitor import file_tables, saved_by_page
from livesegment.web.page_server import PageServer

TOKEN, VIEW_TOKEN = "correct horse", "battery staple"
PASSWORD, KEY = marked("password"), marked("key")
TEXT = f"""\
# mine
[endpoint]
api_key = "{KEY.replace("%", "x")}"   # never shown

[events]
webhook = "https://example.org/{KEY.replace("%", "x")}"

[[camera]]
name = "gate"
title = "The gate"  # for people
source = "rtsp://anna:${{GATE_PASSWORD}}@127.0.0.1:9/one"
overlay.style = "outline"

# the porch
[[camera.rule]]
name = "porch"
class = "person"
above = 5      # percent

[[camera]]
name = "yard"
source = "pattern:64x48@15"
"""


class Visitor:
    """Somebody who changes a file by its page.

    Attributes:
        path: The file.
        saved: A mark for each time that something was saved.
    """

    def __init__(self, client: httpx.Client, path: Path, saved: list[None]) -> None:
        self.client, self.path, self.saved = client, path, saved

    def settings(self) -> dict[str, Any]:
        """Return what the page says of the file."""
        answer = self.client.get("/api/settings")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def post(self, path: str, **change: Any) -> httpx.Response:
        """Have something saved, for the file as it is."""
        change.setdefault("revision", self.settings()["revision"])
        return self.client.post(f"/api/settings/cameras{path}", json=change)

    def refused(self, path: str, status: int, said: str, **change: Any) -> None:
        """Have something refused, with a sentence, and find the file as it was."""
        before = self.path.read_bytes()
        answer = self.post(path, **change)
        assert (answer.status_code, self.path.read_bytes()) == (status, before), answer.text
        assert said in answer.json()["message"]


@contextmanager
def visiting(
    path: Path, *, may_be_empty: bool = False, options: WebOptions | None = None
) -> Iterator[Visitor]:
    environment = {"GATE_PASSWORD": PASSWORD, "HOME": str(path.parent)}
    saved: list[None] = []
    file = ConfigFile(path, environment, may_be_empty=may_be_empty)
    editor = PageEditor(file, lambda: saved.append(None))
    with (
        PageServer(list, options or WebOptions(port=0), editor=editor) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client,
    ):
        yield Visitor(client, path, saved)


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    path = tmp_path / "cameras.toml"
    path.write_text(TEXT)
    path.chmod(0o600)
    with visiting(path) as somebody:
        yield somebody


def test_no_secret_reaches_the_page(visitor: Visitor) -> None:
    said = visitor.client.get("/api/settings").text
    assert shown_in(said, [PASSWORD, KEY]) == []
    assert "webhook" not in said
    [gate, yard] = visitor.settings()["cameras"]
    assert gate["source"] == "rtsp://anna:\N{BULLET}" + 7 * "\N{BULLET}" + "@127.0.0.1:9/one"
    assert gate["own"] == {"camera.title": "The gate", "overlay.style": "outline"}
    assert gate["rules"] == [{"name": "porch", "class": "person", "above": 5}]
    assert (yard["source"], yard["hidden"]) == ("pattern:64x48@15", [])


def test_only_what_is_changed_is_another_in_the_file(visitor: Visitor) -> None:
    change = {"overlay.style": "blur", "camera.title": "Gate", "picture.mirror": True}
    answer = visitor.post("/gate", values=change)
    assert answer.status_code == 200
    [gate, _] = answer.json()["cameras"]
    assert gate["own"] == change
    expected = TEXT.replace('"The gate"', '"Gate"').replace(
        'overlay.style = "outline"\n', 'overlay.style = "blur"\npicture.mirror = true\n'
    )
    assert visitor.path.read_text() == expected
    assert visitor.path.with_name("cameras.toml.backup").read_text() == TEXT
    assert visitor.saved == [None]


@pytest.mark.parametrize(
    "title",
    [
        'The "gate" \\ \'s # [x]',
        "\N{ARABIC LETTER YEH}\N{ZERO WIDTH NON-JOINER}\N{ARABIC LETTER KHAH}",
        "\N{MAN}\N{ZERO WIDTH JOINER}\N{GIRL}",
    ],
)
def test_a_title_in_any_script_comes_back_as_it_was(visitor: Visitor, title: str) -> None:
    answer = visitor.post("/gate", values={"camera.title": title})
    assert answer.status_code == 200, answer.text
    assert answer.json()["cameras"][0]["own"]["camera.title"] == title


def test_a_form_that_is_saved_unchanged_changes_nothing(visitor: Visitor) -> None:
    [gate, yard] = visitor.settings()["cameras"]
    for each in (gate, yard):
        answer = visitor.post(f"/{each['name']}", values=each["own"], source=each["source"])
        assert answer.status_code == 200
    assert visitor.path.read_text() == TEXT


def test_a_password_is_kept_for_its_own_host_alone(visitor: Visitor) -> None:
    [gate, _] = visitor.settings()["cameras"]
    other = gate["source"].replace("/one", "/two")
    assert visitor.post("/gate", source=other, is_untried=True).status_code == 200
    expected = TEXT.replace("@127.0.0.1:9/one", "@127.0.0.1:9/two")
    assert visitor.path.read_text() == expected
    elsewhere = gate["source"].replace("127.0.0.1", "127.0.0.2")
    visitor.refused("/gate", 400, "type the password again", source=elsewhere, is_untried=True)


def test_rules_and_hidden_parts_come_change_and_go(visitor: Visitor) -> None:
    zone = [[0.1, 0.2], [0.9, 0.2], [0.5, 0.8]]
    rule = {"name": "queue", "class": "person", "count_above": 3, "above": None, "zone": zone}
    [gate, _] = visitor.post("/gate/rules", number=None, table=rule).json()["cameras"]
    assert gate["rules"][1] == {key: each for key, each in rule.items() if each is not None}
    assert visitor.post("/gate/rules", number=0, table={"above": 7}).status_code == 200
    assert "above = 7      # percent\n" in visitor.path.read_text()
    assert visitor.post("/gate/hidden", table={"zone": zone}).json()["cameras"][0]["hidden"] == [
        zone
    ]
    assert visitor.post("/gate/hidden", number=0, table={"zone": zone[::-1]}).status_code == 200
    assert visitor.post("/gate/hidden", number=0, table=None).status_code == 200
    assert visitor.post("/gate/rules", number=1, table=None).status_code == 200
    assert visitor.path.read_text() == TEXT.replace("above = 5 ", "above = 7 ")
    visitor.refused("/gate/rules", 400, "not there any more", number=1, table=None)
    visitor.refused("/gate/rules", 400, "it has either", table={"class": "person"})
    visitor.refused("/gate/hidden", 400, "a 'zone'", table={})


def test_a_camera_is_removed_and_the_last_one_stays(visitor: Visitor) -> None:
    assert visitor.post("/gate/remove").status_code == 200
    first, last = TEXT.index("[[camera]]"), TEXT.rindex("[[camera]]")
    assert visitor.path.read_text() == TEXT[:first] + TEXT[last:]
    visitor.refused("/gate/remove", 404, "no camera 'gate'")
    visitor.refused("/yard/remove", 400, "there is no camera")


def test_what_was_changed_by_hand_meanwhile_is_not_overwritten(visitor: Visitor) -> None:
    revision = visitor.settings()["revision"]
    by_hand = TEXT.replace("above = 5", "above = 6")
    visitor.path.write_text(by_hand)
    visitor.refused("/gate", 409, "was changed meanwhile", revision=revision, values={})
    gone = {"revision": revision, "number": 3, "table": None}
    visitor.refused("/gate/rules", 409, "was changed meanwhile", **gone)
    assert visitor.path.read_text() == by_hand
    assert visitor.post("/gate", values={"camera.title": "G"}).status_code == 200
    assert visitor.path.read_text() == by_hand.replace("The gate", "G")


def test_of_two_who_save_at_once_one_is_refused(visitor: Visitor) -> None:
    revision = visitor.settings()["revision"]
    together = threading.Barrier(2)
    answers: list[int] = []

    def save(title: str) -> None:
        with httpx.Client(base_url=visitor.client.base_url, trust_env=False, timeout=30) as own:
            together.wait(30)
            change = {"revision": revision, "values": {"camera.title": title}}
            answers.append(own.post("/api/settings/cameras/gate", json=change).status_code)

    savers = [threading.Thread(target=save, args=(each,)) for each in ("one", "two")]
    for each in savers:
        each.start()
    for each in savers:
        each.join()
    assert sorted(answers) == [200, 409]


def test_a_file_with_a_mistake_is_said_and_left_alone(visitor: Visitor) -> None:
    visitor.path.write_text(TEXT + "overlay.opacity = 7\n")
    said = visitor.settings()
    assert "overlay.opacity is a number from 0 to 1" in said["problem"]
    assert said["cameras"] == []
    visitor.refused("/gate", 400, "overlay.opacity", values={"camera.title": "G"})


def test_a_number_without_end_is_nothing_that_the_page_shows(visitor: Visitor) -> None:
    visitor.path.write_text(TEXT.replace("overlay.style", "picture.fps_limit = inf\noverlay.style"))
    [gate, _] = visitor.settings()["cameras"]
    assert gate["own"] == {"camera.title": "The gate", "overlay.style": "outline"}
    assert visitor.post("/gate", values={"camera.title": "Gate"}).status_code == 200
    assert "picture.fps_limit = inf\n" in visitor.path.read_text()


def test_a_folder_that_cannot_be_written_is_said(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As root, everything may be written.
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "can be changed by hand only" in visitor.settings()["problem"]


def test_a_disk_that_is_full_is_said_and_leaves_the_file(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fsync)
    said = "cannot be written, nothing was saved: no space left on device"
    visitor.refused("/gate", 503, said, values={"camera.title": "G"})
    assert visitor.saved == []


HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("/gate", {"values": {"camera.title": 5000 * "["}}, "at most 200 characters"),
    ("/gate", {"values": {"camera.title": "a\nsource = 1"}}, "one line"),
    ("/gate", {"values": {"camera.title": "a\x00\x1b[31m"}}, "one line"),
    ("/gate", {"values": {"camera.title": "\N{LINE SEPARATOR}"}}, "one line"),
    ("/gate", {"values": {"camera.title": "\N{RIGHT-TO-LEFT OVERRIDE}etag"}}, "one line"),
    ("/gate", {"values": {"camera.title": "${HOME}"}}, "in the file alone"),
    ("/gate", {"values": {"camera.title": 5}}, "camera.title is"),
    ("/gate", {"values": {"camera.title": {"a": 1}}}, "camera.title is"),
    ("/gate", {"values": {"overlay.style": "nothing"}}, "one of fill"),
    ("/gate", {"values": {"overlay.opacity": 1e999}}, "is no number"),
    ("/gate", {"values": {"overlay.opacity": 10**30}}, "beyond all measure"),
    ("/gate", {"values": {"overlay.classes": ["${HOME}"]}}, "in the file alone"),
    ("/gate", {"values": {"overlay.classes": 300 * ["a"]}}, "at most 256"),
    ("/gate", {"values": {"overlay.classes": [[["a"]]]}}, "a list of texts"),
    ("/gate", {"values": {"camera.name": "other"}}, "not for the page"),
    ("/gate", {"values": {"camera.source": "0"}}, "not for the page"),
    ("/gate", {"values": {"rule.name": "x"}}, "not for the page"),
    ("/gate", {"values": {'a"]\n[web]\nhost': "0.0.0.0"}}, "not for the page"),
    ("/gate", {"values": []}, "an object"),
    ("/gate", {"more": 1}, "has no 'more'"),
    ("/gate", {"source": "rtsp://h/a b"}, "on the page, a camera is"),
    ("/gate", {"source": "rtsp://h/${HOME}"}, "in the file alone"),
    ("/gate/rules", {"table": {"name": "x", "overlay.style": "blur"}}, "not for the page"),
    ("/gate/rules", {"table": None}, "told by its number"),
    ("/gate/rules", {"number": -1, "table": {}}, "whole number"),
    ("/gate/rules", {"number": True, "table": {}}, "whole number"),
    ("/gate/hidden", {"table": {"zone": [[0, 0], [1, 1]]}}, "at least three corners"),
    ("/gate/hidden", {"table": {"zone": [[0, 1e300], [1, 1], [0, 1]]}}, "points of the picture"),
    ("", {"camera": "a/../b", "source": "0"}, "made of letters"),
    ("", {"camera": "a\n", "source": "0"}, "one line"),
    ("", {"camera": ".hidden", "source": "0"}, "made of letters"),
    ("", {"camera": 61 * "a", "source": "0"}, "at most 60"),
    ("", {"camera": "GATE", "source": "0", "is_untried": True}, "two cameras are called"),
    ("", {"camera": "new"}, "needs a source"),
    ("", {"source": "0"}, "camera.name is"),
]


def test_what_the_page_may_not_say_is_refused_and_changes_nothing(visitor: Visitor) -> None:
    revision = visitor.settings()["revision"]
    for path, change, said in HOSTILE:
        answer = visitor.client.post(
            f"/api/settings/cameras{path}",
            content=json.dumps({"revision": revision, **change}).replace("Infinity", "1e999"),
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 400, (change, answer.text)
        assert said in answer.json()["message"], change
    assert (visitor.path.read_text(), visitor.saved) == (TEXT, [])


NO_CAMERAS = [
    "file:///etc/passwd",
    "/etc/passwd",
    "../cameras.toml",
    "pattern:",
    "sample:",
    "browser:",
    "concat:/etc/passwd",
    "udp://0.0.0.0:9",
    "rtmp://h/a",
    "ftp://h/a",
    "tcp://h:1",
    "data:text/plain,x",
    "http:///x",
    "rtsp://",
    "-1",
    "/dev/mem",
    "/dev/video0/../../etc/passwd",
    "/dev/v4l/../mem",
    "${HOME}",
    "rtsp://h/\nx",
    "concat:http://h/a",
]


def test_a_source_is_a_camera_or_an_address_of_one(visitor: Visitor) -> None:
    revision = visitor.settings()["revision"]
    for source in NO_CAMERAS:
        for path, change in (
            ("cameras", {"revision": revision, "camera": "new", "is_untried": True}),
            ("cameras/gate", {"revision": revision, "is_untried": True}),
            ("try", {"camera": "new"}),
        ):
            answer = visitor.client.post(f"/api/settings/{path}", json={**change, "source": source})
            assert answer.status_code == 400, source
            assert answer.json()["message"]
    assert visitor.path.read_text() == TEXT


def test_what_nests_deep_or_is_long_is_no_change(visitor: Visitor) -> None:
    headers = {"content-type": "application/json"}
    for body, status in ((5000 * "[", 400), (900 * "[" + 900 * "]", 400), (70_000 * " ", 413)):
        path = "/api/settings/cameras/gate"
        assert visitor.client.post(path, content=body, headers=headers).status_code == status
        deep = f'{{"revision": "x", "values": {{"overlay.classes": {body}}}}}'
        answer = visitor.client.post(path, content=deep, headers=headers)
        assert answer.status_code in {400, 413}
    assert visitor.path.read_text() == TEXT


def test_who_only_looks_or_comes_from_another_site_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(TEXT)
    options = WebOptions(port=0, token=ApiKey(TOKEN), view_token=ApiKey(VIEW_TOKEN))
    with visiting(path, options=options) as visitor:
        client = visitor.client
        paths = [f"cameras{each}" for each in ("", "/gate", "/gate/remove", "/gate/rules")]
        for each in (*paths, "cameras/gate/hidden", "try"):
            asked = f"/api/settings/{each}"
            assert client.post(asked, json={}).status_code == 401
            looks = {"authorization": f"Bearer {VIEW_TOKEN}"}
            assert client.post(asked, json={}, headers=looks).status_code == 403
            mine = {"authorization": f"Bearer {TOKEN}"}
            elsewhere = {**mine, "origin": "https://evil.example"}
            assert client.post(asked, json={}, headers=elsewhere).status_code == 403
            form = {**mine, "content-type": "application/x-www-form-urlencoded"}
            assert client.post(asked, content="a=b", headers=form).status_code == 415
        assert client.get("/api/settings", headers=looks).status_code == 403
        assert client.get("/api/settings", headers=mine).status_code == 200
        assert client.get("/api/cameras", headers=looks).json()["can_save"] is True
    assert path.read_text() == TEXT


def test_what_is_the_files_alone_is_nothing_that_the_page_saves() -> None:
    saved = saved_by_page()
    lists = {f"{table}.{key}" for table in ("rule", "hide") for key in file_tables()[table]}
    assert saved.keys() - lists == {
        *("camera.name", "camera.source", "camera.title"),
        *("overlay.style", "overlay.opacity", "overlay.classes", "overlay.legend"),
        *("picture.align", "picture.mirror", "picture.smooth", "picture.fps_limit"),
        *("record.on", "record.segment", "record.keep"),
    }
    assert not any(
        option.is_secret for key, option in saved_by_page().items() if key != "camera.source"
    )


def test_a_page_without_a_file_says_so(tmp_path: Path) -> None:
    with (
        PageServer(list, WebOptions(port=0)) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        assert client.get("/api/cameras").json()["can_save"] is False
        answer = client.get("/api/settings")
        assert (answer.status_code, answer.json()["message"]) == (
            404,
            "this page has no file in which anything could be saved",
        )
