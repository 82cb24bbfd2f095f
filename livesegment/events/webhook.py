"""Events posted to a web address, signed."""

import base64
import binascii
import hashlib
import hmac
import logging
import random
import time
from collections.abc import Callable
from itertools import count

import httpx

from livesegment.address import shown_host
from livesegment.backoff import Backoff
from livesegment.errors import OptionsError
from livesegment.events.delivery import CAPACITY, Courier, OnLost
from livesegment.events.event import Event
from livesegment.http_client import HttpClient, HttpFailure
from livesegment.settings import ApiKey

logger = logging.getLogger(__name__)

_SECRET_PREFIX = "whsec_"
_TIMEOUT_S = 5.0
SEND_AGAIN = Backoff(attempts=10, first_wait_s=1.0, max_wait_s=60.0)

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


def sign(secret: ApiKey, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature header of a message.

    A secret that begins with `whsec_` is base64 of the key; any other one is the key itself.

    Source: Standard Webhooks (standardwebhooks.com), symmetric signatures.

    Args:
        secret: Shared with the receiver.
        message_id: What the header `webhook-id` says.
        timestamp: What `webhook-timestamp` says, seconds since 1970.
        body: What is posted.

    Raises:
        OptionsError: If what follows `whsec_` is not base64.
    """
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class Webhook(Courier):
    """Posts each event as JSON, one after the other, and again until it is taken.

    The headers are those of Standard Webhooks: `webhook-id`, the same however often it is sent,
    `webhook-timestamp`, and with a secret `webhook-signature`. A status of 2xx takes the event.
    Redirects are not followed; that and any other refusal for good loses the event.

    Args:
        url: Where to; only its host is ever shown, because many receivers know by the path who
            may post.
        secret: Signs what is posted; None: it is not signed.
        on_lost: Told how many events could not be delivered.
        backoff: How often an event is sent.
        capacity: Events that may wait; the oldest go first.
        grace_s: Seconds that closing gives to what waits.
        clock: Seconds since 1970.

    Raises:
        OptionsError: If the address is none, or the secret cannot be read.
    """

    def __init__(
        self,
        url: str,
        secret: ApiKey | None = None,
        on_lost: OnLost = lambda _: None,
        *,
        backoff: Backoff = SEND_AGAIN,
        capacity: int = CAPACITY,
        grace_s: float = 3.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(f"webhook {shown_host(url)}", on_lost, capacity=capacity, grace_s=grace_s)
        self._backoff = backoff
        try:
            self._url = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise OptionsError(f"--webhook: {shown_host(url)} is no address") from error
        if secret is not None:
            _key(secret)
        self._secret = secret
        self._clock = clock
        self._client = HttpClient(url, timeout_s=_TIMEOUT_S)
        self._start()

    def close(self) -> None:
        """Deliver what waits within seconds, and count the rest. May be called twice."""
        super().close()
        self._client.close()

    def _carry(self, event: Event) -> bool:
        body = event.as_json().encode()
        for attempt in count(1):
            said, is_final = self._post(event.message_id, body)
            if said is None:
                return True
            logger.warning("%s does not take an event: %s", self.place, said)
            if is_final or self._backoff.is_over(attempt):
                return False
            if self.stopping.wait(self._backoff.delay_s(attempt, random.random())):
                break
        return False

    def _post(self, message_id: str, body: bytes) -> tuple[str | None, bool]:
        """Send once; return what was said against it, and whether it will be said again."""
        timestamp = int(self._clock())
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
        }
        if self._secret is not None:
            headers["webhook-signature"] = sign(self._secret, message_id, timestamp, body)
        try:
            with self._client.exchange("POST", self._url, content=body, headers=headers) as answer:
                status = answer.status
        except HttpFailure as failure:
            if failure.what == "timed out":
                return "no answer in time", False
            if failure.what == "unwritable":
                return "no such kind of address", True
            return failure.raised, False
        if 200 <= status < 300:
            return None, False
        if 300 <= status < 400:
            return f"status {status}, a redirect, which is not followed", True
        return f"status {status}", status not in _WORTH_ANOTHER_TRY


def _key(secret: ApiKey) -> bytes:
    text = secret.reveal()
    if not text.startswith(_SECRET_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise OptionsError(
            "the webhook's secret begins with whsec_, and what follows is no base64"
        ) from None
