"""Regions as polygons that give them back when they are filled."""

from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Polygon = npt.NDArray[np.int32]
"""Corners as (x, y) in pixels, int32 of shape (N, 2); the last is joined to the first."""

_Detours = dict[int, list[tuple[int, Polygon]]]


def region_polygons(region: npt.NDArray[np.uint8]) -> list[Polygon]:
    """Return one polygon for each connected part of a region.

    Corners are centres of pixels of the region, as `cv2.findContours` gives them. Filling a polygon
    with its edges (`cv2.fillPoly`) gives its part back to the pixel. Polygon formats know no holes,
    so a hole is joined to what lies left of it by an edge that is walked there and back. That edge
    runs along a row, over pixels of the part alone: filling covers nothing else. A part of one or
    two pixels repeats a corner, so that every polygon has three.

    Source of the contours: Suzuki and Abe, Topological Structural Analysis of Digitized Binary
    Images by Border Following, 1985. Parts are 8-connected, holes 4-connected.

    Args:
        region: uint8 (H, W), not 0 in the region.
    """
    contours, hierarchy = cv2.findContours(region, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return []
    paths: list[Polygon] = [np.asarray(contour, np.int32)[:, 0] for contour in contours]
    is_hole = np.asarray(hierarchy)[0, :, 3] >= 0
    outlines = [path for path, hole in zip(paths, is_hole, strict=True) if not hole]
    holes = [path for path, hole in zip(paths, is_hole, strict=True) if hole]
    return [_corners(path) for path in _joined(region, outlines, holes)]


def _joined(
    region: npt.NDArray[np.uint8], outlines: Sequence[Polygon], holes: Sequence[Polygon]
) -> list[Polygon]:
    """Return the outlines with a detour around each hole."""
    if not holes:
        return list(outlines)
    from_their_left = [np.roll(path, -int(path[:, 0].argmin()), axis=0) for path in holes]
    from_their_left.sort(key=lambda path: int(path[0, 0]))
    paths = [*outlines, *from_their_left]
    owner, place = _index(region.shape, paths)
    detours: _Detours = defaultdict(list)
    # A hole joins something that starts further left, which comes earlier in the list: backwards,
    # a hole has all its own detours when it becomes one.
    for number in range(len(paths) - 1, len(outlines) - 1, -1):
        x, y = paths[number][0]
        gaps = np.flatnonzero(region[y, :x] == 0)
        reached = int(gaps[-1]) + 1 if gaps.size else 0
        around = np.concatenate((_walk(paths[number], detours[number]), paths[number][:1]))
        detours[int(owner[y, reached])].append((int(place[y, reached]), around))
    return [_walk(path, detours[number]) for number, path in enumerate(outlines)]


def _index(
    shape: tuple[int, ...], paths: Sequence[Polygon]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return which path runs through a pixel, the first of several, and where on the path."""
    owner, place = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for number in range(len(paths) - 1, -1, -1):
        x, y = paths[number].T
        owner[y, x] = number
        place[y, x] = np.arange(len(x))
    return owner, place


def _walk(path: Polygon, detours: Sequence[tuple[int, Polygon]]) -> Polygon:
    """Return a path with detours, each from a place on the path and back to it."""
    pieces, begin = [], 0
    for at, detour in sorted(detours, key=lambda each: each[0]):
        pieces += [path[begin : at + 1], detour]
        begin = at
    return np.concatenate([*pieces, path[begin:]])


def _corners(path: Polygon) -> Polygon:
    """Leave out the points of a closed path at which it goes straight on; keep three at least."""
    moves = np.sign(np.roll(path, -1, axis=0) - path)
    moved = moves.any(axis=1)
    if moved.any():
        path, moves = path[moved], moves[moved]
        path = path[(moves != np.roll(moves, 1, axis=0)).any(axis=1)]
    return np.pad(path, ((0, max(0, 3 - len(path))), (0, 0)), mode="edge")
