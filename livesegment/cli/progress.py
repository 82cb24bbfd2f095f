"""The progress bar of `annotate`."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from livesegment.resource import Resource


class ProgressBar(Resource):
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
        self._progress.start()

    def update(self, frames_done: int, frames_total: int | None) -> None:
        """Show how far it is; None: the number of frames is not known."""
        speed = self._progress.tasks[0].speed
        rate = f"{speed:.1f} frames/s" if speed else ""
        self._progress.update(self._task, completed=frames_done, total=frames_total, rate=rate)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._progress.stop()
