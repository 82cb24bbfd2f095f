"""Events told to people's phones, by way of Apprise."""

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

from livesegment.backoff import Backoff
from livesegment.errors import MissingExtra, OptionsError
from livesegment.events.delivery import Courier, OnLost
from livesegment.events.event import Event
from livesegment.settings.quiet_hours import QuietHours
from livesegment.settings.rule import Rule
from livesegment.state import read_state, write_state

try:
    from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyBase
    from apprise.attachment.memory import AttachMemory
except ImportError:
    raise MissingExtra("--notify needs apprise: pip install 'livesegment[notify]'") from None

logger = logging.getLogger(__name__)

PAUSE_S = 60.0
"""Seconds from one message about a rule to the next, where the rule has no cooldown."""

_CAPACITY = 20  # messages that wait; of long ago they are worth nothing
_SEND_AGAIN = Backoff(attempts=3, first_wait_s=2.0, max_wait_s=10.0)
_MOST_BYTES = 10 * 2**20  # of a picture


def silence() -> None:
    """Let nobody log an address: they are secrets, and Apprise and what it uses write them out."""
    for name in ("apprise", "requests", "requests_oauthlib", "oauthlib", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Phone:
    """One address at which somebody is told something.

    Args:
        number: Which of the addresses it is, from 1: all that is ever said of it, and its service.
        address: As Apprise takes it; wholly secret.

    Raises:
        OptionsError: If it is none that Apprise knows.
    """

    def __init__(self, number: int, address: str) -> None:
        silence()
        try:
            # Here all services are loaded, some of which need what Python will not have for ever.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                made = Apprise.instantiate(address, asset=_asset(), suppress_exceptions=True)
        except Exception:  # noqa: BLE001 - whatever a service says of it may repeat the address
            made = None
        if not isinstance(made, NotifyBase):
            raise OptionsError(
                f"address {number} of --notify (events.notify) is none that Apprise knows; see"
                " https://appriseit.com/services/"
            )
        self._service = made
        self.place = f"notify {number} ({str(made.service_name).split()[0].lower()})"

    def tell(self, title: str, body: str, picture: bytes | None = None) -> bool:
        """Send a message, waiting for it; return whether it was taken. It never raises.

        Args:
            title: Its first line.
            body: The rest.
            picture: A JPEG file; None: there is none.
        """
        attached = None
        if picture is not None:
            file = AttachMemory(  # type: ignore[no-untyped-call]
                content=picture, name="event.jpg", mimetype="image/jpeg"
            )
            attached = AppriseAttachment(file)
        try:
            return bool(self._service.notify(body=body, title=title, attach=attached))
        except Exception:  # noqa: BLE001 - the same: what it says is not for the log
            return False


def _asset() -> AppriseAsset:
    """Return how messages look: ours, and no phone loads a picture from a host nobody named."""
    return AppriseAsset(
        app_id="livesegment",
        app_desc="livesegment",
        app_url="",
        image_url_mask="",
        image_url_logo="",
    )


def phones(addresses: Sequence[str]) -> list[Phone]:
    """Return who is told at some addresses.

    Raises:
        OptionsError: If one is none that Apprise knows; it is named by its number.
    """
    return [Phone(number, address) for number, address in enumerate(addresses, 1)]


def tried(addresses: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Send a test message to each of some addresses; yield which it was, and whether it took it.

    Raises:
        OptionsError: As `phones`, before any message is sent.
    """
    for phone in phones(addresses):
        yield phone.place, phone.tell("livesegment", "This is a test: events will be told here.")


class Notifier(Courier):
    """Tells people that an event has begun, with its picture where there is one.

    Of each rule at most one message within its cooldown, or a minute where it has none; none in the
    quiet hours, also not later. What was not taken is sent again a few times, and lost then.
    A run that begins anew does not tell anew what the one before has told just now.

    Args:
        addresses: Where to, as Apprise takes them; wholly secret.
        rules: The camera's; their cooldowns count.
        pictures: Folder of the events' snapshots; None: messages have none.
        quiet: When nobody is told, by this machine's clock; None: never so.
        on_lost: Told how many messages could not be delivered.
        told: File in which is remembered until when nobody is told again; None: it is not.
        clock: Monotonic seconds.
        now: The local time.
        backoff: How often a message is sent.
        grace_s: Seconds that closing gives to what waits.

    Raises:
        OptionsError: If an address is none that Apprise knows.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        rules: Sequence[Rule],
        pictures: Path | None,
        quiet: QuietHours | None = None,
        on_lost: OnLost = lambda _: None,
        *,
        told: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = datetime.now,
        backoff: Backoff = _SEND_AGAIN,
        grace_s: float = 3.0,
    ) -> None:
        self._phones = phones(addresses)
        self._pauses_s = {rule.name: rule.cooldown_s or PAUSE_S for rule in rules}
        self._pictures = pictures
        self._quiet = quiet
        self._clock = clock
        self._now = now
        self._backoff = backoff
        self._lock = threading.Lock()
        self._told = told
        self._next_s = self._remembered()  # of each rule, when it may be told again
        super().__init__("notify", on_lost, capacity=_CAPACITY, grace_s=grace_s)
        self._start()

    def put(self, event: Event) -> None:
        """Take an event, if it is one to tell people of."""
        if event.kind == "begin" and self._is_due(event.rule):
            super().put(event)

    def _is_due(self, rule: str) -> bool:
        if self._quiet is not None and self._now().time() in self._quiet:
            return False
        now_s = self._clock()
        with self._lock:
            if now_s < self._next_s.get(rule, now_s):
                return False
            self._next_s[rule] = now_s + self._pauses_s.get(rule, PAUSE_S)
        return True

    def _remembered(self) -> dict[str, float]:
        """Return until when rules are not to be told, as an earlier run knew; by our clock."""
        said = {} if self._told is None else read_state(self._told)
        now_s, wall_s = self._clock(), self._now().timestamp()
        left_s = {
            rule: at_s - wall_s
            for rule, at_s in said.items()
            if rule in self._pauses_s and type(at_s) in {int, float} and at_s > wall_s
        }
        # Longer than its pause nobody waits: the clock was set back.
        return {rule: now_s + min(left, self._pauses_s[rule]) for rule, left in left_s.items()}

    def _remember(self) -> None:
        if self._told is None:
            return
        ahead_s = self._now().timestamp() - self._clock()
        with self._lock:
            until_s = {rule: at_s + ahead_s for rule, at_s in self._next_s.items()}
        write_state(self._told, until_s)

    def _carry(self, event: Event) -> bool:
        self._remember()
        picture, left = self._picture(event), self._phones
        title, body = f"{event.camera}: {event.rule}", in_words(event)
        for attempt in count(1):
            left = [each for each in left if not each.tell(title, body, picture)]
            if not left:
                return True
            for each in left:
                logger.warning("%s did not take a message", each.place)
            if self._backoff.is_over(attempt):
                break
            if self.stopping.wait(self._backoff.delay_s(attempt, 0.5)):
                break
        return False

    def _picture(self, event: Event) -> bytes | None:
        """Return the event's snapshot: what is redacted is in none."""
        if self._pictures is None or event.snapshot is None:
            return None
        try:
            with (self._pictures / event.snapshot).open("rb") as file:
                return file.read(_MOST_BYTES)
        except OSError:
            return None


def in_words(event: Event) -> str:
    """Return what an event is, in a sentence for people."""
    at = datetime.fromisoformat(event.time).strftime("%H:%M:%S")
    if event.subject == "camera":
        return f"no picture comes any more, since {at}"
    if event.subject == "endpoint":
        return f"the model does not answer any more, since {at}"
    if event.counted_in_words is not None:
        return f"{event.class_name}: {event.counted_in_words}, {at}"
    if event.coverage is not None:
        return f"{event.class_name}: {100 * event.coverage:.1f}% of the zone, {at}"
    return f"{event.class_name}, {at}"
