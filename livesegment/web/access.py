"""Who may see the page: a token, sessions that stand for it, and patience with wrong guesses."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from weakref import WeakValueDictionary

from livesegment.settings import ApiKey

SESSION_S = 30 * 24 * 3600


class Access:
    """Checks tokens and sessions.

    A session is a random number and its end, signed with a key made from the token: it lasts
    through a restart with the same token, ends when the token is changed, and does not tell it.
    One that was ended before its time is remembered for as long as this object lives.

    Args:
        token: What has to be known; None: everybody may see the page.
        wait_s: Seconds from a wrong guess of a client to its next.
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
        # Whoever waits for a turn, or is to give it back, keeps it here; nobody else needs it.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._ended: dict[str, int] = {}  # sessions that were ended, and when they would have been

    @property
    def is_demanded(self) -> bool:
        """Whether a token has to be known."""
        return self._token is not None

    async def guess(self, offered: str, client: str) -> bool:
        """Tell whether a token is the right one, when its client's turn has come.

        A client's guesses are looked at in the order in which they come, after a wrong one the
        next a while later: somebody who guesses gets nowhere soon, and holds up the right token
        that comes from the same address by no more guesses than came before it. To wait no longer,
        cancel.

        Args:
            offered: What the client sent.
            client: Its address.
        """
        turn = self._turns.setdefault(client, asyncio.Lock())
        await turn.acquire()
        # Hashes, so that the comparison does not tell the token's length either.
        mine, theirs = (
            hashlib.sha256(each).digest() for each in (self._token or b"", offered.encode())
        )
        if hmac.compare_digest(mine, theirs):
            turn.release()
            return True
        # Not after a sleep of this call: who hangs up at once would guess as fast as it likes.
        asyncio.get_running_loop().call_later(self._wait_s, turn.release)
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
