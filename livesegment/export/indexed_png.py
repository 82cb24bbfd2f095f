"""Masks as PNG files whose palette indices are the class ids."""

import io
import json

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from livesegment.export.picture_folder import FolderExporter
from livesegment.frame import Frame
from livesegment.mask import Mask

CLASSES_FILE = "classes.json"


def voc_palette() -> npt.NDArray[np.uint8]:
    """Return the RGB colour of every class id, uint8 (256, 3), as PASCAL VOC colours its masks.

    The bits of an id are dealt out to red, green and blue in turn, each colour's highest bit first.
    Source: Everingham et al., The PASCAL Visual Object Classes Challenge, development kit 2012.
    """
    ids = np.arange(256)[:, None]
    colours = np.zeros((256, 3), np.uint8)
    for round_ in range(3):
        bits = ids >> (3 * round_ + np.arange(3)) & 1
        colours |= (bits << (7 - round_)).astype(np.uint8)
    return colours


def indexed_png(indices: npt.NDArray[np.uint8]) -> bytes:
    """Return an indexed 8-bit PNG in the colours of `voc_palette`.

    Args:
        indices: uint8 (H, W).
    """
    image = Pillow.fromarray(np.ascontiguousarray(indices))
    image.putpalette(voc_palette().tobytes())
    written = io.BytesIO()
    image.save(written, "PNG", bits=8)
    return written.getvalue()


class IndexedPngExporter(FolderExporter):
    """Writes the mask of each picture as an indexed 8-bit PNG of the picture's size and stem.

    A pixel's palette index is its class id, all ids included; the colours are those of PASCAL VOC.
    The names are in `classes.json`, the background's among them: `{"0": "background", ...}`.
    `numpy.array(PIL.Image.open(file))` gives the ids back. Divided, they are in `train/` and
    `val/`.

    Args:
        folder: Folder to make.
        dataset: What it is of, and how it is written.

    Raises:
        OptionsError: If two image files differ in their suffix alone, or are in the folder.
        OutputExists: If the folder exists and may not be replaced, or holds other files.
        OutputNotWritable: If it cannot be made.
    """

    files = (CLASSES_FILE,)
    places = (("{}", "*.png"),)

    def _add(self, frame: Frame, mask: Mask, scene: int) -> None:
        file = self._file("{}", f"{self._names.stem(frame.index)}.png", scene)
        file.write_bytes(indexed_png(mask.class_ids))

    def _finish(self) -> None:
        self._divide()
        names = json.dumps(self._classes.all_names, indent=1)
        self._write(CLASSES_FILE, names + "\n")
