"""Sends a run's pictures to an address, for ever: a recorder, a server, whoever listens."""

import json
import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import BinaryIO, cast
from urllib.parse import urlsplit, urlunsplit

from livesegment.address import shown_host
from livesegment.backoff import Backoff, Restarts
from livesegment.child import own_environment, own_program
from livesegment.errors import SinkError
from livesegment.output import LiveRun
from livesegment.sinks.published_stream import GRACE_S, MPEGTS_OPTIONS, PublishedStream

logger = logging.getLogger(__name__)

RECONNECT = Backoff(attempts=None, first_wait_s=0.5, max_wait_s=10.0)

OPEN_S, WRITE_S = 10.0, 5.0
"""Seconds that a server may take to answer, and to go on reading, before it counts as hanging."""

_HEALTHY_S = 10.0  # a connection that lasted so long did not break because of how it begins
_MODULE = "livesegment.sinks.stream_process"
_CONTAINERS = {"rtsp": "rtsp", "rtmp": "flv", "udp": "mpegts"}
_OPTIONS = {
    "rtsp": {"rtsp_transport": "tcp"},  # by UDP, a packet that is lost smears the picture
    "udp": MPEGTS_OPTIONS,
}
_SILENT = "no answer in time"


class StreamToAddress(PublishedStream):
    """Sends to rtsp://, rtmp:// or udp://, by a process of its own, and again when that is lost.

    Whoever is not there is waited for, from the start. Loss and return are logged, and said in the
    window, once each.

    Args:
        address: Where to. Only its host is ever shown: in many, the path is the key.
        fps: Nominal frames per second.
        backoff: The waits between tries.
    """

    def __init__(
        self, address: str, *, fps: Fraction | float | None = None, backoff: Backoff = RECONNECT
    ) -> None:
        scheme = urlsplit(address).scheme
        # In NUT to the process, which packs it anew.
        super().__init__(shown_host(address), "nut", {}, fps, is_session=scheme != "udp")
        self._order = {
            "url": _in_whole_packets(address) if scheme == "udp" else address,
            "container": _CONTAINERS[scheme],
            "options": _OPTIONS.get(scheme, {}),
            "open_s": OPEN_S,
            "write_s": WRITE_S,
        }
        self._live: LiveRun | None = None
        self._sender: _Sender | None = None
        self._restarts = Restarts(backoff, _HEALTHY_S)
        self._again_at_s = 0.0
        self._away_since_s: float | None = None
        self._has_said = False  # that somebody takes the stream
        self._is_closing = False

    def on_start(self, run: LiveRun) -> None:
        """Get to know whom to tell of losses; the first picture begins the stream."""
        self._live = run

    def is_ready(self) -> bool:
        """Tell whether a stream is sent, or its next try is due."""
        return self._sender is not None or time.monotonic() >= self._again_at_s

    def begin(self) -> BinaryIO:
        """Return the input of a process that sends."""
        self._sender = sender = _Sender(self._order, self._on_connected)
        return cast(BinaryIO, sender)

    def end(self) -> None:
        """Let the process send what it has and hang up."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def on_sent(self) -> None:
        """Count a picture that went to somebody."""
        if self._live is not None and self._sender is not None and self._sender.is_connected:
            self._live.metrics.count("frames_published")

    def on_broken(self, error: SinkError) -> None:
        """Say once that nobody gets the stream, and wait before the next try."""
        sender, self._sender = self._sender, None
        if sender is None:  # it could not be started
            reason, lived_s = str(error), None
        else:
            reason, lived_s = sender.end()
        if self._is_closing:  # broken off by ourselves
            return
        now_s = time.monotonic()
        self._again_at_s = now_s + self._restarts.after(lived_s or 0.0)
        if lived_s is not None:
            self._tell(f"{self.name} is lost", f": {reason}; it is sent to again once it is back")
            if self._live is not None:
                self._live.metrics.count("stream_losses")
        elif self._away_since_s is None:
            self._tell(f"cannot send to {self.name}", f": {reason}; waiting for it")
        if self._away_since_s is None:
            self._away_since_s = now_s

    def close(self) -> None:
        """End the stream; one that hangs is broken off. May be called twice."""
        self._is_closing = True
        super().close()
        sender = self._sender
        if sender is not None:
            sender.kill()
            super().close()

    def _on_connected(self) -> None:
        away_since_s, self._away_since_s = self._away_since_s, None
        if away_since_s is None and not self._has_said:
            logger.info("sending to %s", self.name)
        elif away_since_s is not None:
            self._tell(f"{self.name} is there", f" after {time.monotonic() - away_since_s:.1f} s")
        self._has_said = True

    def _tell(self, what: str, why: str = "") -> None:
        logger.warning("%s%s", what, why)
        if self._live is not None:
            self._live.remark(what)


class _Sender:
    """The process that sends a stream. As a file, it is written to.

    Args:
        order: What it is told.
        on_connected: Called, on another thread, when somebody takes the stream.

    Raises:
        SinkError: If it cannot be started.
    """

    def __init__(self, order: object, on_connected: Callable[[], None]) -> None:
        self._on_connected = on_connected
        self._connected_at_s: float | None = None
        self._reason = _SILENT
        try:
            self._process = subprocess.Popen(
                own_program(_MODULE),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=own_environment(),
                start_new_session=True,  # Ctrl-C is for the run, which ends it in order
            )
        except OSError as error:
            raise SinkError(f"no process for it ({error.strerror})") from error
        self._listener = threading.Thread(target=self._listen, name="published", daemon=True)
        self._listener.start()
        with suppress(BrokenPipeError):
            self.write(json.dumps(order).encode() + b"\n")

    @property
    def is_connected(self) -> bool:
        """Whether somebody takes the stream."""
        return self._connected_at_s is not None

    def write(self, data: bytes) -> int:
        """Write all of it, however long that takes: a process that hangs ends itself."""
        assert self._process.stdin is not None
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._process.stdin.fileno(), rest) :]
        return len(data)

    def close(self) -> None:
        """Have it send what it has, or break it off after the grace."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        self.end()

    def end(self) -> tuple[str, float | None]:
        """Break it off.

        Returns:
            Why it broke off by itself, and how many seconds it was connected; None: it never was.
        """
        # One that has said why it fails is about to end.
        self._listener.join(GRACE_S)
        self.kill()
        with self._process:  # closes its files, and waits
            self._listener.join()
        at_s = self._connected_at_s
        return self._reason, None if at_s is None else time.monotonic() - at_s

    def kill(self) -> None:
        """End it at once; from any thread."""
        self._process.kill()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "failed" in said:
                self._reason = said["failed"]
            else:
                self._connected_at_s = time.monotonic()
                self._on_connected()


def _in_whole_packets(address: str) -> str:
    """Return the address for datagrams that hold seven packets of MPEG-TS, as receivers expect."""
    parts = urlsplit(address)
    if "pkt_size=" in parts.query:
        return address
    query = "&".join(filter(None, (parts.query, "pkt_size=1316")))
    return urlunsplit(parts._replace(query=query))
