"""What the long run makes of its samples: it fails where something grows, and nowhere else."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from endurance.curve import draw
from endurance.held import Sample, Sampler, read_samples
from endurance.verdict import judge
from waiting import wait_until

EVERY = 1 / 12  # minutes
HOUR = np.arange(0, 60, EVERY)


def sampled(
    rss_mb: Callable[[float], float] = lambda _: 100.0,
    threads: Callable[[float], int] = lambda _: 20,
    descriptors: Callable[[float], int] = lambda _: 10,
    pid: Callable[[float], int] = lambda _: 7,
) -> list[Sample]:
    return [
        Sample(m, "live", pid(m), rss_mb(m), 50, 60, threads(m), descriptors(m), int(600 * m))
        for m in HOUR
    ]


def clips(minute: float) -> int:
    """Threads that come and go."""
    return 20 + 6 * (round(minute / EVERY) % 4 > 0)


@pytest.mark.parametrize(
    ("samples", "grows"),
    [
        (sampled(), False),
        (sampled(lambda m: 100 + 20 * min(m, 9)), False),
        (sampled(lambda m: 100 + 8 * (round(m / EVERY) % 3), clips), False),
        (sampled(lambda m: 100 + 0.05 * m), False),
        (sampled(lambda m: 100 + 0.12 * m), True),
        (sampled(lambda m: 100 + 0.12 * m + 8 * (round(m / EVERY) % 3)), True),
        (sampled(threads=lambda m: clips(m) + int(m / 10)), True),
        (sampled(descriptors=lambda m: 10 + int(m / 0.5)), True),
    ],
    ids=[
        *("steady", "warming up", "up and down", "hardly", "memory", "memory, up and down"),
        *("threads", "descriptors"),
    ],
)
def test_what_grows_is_found(samples: list[Sample], grows: bool) -> None:
    verdict = judge(samples, warm_up=10)
    assert verdict is not None
    assert verdict.grows == grows
    assert ("GROWS" in str(verdict)) == grows


def test_who_was_killed_is_not_judged() -> None:
    assert judge(sampled(pid=lambda m: 7 + int(m / 20)), warm_up=10) is None


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_samples_are_written_read_and_drawn(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    with Sampler(path, 0.01, lambda: {"me": (os.getpid(), 3), "gone": (2**22 + 1, 0)}):
        wait_until(lambda: path.exists() and path.read_text().count("\n") > 3, "samples")
    samples = read_samples(path)
    assert set(samples) == {"me"}
    first = samples["me"][0]
    assert first.rss_mb > first.anonymous_mb > 1
    assert first.threads > 1
    assert first.descriptors > 3
    assert (first.pid, first.masks) == (os.getpid(), 3)
    draw(tmp_path / "curve.png", {"live": sampled(), **samples}, [1.0, 30.0], 10)
    assert cv2.imread(str(tmp_path / "curve.png")).shape == (440, 1200, 3)
