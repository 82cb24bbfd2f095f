"""How much memory something takes at its peak."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROCESS = Path("/proc/self")


@contextmanager
def memory_at_most(most: int) -> Iterator[None]:
    """Fail if what Python and numpy hold of what the block takes is ever more bytes than that."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@contextmanager
def resident_at_most(most: int) -> Iterator[None]:
    """Fail if the process ever holds that many bytes more than before, those of libraries too.

    Where the system does not tell (it is not Linux), nothing is found out.
    """
    try:
        (_PROCESS / "clear_refs").write_text("5")  # begins the peak anew; see proc(5)
    except OSError:
        yield
        return
    before = _resident("VmRSS")
    yield
    assert _resident("VmHWM") - before < most


def _resident(name: str) -> int:
    lines = (_PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
