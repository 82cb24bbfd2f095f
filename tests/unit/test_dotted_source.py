"""A source as the page sees it: no secret in it, and kept where only the rest of it changes."""

import pytest
from marked import marked, shown_in

from livesegment import OptionsError
from livesegment.monitor.dotted_source import DOTS, dotted, undotted

SECRET = marked("password")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("0", "0"),
        ("/dev/video0", "/dev/video0"),
        ("pattern:64x48@15", "pattern:64x48@15"),
        ("rtsp://h/s", "rtsp://h/s"),
        ("rtsp://[::1]:554/s", "rtsp://[::1]:554/s"),
        ("rtsp://anna:pw@h:554/s", f"rtsp://anna:{DOTS}@h:554/s"),
        ("rtsp://anna:a@b@h/s", f"rtsp://anna:{DOTS}@h/s"),
        ("rtsp://token@h/s", f"rtsp://{DOTS}@h/s"),
        ("rtsp://anna:${PASSWORD}@h/s", f"rtsp://anna:{DOTS}@h/s"),
        ("rtsp://h/user=a&password=pw&channel=1", f"rtsp://h/user=a&password={DOTS}&channel=1"),
        ("rtsp://h/user=a_password=pw_channel=1", f"rtsp://h/user=a_password={DOTS}_channel=1"),
        ("http://h/s?a=1&b#c", f"http://h/s?a={DOTS}&{DOTS}#{DOTS}"),
    ],
)
def test_passwords_and_values_of_queries_show_as_dots(source: str, shown: str) -> None:
    assert dotted(source) == shown
    assert undotted(shown, source) == source


@pytest.mark.parametrize(
    "source",
    [
        f"rtsp://anna:{SECRET}@h/s",
        f"rtsp://anna:{SECRET}@h:554/s?token={SECRET}",
        f"http://h/s#{SECRET}",
        f"rtsp://anna:{SECRET}/x@h/s",
        f"rtsp://anna:x?{SECRET}@h/s",
        f"rtsp:/anna:{SECRET}@h/s",
        f"anna:{SECRET}@h",
        f"rtsp://{SECRET}@h/s",
        f"rtsp://h/user=anna&password={SECRET.partition('&')[0]}&channel=1",
        f"rtsp://h:{SECRET}",
    ],
)
def test_no_secret_is_shown_however_a_source_is_written(source: str) -> None:
    assert shown_in(dotted(source), [SECRET]) == []
    assert undotted(dotted(source), source) == source


def test_what_is_kept_stays_while_the_rest_changes() -> None:
    kept = "rtsp://anna:${PW}@h:554/one?channel=1&key=k"
    sent = f"rtsp://anna:{DOTS}@h:554/two?channel=2&key={DOTS}"
    assert undotted(sent, kept) == "rtsp://anna:${PW}@h:554/two?channel=2&key=k"
    assert undotted("rtsp://anna:new@h/one", kept) == "rtsp://anna:new@h/one"
    kept = "rtsp://h/user=anna_password=pw_channel=1_stream=0.sdp"
    sent = f"rtsp://h/user=anna_password={DOTS}_channel=2_stream=0.sdp"
    assert undotted(sent, kept) == "rtsp://h/user=anna_password=pw_channel=2_stream=0.sdp"


@pytest.mark.parametrize(
    "sent",
    [
        f"rtsp://anna:{DOTS}@elsewhere:554/one",
        f"rtsp://anna:{DOTS}@h:555/one",
        f"http://anna:{DOTS}@h:554/one",
        f"rtsp://eve:{DOTS}@h:554/one",
        f"rtsp://h.evil/?x={DOTS}",
        f"rtsp://anna:{DOTS}x@h:554/one",
        f"rtsp://anna:{DOTS}@h:554/one?other={DOTS}",
        f"rtsp://anna:{DOTS}@h:554/{DOTS}",
        DOTS,
    ],
)
def test_a_password_is_sent_to_nobody_else(sent: str) -> None:
    with pytest.raises(OptionsError, match="type the password again"):
        undotted(sent, "rtsp://anna:pw@h:554/one?key=k")


@pytest.mark.parametrize("sent", ["rtsp://evil/password={}", "rtsp://h/pwd={}", "rtsp://h/{}"])
def test_a_password_of_a_path_is_sent_to_nobody_else(sent: str) -> None:
    with pytest.raises(OptionsError, match="type the password again"):
        undotted(sent.format(DOTS), "rtsp://h/user=anna&password=pw")
