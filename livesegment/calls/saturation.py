"""How many requests saturate an endpoint without queueing there: a pure rule, no clock, no lock."""

from livesegment.calls.reply_window import ReplyWindow

LARGEST = 64

_FIRST_LIMIT = 2
_FIRST_WINDOW = 8  # replies that are enough for a coarse look, while the limit still doubles
_WINDOW = 16  # replies whose mean is steady within a few per cent
_PROBE_WINDOW = 12
_PROBE_AFTER = 64  # windows; a probe then costs about 1% of the throughput
_STILL_FALLING = 0.8  # a round trip at half the limit below this share means there was a queue
_CLEARLY_FASTER = 0.85  # of the smallest round trip: beyond what the noise of a mean explains
_ALIKE = 0.2  # two measurements of the smallest round trip this close are averaged
_CUT = 0.7  # of the limit is left after a refusal; CUBIC's figure (RFC 9438, 4.6)


class Saturation:
    """Finds the number of requests under way that keeps an endpoint busy, and no more.

    With `limit` requests under way and a round trip of `rtt`, an endpoint whose unloaded round
    trip is `base` works at `limit * base / rtt` of them; the others queue. The limit doubles until
    a queue shows and then moves by one: up while less than `alpha` queue, down when more than
    twice that do, where `alpha` is one request, or a tenth of the limit if that is more. A limit
    that the caller does not use says nothing and does not grow.

    The unloaded round trip is measured by halving the limit until round trips no longer fall
    with it: at the first queue, now and then, and whenever the queue stays suddenly long, since
    then either the endpoint takes fewer requests at once or each of them takes longer, and only
    less load tells which.

    A refusal cuts the limit at once; the number that was refused is not tried again before the
    next probe.

    Round trips, which contain the caller's own work on a request, are compared as means over a
    window of replies, without the extremes: a median would not see that a few of many wait.
    Replies to requests sent under another limit, and the first ones under a new one, are left out.

    Source: queue estimate and thresholds: Brakmo, O'Malley, Peterson, "TCP Vegas" (SIGCOMM 1994);
    the limit as throughput times unloaded round trip: Little (1961) and Kleinrock (1979); draining
    the queue to see the unloaded round trip: BBR's ProbeRTT (Cardwell and others, ACM Queue 2016).

    Args:
        largest: The limit never exceeds it.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._ceiling = largest
        self._limit = min(_FIRST_LIMIT, largest)
        self._era = 0
        self._doubling = True
        self._answers = True
        self._base_s: float | None = None
        self._windows_since_probe = 0
        self._long_queues = 0
        self._probe: _Probe | None = None
        self._window = self._next_window(settling=self._limit)

    step = 0
    """How much smaller pictures are to be sent: not at all."""

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return self._limit

    @property
    def largest(self) -> int:
        """The most that the limit may ever become."""
        return self._largest

    @property
    def era(self) -> int:
        """A number that changes with the limit; a request is sent in one era."""
        return self._era

    def replied(self, round_trip_s: float, in_flight: int, era: int) -> None:
        """Take in a reply.

        Args:
            round_trip_s: Seconds from sending to the reply.
            in_flight: Requests under way when it came, itself included.
            era: `era` when it was sent.
        """
        self._answers = True
        if era == self._era and self._window.add(round_trip_s, in_flight):
            self._decide(self._window.round_trip_s())

    def refused(self, in_flight: int) -> None:
        """Take in that the endpoint wants less, once for each burst of refusals.

        An endpoint that answers nothing in between is restarting; that says nothing about how
        many requests it takes, so only the first of such refusals counts.

        Args:
            in_flight: Requests under way when it said so, the refused one included.
        """
        if not self._answers:
            return
        self._answers = False
        under_way = min(self._limit, max(in_flight, self._window.peak))
        self._doubling = False
        self._probe = None
        self._ceiling = max(1, under_way - 1)
        self._windows_since_probe = 0
        self._move(int(under_way * _CUT))

    def _next_window(self, settling: int = 0) -> ReplyWindow:
        steady = _WINDOW if self._probe is None else _PROBE_WINDOW
        size = max(_FIRST_WINDOW if self._doubling else steady, self._limit)
        return ReplyWindow(size, settling)

    def _move(self, limit: int) -> None:
        """Take another limit; replies under the old one count no more."""
        self._limit = max(1, min(limit, self._ceiling))
        self._era += 1
        self._window = self._next_window(settling=self._limit)

    def _decide(self, rtt_s: float) -> None:
        if self._probe is not None:
            self._probed(self._probe, rtt_s)
            return
        self._windows_since_probe += 1
        if self._base_s is None or rtt_s < _CLEARLY_FASTER * self._base_s:
            self._base_s = rtt_s
        queued = self._limit * (1 - self._base_s / rtt_s)
        alpha = max(1.0, self._limit / 10)
        is_long = queued > max(3 * alpha, self._limit / 3)
        self._long_queues = self._long_queues + 1 if is_long else 0
        is_first_queue = self._doubling and queued >= alpha
        is_due = self._windows_since_probe >= _PROBE_AFTER
        if is_first_queue or is_due or self._long_queues > 1:
            self._start_probe(rtt_s)
        elif is_long:
            self._window = self._next_window()  # once more, lest a hiccup cost a probe
        elif queued > 2 * alpha:
            self._move(self._limit - 1)
        elif queued < alpha and self._may_grow():
            self._move(2 * self._limit if self._doubling else self._limit + 1)
        else:
            self._window = self._next_window()

    def _may_grow(self) -> bool:
        return self._window.peak >= self._limit < self._ceiling

    def _start_probe(self, rtt_s: float) -> None:
        self._long_queues = 0
        self._probe = _Probe(self._limit, rtt_s, self._doubling)
        self._doubling = False
        self._move(self._limit // 2)  # a limit of one stays: then it just measures again

    def _probed(self, probe: "_Probe", rtt_s: float) -> None:
        was_queued = rtt_s < _STILL_FALLING * probe.last_rtt_s
        probe.last_rtt_s = rtt_s
        if was_queued and self._limit > 1:
            self._move(self._limit // 2)
            return
        self._probe = None
        self._windows_since_probe = 0
        self._ceiling = min(self._ceiling + max(1, self._ceiling // 8), self._largest)
        base_s = self._base_s
        is_alike = base_s is not None and abs(rtt_s - base_s) < _ALIKE * base_s
        self._base_s = (rtt_s + base_s) / 2 if is_alike and base_s is not None else rtt_s
        working = probe.limit * self._base_s / probe.rtt_s
        # What looked like a queue was a hiccup if the round trip is no shorter under less load.
        self._doubling = probe.was_doubling and probe.limit - working < 1
        self._move(min(probe.limit, round(working + 1)))


class _Probe:
    """A look at the endpoint under less load: where it began, and what was seen last."""

    def __init__(self, limit: int, rtt_s: float, was_doubling: bool) -> None:
        self.limit = limit
        self.was_doubling = was_doubling
        self.rtt_s = rtt_s
        self.last_rtt_s = rtt_s
