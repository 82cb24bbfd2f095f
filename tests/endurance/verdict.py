"""Whether what a process holds grows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from endurance.held import Sample

MOST_MB_A_MINUTE = 0.1


@dataclass(frozen=True)
class Count:
    """How many of something a process had: the least, the most and the last."""

    least: int
    most: int
    last: int
    grows: bool

    def __str__(self) -> str:
        return f"{self.least} to {self.most}, {self.last} at the end{' GROWS' * self.grows}"


@dataclass(frozen=True)
class Verdict:
    """What one process held once it had warmed up.

    Attributes:
        slope: MB a minute, by least squares.
        robust: The same by the median of the slopes between any two samples (Theil 1950, Sen 1968),
            which a peak does not move.
        rss_mb: Memory first and last.
        threads: Its threads.
        descriptors: Its descriptors.
        masks: Masks that it got, from the begin of the run.
    """

    slope: float
    robust: float
    rss_mb: tuple[float, float]
    threads: Count
    descriptors: Count
    masks: int

    @property
    def grows(self) -> bool:
        """Whether it would not live for ever."""
        return self.slope >= MOST_MB_A_MINUTE or self.threads.grows or self.descriptors.grows

    def __str__(self) -> str:
        first, last = self.rss_mb
        return (
            f"{self.slope:+.3f} MB a minute{' GROWS' * (self.slope >= MOST_MB_A_MINUTE)}"
            f" (robust {self.robust:+.3f}), {first:.1f} to {last:.1f} MB;"
            f" threads {self.threads}; descriptors {self.descriptors}; {self.masks} masks"
        )


def judge(samples: Sequence[Sample], warm_up: float) -> Verdict | None:
    """Judge one process by what it held after some minutes.

    Args:
        samples: In order, of the whole run.
        warm_up: Minutes that do not count.

    Returns:
        The verdict; None if the process did not live through it, or there is too little to see.
    """
    warm = [each for each in samples if each.minute >= warm_up]
    if len(warm) < 6 or len({each.pid for each in samples}) > 1:
        return None
    minutes = np.array([each.minute for each in warm])
    memory = np.array([each.rss_mb for each in warm])
    return Verdict(
        float(np.polyfit(minutes, memory, 1)[0]),
        _median_slope(minutes, memory),
        (memory[0], memory[-1]),
        _count([each.threads for each in warm]),
        _count([each.descriptors for each in warm]),
        samples[-1].masks,
    )


def _median_slope(x: np.ndarray, y: np.ndarray) -> float:
    first, second = np.triu_indices(len(x), 1)
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))


def _count(numbers: Sequence[int]) -> Count:
    # Some come and go with clips, and with what is lost and found again: their mean is steady.
    third = max(1, len(numbers) // 3)
    before, after = np.mean(numbers[:third]), np.mean(numbers[-third:])
    return Count(min(numbers), max(numbers), numbers[-1], bool(after >= before + 1))
