"""Regions as polygons that give them back when they are filled."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Polygon = npt.NDArray[np.int32]
"""Corners as (x, y) in pixels, int32 of shape (N, 2); the last is joined to the first."""

_Detours = dict[int, list[tuple[int, Polygon]]]


class _Bridge(NamedTuple):
    length: int
    begin: int  # where on the hole's path
    end: tuple[int, int]  # x, y on another path


def region_polygons(region: npt.NDArray[np.uint8]) -> list[Polygon]:
    """Return one polygon for each connected part of a region.

    Corners are centres of pixels of the region, as `cv2.findContours` gives them. Filling a polygon
    with its edges (`cv2.fillPoly`) gives its part back to the pixel. Polygon formats know no holes,
    so a hole is joined to the outline or to another hole by an edge that is walked there and back.
    That edge runs along a row or column, over pixels of the part alone: filling covers nothing
    else. A part of one or two pixels repeats a corner, so that every polygon has three.

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
    paths = [*outlines, *sorted(holes, key=lambda path: int(path[:, 0].min()))]
    owner, place = _index(region.shape, paths)
    detours: _Detours = defaultdict(list)
    # A hole joins a path that comes earlier in the list: backwards, it has all its own detours
    # when it becomes one.
    for number in range(len(paths) - 1, len(outlines) - 1, -1):
        path = paths[number]
        bridge = min(_bridges(region, owner, path, number), key=lambda each: each.length)
        around = _walk(path, detours[number], bridge.begin)
        around = np.concatenate((around, around[:1]))
        x, y = bridge.end
        detours[int(owner[y, x])].append((int(place[y, x]), around))
    return [_walk(path, detours[number]) for number, path in enumerate(outlines)]


def _bridges(
    region: npt.NDArray[np.uint8], owner: npt.NDArray[np.int32], path: Polygon, number: int
) -> Iterator[_Bridge]:
    """Yield straight ways from a hole to paths that come before it in the list.

    To the left there is always one: it ends at something that starts further left.
    """
    for axis, is_back in ((0, True), (0, False), (1, True), (1, False)):
        along = path[:, axis]
        begin = int(along.argmin() if is_back else along.argmax())
        x, y = path[begin].tolist()
        line, here = (region[:, x], y) if axis else (region[y], x)
        to = _last_before_gap(line[here::-1] if is_back else line[here:])
        at = here - to if is_back else here + to
        end = (x, at) if axis else (at, y)
        if owner[end[1], end[0]] < number:
            yield _Bridge(to, begin, end)


def _last_before_gap(line: npt.NDArray[np.uint8]) -> int:
    gap = int((line == 0).argmax())
    return gap - 1 if gap else len(line) - 1


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


def _walk(path: Polygon, detours: Sequence[tuple[int, Polygon]], begin: int = 0) -> Polygon:
    """Return a closed path from `begin` on with detours, each from a place on it and back to it."""
    path = np.roll(path, -begin, axis=0)
    placed = sorted((((at - begin) % len(path), detour) for at, detour in detours), key=_place)
    pieces, done = [], 0
    for at, detour in placed:
        pieces += [path[done : at + 1], detour]
        done = at
    return np.concatenate([*pieces, path[done:]])


def _place(detour: tuple[int, Polygon]) -> int:
    return detour[0]


def _corners(path: Polygon) -> Polygon:
    """Leave out the points of a closed path at which it goes straight on; keep three at least."""
    moves = np.sign(np.roll(path, -1, axis=0) - path)
    moved = moves.any(axis=1)
    if moved.any():
        path, moves = path[moved], moves[moved]
        path = path[(moves != np.roll(moves, 1, axis=0)).any(axis=1)]
    return np.pad(path, ((0, max(0, 3 - len(path))), (0, 0)), mode="edge")
