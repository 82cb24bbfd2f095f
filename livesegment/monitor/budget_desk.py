"""Where cameras get their leases: the budget, and the clock that it needs."""

import asyncio
from collections.abc import Callable

from livesegment.calls.lease import Lease, Need
from livesegment.monitor.budget import Budget
from livesegment.settings.monitor import BudgetOptions

SendLease = Callable[[Lease], None]


class BudgetDesk:
    """Sends every camera its lease whenever it changes. Belongs to the event loop.

    Args:
        config: What all may ask together.
    """

    def __init__(self, config: BudgetOptions) -> None:
        self._budget = Budget(config.in_flight or 1, config.calls_per_hour)
        self._senders: dict[str, SendLease] = {}
        self._timer: asyncio.TimerHandle | None = None

    def change(self, config: BudgetOptions) -> None:
        """Allow more or less from now on."""
        self._budget.change(config.in_flight or 1, config.calls_per_hour)
        self._settle()

    def join(self, name: str, send: SendLease) -> None:
        """Begin to share with a camera."""
        self._senders[name] = send
        self._budget.join(name)
        self._settle()

    def hear(self, name: str, need: Need) -> None:
        """Take in what a camera needs."""
        self._budget.hear(name, need)
        self._settle()

    def leave(self, name: str) -> None:
        """Share no more with a camera whose process has ended."""
        self._senders.pop(name, None)
        self._budget.leave(name)
        self._settle()

    def forget(self, name: str) -> None:
        """Give up the place in line of a camera that is no more."""
        self._budget.forget(name)

    def close(self) -> None:
        """Send nothing more."""
        self._senders.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for name, lease in self._budget.settle().items():
            self._senders[name](lease)
        next_at_s = self._budget.next_at_s
        if next_at_s is not None:
            loop = asyncio.get_running_loop()
            # The loop's clock is the budget's, but its timers may be early by its resolution.
            self._timer = loop.call_at(next_at_s + 0.001, self._settle)
