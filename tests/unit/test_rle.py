"""Run lengths, as pycocotools writes and reads them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pycocotools import mask as coco

from livesegment.rle import read_runs, regions

Region = npt.NDArray[np.uint8]

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def drawn() -> list[Region]:
    random = np.random.default_rng(1)
    noise = [(random.random((37, 53)) < share).astype(np.uint8) for share in (0.02, 0.5, 0.9)]
    full, corner = np.ones((37, 53), np.uint8), np.zeros((37, 53), np.uint8)
    corner[-1, -1] = 1
    wide = np.zeros((900, 1600), np.uint8)  # with counts that take several characters
    wide[100:103, 3:1500] = 1
    return [*noise, full, corner, wide, np.zeros((37, 53), np.uint8)]


def unpacked(counts: Any, region: Region) -> Region:
    height, width = region.shape
    runs = read_runs(counts, (width, height))
    found = np.zeros((width, height), np.uint8)
    runs.fill(found, 1)
    assert runs.area == found.sum()
    return found.T


@pytest.mark.parametrize("region", drawn())
def test_both_forms_are_read(region: Region) -> None:
    compressed = coco.encode(np.asfortranarray(region))["counts"].decode()
    np.testing.assert_array_equal(unpacked(compressed, region), region)
    flat = region.T.ravel()
    edges = np.flatnonzero(np.diff(flat, prepend=0, append=1 - flat[-1]))
    counts = np.diff(edges, prepend=0).tolist()
    np.testing.assert_array_equal(unpacked(counts, region), region)


@pytest.mark.parametrize("region", drawn()[:-1])
def test_what_is_written_is_read_here_and_there(region: Region) -> None:
    written = {each.id: each for each in regions(region)}[1]
    np.testing.assert_array_equal(unpacked(written.counts, region), region)
    size = list(region.shape)
    np.testing.assert_array_equal(coco.decode({"size": size, "counts": written.counts}), region)
    assert written.area == region.sum()


def test_instances_above_255_are_told_apart() -> None:
    ids = np.zeros((4, 5), np.uint16)
    ids[1:3, 1] = 300
    assert [(each.id, each.area) for each in regions(ids)] == [(0, 18), (300, 2)]


@pytest.mark.parametrize(
    "counts",
    [
        "",
        "0",
        "o",  # goes on and ends
        "o" * 6 + "0",
        "o" * 100 + "0",
        "é",
        "\ud800",
        " ",
        "-1",
        [],
        [7],
        [-1, 7],
        [3, 10**12],
        [10**400],
        [2**63 - 1, 2**63 - 1, 2],
        [6.0],
        [True, 5],
        ["6"],
        None,
        {},
        [[6]],
        [0] * 100 + [6],
    ],
)
def test_what_are_no_run_lengths_is_refused(counts: Any) -> None:
    with pytest.raises(ValueError, match=r"^its counts "):
        read_runs(counts, (3, 2))
