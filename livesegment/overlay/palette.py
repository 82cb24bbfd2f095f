"""Which colour a class has.

A colour belongs to a class name: the name alone says which colour the class would like to have,
and only where an earlier class of the same class map has taken that colour does it get another one.
So a class keeps its colour from frame to frame and from run to run, and mostly from model to model.
Two names of one class map never share a colour.
"""

import zlib
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from livesegment.mask import unclassed_ids

Colours = npt.NDArray[np.uint8]
"""BGR colour of every class id, uint8, shape (256, 3)."""

# The first seven are those of Okabe and Ito, Color Universal Design (2008), without black. The
# others were chosen one by one from sRGB, each as far as possible from all before it by the CIE76
# distance in Lab, the smallest of normal vision, protanopia, deuteranopia and tritanopia. These are
# simulated as in Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of
# Color Vision Deficiency (2009). The first sixteen are at least 16 apart in each of the four.
_COLOURS = (
    "d55e00 f0e442 009e73 e69f00 56b4e9 0072b2 cc79a7 8700f0 c3f0c3 69ff87 785a2d 9678ff 96a55a "
    "963c78 5a4bc3 ffb4d2 ff7896 a50096 c3e15a c35a5a a52d4b 7896f0 874bf0 87d287 964b00 96f0ff "
    "c3963c a587c3 96783c 96d2ff c34bc3 d2a5d2 3cd21e c3c369 a5f0a5 876996 a56987 a53c69 f06978 "
    "69b496 78fff0 69961e ffa5b4 b44be1 0f5aa5 e187e1 693cd2 b4ff00 96ff78 b42d2d 87e1a5 f04b4b "
    "3c4bff d2c35a 5ad2b4 00b478 4b87d2 ffb43c a5a5ff e1f05a d22d96 d25ae1 00695a 78e1e1 a5e187 "
    "782de1 b42db4 4b69ff 1e874b 87b44b d23c69 e15ab4 d2000f 4b6900 87c387 e1b4f0 e1782d c3785a "
    "5aa5d2 e15a96 a5b4ff 873c87 f06900 e12d3c 96f0d2 d2b478 785ad2 785a87 e1d200 9687ff 874b3c "
    "e187b4 b47869 965a78 87693c 5aa50f a50fa5 9669ff b4b43c 5aa587 9678a5 f08769 b44b1e 964b5a "
    "78d2c3 a50fc3 a5ff69 e196a5 d23cb4 b4e169 b4f0b4 ffb496 a5a569 96e178 b4d24b a5874b b40f96 "
    "e15a69 d24b87 6900ff d2e14b c33c78 c396c3 a54ba5 c3b41e 6969a5 c30f5a 0fb4c3 d2783c 87ff96 "
    "96692d a54bc3 ffc3f0 b47896 694bd2 961eb4 f096f0 d24b1e 4bc3a5 6996d2 d27887 78d296 d25aa5 "
    "c3f01e 69e196 1ee1b4 a53ce1 5a87b4 96f096 b40f78 e14b78 00f0c3 78f0e1 e18787 87c34b c34b4b "
    "7878c3 ff69d2 e178e1 ff78c3 87ffd2 6987e1 e1a5e1 b43c87 96d2a5 ff3cf0 ffd2ff 694b96 a5ffb4 "
    "96b478 4b3cf0 873ce1 96c3ff 5ad278 c30f69 87f078 4be15a ff69f0 a53cff 4b783c 1ed2e1 00781e "
    "a578c3 5a78d2 78c35a b4e1b4 3c692d 5aa5ff c3695a ffc33c b4f069 d2962d 0087f0 d287a5 69f05a "
    "007869 e100d2 e1691e 2d965a 78a54b 69c369 783cb4 3ca5b4 e178b4 d269e1 4bffc3 78d269 ffa587 "
    "3c872d d2a55a 1ef069 9600c3 b41e1e ff782d 0f69a5 c3000f 78963c ff2dd2 4bb43c c33cf0 873cf0 "
    "87ff5a ff6996 a53cc3 960fff d24be1 ff0ff0 f087f0 f0f04b f09687 c38769 3c69d2 e1874b b45a69 "
    "a5962d 964bb4 e1e100 ff964b d2f087 e1002d e1d287 e1f0a5 b45a2d ffa5d2 e1004b a54bff a596ff "
    "ffd24b d2c3ff f05a78 e12d96 96ffa5 78b487 a55a3c ff5a5a c387b4"
)

# A class takes its first choice among the colours that are told apart best, then its second among
# the good ones.
_BEST, _GOOD = 7, 16


def palette() -> Colours:
    """Return all colours, those told apart best first: BGR uint8 of shape (256, 3)."""
    return np.array([tuple(bytes.fromhex(code))[::-1] for code in _COLOURS.split()], np.uint8)


def class_colours(class_map: Mapping[int, str]) -> Colours:
    """Return the BGR colour of every class id, uint8 of shape (256, 3), read-only.

    Ids that the class map does not name get the colours that are left, in the order of their ids.
    Classes that are added at the end of a class map change no colour of those before.
    """
    return _class_colours(tuple(class_map.items()))


@lru_cache(maxsize=16)
def _class_colours(classes: tuple[tuple[int, str], ...]) -> Colours:
    slots: dict[int, int] = {}
    taken: dict[str, int] = {}
    unclassed = unclassed_ids(dict(classes))
    for class_id, name in classes:
        if 0 <= class_id <= 255 and class_id not in unclassed:
            key = name.strip().casefold()
            slots[class_id] = taken.setdefault(key, _free_slot(key, set(taken.values())))
    left = iter(slot for slot in range(256) if slot not in slots.values())
    for class_id in range(256):
        if class_id not in slots:
            slots[class_id] = next(left)
    colours = palette()[[slots[class_id] for class_id in range(256)]]
    colours.flags.writeable = False
    return colours


def _free_slot(name: str, taken: set[int]) -> int:
    # Python's own hash differs from run to run.
    digest = zlib.crc32(name.encode("utf-8", "surrogatepass"))
    for slot in (digest % _BEST, _BEST + digest % (_GOOD - _BEST)):
        if slot not in taken:
            return slot
    return next(slot for slot in range(256) if slot not in taken)
