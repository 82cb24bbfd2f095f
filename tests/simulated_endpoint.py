"""Endpoints in virtual time: what a limit of requests in flight does to round trips."""

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from livesegment.calls.saturation import Saturation


@dataclass(frozen=True)
class Endpoint:
    """Requests that queue for a number of places, behind a network.

    Attributes:
        places: Requests worked on at once, as a function of the time.
        service_s: Seconds that each takes there, as a function of the time.
        network_s: Seconds on the way, both ways together.
        noise: Standard deviation of the service time's logarithm.
        refuses_above: Requests under way from which it answers 429 at once; None: never.
        pause_s: Seconds in which nobody asks after a 429.
    """

    places: Callable[[float], int]
    service_s: Callable[[float], float]
    network_s: float = 0.0
    noise: float = 0.0
    refuses_above: int | None = None
    pause_s: float = 0.0


@dataclass(order=True)
class _Request:
    at_s: float
    number: int
    kind: str = field(compare=False)
    sent_s: float = field(compare=False)
    era: int = field(compare=False)


@dataclass
class Run:
    """What happened: the limit and the number of replies by the time, in seconds."""

    limits: list[tuple[float, int]] = field(default_factory=list)
    replies_s: list[float] = field(default_factory=list)
    refusals_s: list[float] = field(default_factory=list)

    def limits_between(self, from_s: float, to_s: float) -> list[int]:
        """Return the limit at each reply within a stretch of time."""
        return [limit for at_s, limit in self.limits if from_s <= at_s < to_s]

    def rate_between(self, from_s: float, to_s: float) -> float:
        """Return replies a second within a stretch of time."""
        return sum(from_s <= at_s < to_s for at_s in self.replies_s) / (to_s - from_s)


class Simulation:
    """Keeps as many requests under way as the policy allows, or as a caller can use.

    Args:
        endpoint: Answers.
        saturation: The policy under test.
        appetite: The most that the caller keeps under way.
        seed: Of the noise.
    """

    def __init__(
        self, endpoint: Endpoint, saturation: Saturation, appetite: int = 1000, seed: int = 1
    ) -> None:
        self._endpoint = endpoint
        self._saturation = saturation
        self._appetite = appetite
        self._random = random.Random(seed)
        self._events: list[_Request] = []
        self._waiting: deque[_Request] = deque()
        self._working = self._in_flight = self._count = 0
        self._resume_s = 0.0
        self.run = Run()

    def until(self, end_s: float) -> Run:
        """Go on until a time."""
        self._send(0.0)
        while self._events and self._events[0].at_s < end_s:
            request = heapq.heappop(self._events)
            if request.kind == "arrive":
                self._arrive(request)
            elif request.kind == "done":
                self._working -= 1
                self._push(request, request.at_s + self._endpoint.network_s / 2, "reply")
                self._work(request.at_s)
            elif request.kind == "resume":
                self._send(request.at_s)
            else:
                self._answered(request)
        return self.run

    def _send(self, now_s: float) -> None:
        if now_s < self._resume_s:
            return
        while self._in_flight < min(self._saturation.limit, self._appetite):
            self._in_flight += 1
            request = _Request(now_s, 0, "", now_s, self._saturation.era)
            self._push(request, now_s + self._endpoint.network_s / 2, "arrive")

    def _arrive(self, request: _Request) -> None:
        above = self._endpoint.refuses_above
        if above is not None and self._working + len(self._waiting) >= above:
            self._push(request, request.at_s + self._endpoint.network_s / 2, "refusal")
            return
        self._waiting.append(request)
        self._work(request.at_s)

    def _work(self, now_s: float) -> None:
        while self._waiting and self._working < self._endpoint.places(now_s):
            request = self._waiting.popleft()
            self._working += 1
            noise = self._random.lognormvariate(0.0, self._endpoint.noise)
            self._push(request, now_s + self._endpoint.service_s(now_s) * noise, "done")

    def _answered(self, request: _Request) -> None:
        now_s = request.at_s
        if request.kind == "reply":
            self._saturation.replied(now_s - request.sent_s, self._in_flight, request.era)
            self.run.replies_s.append(now_s)
            self.run.limits.append((now_s, self._saturation.limit))
        else:
            if now_s >= self._resume_s:
                self._saturation.refused(self._in_flight)
                self._resume_s = now_s + self._endpoint.pause_s
                self._push(request, self._resume_s, "resume")
            self.run.refusals_s.append(now_s)
        self._in_flight -= 1
        self._send(now_s)

    def _push(self, request: _Request, at_s: float, kind: str) -> None:
        self._count += 1
        heapq.heappush(self._events, _Request(at_s, self._count, kind, request.sent_s, request.era))
