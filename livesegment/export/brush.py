"""Regions as Label Studio's brush keeps them: runs of values, packed bit by bit.

Source: the run lengths of the package `rle-pack` (thi.ng/umbrella), as label-studio-sdk's
`converter.brush` reads them. 32 bits say how many values there are, five how long each is, less
one, four times four how long the four kinds of run lengths are, less one. Then come runs: a bit
says whether one value follows or as many as the run is long, two bits which kind of length, and the
length, less one, in so many bits. The values are the red, green, blue and alpha of each pixel.
"""

import numpy as np
import numpy.typing as npt

_VALUE_BITS = 8
_LENGTH_BITS = np.array([3, 4, 8, 16])
_LONGEST = 1 << int(_LENGTH_BITS[-1])
_CHANNELS = 4
_HEADER_BITS = 32 + 5 + 4 * len(_LENGTH_BITS)
_IS_RUN = 1


def packed_runs(region: npt.NDArray[np.uint8]) -> bytes:
    """Return a region in Label Studio's run lengths, 255 in all channels of its pixels.

    Args:
        region: uint8 (H, W), not 0 in the region.
    """
    is_in = region.ravel() != 0
    begins = np.concatenate(([0], np.flatnonzero(is_in[1:] != is_in[:-1]) + 1))
    lengths = np.diff(begins, append=is_in.size) * _CHANNELS
    lengths, pieces = _in_pieces(lengths)
    values = np.repeat(np.where(is_in[begins], 255, 0), pieces)
    kinds = np.searchsorted(1 << _LENGTH_BITS, lengths)
    sizes = _LENGTH_BITS[kinds]
    codes = (_IS_RUN << 2 | kinds) << sizes | (lengths - 1)
    codes = codes << _VALUE_BITS | values
    header = is_in.size * _CHANNELS
    header = header << 5 | (_VALUE_BITS - 1)
    for size in _LENGTH_BITS.tolist():
        header = header << 4 | (size - 1)
    bits = np.concatenate((_bits([header], [_HEADER_BITS]), _bits(codes, 3 + sizes + _VALUE_BITS)))
    return np.packbits(bits).tobytes()


def _in_pieces(
    lengths: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return lengths in pieces that can be written, and in how many each is."""
    pieces = -(-lengths // _LONGEST)
    ends = np.cumsum(pieces)
    written = np.full(int(ends[-1]), _LONGEST, np.int64)
    written[ends - 1] = lengths - (pieces - 1) * _LONGEST
    return written, pieces


def _bits(codes: npt.ArrayLike, sizes: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Return numbers, each in so many bits, one after the other, the highest bit first."""
    codes, sizes = np.asarray(codes, np.int64), np.asarray(sizes, np.int64)
    ends = np.cumsum(sizes)
    bits = np.zeros(int(ends[-1]), np.uint8)
    for place in range(int(sizes.max())):
        has_one = sizes > place
        bits[ends[has_one] - 1 - place] = codes[has_one] >> place & 1
    return bits
