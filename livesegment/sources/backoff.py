"""How long to wait before a camera is asked again."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 1.0


def wait_before(attempt: int, chance: float) -> float:
    """Return the seconds to wait before the next attempt to open a camera.

    Doubled with each attempt up to a second, and shorter by up to half, so that many cameras
    behind one switch that restarts are not all asked at the same moment.

    Args:
        attempt: How many have failed so far, from 0.
        chance: Random number, 0 to 1.
    """
    longest_s: float = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(attempt, 10))
    return longest_s * (1 - chance / 2)
