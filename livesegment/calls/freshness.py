"""How many requests, with pictures of what size, keep masks young: a pure rule, no clock, no lock.

What counts live is how old the mask is that is on the picture. With `limit` requests spread over a
round trip `rtt`, a new mask comes every `rtt / limit` seconds and is `rtt` old by then, so that the
mask on the picture is `rtt * (1 + 1 / (2 * limit))` old on average. More requests are worth it as
long as they run side by side; where they queue, each of them only makes every mask older.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from livesegment.calls.reply_window import ReplyWindow

_WINDOW = 8  # replies, so that even an endpoint of two a second is known within seconds
_FIRST_REST = 8  # windows until it is tried again whether something else is better now
_LONGEST_REST = 32  # by then a trial costs about 3% of the time
_CLEARLY_CHANGED = 1.3  # times the age known so far: the endpoint has become another
_CLEARLY_WORSE = 1.3  # times the age: enough to break off a trial
_ENOUGH_TO_BREAK_OFF = 2  # replies
_CUT = 0.7  # of the limit is left after a refusal; CUBIC's figure (RFC 9438, 4.6)

# What a trial must come to, in shares of the age before it.
WORTH_A_REQUEST = 0.97  # each costs money: the step from 8 to 16 would gain 3%
_WORTH_ONE_LESS = 0.92
WORTH_DETAIL_LOST = 0.85
_WORTH_DETAIL_GAINED = 1.15
YOUNG_S = 0.2  # masks this young gain nothing from smaller pictures

_Direction = Literal["more", "fewer", "smaller", "larger"]


@dataclass(frozen=True, slots=True)
class _Place:
    limit: int
    step: int


class Freshness:
    """Finds the number of requests under way, and the picture's size, that keep masks youngest.

    It measures where it is, tries a neighbour for a few replies, and stays with the better one:
    twice or one more request, half or one fewer, the next smaller or larger picture. When nothing
    is better it rests, longer each time, but looks again at once when the endpoint has changed.
    A limit that the caller does not use does not grow. A refusal cuts the limit at once.

    It has the methods of `Saturation`, whose aim is the most replies; source of the refusal's cut
    and of the idea to drain a queue in order to see it: there.

    Args:
        largest: The limit never exceeds it.
        steps: How many smaller pictures there are to choose from; 0: the size is fixed.
    """

    def __init__(self, largest: int, steps: int = 0) -> None:
        self._largest = self._ceiling = largest
        self._smallest_picture = steps
        self._place = self._home = _Place(1, 0)
        self._age_s: float | None = None  # at home
        self._era = 0
        self._trial: _Direction | None = None
        self._directions: Iterator[_Direction] = iter(())
        self._rest = self._next_rest = 0
        self._doubles = True
        self._has_slowed = self._is_used = False
        self._window = ReplyWindow(_WINDOW, 1)

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return self._place.limit

    @property
    def largest(self) -> int:
        """The most that the limit may ever become."""
        return self._largest

    @property
    def step(self) -> int:
        """How much smaller pictures are to be sent: 0 as a rule, up to `steps`."""
        return self._place.step

    @property
    def era(self) -> int:
        """A number that changes with limit and size; a request is sent in one era."""
        return self._era

    def replied(self, round_trip_s: float, in_flight: int, era: int) -> None:
        """Take in a reply.

        Args:
            round_trip_s: Seconds from sending to the reply.
            in_flight: Requests under way when it came, itself included.
            era: `era` when it was sent.
        """
        if era != self._era:
            return
        is_full = self._window.add(round_trip_s, in_flight)
        if self._trial is None:
            if is_full:
                self._measured(self._mean_age_s())
        elif is_full or self._is_clearly_worse():
            self._tried(self._trial, self._mean_age_s())

    def refused(self, in_flight: int) -> None:
        """Take in that the endpoint wants less, once for each burst of refusals.

        Args:
            in_flight: Requests under way when it said so, the refused one included.
        """
        under_way = min(self.limit, max(in_flight, self._window.peak))
        self._ceiling = max(1, under_way - 1)
        self._age_s = None
        self._settle(_Place(max(1, min(int(under_way * _CUT), self._ceiling)), self._place.step))

    def _mean_age_s(self) -> float:
        return self._window.round_trip_s() * (1 + 1 / (2 * self.limit))

    def _is_clearly_worse(self) -> bool:
        is_enough = len(self._window) >= _ENOUGH_TO_BREAK_OFF
        known_s = self._age_s
        return is_enough and known_s is not None and self._mean_age_s() > _CLEARLY_WORSE * known_s

    def _measured(self, age_s: float) -> None:
        """Take in how old masks are at home."""
        known_s = self._age_s
        self._is_used = self._window.peak >= self.limit
        if known_s is None or not 1 / _CLEARLY_CHANGED < age_s / known_s < _CLEARLY_CHANGED:
            self._has_slowed = known_s is not None and age_s > known_s
            self._age_s, self._rest, self._next_rest = age_s, 0, _FIRST_REST
            self._doubles = True
        else:
            self._age_s = (age_s + known_s) / 2
        if self._rest > 0:
            self._rest -= 1
            self._measure()
            return
        self._directions = self._worth_trying()
        self._try_next()

    def _worth_trying(self) -> Iterator[_Direction]:
        """Return where to look, the likeliest first."""
        looks: list[_Direction] = ["more", "fewer", "smaller", "larger"]
        if self._has_slowed:
            looks = ["fewer", "smaller", "more", "larger"]
        return iter(looks)

    def _try_next(self) -> None:
        """Try the next neighbour there is; rest if there is none left."""
        for direction in self._directions:
            place = self._neighbour(direction)
            if place is not None:
                self._trial = direction
                self._move(place)
                return
        self._rest, self._next_rest = self._next_rest, min(2 * self._next_rest, _LONGEST_REST)
        self._has_slowed = False
        self._ceiling = min(self._ceiling + 1, self._largest)
        self._settle(self._home)

    def _neighbour(self, direction: _Direction) -> _Place | None:
        """Return the place in a direction; None if there is none, or it could be of no use."""
        limit, step = self._home.limit, self._home.step
        if direction == "more":
            wanted = min(2 * limit if self._doubles else limit + 1, self._ceiling)
            return _Place(wanted, step) if wanted > limit and self._is_used else None
        if direction == "fewer":
            wanted = limit // 2 if self._has_slowed else limit - 1
            return _Place(wanted, step) if wanted >= 1 else None
        if direction == "smaller":
            is_old = self._age_s is not None and self._age_s > YOUNG_S
            return _Place(limit, step + 1) if is_old and step < self._smallest_picture else None
        return _Place(limit, step - 1) if step > 0 else None

    def _tried(self, direction: _Direction, age_s: float) -> None:
        """Take in how old masks are in the place tried."""
        if self._is_better(direction, age_s):
            self._age_s = age_s
            self._is_used = self._window.peak >= self.limit
            self._home = self._place
            place = self._neighbour(direction)  # on in the same direction
            if place is not None:
                self._move(place)
                return
        elif direction == "more" and self._doubles:
            self._doubles = False
            place = self._neighbour(direction)
            if place is not None and place != self._place:
                self._move(place)
                return
        self._trial = None
        self._try_next()

    def _is_better(self, direction: _Direction, age_s: float) -> bool:
        known_s = self._age_s
        if known_s is None:
            return False
        if direction == "more":
            return age_s < WORTH_A_REQUEST * known_s
        if direction == "fewer":
            return age_s <= _WORTH_ONE_LESS * known_s
        if direction == "smaller":
            return age_s < WORTH_DETAIL_LOST * known_s
        return age_s < YOUNG_S or age_s < _WORTH_DETAIL_GAINED * known_s

    def _settle(self, place: _Place) -> None:
        """Stay in a place."""
        self._home, self._trial = place, None
        self._move(place)

    def _move(self, place: _Place) -> None:
        """Take another place; replies to what was sent in the old one count no more."""
        if place != self._place:
            self._place = place
            self._era += 1
        self._measure()

    def _measure(self) -> None:
        # What was sent before the move is still ahead of the first that are sent after it.
        self._window = ReplyWindow(max(_WINDOW, self.limit), max(1, self.limit - 1))
