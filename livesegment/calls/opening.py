"""From options to a limiter."""

import logging

from livesegment.calls.freshness import Freshness
from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.calls.saturation import LARGEST, Saturation
from livesegment.settings import EndpointOptions

logger = logging.getLogger(__name__)

REMOTE_IN_FLIGHT = 4


def open_limiter(
    options: EndpointOptions, max_concurrency: int | None, quota: Quota | None = None
) -> Limiter:
    """Return the limiter that everybody in a run shares.

    Args:
        options: How many requests are wanted at once, and how many calls are allowed.
        max_concurrency: Requests that the model takes at once; None: any number.
        quota: Says when a call is allowed; None: the options' number and rate of calls do.
    """
    most = requests_in_flight(options, max_concurrency)
    return Limiter(
        Saturation(most) if options.max_in_flight == "auto" else most,
        quota or Quota(options.max_calls, options.call_rate),
    )


def requests_in_flight(options: EndpointOptions, max_concurrency: int | None) -> int:
    """Return how many requests to make at once: what is asked for, as far as the model takes it.

    Without a wish it is four for a model that takes any number, and that is said, because each
    call is billed. For `auto` it is the most that may be found.
    """
    wanted = LARGEST if options.max_in_flight == "auto" else options.max_in_flight
    if max_concurrency is not None:
        return max_concurrency if wanted is None else min(wanted, max_concurrency)
    if wanted is None:
        logger.info("%d requests in flight; --in-flight changes it", REMOTE_IN_FLIGHT)
        return REMOTE_IN_FLIGHT
    return wanted


def expected_in_flight(options: EndpointOptions, max_concurrency: int | None) -> int:
    """Return with how many requests at once to reckon: how many `auto` finds, only calls tell."""
    if options.max_in_flight == "auto" and max_concurrency is None:
        return REMOTE_IN_FLIGHT
    return requests_in_flight(options, max_concurrency)


def most_requests(options: EndpointOptions) -> int:
    """Return how many requests a camera may ever make at once."""
    if options.is_in_process:
        return 1
    wanted = options.max_in_flight
    return wanted if isinstance(wanted, int) else LARGEST if wanted == "auto" else REMOTE_IN_FLIGHT


def live_requests(
    options: EndpointOptions, max_concurrency: int | None, sizes: int
) -> int | Freshness:
    """Return how many requests a live run makes at once, or what finds it out.

    Without a wish it is the best number up to four, because each call is billed.

    Args:
        options: How many are wanted.
        max_concurrency: Requests that the model takes at once; None: any number.
        sizes: How many smaller pictures may be sent in place of the usual one.
    """
    wanted = options.max_in_flight
    if isinstance(wanted, int):
        return wanted if max_concurrency is None else min(wanted, max_concurrency)
    most = LARGEST if wanted == "auto" else REMOTE_IN_FLIGHT
    if max_concurrency is not None:
        most = min(most, max_concurrency)
    return Freshness(most, sizes) if most > 1 else 1
