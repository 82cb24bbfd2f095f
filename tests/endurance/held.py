"""What processes hold, sampled into a CSV file and read back from it."""

import csv
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """What one process held at one moment.

    Attributes:
        minute: Minutes since the run began.
        process: What the run calls it.
        pid: Its number.
        rss_mb: Its memory, libraries included.
        pss_mb: The same, where what is shared with others is divided among them; it changes when
            one of those ends.
        anonymous_mb: What it has allocated itself.
        threads: Its threads.
        descriptors: Its open descriptors.
        masks: Answers of the model that it has got so far.
    """

    minute: float
    process: str
    pid: int
    rss_mb: float
    pss_mb: float
    anonymous_mb: float
    threads: int
    descriptors: int
    masks: int


HEADER = [field.name for field in fields(Sample)]
_TYPES = [field.type for field in fields(Sample)]


def held_by(minute: float, process: str, pid: int, masks: int) -> Sample:
    """Look at a process.

    Raises:
        OSError: If it is gone.
    """
    proc = Path(f"/proc/{pid}")
    memory = (proc / "smaps_rollup").read_text()
    rss, pss, anonymous = (
        round(int(re.search(rf"(?m)^{what}:\s+(\d+)", memory)[1]) / 1024, 3)
        for what in ("Rss", "Pss", "Anonymous")
    )
    threads, descriptors = (len(list((proc / what).iterdir())) for what in ("task", "fd"))
    return Sample(round(minute, 4), process, pid, rss, pss, anonymous, threads, descriptors, masks)


def read_samples(path: Path) -> dict[str, list[Sample]]:
    """Return what was sampled, by process."""
    found: dict[str, list[Sample]] = defaultdict(list)
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            sample = Sample(*(kind(text) for kind, text in zip(_TYPES, row, strict=True)))
            found[sample.process].append(sample)
    return found


class Sampler:
    """Samples processes every so often, on a thread of its own.

    Args:
        path: The CSV file.
        every_s: Seconds from one look to the next.
        processes: Returns the number of each process, and its masks, by its name.
    """

    def __init__(
        self, path: Path, every_s: float, processes: Callable[[], Mapping[str, tuple[int, int]]]
    ) -> None:
        self._path = path
        self._every_s = every_s
        self._processes = processes
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._began_s = time.monotonic()

    @property
    def minute(self) -> float:
        """Minutes since it began."""
        return (time.monotonic() - self._began_s) / 60

    def _run(self) -> None:
        with self._path.open("w", newline="", buffering=1) as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            while not self._stopping.wait(self._every_s):
                writer.writerows(map(astuple, self._look()))

    def _look(self) -> Sequence[Sample]:
        found = []
        for name, (pid, masks) in self._processes().items():
            try:
                found.append(held_by(self.minute, name, pid, masks))
            except (OSError, TypeError):
                continue  # it was killed just now
        return found

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
