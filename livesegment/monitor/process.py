"""A camera's process, as the monitor sees it."""

import asyncio
import logging
import os
import pickle
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any, Self

from livesegment.child import own_environment, own_program
from livesegment.monitor.link import LENGTHS, Message
from livesegment.settings.monitor import CameraOptions

_MODULE = "livesegment.monitor.camera_process"
_BUFFER = 2**20
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_HEAPS = "MALLOC_ARENA_MAX"
"""glibc keeps a heap for each of many threads, and what is free in one is not used by others: in a
camera that runs for months they grow one after the other. Two are enough for its threads."""


class CameraProcess:
    """Runs one camera apart, so that its crash or hang is nobody else's.

    Made by `start`; to be waited for with `ended`, whatever happens.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, config: CameraOptions, **home: str | None) -> Self:
        """Start a process for a camera.

        Args:
            config: The camera.
            home: Where it is shown, and where it remembers, see `camera_process`.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *own_program(_MODULE, config.name),
                stdin=theirs.fileno(),
                env=child_environment(),
                # Ctrl-C is for the monitor, which then ends its cameras in order.
                start_new_session=True,
            )
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_BUFFER)
        started = cls(process, reader, writer)
        level = logging.getLogger("livesegment").getEffectiveLevel()
        started._write(Message("start", {"level": level, **home}, pickle.dumps(config)))
        return started

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def send(self, kind: str, /, **fields: Any) -> None:
        """Send a message; never waits."""
        self._write(Message(kind, fields))

    async def messages(self) -> AsyncIterator[Message]:
        """Yield what the camera says, until it hangs up."""
        try:
            while True:
                lengths = LENGTHS.unpack(await self._reader.readexactly(LENGTHS.size))
                head, body = [await self._reader.readexactly(length) for length in lengths]
                yield Message.unpacked(head, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def kill(self) -> None:
        """End the process at once. May be called when it has ended."""
        if self._process.returncode is None:
            self._process.kill()

    async def ended(self, patience_s: float) -> int:
        """Return how the process ended, after killing it if it does not do so by itself.

        Args:
            patience_s: Seconds to wait for it.

        Returns:
            Its exit code; below 0: the signal that ended it.
        """
        try:
            async with asyncio.timeout(patience_s):
                await self._process.wait()
        except TimeoutError:
            self.kill()
        finally:
            self._writer.close()
        return await self._process.wait()

    def _write(self, message: Message) -> None:
        if not self._writer.is_closing():
            self._writer.write(message.packed())


def exit_in_words(code: int) -> str:
    """Return how a process ended, given its exit code."""
    if code >= 0:
        return f"its process ended with code {code}"
    try:
        return f"its process was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"its process was ended by signal {-code}"


def child_environment() -> dict[str, str]:
    """Return the environment of a process that imports what this one does, on one thread."""
    heaps = os.environ.get(_HEAPS, "2")
    return {**own_environment(), **dict.fromkeys(_ONE_THREAD, "1"), _HEAPS: heaps}
