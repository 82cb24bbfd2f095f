"""Answers other than 200."""

import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from marked import forms, marked, shown_in

from livesegment.errors import (
    AuthenticationFailed,
    EndpointError,
    ModelNotFound,
    PaymentRequired,
    RateLimited,
    RequestRefused,
    ServerFailed,
)
from livesegment.protocol.status import error_for_status, retry_after_s

KEY = marked("key")
URL = "https://host/model/1"
NOW = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)


def error(status: int, body: bytes = b"", secrets: tuple[str, ...] = ()) -> EndpointError:
    return error_for_status(status, {}, body, url=URL, secrets=secrets)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (301, RequestRefused, False),
        (400, RequestRefused, False),
        (401, AuthenticationFailed, False),
        (402, PaymentRequired, False),
        (403, AuthenticationFailed, False),
        (404, ModelNotFound, False),
        (413, RequestRefused, False),
        (423, RequestRefused, False),
        (429, RateLimited, True),
        (500, RequestRefused, False),
        (502, ServerFailed, True),
        (503, ServerFailed, True),
        (504, ServerFailed, True),
        (507, RequestRefused, False),
    ],
)
def test_every_status_has_its_error(
    status: int, kind: type[EndpointError], retryable: bool
) -> None:
    found = error(status)
    assert type(found) is kind
    assert found.retryable is retryable
    assert (found.status, found.url) == (status, URL)
    assert str(status) in str(found)
    assert URL in str(found)


@pytest.mark.parametrize(
    "body",
    [
        b'{"message": "out of paper"}',
        b'{"Message": "out of paper"}',
        b'{"detail": "out of paper"}',
        b'{"error": {"message": "out of paper"}}',
        b'"out of paper"',
        b"out\n of\r\n\tpaper",
    ],
)
def test_what_the_endpoint_says_is_passed_on(body: bytes) -> None:
    assert str(error(400, body)).endswith("(status 400: out of paper)")


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"null", b'{"message": {"a": 1}}'])
def test_an_endpoint_may_say_nothing(body: bytes) -> None:
    assert str(error(400, body)).endswith("(status 400)")


def test_a_long_message_is_cut_and_stays_one_line() -> None:
    text = str(error(400, b'{"message": "' + b"word\\n" * 5000 + b'"}'))
    assert "\n" not in text
    assert len(text) < 300


def test_terminal_escapes_do_not_pass() -> None:
    assert "\x1b" not in str(error(400, b"\x1b[31mred\x1b]0;title\x07"))


def test_markup_is_named_not_shown() -> None:
    text = str(error(404, b"\n<!doctype html><body>nginx</body>"))
    assert "an HTML page" in text
    assert "nginx" not in text


@pytest.mark.parametrize("form", forms(KEY))
@pytest.mark.parametrize("before", [0, 190, 65_520])
def test_an_echoed_key_does_not_pass_in_any_form(form: str, before: int) -> None:
    # Nor half of it, where the text is cut.
    said = f"{' ' * before}no access with {forms(KEY)[form]} here"
    for body in (said, json.dumps({"message": said}), json.dumps({"detail": {"error": said}})):
        assert not shown_in(str(error(401, body.encode(), (KEY,))), [KEY])


@pytest.mark.parametrize("form", forms("schlüssel_9"))
def test_a_key_in_other_letters_does_not_pass(form: str) -> None:
    said = forms("schlüssel_9")[form]
    text = str(error(401, f"no access with {said} here".encode(), ("schlüssel_9",)))
    assert text.count("...") == 1
    assert said[-12:-4] not in text


def test_a_short_key_does_not_pass_either() -> None:
    text = str(error(401, b"no access with s3 c/r+et& or s3%20c%2Fr%2Bet%26", ("s3 c/r+et&",)))
    assert "s3" not in text
    assert "no access with" in text


def test_where_there_is_much_to_look_through_it_takes_no_longer() -> None:
    many = (
        b"\\" * 29 + b"x",
        b"\\" * 65_536,
        b"%25" * 20_000,
        b"%" + b"25" * 30_000,
        b"Z&#" * 20_000,
    )
    for body in many:
        assert "status 401" in str(error(401, body, (KEY, "\\" * 30 + "y", "%25" * 30)))


@pytest.mark.parametrize("secret", ["a\\b\\\\c9", "\\\\anna\\x"])
def test_a_key_with_backslashes_does_not_pass(secret: str) -> None:
    for body in (secret, json.dumps(secret), json.dumps(json.dumps(secret)), quote(secret)):
        text = str(error(401, f"no access with {body} here".encode(), (secret,)))
        assert set(text.partition("with ")[2].removesuffix(" here)")) <= set('"\\.')


@pytest.mark.parametrize("form", forms(KEY))
@pytest.mark.parametrize("at", ["{}@other/a/1", "other/{}/a/1", "other/a/1?api_key={}"])
def test_a_redirect_is_not_followed_and_shows_no_key(form: str, at: str) -> None:
    to = f"https://{at.format(forms(KEY)[form])}"
    text = str(error_for_status(302, {"location": to}, b"", url=URL, secrets=(KEY,)))
    assert not shown_in(text, [KEY])


def test_a_redirect_says_where_to() -> None:
    assert "https://other/a/1;" in str(
        error_for_status(302, {"location": "https://other/a/1?x=1"}, b"", url=URL)
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("5", 5.0),
        ("0.5", 0.5),
        (" 7 ", 7.0),
        ("-3", None),
        ("Wed, 01 May 2024 12:01:00 GMT", 60.0),
        ("Wed, 01 May 2024 12:01:00 -0000", 60.0),
        ("0", None),
        ("1e9", 366 * 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 366 * 86_400.0),
        ("Wed, 01 May 2024 11:00:00 GMT", None),
        ("Wed, 01 May 99999 12:01:00 GMT", None),
        ("Wed, 01 May 99999999999 12:01:00 GMT", None),
        ("Wed, 01 May 2024 12:01:00 +99999999999999999", None),
        ("9" * 5000, None),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header: str | None, expected: float | None) -> None:
    assert retry_after_s(header, NOW) == expected


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retry_after_arrives_in_the_error(status: int) -> None:
    found = error_for_status(status, {"retry-after": "12"}, b"", url=URL)
    assert isinstance(found, RateLimited | ServerFailed)
    assert found.retry_after_s == 12


@pytest.mark.parametrize(
    "said",
    [
        "Required Roboflow API key is missing. Visit https://docs",
        "api_key missing",
        "An api-key required for this",
    ],
)
def test_a_bad_request_that_misses_a_key_is_about_the_key(said: str) -> None:
    body = json.dumps({"message": said}).encode()
    for has_key, meaning in ((True, "does not accept"), (False, "no key given: set LIVESEGMENT")):
        found = error_for_status(400, {}, body, url=URL, has_key=has_key)
        assert type(found) is AuthenticationFailed
        assert meaning in str(found)
    assert type(error(400, b'{"message": "the image is missing"}')) is RequestRefused


def test_a_server_may_know_no_aliases() -> None:
    alias = error_for_status(404, {}, b"", url="http://host:9001/yolo26n-sem-1024")
    assert "or knows none by an alias: try SLUG/VERSION (status 404)" in str(alias)
    assert "alias" not in str(error_for_status(404, {}, b"", url="http://host:9001/a/1"))
