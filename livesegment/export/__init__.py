"""Annotations that other tools read, written from masks.

::

    Annotated ─▶ Exporter ─┬─▶ one file: coco, cvat (an archive)
     picture,    base.py   └─▶ FolderExporter ─▶ huggingface, label_studio, indexed_png, semantic,
      mask,                    picture_folder.py   yolo
      scene

`objects.py` says what of a mask is annotated by itself, `class_book.py` what classes are called,
`split.py` which scenes are for validation, `card.py` what a data set says of itself. What is known
at the end only waits in a `Spool`, or in the place where it is likely to stay.
"""

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol

from livesegment.errors import OptionsError
from livesegment.export.base import Dataset, Exporter
from livesegment.export.card import Origin
from livesegment.export.output_folder import check_folder_free
from livesegment.export.split import Split
from livesegment.settings import EXPORTS, ExportKind
from livesegment.sinks.output_file import check_free

__all__ = [
    "ExportKind",
    "Origin",
    "Split",
    "beside",
    "check_export_free",
    "export_path",
    "open_exporter",
]


class _Format(NamedTuple):
    suffix: str
    module: str  # imported when it is wanted: most runs export nothing
    exporter: str


_FORMATS: dict[ExportKind, _Format] = {
    "coco": _Format(".coco", "coco", "CocoExporter"),
    "cvat": _Format(".cvat.zip", "cvat", "CvatExporter"),
    "huggingface": _Format(".huggingface", "huggingface", "HuggingFaceExporter"),
    "label-studio": _Format(".label-studio", "label_studio", "LabelStudioExporter"),
    "png": _Format(".masks", "indexed_png", "IndexedPngExporter"),
    "semantic": _Format(".semantic", "semantic", "SemanticExporter"),
    "yolo": _Format(".yolo", "yolo", "YoloExporter"),
}


def export_path(
    kind: ExportKind,
    output: str | os.PathLike[str],
    *,
    is_folder: bool = False,
    is_divided: bool = False,
) -> Path:
    """Return where the annotations go that belong to an output: beside it, under its name.

    `clip.mp4` has `clip.coco.json`, `clip.masks/` and `clip.yolo/`; so has the folder `clip/`.

    Args:
        kind: Format of the annotations.
        output: The annotated video, image or folder of images.
        is_folder: Whether it is a folder, whose name has no suffix to leave out.
        is_divided: Whether they are divided into training and validation: `clip.coco/` then.

    Raises:
        OptionsError: If there is no such kind.
    """
    suffix = _format(kind).suffix
    if kind == "coco" and not is_divided:
        suffix += ".json"
    return beside(output, suffix, is_folder=is_folder)


def beside(output: str | os.PathLike[str], suffix: str, *, is_folder: bool = False) -> Path:
    """Return the path beside an output that has its name and another suffix.

    Args:
        output: The annotated video, image or folder of images.
        suffix: What follows the name.
        is_folder: Whether it is a folder, whose name has no suffix to leave out.
    """
    output = Path(output)
    if not output.name:  # the folder one stands in
        output = output.resolve()
    return output.with_name((output.name if is_folder else output.stem) + suffix)


def check_export_free(
    kind: ExportKind,
    path: str | os.PathLike[str],
    *,
    overwrite: bool,
    is_divided: bool = False,
) -> None:
    """Check that annotations may appear at `path`; changes nothing.

    Raises:
        OptionsError: If there is no such kind.
        OutputExists: If they exist and `overwrite` is False, or a folder there holds other files.
        OutputNotWritable: If a folder is there for a file, or a file for a folder.
    """
    path = Path(path)
    layout = _exporter(kind).layout(is_divided=is_divided)
    if layout is None:
        check_free(path, overwrite=overwrite)
    else:
        check_folder_free(path, layout, overwrite=overwrite)


def open_exporter(
    kind: ExportKind,
    path: str | os.PathLike[str],
    pictures: str | Sequence[Path],
    *,
    overwrite: bool = False,
    copies_files: bool = True,
    split: Split | None = None,
    origin: Origin | None = None,
) -> Exporter:
    """Open a sink that writes the masks of pictures as annotations.

    Annotations appear under their name at `commit`; until then they are in `NAME.part.SUFFIX`,
    beside it. Pictures without a mask are left out.

    Args:
        kind: Format of the annotations.
        path: Where they go, such as `export_path` says.
        pictures: What the pictures are called. For a video, its stem: they are `STEM_000123.jpg`
            by `Frame.index`. For image files, their paths, the picture of `Frame.index` i at i.
        overwrite: Replace earlier annotations; other files are never removed.
        copies_files: Where pictures are exported too, image files may be copied as they are;
            False: what the frames show is written, which is not what is in the files.
        split: Divides them by `Annotated.scene` into training and validation; None: they are all
            together.
        origin: What they say of where they come from; None: nothing.

    Raises:
        OptionsError: If there is no such kind, two pictures would have the same name in the
            annotations, or replacing a folder would remove the pictures.
        OutputExists: If annotations exist and `overwrite` is False, or other files are there.
        OutputNotWritable: If they cannot be created.
    """
    dataset = Dataset(
        pictures,
        origin or Origin(),
        split,
        overwrite=overwrite,
        copies_files=copies_files,
    )
    return _exporter(kind)(Path(path), dataset)


def _format(kind: ExportKind) -> _Format:
    if kind not in _FORMATS:
        kinds = ", ".join(EXPORTS)
        raise OptionsError(f"masks cannot be exported as '{kind}': choose one of {kinds}")
    return _FORMATS[kind]


class _MakesExporter(Protocol):
    """A class of exporters."""

    def __call__(self, path: Path, dataset: Dataset, /) -> Exporter: ...

    def layout(self, *, is_divided: bool) -> tuple[str, ...] | None: ...


def _exporter(kind: ExportKind) -> _MakesExporter:
    known = _format(kind)
    module = import_module(f"livesegment.export.{known.module}")
    exporter: _MakesExporter = getattr(module, known.exporter)
    return exporter
