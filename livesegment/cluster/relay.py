"""Where the tasks of a run and the program that started them meet: a small actor."""

from dataclasses import dataclass, replace
from typing import Any

from livesegment.annotate.report import FileReport
from livesegment.calls.quota import Quota


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a logger on another machine said.

    Attributes:
        logger: Its name.
        level: As `logging` numbers them.
        text: The sentence.
    """

    logger: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class News:
    """How far a task is.

    Attributes:
        report: What it has done so far.
        lines: What it has said since it last told.
    """

    report: FileReport
    lines: tuple[LogLine, ...] = ()


class Relay:
    """Passes on news and the wish to stop, and keeps the quota of the run. Runs as one Ray actor.

    Every single call is asked for here where their number or rate is bounded: a bound divided
    among the tasks beforehand would leave calls unused with those that need fewer. It costs each
    call about a millisecond, of the hundred or so that it takes.

    Args:
        max_calls: Calls allowed in all; None: any number.
        call_rate: Calls a second at most; None: any number.
    """

    def __init__(self, max_calls: int | None, call_rate: float | None) -> None:
        self._quota = Quota(max_calls, call_rate)
        self._news: dict[int, News] = {}
        self._stopped: set[int] = set()

    def try_take(self) -> float | None:
        """Count a call if it is allowed now, as `Quota.try_take`."""
        return self._quota.try_take()

    def give_back(self) -> None:
        """Take back a call that was not made."""
        self._quota.give_back()

    def tell(self, number: int, news: News) -> bool:
        """Leave news of a task, and learn whether it is to stop."""
        waiting = self._news.get(number)
        if waiting is not None:
            news = replace(news, lines=waiting.lines + news.lines)
        self._news[number] = news
        return number in self._stopped

    def hear(self, number: int) -> News | None:
        """Take the news of a task; None where there are none."""
        return self._news.pop(number, None)

    def stop(self, number: int) -> None:
        """Have a task stop when it next tells."""
        self._stopped.add(number)


class RemoteRelay:
    """The relay of a run, wherever it is.

    Args:
        ray: The package.
        handle: The actor's.

    Attributes:
        handle: The actor's, which may be sent to other machines.
    """

    def __init__(self, ray: Any, handle: Any) -> None:
        self.handle = handle
        self._ray = ray

    def try_take(self) -> float | None:
        """Count a call if it is allowed now, as `Quota.try_take`."""
        wait_s: float | None = self._ray.get(self.handle.try_take.remote())
        return wait_s

    def give_back(self) -> None:
        """Take back a call that was not made; does not wait."""
        self.handle.give_back.remote()

    def tell(self, number: int, news: News) -> bool:
        """Leave news of a task, and learn whether it is to stop."""
        return bool(self._ray.get(self.handle.tell.remote(number, news)))

    def hear(self, number: int) -> News | None:
        """Take the news of a task; None where there are none."""
        news: News | None = self._ray.get(self.handle.hear.remote(number))
        return news

    def stop(self, number: int) -> None:
        """Have a task stop when it next tells; does not wait."""
        self.handle.stop.remote(number)


class RelayedQuota(Quota):
    """The quota of the whole run, as a task sees it.

    Args:
        relay: Where to ask for each call.
    """

    def __init__(self, relay: Relay | RemoteRelay) -> None:
        super().__init__()
        self._relay = relay
        self._exhausted = False

    @property
    def exhausted(self) -> bool:
        """Whether no call is allowed any more."""
        return self._exhausted

    def try_take(self) -> float | None:
        """Count a call if it is allowed now, as `Quota.try_take`."""
        wait_s = self._relay.try_take()
        self._exhausted = wait_s is None
        if wait_s == 0:
            super().try_take()
        return wait_s

    def give_back(self) -> None:
        """Take back a call that was not made."""
        self._relay.give_back()
        super().give_back()
