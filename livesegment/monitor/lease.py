"""What a camera asks of the budget that all share, and what it is given."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """What a camera could use now.

    Attributes:
        number: The newest lease that it obeys; 0: none yet.
        in_use: Requests that it has under way.
        wants: Requests that it could keep under way.
        calls: Calls that it would like to get in addition to those it has.
    """

    number: int = 0
    in_use: int = 0
    wants: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """What a camera may do from now on, until the next lease.

    Attributes:
        number: Rises from lease to lease.
        places: Requests that it may have under way at once.
        calls: Calls that it may make in addition to those it has; None: any number.
        until_s: When those calls lapse, monotonic seconds, which all processes share.
    """

    number: int
    places: int
    calls: int | None = None
    until_s: float = 0.0
