"""The linear function of colour that tells a mask best around each cell."""

import numpy as np

from livesegment.motion.raster import Bytes, Floats, blur, sample

_RADIUS = 2  # cells on each side that are counted together
_LEAST = 1e-4  # variance of a colour, each 0 to 1, that counts as none
_IN_A_LINE = 1000
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def colour_models(picture: Bytes, share: Floats) -> Floats:
    """Return what to multiply blue, green, red and 1 with around each cell, (rows, columns, 4).

    The sum is the share again where colours around tell it; elsewhere it is the share's mean.
    Source: He, Sun, Tang, Guided Image Filtering, PAMI 2013, with a guide in colour.

    Args:
        picture: BGR uint8 (rows, columns, 3).
        share: How much of each cell is the objects', 0 to 1.
    """
    rows, columns = share.shape
    planes = np.empty((rows, columns, 13), np.float32)
    colours = np.multiply(picture, np.float32(1 / 255), dtype=np.float32)
    planes[..., :3] = colours
    planes[..., 3] = share
    for place, (one, other) in enumerate(_PAIRS, 4):
        np.multiply(colours[..., one], colours[..., other], out=planes[..., place])
    np.multiply(colours, share[..., None], out=planes[..., 10:])
    means = np.ascontiguousarray(np.moveaxis(blur(planes, _RADIUS), 2, 0))
    of_colours, of_share, products, with_share = means[:3], means[3], means[4:10], means[10:]
    for place, (one, other) in enumerate(_PAIRS):
        products[place] -= of_colours[one] * of_colours[other]
        if one == other:
            products[place] += np.float32(_LEAST)
    with_share -= of_colours * of_share
    models = np.empty((rows, columns, 4), np.float32)
    models[..., :3] = np.moveaxis(_solved(products, with_share), 0, 2)
    models[..., 3] = of_share - np.einsum("kij,ijk->ij", of_colours, models[..., :3])
    models[..., :3] *= np.float32(1 / 255)
    return blur(models, _RADIUS)


def _solved(matrix: Floats, wanted: Floats) -> Floats:
    """Solve a symmetric system of three for each cell, by Cramer's rule.

    Args:
        matrix: Its six different elements, row by row, (6, rows, columns).
        wanted: The right side, (3, rows, columns).
    """
    a, b, c, e, f, i = matrix
    first, second, third = e * i - f * f, c * f - b * i, b * f - c * e
    inverse = first, second, third, a * i - c * c, b * c - a * f, a * e - b * b
    whole = 1 / (a * first + b * second + c * third)
    out = np.empty_like(wanted)
    for row, places in enumerate(((0, 1, 2), (1, 3, 4), (2, 4, 5))):
        out[row] = sum(inverse[place] * wanted[k] for k, place in enumerate(places)) * whole
    return out


def guided(picture: Bytes, share: Floats) -> Floats:
    """Return the share that the colours tell, float32 (rows, columns), about 0 to 1."""
    return _told(colour_models(picture, share), picture)


def told(models: Floats, cells: Floats, colours: Bytes) -> Floats:
    """Return the share that the colours of some pixels tell, float32 (n,), about 0 to 1.

    Args:
        models: What `colour_models` returned.
        cells: Where the pixels lie in it, in cells (x, y), (n, 2).
        colours: Theirs, BGR uint8 (n, 3).
    """
    count = len(cells)
    # OpenCV looks up at most 32,767 in a row.
    lines = np.zeros((-(-count // _IN_A_LINE) * _IN_A_LINE, 2), np.float32)
    lines[:count] = cells
    there = sample(models, lines.reshape(-1, _IN_A_LINE, 2)).reshape(-1, 4)[:count]
    return _told(there, colours)


def _told(models: Floats, colours: Bytes) -> Floats:
    share = np.einsum("...k,...k->...", models[..., :3], colours, dtype=np.float32)
    share += models[..., 3]
    return np.asarray(share)
