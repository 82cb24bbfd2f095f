"""Where events go: what every way of telling them has in common."""

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping

from livesegment.buffer import Buffer
from livesegment.events.event import Event
from livesegment.metrics import Circuit
from livesegment.resource import Resource

logger = logging.getLogger(__name__)

OnLost = Callable[[int], object]
"""Told how many events could not be delivered."""

CAPACITY = 1000
"""Events that may wait; the oldest go first, and are counted."""


class Delivery(Resource):
    """Tells events to one place. Whoever has an event never waits for it."""

    @abstractmethod
    def put(self, event: Event) -> None:
        """Take an event; from any thread, returns at once."""

    def note_coverage(self, shares: Mapping[str, float | None]) -> None:
        """Take in what the rules' classes cover at the moment, every few seconds.

        Args:
            shares: Share of the zone, 0 to 1, by the rule's name; None: not known.
        """

    def note_counts(self, counts: Mapping[str, int | None]) -> None:
        """Take in how many the rules count at the moment, every few seconds.

        Args:
            counts: How many are in the zone, by the rule's name; None: not known.
        """

    def note_circuit(self, circuit: Circuit) -> None:
        """Take in whether the endpoint is asked, whenever that changes."""

    @abstractmethod
    def close(self) -> None:
        """Deliver what waits as far as that is quick, and count the rest. May be called twice."""


def deliver(deliveries: Iterable[Delivery], event: Event) -> None:
    """Tell an event to every place."""
    for delivery in deliveries:
        delivery.put(event)


class Courier(Delivery):
    """Carries one event after the other, in order, on a thread of its own.

    A subclass gives `_carry` and calls `_start` at the end of its constructor.

    Args:
        place: Where events go, for messages and the thread's name: no credentials.
        on_lost: Told how many events were lost.
        capacity: Events that may wait.
        grace_s: Seconds that `close` gives to what waits.
    """

    def __init__(
        self, place: str, on_lost: OnLost, *, capacity: int = CAPACITY, grace_s: float = 3.0
    ) -> None:
        self.place = place
        self.stopping = threading.Event()
        self._on_lost = on_lost
        self._grace_s = grace_s
        self._waiting: Buffer[Event] = Buffer("drop oldest", capacity)
        # A daemon: it may sit in a network or in a disk that hangs.
        self._thread = threading.Thread(target=self._run, name=f"events to {place}", daemon=True)

    def put(self, event: Event) -> None:
        """Take an event; the oldest that waits is lost where there are too many."""
        self._lose(len(self._waiting.put(event)))

    def close(self) -> None:
        """Deliver what waits within the grace, and count the rest. May be called twice."""
        self._waiting.close()
        if self.stopping.is_set() or not self._thread.is_alive():
            return
        self._thread.join(self._grace_s)
        self.stopping.set()
        self._lose(len(self._waiting.abort()))
        self._thread.join(self._grace_s)

    @abstractmethod
    def _carry(self, event: Event) -> bool:
        """Deliver one event, waiting for it; end waits when `stopping` is set.

        Returns:
            Whether it was delivered; why not, has been logged.
        """

    def _start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while (event := self._waiting.get()) is not None:
            if not self._carry(event):
                self._lose(1)

    def _lose(self, count: int) -> None:
        if count:
            self._on_lost(count)
            logger.warning("%s: lost events: %d", self.place, count)
