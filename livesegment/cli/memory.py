"""Too little memory: found before anything is begun where that can be, else told from a bug."""

import re
import sys

from livesegment.errors import SHORTAGES, OutOfMemory

_LEAST_ADDRESS_SPACE = 2**30
"""Bytes that films cannot be worked on below: libraries then end the process, unasked."""

LEAST_TO_BEGIN = 576 * 2**20
"""Bytes below which OpenCV and numpy do so while they are loaded, on two cores."""

# `std::bad_alloc` is all that C++ says, and a library that finds no room is an ImportError.
_SAID = re.compile(
    r"bad_alloc|insufficient memory|failed to map segment|cannot allocate memory"
    r"|can't start new thread",
    re.IGNORECASE,
)


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


def tells_of_memory(error: BaseException | None) -> bool:
    """Tell whether an error, or what led to it, is that memory or threads are lacking."""
    while error is not None:
        if isinstance(error, OSError):
            is_shortage = error.errno in SHORTAGES
        else:
            is_shortage = isinstance(error, MemoryError) or bool(_SAID.search(str(error)))
        if is_shortage:
            return True
        error = error.__cause__ or error.__context__
    return False
