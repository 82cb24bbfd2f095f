"""The progress bar of `annotate`."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)


class ProgressBar:
    """One bar on stderr with frames a second and the time left; nothing where no terminal is."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("frames", total=None, rate="")

    def update(self, frames_done: int, frames_total: int | None) -> None:
        """Show how far it is; None: the number of frames is not known."""
        speed = self._progress.tasks[0].speed
        rate = f"{speed:.1f} frames/s" if speed else ""
        self._progress.update(self._task, completed=frames_done, total=frames_total, rate=rate)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
