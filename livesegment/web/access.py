"""Who may do what: tokens, sessions that stand for them, and patience with wrong guesses."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from weakref import WeakValueDictionary

from livesegment.settings import ApiKey
from livesegment.web.roles import Role

SESSION_S = 30 * 24 * 3600


class Access:
    """Checks tokens and sessions.

    A session is a random number and its end, signed with a key made from the token that began it:
    it lasts through a restart with the same token, ends when the token is changed, may do what the
    token may, and does not tell it. One that was ended before its time is remembered for as long as
    this object lives.

    Args:
        token: What has to be known to change something; None: everybody may.
        view_token: What has to be known to look and no more; None: nobody only looks.
        wait_s: Seconds from a wrong guess of a client to its next.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        token: ApiKey | None,
        view_token: ApiKey | None = None,
        *,
        wait_s: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        given = {Role.CHANGE: token, Role.LOOK: view_token}
        tokens = {role: each.reveal().encode() for role, each in given.items() if each is not None}
        # Hashes, so that a comparison does not tell a token's length either.
        self._hashes = {role: hashlib.sha256(each).digest() for role, each in tokens.items()}
        self._keys = {
            role: hmac.digest(each, b"livesegment web session", "sha256")
            for role, each in tokens.items()
        }
        self._wait_s = wait_s
        self._clock = clock
        # Whoever waits for a turn, or is to give it back, keeps it here; nobody else needs it.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._ended: dict[str, int] = {}  # sessions that were ended, and when they would have been

    @property
    def is_demanded(self) -> bool:
        """Whether a token has to be known."""
        return bool(self._keys)

    async def guess(self, offered: str, client: str) -> Role:
        """Return what a token allows, `OPEN` if it is none, when its client's turn has come.

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
        theirs = hashlib.sha256(offered.encode()).digest()
        right = [role for role, mine in self._hashes.items() if hmac.compare_digest(mine, theirs)]
        if right:
            turn.release()
            return right[0]
        # Not after a sleep of this call: who hangs up at once would guess as fast as it likes.
        asyncio.get_running_loop().call_later(self._wait_s, turn.release)
        return Role.OPEN

    def new_session(self, role: Role) -> str:
        """Return a session that begins now, for somebody with a token of that role."""
        claim = f"{int(self._clock()) + SESSION_S}.{secrets.token_urlsafe(16)}"
        return f"{claim}.{_signature(self._keys[role], claim)}"

    def role_of(self, session: str) -> Role:
        """Return what a session allows; `OPEN` if it is none of ours or has ended."""
        claim, _, signature = session.rpartition(".")
        for role, key in self._keys.items():
            if hmac.compare_digest(signature.encode(), _signature(key, claim).encode()):
                is_over = _end_s(session) <= self._clock() or session in self._ended
                return Role.OPEN if is_over else role
        return Role.OPEN

    def end(self, session: str) -> None:
        """End a session before its time; what is none of ours has no need of it."""
        if self.role_of(session) is Role.OPEN:
            return
        now_s = self._clock()
        self._ended = {each: end_s for each, end_s in self._ended.items() if end_s > now_s}
        self._ended[session] = _end_s(session)


def _signature(key: bytes, claim: str) -> str:
    return hmac.new(key, claim.encode(), "sha256").hexdigest()


def _end_s(session: str) -> int:
    return int(session.partition(".")[0])
