"""How much memory something takes at its peak."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def memory_at_most(most: int) -> Iterator[None]:
    """Fail if what Python and numpy hold of what the block takes is ever more bytes than that."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
