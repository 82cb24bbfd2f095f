"""The linear system of a guided filter whose guide is a picture in colour.

Source: He, Sun, Tang, Guided Image Filtering, TPAMI 2013, equation 19.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def solved(matrix: Sequence[Floats] | Floats, wanted: Sequence[Floats] | Floats) -> Floats:
    """Solve a symmetric system of three for each cell, by Cramer's rule.

    Args:
        matrix: Its six different elements, row by row, each float32 of one shape: the variances
            and covariances of blue, green and red, with what keeps it from being singular.
        wanted: The right side, three of that shape: the covariances of the colours and the share.

    Returns:
        What to multiply blue, green and red with, float32 (3, ...).
    """
    a, b, c, e, f, i = matrix
    first, second, third = e * i - f * f, c * f - b * i, b * f - c * e
    inverse = first, second, third, a * i - c * c, b * c - a * f, a * e - b * b
    out = np.empty((3, *a.shape), np.float32)
    for row, (blue, green, red) in enumerate(((0, 1, 2), (1, 3, 4), (2, 4, 5))):
        out[row] = inverse[blue] * wanted[0] + inverse[green] * wanted[1] + inverse[red] * wanted[2]
    out /= a * first + b * second + c * third
    return out
