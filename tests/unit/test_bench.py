"""What `livesegment bench` finds out, with how many calls, and what it recommends."""

import json
import os
import shlex
import signal
import threading
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from marked import marked, shown_in
from odd_endpoint import Answer, OddEndpoint, raw

from livesegment.bench.advice import advise, look
from livesegment.bench.command_line import live_command
from livesegment.bench.found import Asked, Found, Tried
from livesegment.bench.plan import Picture, other_pictures, steps
from livesegment.cli.app import run
from livesegment.cli.line import read_line
from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply
from livesegment.settings import ApiKey, EndpointOptions, ModelFileOptions
from livesegment.settings.commands import BenchCommand, LiveCommand

GOOD = raw("200 OK", json.dumps(flat_reply(Mask(np.ones((36, 64), np.uint8)))).encode())
BUSY = raw("429 Too Many\r\nRetry-After: 60", b"{}")
SMALL = "pattern:64x36@30"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave OpenCV's threads as other tests expect them."""
    threads = cv2.getNumThreads()
    yield
    cv2.setNumThreads(threads)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of the developer's own keys and proxies, and be quick."""
    for name in ("LIVESEGMENT_API_KEY", "ROBOFLOW_API_KEY", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("livesegment.bench.rehearsal.SECONDS", 0.2)


def load(at_once: int, round_trip_s: float, **known: object) -> Asked:
    return Asked(at_once, (round_trip_s,) * 4, 4, **known)  # type: ignore[arg-type]


def tried(side: int, quality: int, round_trip_s: float) -> Tried:
    return Tried(Picture(side, quality), (side, side), side * quality, load(1, round_trip_s))


def found(loads: Sequence[Asked], pictures: Sequence[Tried] = ()) -> Found:
    known = list(pictures) or [tried(640, 80, loads[0].round_trip_s)]
    return Found(60, tried=known, loads=list(loads))


def asked(*arguments: str, answers: Sequence[Answer] = ()) -> tuple[int, OddEndpoint]:
    """Run the program against an endpoint that answers so, and then well."""
    many = threading.Lock()
    left = list(answers)

    def answer(_: int) -> Answer:
        with many:
            return left.pop(0) if left else GOOD

    endpoint = OddEndpoint(answer)
    with endpoint.serving() as url:
        words = ["bench", SMALL, "--endpoint", url, "--model", "any/1", *arguments]
        return run(words), endpoint


def test_it_makes_no_more_calls_than_it_says_first(capsys: pytest.CaptureFixture[str]) -> None:
    code, endpoint = asked(
        "--json", "--max-calls", "20", "--price-per-call", "0.5", "--currency", "EUR"
    )
    said = capsys.readouterr()
    assert code == 0
    assert said.err.startswith("livesegment: making up to 20 calls, each of which may be billed")
    result = json.loads(said.out)
    assert len(endpoint.log) == result["calls"] <= 20
    assert result["endpoint"] in result["command"]
    assert [each["in_flight"] for each in result["in_flight"]][:2] == [1, 2]
    # A picture of 64x36 is sent as it is whatever the longest side: only its quality differs.
    assert [each["jpeg_quality"] for each in result["pictures"]] == [80, 50, 30]
    assert result["currency"] == "EUR"
    usual = result["live"]["usual"]
    assert 0 < usual["masks_per_s"] <= 30
    assert usual["price_per_hour"] == pytest.approx(usual["masks_per_s"] * 1800, rel=0.01)
    read_line(LiveCommand, shlex.split(result["command"])[2:], {})


def test_a_person_gets_tables_and_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert asked()[0] == 0
    lines = capsys.readouterr().out.splitlines()
    assert "64x36, JPEG 80" in "".join(lines)
    assert any(line.startswith("live as it is: ") for line in lines)
    assert lines[-1].startswith(f"livesegment live {SMALL} --endpoint http://127.0.0.1:")


def test_the_built_in_model_is_measured_and_costs_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["bench", "--max-calls", "4"]) == 0
    said = capsys.readouterr()
    assert "in this process up to 4 times" in said.err
    assert "an hour" not in said.out
    assert said.out.splitlines()[-1] == "livesegment live"


@pytest.mark.parametrize(
    ("status", "says"),
    [("401 No", "key"), ("404 No", "model"), ("402 No", "credits"), ("500 No", "500")],
)
def test_a_refusal_is_one_sentence_and_one_call(
    status: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = marked("key")
    refusal = raw(status, json.dumps({"message": key}).encode())
    code, endpoint = asked("--api-key", key, answers=[refusal] * 9)
    said = capsys.readouterr()
    assert code == 4
    assert len(endpoint.log) <= 2  # once more with the key in the address
    assert says in said.err.splitlines()[-1]
    assert said.out == ""
    assert not shown_in(said.err, [key])


def test_no_call_is_made_where_none_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    code, endpoint = asked("--max-calls", "0")
    assert code == 0
    assert endpoint.log == []
    assert capsys.readouterr().out.startswith("0 calls")


def test_nobody_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", SMALL, "--endpoint", "http://127.0.0.1:9", "--model", "any/1"]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_refusal_later_leaves_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    refusal = raw("402 No", b"{}")
    assert asked(answers=[*[GOOD] * 6, refusal, refusal, refusal])[0] == 4
    said = capsys.readouterr()
    assert "not everything was tried" in said.out
    assert "livesegment live" in said.out
    assert "credits" in said.err.splitlines()[-1]


def test_ctrl_c_says_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(connection: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return GOOD(connection)  # type: ignore[arg-type]

    assert asked(answers=[*[GOOD] * 6, interrupt])[0] == 130
    said = capsys.readouterr()
    assert "not everything was tried: interrupted" in said.out
    assert "livesegment live" in said.out
    assert said.err.splitlines()[-1] == "livesegment: interrupted"


def test_an_endpoint_that_asks_for_less_is_not_asked_for_more() -> None:
    seen = found([load(1, 0.2), load(2, 0.2), load(4, 0.2, asked_for_less=True)])
    advice = advise(seen, ttl_s=2)
    assert advice is not None
    assert advice.best.at_once == 2
    assert advice.is_at_knee


def test_a_pause_that_the_endpoint_asks_for_is_not_waited_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, endpoint = asked(answers=[*[GOOD] * 6, BUSY, BUSY])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert len(endpoint.log) <= 9
    assert "2" + " " * 7 in next(each for each in lines if each.endswith("fewer calls"))
    assert "not everything was tried: the endpoint asks for fewer calls" in lines


def test_requests_that_queue_are_not_recommended() -> None:
    advice = advise(found([load(1, 0.4), load(2, 0.8)]), ttl_s=2)
    assert advice is not None
    assert (advice.knee, advice.best.at_once, advice.words) == (1, 1, ())


def test_more_than_live_takes_by_itself_is_recommended_where_masks_get_younger() -> None:
    advice = advise(found([load(n, 0.5) for n in (1, 2, 4, 8, 16)]), ttl_s=2)
    assert advice is not None
    assert advice.words == ("--in-flight", "auto")
    assert advice.usual.at_once == 4
    assert advice.best.mask_age_s < advice.usual.mask_age_s


def test_no_more_is_recommended_than_this_machine_shows() -> None:
    seen = found([load(n, 0.5) for n in (1, 2, 4, 8, 16)])
    advice = advise(seen, ttl_s=2, fps=6)
    assert advice is not None
    assert advice.words == ()


def test_smaller_pictures_are_recommended_where_they_make_masks_younger() -> None:
    pictures = [tried(640, 80, 0.6), tried(640, 50, 0.4), tried(480, 50, 0.38), tried(320, 30, 0.2)]
    advice = advise(found([load(1, 0.6), load(2, 1.2)], pictures), ttl_s=2)
    assert advice is not None
    assert advice.words == ("--max-side", "320", "--jpeg-quality", "30")
    # They lose detail: where they gain little, they stay as they are.
    pictures[1:] = [tried(640, 50, 0.58), tried(320, 30, 0.57)]
    advice = advise(found([load(1, 0.6), load(2, 1.2)], pictures), ttl_s=2)
    assert advice is not None
    assert advice.words == ()


def test_masks_that_come_later_than_they_are_drawn_get_more_time() -> None:
    advice = advise(found([load(1, 3.0)]), ttl_s=2)
    assert advice is not None
    assert advice.is_too_late
    assert advice.words == ("--mask-ttl", "10")


def test_nothing_is_recommended_where_nothing_is_known() -> None:
    assert advise(Found(60), ttl_s=2) is None


def test_no_more_masks_than_pictures_and_calls_allowed() -> None:
    assert look(16, 0.1, fps=30).masks_per_s == 30
    assert look(16, 0.1, fps=30, call_rate=5).masks_per_s == 5
    assert look(1, 0.1, fps=30).masks_per_s == pytest.approx(10)


@pytest.mark.parametrize(("most", "tried"), [(1, []), (3, [2, 3]), (8, [2, 4, 8])])
def test_requests_at_once_are_doubled(most: int, tried: list[int]) -> None:
    assert list(steps(most)) == tried


def test_a_size_and_a_quality_that_were_asked_for_are_kept() -> None:
    sides = {each.max_side for each in others(max_side=500)}
    assert sides <= {500, 480, 320}
    assert {each.jpeg_quality for each in others(jpeg_quality=70)} == {70}
    assert others(max_side=500, jpeg_quality=70) == []


def others(**options: int) -> list[Picture]:
    asked = EndpointOptions("http://a", "b/1", **options)  # type: ignore[arg-type]
    return other_pictures(asked, (1280, 720))


@pytest.mark.parametrize(
    "words",
    [
        ["--endpoint", "http://a:9001", "--model", "b/1", "--confidence", "30.5", "--timeout", "3"],
        ["--prompt", "cup,a red car"],
        ["--model-file", "my model.onnx", "--input-size", "320x200", "--bgr", "--mean", "1,2.5,3"],
        ["--endpoint", "builtin", "--device", "cpu"],
    ],
)
def test_the_command_has_the_options_that_were_given(words: list[str]) -> None:
    asked, _ = read_line(BenchCommand, ["clip.mp4", *words], {})
    line = shlex.split(live_command("clip.mp4", asked.endpoint, ["--max-side", "320"]))
    shown, _ = read_line(LiveCommand, line[2:], {})
    assert shown.source == "clip.mp4"
    assert shown.options.endpoint.max_side == 320
    again = shown.options.endpoint
    for name in ("endpoint", "model", "prompt", "confidence", "timeout_s", "file", "device"):
        assert getattr(again, name) == getattr(asked.endpoint, name)


def test_the_command_has_no_key_and_no_password() -> None:
    key, password = marked("key"), marked("password")
    options = EndpointOptions(
        f"http://anna:{quote(password, safe='')}@host:9001/x?token={quote(password, safe='')}",
        "a/1",
        api_key=ApiKey(key),
    )
    line = live_command(f"rtsp://anna:{password}@camera/", options, [])
    assert not shown_in(line, [key, password])
    assert "--endpoint http://host:9001/x" in line


def test_what_was_hidden_stays_hidden_in_the_command() -> None:
    asked, _ = read_line(BenchCommand, ["0", "--hide", "0,0 0.3,0 0.3,0.123456789"], {})
    line = shlex.split(live_command("0", asked.endpoint, [], asked.hide))
    shown, _ = read_line(LiveCommand, line[2:], {})
    assert shown.options.hide == asked.hide == (((0, 0), (0.3, 0), (0.3, 0.123456789)),)


def test_a_drawn_scene_does_not_answer_in_the_place_of_the_model() -> None:
    assert "--endpoint builtin" in live_command("pattern:", EndpointOptions(), [])
    own = EndpointOptions(file=ModelFileOptions(model_file="a.onnx"))
    assert "--endpoint" not in live_command("pattern:", own, [])
