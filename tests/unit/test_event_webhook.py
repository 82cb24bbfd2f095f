"""Events posted to a real server: retries, signatures, refusals."""

import base64
import hashlib
import hmac
import json
import logging
import threading

import pytest
from events import event
from receiver import Receiver

from livesegment import ApiKey, OptionsError
from livesegment.backoff import Backoff
from livesegment.events.webhook import Webhook, sign


def test_an_event_is_sent_again_until_it_is_taken_and_signed_anew_each_time() -> None:
    receiver, lost, moments = Receiver(500, 0, 204), [], iter([1000.9, 1001.0, 1002.0, 1003.0])
    secret = ApiKey("whsec_" + base64.b64encode(b"a key of 24 bytes at least").decode())
    with (
        receiver.serving() as url,
        Webhook(
            f"{url}/hook?token=hidden",
            secret,
            lost.append,
            backoff=Backoff(attempts=10, first_wait_s=0.01),
            clock=lambda: next(moments),
        ) as webhook,
    ):
        webhook.put(event(1))
        receiver.wait_for(3)
        webhook.put(event(1, "end"))
        receiver.wait_for(4)
    assert lost == []
    assert [headers["webhook-id"] for headers, _ in receiver.requests] == [
        *[f"{1:032x}-begin"] * 3,
        f"{1:032x}-end",
    ]
    for (headers, body), stamp in zip(receiver.requests, [1000, 1001, 1002, 1003], strict=True):
        assert headers["webhook-timestamp"] == str(stamp)
        assert headers["content-type"] == "application/json"
        signed = f"{headers['webhook-id']}.{stamp}.".encode() + body
        digest = hmac.new(b"a key of 24 bytes at least", signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert json.loads(receiver.requests[0][1]) == json.loads(event(1).as_json())


def test_the_signature_is_that_of_the_standards_example() -> None:
    # Source: the test vector of the reference libraries of Standard Webhooks.
    secret = ApiKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "said"),
    [(307, "a redirect, which is not followed"), (401, "status 401"), (404, "status 404")],
)
def test_a_refusal_for_good_loses_the_event_and_the_next_is_sent(
    status: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver, lost = Receiver(status, 200), []
    with (
        caplog.at_level(logging.DEBUG),
        receiver.serving() as url,
        Webhook(f"{url}/hook?token=hidden", None, lost.append) as webhook,
    ):
        webhook.put(event(1))
        webhook.put(event(2))
        receiver.wait_for(2)
    assert sum(lost) == 1
    assert [json.loads(body)["id"] for _, body in receiver.requests] == [
        event(1).id,
        event(2).id,
    ]
    assert "webhook-signature" not in receiver.requests[0][0]
    assert any(said in message for message in caplog.messages)
    assert "hidden" not in caplog.text


def test_an_event_that_nobody_takes_is_lost_after_the_last_attempt() -> None:
    receiver, lost, given_up = Receiver(503), [], threading.Event()

    def on_lost(count: int) -> None:
        lost.append(count)
        given_up.set()

    with (
        receiver.serving() as url,
        Webhook(url, None, on_lost, backoff=Backoff(attempts=3, first_wait_s=0.01)) as webhook,
    ):
        webhook.put(event(1))
        assert given_up.wait(20)
    assert (lost, len(receiver.requests)) == ([1], 3)


def test_closing_ends_a_long_wait_and_counts_what_is_left() -> None:
    receiver, lost = Receiver(503), []
    with receiver.serving() as url:
        webhook = Webhook(
            url,
            None,
            lost.append,
            backoff=Backoff(first_wait_s=1000.0, max_wait_s=1000.0),
            grace_s=0.05,
        )
        for number in range(5):
            webhook.put(event(number))
        receiver.wait_for(1)
        webhook.close()
        webhook.put(event(6))
    assert sum(lost) == 6
    assert len(receiver.requests) == 1


def test_more_than_can_wait_loses_the_oldest() -> None:
    receiver, lost = Receiver(503, 200), []
    with receiver.serving() as url:
        webhook = Webhook(url, None, lost.append, backoff=Backoff(first_wait_s=0.5), capacity=3)
        webhook.put(event(0))
        receiver.wait_for(1)  # it waits for its second time
        for number in range(1, 8):
            webhook.put(event(number))
        receiver.wait_for(5)
        webhook.close()
    ids = [json.loads(body)["id"] for _, body in receiver.requests]
    assert ids == [event(number).id for number in (0, 0, 5, 6, 7)]
    assert sum(lost) == 4


@pytest.mark.parametrize("path", ["/services/T0/B0/hidden", "/api/webhook/hidden?a=hidden"])
def test_where_it_posts_is_shown_by_its_host_alone(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Slack, Discord and Home Assistant: who knows the path may post.
    receiver = Receiver(404)
    with receiver.serving() as url, Webhook(url + path) as webhook:
        webhook.put(event())
        receiver.wait_for(1)
        assert url in webhook.place
    assert "does not take an event: status 404" in caplog.text
    assert url in caplog.text
    assert "hidden" not in caplog.text + webhook.place


@pytest.mark.parametrize("secret", ["whsec_not base64!", "whsec_abc"])
def test_a_secret_that_cannot_be_read_is_said_without_it(secret: str) -> None:
    with pytest.raises(OptionsError) as caught:
        Webhook("http://127.0.0.1:9/hook", ApiKey(secret))
    assert "no base64" in str(caught.value)
    assert secret not in str(caught.value)
