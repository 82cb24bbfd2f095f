"""Too little memory, found before anything is begun where that can be."""

import sys

from livesegment.errors import OutOfMemory

_LEAST_ADDRESS_SPACE = 2**30
"""Bytes that films cannot be worked on below: libraries then end the process, unasked."""

LEAST_TO_BEGIN = 576 * 2**20
"""Bytes below which OpenCV and numpy do so while they are loaded, on two cores."""


def check_address_space(least: int = _LEAST_ADDRESS_SPACE) -> None:
    """Check that a limit on the address space (`ulimit -v`) leaves enough to begin.

    Args:
        least: Bytes that are enough.

    Raises:
        OutOfMemory: If it does not.
    """
    if sys.platform == "win32":
        return
    import resource  # here, because Windows has none

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < least:
        raise OutOfMemory(
            f"the limit on address space (ulimit -v) is {limit // 2**20} MB, and pictures need "
            f"{least // 2**20} MB at least"
        )
