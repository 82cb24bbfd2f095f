"""Annotations that other tools read, written from masks: COCO, indexed PNGs, YOLO."""

import os
from collections.abc import Sequence
from pathlib import Path

from livesegment.errors import OptionsError
from livesegment.settings import EXPORTS, ExportKind
from livesegment.sinks.base import Sink
from livesegment.sinks.output_file import check_free

__all__ = ["ExportKind", "beside", "check_export_free", "export_path", "open_exporter"]

_SUFFIXES: dict[ExportKind, str] = {"coco": ".coco.json", "png": ".masks", "yolo": ".yolo"}


def export_path(
    kind: ExportKind, output: str | os.PathLike[str], *, is_folder: bool = False
) -> Path:
    """Return where the annotations go that belong to an output: beside it, under its name.

    `clip.mp4` has `clip.coco.json`, `clip.masks/` and `clip.yolo/`; so has the folder `clip/`.

    Args:
        kind: Format of the annotations.
        output: The annotated video, image or folder of images.
        is_folder: Whether it is a folder, whose name has no suffix to leave out.

    Raises:
        OptionsError: If there is no such kind.
    """
    _check_kind(kind)
    return beside(output, _SUFFIXES[kind], is_folder=is_folder)


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


def check_export_free(kind: ExportKind, path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Check that annotations may appear at `path`; changes nothing.

    Raises:
        OptionsError: If there is no such kind.
        OutputExists: If they exist and `overwrite` is False, or a folder there holds other files.
        OutputNotWritable: If a folder is there for a file, or a file for a folder.
    """
    _check_kind(kind)
    path = Path(path)
    # Each import waits for its use: most runs export nothing.
    if kind == "coco":
        check_free(path, overwrite=overwrite)
        return
    from livesegment.export import indexed_png, yolo
    from livesegment.export.output_folder import check_folder_free

    layout = indexed_png.LAYOUT if kind == "png" else yolo.LAYOUT
    check_folder_free(path, layout, overwrite=overwrite)


def open_exporter(
    kind: ExportKind,
    path: str | os.PathLike[str],
    pictures: str | Sequence[Path],
    *,
    overwrite: bool = False,
    copies_files: bool = True,
) -> Sink:
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

    Raises:
        OptionsError: If there is no such kind, two pictures would have the same name in the
            annotations, or replacing a folder would remove the pictures.
        OutputExists: If annotations exist and `overwrite` is False, or other files are there.
        OutputNotWritable: If they cannot be created.
    """
    _check_kind(kind)
    path = Path(path)
    if kind == "coco":
        from livesegment.export.coco import CocoExporter

        return CocoExporter(path, pictures, overwrite=overwrite)
    if kind == "png":
        from livesegment.export.indexed_png import IndexedPngExporter

        return IndexedPngExporter(path, pictures, overwrite=overwrite)
    from livesegment.export.yolo import YoloExporter

    return YoloExporter(path, pictures, overwrite=overwrite, copies_files=copies_files)


def _check_kind(kind: str) -> None:
    if kind not in _SUFFIXES:
        kinds = ", ".join(EXPORTS)
        raise OptionsError(f"masks cannot be exported as '{kind}': choose one of {kinds}")
