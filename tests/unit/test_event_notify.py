"""People who are told: by a server that speaks ntfy, and by one that takes Apprise's JSON."""

import base64
import json
import logging
import threading
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import need_package
from events import event
from marked import marked, shown_in
from parts import Clock
from receiver import Receiver

from livesegment import EventOptions, OptionsError
from livesegment.backoff import Backoff
from livesegment.cli.app import run
from livesegment.settings.quiet_hours import QuietHours
from livesegment.settings.rule import Rule

need_package("apprise", extra="notify")

from livesegment.events.notify import PAUSE_S, Notifier, Phone, in_words  # noqa: E402

AT_ONCE = Backoff(attempts=3, first_wait_s=0.01, max_wait_s=0.01)
DOOR = Rule("door", class_name="person", above=0.05)


def test_a_phone_gets_the_event_with_its_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 a picture")
    receiver = Receiver(200)
    with receiver.serving() as url:
        host = url.removeprefix("http://")
        addresses = [f"ntfy://{host}/yard-topic", f"json://{host}/hook"]
        with Notifier(addresses, [DOOR], tmp_path) as notifier:
            notifier.put(event(1, coverage=0.123, snapshot="a.jpg"))
            receiver.wait_for(2)
    by_path = {
        headers[":path"].split("?")[0]: (headers, body) for headers, body in receiver.requests
    }
    headers, body = by_path["/yard-topic"]
    assert body == b"\xff\xd8 a picture"
    said = " ".join([headers[":path"], *headers.values()])
    assert "github" not in said, "no phone loads a picture from elsewhere"
    assert "yard" in said
    assert "12.3" in said
    posted = json.loads(by_path["/hook"][1])
    assert (posted["title"], posted["message"]) == (
        "yard: door",
        "person: 12.3% of the zone, 15:51:01",
    )
    [picture] = posted["attachments"]
    assert base64.b64decode(picture["base64"]) == b"\xff\xd8 a picture"
    assert picture["mimetype"] == "image/jpeg"


def test_an_event_without_a_picture_is_told_all_the_same(tmp_path: Path) -> None:
    receiver = Receiver(200)
    with receiver.serving() as url:
        address = f"json://{url.removeprefix('http://')}"
        with Notifier([address], [DOOR], tmp_path) as notifier:
            notifier.put(event(1, coverage=0.1, snapshot="gone.jpg"))
            receiver.wait_for(1)
    assert json.loads(receiver.requests[0][1])["attachments"] == []


def test_one_message_a_rule_and_cooldown_and_none_in_the_quiet_hours() -> None:
    clock, hour = Clock(), [12]
    receiver, rules = (
        Receiver(200),
        [DOOR, Rule("gate", class_name="cat", above=0.1, cooldown_s=300)],
    )
    with receiver.serving() as url:
        notifier = Notifier(
            [f"json://{url.removeprefix('http://')}"],
            rules,
            None,
            QuietHours.parse("22:00-07:00"),
            clock=clock,
            now=lambda: datetime(2026, 11, 23, hour[0], 30),
        )
        with notifier:
            for now_s, local_hour, rule, kind in (
                (100, 12, "door", "begin"),  # told
                (101, 12, "door", "end"),
                (130, 12, "door", "begin"),
                (131, 12, "gate", "begin"),  # told
                (161, 12, "door", "begin"),  # told
                (300, 12, "gate", "begin"),
                (400, 23, "door", "begin"),
                (401, 6, "door", "begin"),
                (432, 7, "gate", "begin"),  # told
            ):
                clock.now_s, hour[0] = now_s, local_hour
                notifier.put(event(now_s, kind, rule=rule, coverage=now_s / 1000))
            receiver.wait_for(4)
    told = [json.loads(body)["title"] for _, body in receiver.requests]
    assert told == ["yard: door", "yard: gate", "yard: door", "yard: gate"]


def test_who_was_told_is_left_alone_by_the_next_run_as_well(tmp_path: Path) -> None:
    receiver, told, at_s = Receiver(200), tmp_path / "state" / "yard.json", [1000.0]
    rules = [DOOR, Rule("gate", class_name="cat", above=0.1, cooldown_s=300)]
    with receiver.serving() as url:
        for now_s, rule in (
            (1000, "door"),  # told
            (1001, "gate"),  # told
            (1030, "door"),
            (1061, "door"),  # told
            (1290, "gate"),
            (1302, "gate"),  # told
            (1303, "door"),  # told
            (500, "door"),  # the clock was set back: a minute at the most
        ):
            at_s[0] = now_s
            clock = Clock()  # each run's begins anew
            with Notifier(
                [f"json://{url.removeprefix('http://')}"],
                rules,
                None,
                clock=clock,
                now=lambda: datetime.fromtimestamp(at_s[0]),
                told=told,
            ) as notifier:
                notifier.put(event(now_s, rule=rule))
                clock.now_s += PAUSE_S if now_s == 500 else 0
                notifier.put(event(now_s, rule=rule))  # told, at 500
        receiver.wait_for(6)
    told_of = [json.loads(body)["title"].removeprefix("yard: ") for _, body in receiver.requests]
    assert told_of == ["door", "gate", "door", "gate", "door", "door"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"door": "x", "gate": true}', '{"door": NaN}', "[" * 5000]
)
def test_a_spoiled_memory_holds_back_nothing(tmp_path: Path, text: str) -> None:
    receiver, told = Receiver(200), tmp_path / "yard.json"
    told.write_text(text)
    with receiver.serving() as url:
        address = f"json://{url.removeprefix('http://')}"
        with Notifier([address], [DOOR], None, told=told) as notifier:
            notifier.put(event(1, coverage=0.1))
            receiver.wait_for(1)


def test_who_does_not_take_it_is_asked_again_and_the_others_are_not() -> None:
    good, bad, lost = Receiver(200), Receiver(500, 500, 200), []
    with good.serving() as url, bad.serving() as other:
        addresses = [f"json://{each.removeprefix('http://')}" for each in (url, other)]
        with Notifier(addresses, [DOOR], None, on_lost=lost.append, backoff=AT_ONCE) as notifier:
            notifier.put(event(1, coverage=0.1))
            bad.wait_for(3)
    assert len(good.requests) == 1
    assert lost == []


def test_nobody_waits_for_a_phone_and_what_is_not_taken_is_lost_and_counted() -> None:
    held, lost = threading.Event(), []

    class Slow(Receiver):
        def answer(self, headers: dict[str, str], body: bytes) -> int:
            held.wait(20)
            return super().answer(headers, body)

    receiver = Slow(503)
    with receiver.serving() as url:
        address = f"json://{url.removeprefix('http://')}"
        rules = [Rule(f"r{n}", class_name="x", above=0.5) for n in range(40)]
        notifier = Notifier([address], rules, None, on_lost=lost.append, backoff=AT_ONCE)
        for rule in rules:
            notifier.put(event(1, rule=rule.name))
        # One is being sent, and twenty wait.
        assert sum(lost) in (19, 20)
        held.set()
        notifier.close()
        notifier.close()
    assert sum(lost) == 40


def test_an_address_is_in_nothing_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = marked("notify")
    quoted = quote(secret, safe="")
    receiver = Receiver(403)
    with receiver.serving() as url:
        host = url.removeprefix("http://")
        addresses = [
            f"json://anna:{quoted}@{host}/{quoted}?-t={quoted}",
            f"ntfy://{quoted}@{host}/topic-{quoted}",
            f"json://127.0.0.1:9/{quoted}",
        ]
        options = EventOptions(notify=addresses)
        assert options.notify == tuple(addresses)
        with Notifier(addresses, [DOOR], None, backoff=AT_ONCE) as notifier:
            notifier.put(event(1, coverage=0.1))
            receiver.wait_for(2)
    assert "notify 1 (json) did not take a message" in caplog.text
    errors = []
    for wrong in (f"nonsense://{quoted}", f"tgram://{quoted}"):
        with pytest.raises(OptionsError) as caught:
            Phone(3, wrong)
        errors.append(str(caught.value))
    with pytest.raises(OptionsError) as caught:
        EventOptions(notify=[secret])
    said = {"log": caplog.text, "repr": repr(options), "errors": " ".join(errors)}
    assert shown_in(said | {"option": str(caught.value)}, [secret]) == []
    assert "address 3 of --notify" in errors[0]


def test_an_event_is_a_sentence() -> None:
    assert in_words(event(1, count=4, counted="regions")) == "person: 4 regions, 15:51:01"
    lost = event(2, subject="camera", class_name=None)
    assert in_words(lost) == "no picture comes any more, since 15:51:02"
    assert in_words(event(3, subject="endpoint")).startswith("the model does not answer any more")


@pytest.mark.parametrize("text", ["22-7", "22:00", "25:00-01:00", "22:00-22:00", "1:60-2:00"])
def test_hours_that_are_none_are_told(text: str) -> None:
    with pytest.raises(OptionsError, match="quiet_hours is two times of the day, such as 22:00-07"):
        EventOptions(quiet_hours=text)


def test_quiet_hours_may_go_over_midnight_and_to_it() -> None:
    night, noon = QuietHours.parse("22:00-7:00"), QuietHours.parse("12:00 - 13:30")
    evening = QuietHours.parse("20:00-24:00")
    hours = [datetime(2026, 1, 1, hour, 15).time() for hour in range(24)]
    assert [each.hour for each in hours if each in night] == [0, 1, 2, 3, 4, 5, 6, 22, 23]
    assert [each.hour for each in hours if each in noon] == [12, 13]
    assert [each.hour for each in hours if each in evening] == [20, 21, 22, 23]


def test_the_phones_of_a_file_are_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = Receiver(200), Receiver(403)
    path = tmp_path / "cameras.toml"
    with good.serving() as url, bad.serving() as other:
        secret = marked("topic")
        monkeypatch.setenv("TOPIC", quote(secret, safe=""))
        addresses = [f"ntfy://anna:${{TOPIC}}@{url.removeprefix('http://')}/yard"]
        text = '[events]\nnotify = [{}]\n[[camera]]\nname = "a"\nsource = "pattern:"\n'

        def tried() -> tuple[int, str, str]:
            path.write_text(text.format(", ".join(json.dumps(each) for each in addresses)))
            path.chmod(0o600)
            code = run(["monitor", "--test-notify", str(path)])
            return code, *capsys.readouterr()

        assert tried() == (0, "notify 1 (ntfy): sent\n", "")
        addresses.append(f"json://{other.removeprefix('http://')}/${{TOPIC}}")
        code, out, err = tried()
        assert (code, out) == (5, "notify 1 (ntfy): sent\nnotify 2 (json): not taken\n")
        assert err.startswith("livesegment: 1 of 2 addresses did not take the message: notify 2 (j")
        addresses.append("nonsense://${TOPIC}")
        code, out, wrong = tried()
        assert (code, out) == (2, "")
        assert "address 3 of --notify (events.notify) is none that Apprise knows" in wrong
        assert shown_in(err + wrong, [secret]) == []
        assert len(good.requests) == 2
    addresses.clear()
    assert "names nobody to be told" in tried()[2]
