"""How far `annotate` is, on stderr: a bar on a terminal, else a line now and then."""

import os
import sys
import time
from typing import TYPE_CHECKING

from livesegment.annotate.progress import Progress
from livesegment.duration import in_words
from livesegment.resource import Resource

if TYPE_CHECKING:
    from rich.console import Console

_LINE_EVERY_S = 10.0


class ProgressBar(Resource):
    """One bar with frames, calls, frames a second and the time left."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import (  # here, because it takes its time
            BarColumn,
            MofNCompleteColumn,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TextColumn("frames  {task.fields[rate]}"),
            TextColumn("{task.fields[calls]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("", total=None, rate="", calls="")
        self._bar.start()

    def update(self, progress: Progress) -> None:
        """Show how far it is."""
        speed = self._bar.tasks[0].speed
        self._bar.update(
            self._task,
            description=_files(progress),
            completed=progress.frames,
            total=progress.frames_total,
            rate=f"{speed:.1f}/s" if speed else "",
            calls=_calls(progress),
        )

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.stop()


class ProgressLines(Resource):
    """A line every ten seconds, for logs and pipes."""

    def __init__(self) -> None:
        self._began_s = self._said_s = time.monotonic()
        self._frames_said = 0

    def update(self, progress: Progress) -> None:
        """Say how far it is, if it is time to."""
        now_s = time.monotonic()
        elapsed_s = now_s - self._said_s
        if elapsed_s < _LINE_EVERY_S:
            return
        # The rate of late, not since the beginning: masks of an earlier run go by quickly.
        rate = (progress.frames - self._frames_said) / elapsed_s
        self._said_s, self._frames_said = now_s, progress.frames
        of, left = "", ""
        if progress.frames_total is not None:
            of = f" of {progress.frames_total}"
            if rate:
                left = f", {in_words((progress.frames_total - progress.frames) / rate)} left"
        files = _files(progress)
        print(
            f"livesegment: {files + ', ' if files else ''}{progress.frames}{of} frames,"
            f" {rate:.1f} frames/s, {_calls(progress)}{left}",
            file=sys.stderr,
            flush=True,
        )


def open_progress() -> ProgressBar | ProgressLines:
    """Return what fits to where stderr leads."""
    # Of what else may want a bar, rich knows these.
    wants_bar = any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))
    if not (wants_bar or sys.stderr.isatty()):
        return ProgressLines()
    from rich.console import Console

    console = Console(stderr=True)
    return ProgressBar(console) if console.is_terminal else ProgressLines()


def _files(progress: Progress) -> str:
    if progress.files_total == 1:
        return ""
    return f"{progress.files} of {progress.files_total} files"


def _calls(progress: Progress) -> str:
    text = f"{progress.calls} calls"
    if progress.calls_saved:
        text += f" ({progress.calls_saved} saved)"
    if progress.errors:
        text += f", {progress.errors} errors retried"
    return text
