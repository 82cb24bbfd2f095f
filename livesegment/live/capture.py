"""The thread that reads the source and hands the newest frame on."""

import threading
import time
from dataclasses import replace

import cv2
import numpy as np

from livesegment.buffer import Buffer
from livesegment.frame import Frame
from livesegment.metrics import Metrics
from livesegment.pacer import Pacer
from livesegment.profile import stage
from livesegment.settings.controls import ControlPanel
from livesegment.sources.base import Source

PTS_TOLERANCE_S = 0.001  # media times are rounded, to 1 ms in Matroska


class Capture:
    """Reads a source until its end; the only thread that reads it.

    A camera is read as fast as it delivers. The frames of a file are released at their own
    times, from the moment the first one is read; a pause holds the file where it is.

    Args:
        source: Where the frames come from.
        arrivals: Where the newest frame goes; closed at the source's end.
        panel: Says whether the user paused.
        metrics: Counts frames.
        stopping: Ends every wait.
        fps_limit: Frames a second to let through at most; None: all.
        mirror: Flip each picture left to right.
    """

    def __init__(
        self,
        source: Source,
        arrivals: Buffer[Frame],
        panel: ControlPanel,
        metrics: Metrics,
        stopping: threading.Event,
        *,
        fps_limit: float | None = None,
        mirror: bool = False,
    ) -> None:
        self._source = source
        self._arrivals = arrivals
        self._panel = panel
        self._metrics = metrics
        self._stopping = stopping
        self._pacer = None if source.is_live else Pacer(stopping)
        self._spacing_s = 1 / fps_limit if fps_limit else 0.0
        self._next_pts_s: float | None = None
        self._mirror = mirror
        self._reconnects = source.reconnects

    def run(self) -> None:
        """Read until the source ends or the run stops.

        Raises:
            SourceLost: If the source breaks; the last frame read is handed on before.
        """
        try:
            while not self._stopping.is_set():
                with stage("decode"):
                    frame = self._source.read()
                if frame is None:
                    return
                self._metrics.count("frames_captured")
                self._count_reconnects()
                if self._is_wanted(frame):
                    self._arrivals.put(self._released(frame))
        finally:
            self._arrivals.close()

    def _count_reconnects(self) -> None:
        so_far = self._source.reconnects
        if so_far != self._reconnects:
            self._metrics.count("reconnects", so_far - self._reconnects)
            self._reconnects = so_far

    def _is_wanted(self, frame: Frame) -> bool:
        due_s = frame.pts_s if self._next_pts_s is None else self._next_pts_s
        if frame.pts_s < due_s - PTS_TOLERANCE_S:
            return False
        # From the due time, so that 10 of 15 frames a second come out as 10 and not as 7.5.
        self._next_pts_s = max(due_s, frame.pts_s - self._spacing_s) + self._spacing_s
        return True

    def _released(self, frame: Frame) -> Frame:
        if self._mirror:
            flipped = cv2.flip(frame.image, 1).astype(np.uint8, copy=False)
            frame = replace(frame, image=flipped)
        if self._pacer is None:
            return frame
        self._pacer.hold(frame.pts_s)
        held_at_s = time.monotonic()
        self._panel.wait_while_paused()
        self._pacer.shift(time.monotonic() - held_at_s)
        return frame.renumbered(captured_at_s=time.monotonic())
