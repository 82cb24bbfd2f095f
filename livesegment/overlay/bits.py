"""Which pixels, a bit for each: a tenth of the time that a byte for each takes."""

from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.overlay.cells import Bytes
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.stretches import EIGHT, Stretches

Words = npt.NDArray[np.uint64]

_WORD = np.dtype("<u8")  # so that a bit's neighbour in the picture is its neighbour in the word
_AT_ONCE = 100_000  # pixels that are compared before they are packed, in the processor's cache
_ONE, _LAST = np.uint64(1), np.uint64(63)

_LOWEST_TWO = np.uint64(0x0303030303030303)


class BitSets:
    """Makes sets of pixels, in memory that lives from one picture to the next.

    Args:
        shape: Height and width of the picture.
        room: So many pixels a set may grow by.
        scratch: Memory to work in. What was made of it before is not valid any more.
    """

    def __init__(self, shape: tuple[int, int], room: int, scratch: Scratch) -> None:
        self.height, self.width = shape
        self.bytes_of_row = -(-self.width // EIGHT)
        # Behind each row there is room for what grows out of the picture on both sides.
        self._row_words = -(-(self.width + 2 * room) // 64)
        self._scratch = scratch
        self._count = 0

    def new(self) -> Words:
        """Return the memory of a set."""
        self._count += 1
        return self.spare(self._count)

    def spare(self, number: int = 0) -> Words:
        """Return memory of a set's size to work in, valid until it is asked again."""
        shape = self.height, self._row_words
        words: Words = self._scratch.array(f"bits.{number}", shape, _WORD)
        return words

    def not_zero(self, array: Bytes) -> "Bits":
        """Return the pixels that are not 0 in an array, uint8 (H, W), contiguous."""
        words = self._emptied(self.new())
        for rows in self._strips():
            self._pack(array[rows], words, rows)
        return Bits(words, self)

    def unlike(self, array: Bytes, *, corners: bool) -> "Bits":
        """Return the pixels that differ from one of the four around them, or of all eight.

        Args:
            array: uint8 (H, W), contiguous.
            corners: Whether all eight.
        """
        steps = ((0, 1), (1, 0), (1, 1), (1, -1))[: 4 if corners else 2]
        pairs = [self._emptied(self.spare(-number)) for number in range(2, 2 + len(steps))]
        flat = array.reshape(-1)
        differs = self._scratch.array("bits.differs", (self._strips()[0].stop, self.width))
        for rows in self._strips():
            found = differs[: rows.stop - rows.start].reshape(-1)
            for (down, right), words in zip(steps, pairs, strict=True):
                # From each pixel to the one so many later; the picture's last have none.
                first, step = rows.start * self.width, down * self.width + right
                size = max(0, min(found.size, flat.size - step - first))
                one, other = flat[first : first + size], flat[first + step : first + step + size]
                np.bitwise_xor(one, other, out=found[:size])
                found[size:] = 0
                self._pack(found.reshape(-1, self.width), words, rows)
        unlike, last = self.new(), self.width - 1
        unlike[:] = 0
        for (down, right), words in zip(steps, pairs, strict=True):
            if right > 0:  # the last of a row has none beside it
                words[:, last // 64] &= ~(_ONE << np.uint64(last % 64))
            elif right < 0:
                words[:, 0] &= ~_ONE
            unlike |= words
            later, here = unlike[down:].reshape(-1), words[: self.height - down].reshape(-1)
            _add_shifted(later, here, right, self.spare().reshape(-1)[: here.size])
        return Bits(unlike, self)

    def _emptied(self, words: Words) -> Words:
        words[:, self.bytes_of_row // 8 :] = 0
        return words

    def _pack(self, part: Bytes, words: Words, rows: slice) -> None:
        packed = np.packbits(part, 1, "little")
        words.view(np.uint8)[rows, : self.bytes_of_row] = packed

    def _strips(self) -> list[slice]:
        """Return the rows in strips that stay in the processor's cache."""
        step = max(1, _AT_ONCE // self.width)
        return [slice(top, min(top + step, self.height)) for top in range(0, self.height, step)]


class Bits:
    """A set of the pixels of a picture.

    Args:
        words: A bit for each pixel, uint64 (H, words of a row), the first pixel the lowest.
        sets: What makes sets for that picture.
    """

    def __init__(self, words: Words, sets: BitSets) -> None:
        self._words = words
        self._sets = sets

    def __and__(self, other: Self) -> Self:
        return self._with(np.bitwise_and(self._words, other._words, out=self._sets.new()))

    def __or__(self, other: Self) -> Self:
        return self._with(np.bitwise_or(self._words, other._words, out=self._sets.new()))

    def __xor__(self, other: Self) -> Self:
        return self._with(np.bitwise_xor(self._words, other._words, out=self._sets.new()))

    def __bool__(self) -> bool:
        return bool(self._words.view(np.uint8)[:, : self._sets.bytes_of_row].any())

    def _with(self, words: Words) -> Self:
        return type(self)(words, self._sets)

    def around(self, *, corners: bool) -> Self:
        """Return them and the four pixels around each, or all eight."""
        words, wide, spare = self._words, self._sets.new(), self._sets.spare()
        np.copyto(wide, words)
        for step in (1, -1):
            _add_shifted(wide.reshape(-1), words.reshape(-1), step, spare.reshape(-1))
        if corners:
            words = spare
            np.copyto(words, wide)
        wide[1:] |= words[:-1]
        wide[:-1] |= words[1:]
        return self._with(wide)

    def grown(self, pixels: int) -> Self:
        """Return them and what is so near: squares and crosses by turns approach a circle."""
        bits = self
        for step in range(pixels):
            bits = bits.around(corners=step % 2 == 0)
        return bits

    def stretches(self) -> Stretches:
        """Return those in which any pixel is, of a picture at least eight pixels wide."""
        lines = self._words.view(np.uint8)[:, : self._sets.bytes_of_row]
        return Stretches(np.flatnonzero(lines != 0), self._sets.width)

    def tens(self, scratch: Scratch, name: str) -> npt.NDArray[np.uint16]:
        """Return ten bits of each stretch, with a pixel at each side, for `around_each`.

        Around the picture they are mirrored.

        Args:
            scratch: Memory for them.
            name: Of that memory.

        Returns:
            Shape (H + 2, stretches of a row): a row above it and one below are among them.
        """
        height, across = self._sets.height, self._sets.bytes_of_row
        lines = self._words.view(np.uint8)
        flat = self._words.reshape(-1)
        # The lower eight of each ten bits, and the other two, as bytes.
        lower, upper = self._sets.new(), self._sets.new()
        spare = self._sets.spare().reshape(-1)
        np.left_shift(self._words, _ONE, out=lower)
        lower.reshape(-1)[1:] |= np.right_shift(flat, _LAST, out=spare)[:-1]
        np.right_shift(self._words, np.uint64(7), out=upper)
        upper.reshape(-1)[:-1] |= np.left_shift(flat, np.uint64(57), out=spare)[1:]
        upper &= _LOWEST_TWO
        both = scratch.array("bits.both", (*lines.shape, 2))
        cv2.merge((lower.view(np.uint8), upper.view(np.uint8)), dst=both)
        tens: npt.NDArray[np.uint16] = scratch.array(name, (height + 2, across), np.uint16)
        inner = tens[1:-1]
        inner[:] = both.view("<u2")[:, :across, 0]
        over = -self._sets.width % EIGHT
        if over:  # the last one begins so many pixels earlier
            before = lines[:, across - 2].astype(np.uint16) if across > 1 else 0
            inner[:, -1] = (lines[:, across - 1].astype(np.uint16) << (over + 1)) & 1023
            inner[:, -1] |= before >> (7 - over)
        inner[:, 0] = inner[:, 0] & 1022 | inner[:, 0] >> 2 & 1
        inner[:, -1] = inner[:, -1] & 511 | (inner[:, -1] & 128) << 2
        tens[0], tens[-1] = inner[min(1, height - 1)], inner[max(0, height - 2)]
        return tens


def _add_shifted(target: Words, source: Words, step: int, spare: Words) -> None:
    """Add a set to another, one pixel to the right (1) or to the left (-1), row after row."""
    if step > 0:
        target |= np.left_shift(source, _ONE, out=spare)
        target[1:] |= np.right_shift(source, _LAST, out=spare)[:-1]
    elif step < 0:
        target |= np.right_shift(source, _ONE, out=spare)
        target[:-1] |= np.left_shift(source, _LAST, out=spare)[1:]
    else:
        target |= source
