"""Tells systemd that the monitor is ready, alive, reloading or stopping.

Source: sd_notify(3): a datagram of lines to the socket that `NOTIFY_SOCKET` names.
"""

import contextlib
import os
import socket
import time
from collections.abc import Mapping

from livesegment.resource import Resource

_PULSE_S = 1.0


class ServiceNotices(Resource):
    """Sends notices; does nothing where no service manager asked for them.

    Args:
        environment: Where a service manager says what it wants.

    Attributes:
        pulse_s: Seconds between two signs of life, at most half of what the watchdog allows.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        # A socket may have no file: its name begins with a zero, which is written as @.
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._socket = None
        if name.startswith(("@", "/")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            # A full queue must not hold up the cameras.
            self._socket.setblocking(False)
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID", f"{os.getpid()}") == f"{os.getpid()}"
        self._is_watched = watchdog_us.isdecimal() and is_ours
        self.pulse_s = min(_PULSE_S, int(watchdog_us) / 2e6) if self._is_watched else _PULSE_S

    def ready(self, status: str) -> None:
        """Say that everything has started, and what goes on in a few words."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` says that it is done."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that files are being finished."""
        self._send("STOPPING=1", "STATUS=finishing files")

    def alive(self) -> None:
        """Give a sign of life to the watchdog, if there is one."""
        if self._is_watched:
            self._send("WATCHDOG=1")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()

    def _send(self, *lines: str) -> None:
        if self._socket is not None:
            # Watching goes on without its manager; one that misses signs of life acts on that.
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)
