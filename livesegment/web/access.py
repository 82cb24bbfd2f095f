"""Who may see the page: a token, sessions that stand for it, and patience with wrong guesses."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import Counter
from collections.abc import Callable

from livesegment.settings import ApiKey

SESSION_S = 30 * 24 * 3600
_MOST_WAITING = 64


class TooManyGuesses(Exception):
    """A wrong guess of the same client, or too many of all, are still being waited out."""


class Access:
    """Checks tokens and sessions.

    A session is a random number and its end, signed with a key made from the token: it lasts
    through a restart with the same token, ends when the token is changed, and does not tell it.
    One that was ended before its time is remembered for as long as this object lives.

    Args:
        token: What has to be known; None: everybody may see the page.
        wait_s: How long the answer to a wrong guess takes.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        token: ApiKey | None,
        *,
        wait_s: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._token = None if token is None else token.reveal().encode()
        self._key = hmac.digest(self._token or b"", b"livesegment web session", "sha256")
        self._wait_s = wait_s
        self._clock = clock
        self._waiting: Counter[str] = Counter()
        self._ended: dict[str, int] = {}  # sessions that were ended, and when they would have been

    @property
    def is_demanded(self) -> bool:
        """Whether a token has to be known."""
        return self._token is not None

    async def guess(self, offered: str, client: str) -> bool:
        """Tell whether a token is the right one; where it is not, after a while.

        Args:
            offered: What the client sent.
            client: Its address; it may guess once at a time.

        Raises:
            TooManyGuesses: If another guess is still being waited out; this one was not looked at.
        """
        if self._waiting[client] or self._waiting.total() >= _MOST_WAITING:
            raise TooManyGuesses
        # Hashes, so that the comparison does not tell the token's length either.
        mine, theirs = (
            hashlib.sha256(each).digest() for each in (self._token or b"", offered.encode())
        )
        if hmac.compare_digest(mine, theirs):
            return True
        self._waiting[client] += 1
        try:
            await asyncio.sleep(self._wait_s)
        finally:
            del self._waiting[client]
        return False

    def new_session(self) -> str:
        """Return a session that begins now."""
        claim = f"{int(self._clock()) + SESSION_S}.{secrets.token_urlsafe(16)}"
        return f"{claim}.{self._signature(claim)}"

    def knows(self, session: str) -> bool:
        """Tell whether a session is one of ours and has not ended."""
        claim, _, signature = session.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(claim).encode()):
            return False
        return _end_s(session) > self._clock() and session not in self._ended

    def end(self, session: str) -> None:
        """End a session before its time; what is none of ours has no need of it."""
        if not self.knows(session):
            return
        now_s = self._clock()
        self._ended = {each: end_s for each, end_s in self._ended.items() if end_s > now_s}
        self._ended[session] = _end_s(session)

    def _signature(self, claim: str) -> str:
        return hmac.new(self._key, claim.encode(), "sha256").hexdigest()


def _end_s(session: str) -> int:
    return int(session.partition(".")[0])
