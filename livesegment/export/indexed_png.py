"""Masks as PNG files whose palette indices are the class ids."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from livesegment.export.base import Exporter
from livesegment.export.output_folder import OutputFolder
from livesegment.export.picture_names import PictureNames
from livesegment.frame import Frame
from livesegment.mask import Mask

CLASSES_FILE = "classes.json"
LAYOUT = (CLASSES_FILE, "*.png")
"""Files in the folder, the one written last first."""


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


class IndexedPngExporter(Exporter):
    """Writes the mask of each picture as an indexed 8-bit PNG of the picture's size and stem.

    A pixel's palette index is its class id, all ids included; the colours are those of PASCAL VOC.
    The names are in `classes.json`, the background's among them: `{"0": "background", ...}`.
    `numpy.array(PIL.Image.open(file))` gives the ids back.

    Args:
        folder: Folder to make.
        pictures: Stem of the video, or the image files; see `PictureNames`.
        overwrite: Replace an earlier export.

    Raises:
        OptionsError: If two image files differ in their suffix alone, or are in the folder.
        OutputExists: If the folder exists and `overwrite` is False, or holds other files.
        OutputNotWritable: If it cannot be made.
    """

    def __init__(
        self, folder: Path, pictures: str | Sequence[Path], *, overwrite: bool = False
    ) -> None:
        names = PictureNames(pictures, by_stem=True)
        names.check_outside(folder)
        super().__init__(OutputFolder(folder, LAYOUT, overwrite=overwrite), names)
        self._palette = voc_palette().tobytes()

    def _add(self, frame: Frame, mask: Mask) -> None:
        image = Pillow.fromarray(np.ascontiguousarray(mask.class_ids))
        image.putpalette(self._palette)
        image.save(self._output.path / f"{self._names.stem(frame.index)}.png", bits=8)

    def _finish(self) -> None:
        names = json.dumps(self._classes.all_names, indent=1)
        (self._output.path / CLASSES_FILE).write_text(names + "\n", encoding="ascii")
