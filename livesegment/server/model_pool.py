"""The way to the model: so many calls at once, so many waiting, the rest turned away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from livesegment.protocol.received import Refusal

T = TypeVar("T")

MAX_WAITING = 32
"""Requests that may wait for the model while it is busy."""

CONCURRENCY_OF_ANY = 8
"""Calls at once to a segmenter that takes any number."""


class ModelPool:
    """Runs jobs on threads, as many at once as the model takes.

    `place` and `run` belong to one event loop; `close` is called when that has ended.

    Args:
        concurrency: Jobs at once; None: any number, which is bounded all the same.
        waiting: Jobs that may wait beyond that.
    """

    def __init__(self, concurrency: int | None, waiting: int = MAX_WAITING) -> None:
        threads = CONCURRENCY_OF_ANY if concurrency is None else concurrency
        self._free_places = threads + waiting
        self._turns = asyncio.Semaphore(threads)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="livesegment-model")

    def check_free(self) -> None:
        """Raise what `place` would raise, for a caller that has not read its request yet."""
        if self._free_places <= 0:
            raise Refusal(503, "too many requests wait already; try again")

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for the model's attention and hold it within the block.

        Raises:
            Refusal: At once and with status 503, if too many wait already.
        """
        self.check_free()
        self._free_places -= 1
        try:
            async with self._turns:
                yield
        finally:
            self._free_places += 1

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job on a thread; to be called within `place`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, job)

    def close(self) -> None:
        """Wait for the jobs that run and end the threads. May be called twice."""
        self._threads.shutdown(wait=True, cancel_futures=True)
