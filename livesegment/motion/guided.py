"""The linear function of colour that tells a mask best around each cell."""

from collections.abc import Iterable

import cv2
import numpy as np

from livesegment.guided_filter import solved
from livesegment.motion.raster import Bytes, Floats, blur

_RADIUS = 2  # cells on each side that are counted together
_LEAST = 1e-4  # variance of a colour, each 0 to 1, that counts as none
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def colour_models(picture: Bytes, share: Floats) -> Floats:
    """Return what to multiply blue, green, red and 1 with around each cell, (4, rows, columns).

    The sum is the share again where colours around tell it; elsewhere it is the share's mean.
    Source: that of `guided_filter`.

    Args:
        picture: BGR uint8 (rows, columns, 3).
        share: How much of each cell is the objects', 0 to 1, float32 (rows, columns).
    """
    # Plane by plane: nothing here is as fast on colours that lie beside each other.
    planes = np.empty((13, *share.shape), np.float32)
    for colour, plane in zip(cv2.split(picture), planes, strict=False):
        np.multiply(colour, np.float32(1 / 255), out=plane)
    planes[3] = share
    for place, (one, other) in enumerate(_PAIRS, 4):
        np.multiply(planes[one], planes[other], out=planes[place])
    np.multiply(planes[:3], share, out=planes[10:])
    for plane in planes:
        plane[:] = blur(plane, _RADIUS)
    of_colours, of_share, matrix, wanted = planes[:3], planes[3], planes[4:10], planes[10:]
    for place, (one, other) in enumerate(_PAIRS):
        matrix[place] -= of_colours[one] * of_colours[other]
        if one == other:
            matrix[place] += np.float32(_LEAST)
    wanted -= of_colours * of_share
    factors = solved(matrix, wanted)
    rest = of_share - (of_colours * factors).sum(axis=0)
    factors *= np.float32(1 / 255)
    return np.stack([blur(plane, _RADIUS) for plane in (*factors, rest)])


def guided(picture: Bytes, share: Floats) -> Floats:
    """Return the share that the colours tell, float32 (rows, columns), about 0 to 1."""
    return told(colour_models(picture, share), picture)


def told(models: Iterable[Floats], picture: Bytes) -> Floats:
    """Return the share that the colours of a picture tell, float32 (height, width), about 0 to 1.

    Args:
        models: What `colour_models` returned, each plane as large as the picture. They are taken
            one by one: those of a large picture need not all be there at once.
        picture: BGR uint8 (height, width, 3).
    """
    planes = iter(models)
    share = np.zeros(picture.shape[:2], np.float32)
    for colour in cv2.split(picture):
        share += next(planes) * colour
    share += next(planes)
    return share
