"""Which input becomes which output: decided before anything is opened."""

import glob
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from livesegment.address import shown_source, shown_text
from livesegment.errors import OptionsError, SourceNotFound, system_words
from livesegment.settings import require
from livesegment.settings.text_kinds import STANDARD_OUTPUT
from livesegment.sinks.codecs import VIDEO_SUFFIXES
from livesegment.sinks.image_file import IMAGE_SUFFIXES
from livesegment.sinks.output_file import refused
from livesegment.sources import SAMPLE, SAMPLE_FILE
from livesegment.sources.images import is_glob, is_images

logger = logging.getLogger(__name__)

Kind = Literal["video", "image", "image folder"]

_READ_AS_VIDEO = {
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts"),
    *(".mxf", ".ogv", ".ts", ".webm", ".wmv"),
}
"""What is taken for a video among the files of a folder."""


@dataclass(frozen=True, slots=True)
class Job:
    """One input on its way to one output.

    Attributes:
        source: What to read, as given.
        output: Where the annotated picture, pictures or video goes.
        kind: What the output is.
        masks: Mask file to write; None: none.
        kept_masks: Mask file to draw in place of asking; None: none.
        table: CSV file to write; None: none.
    """

    source: str
    output: Path
    kind: Kind
    masks: Path | None = None
    kept_masks: Path | None = None
    table: Path | None = None

    @property
    def written(self) -> tuple[Path, ...]:
        """What is written under the names that were asked for, with or beside the output."""
        asked = (self.output, self.masks, self.table)
        return tuple(path for path in asked if path is not None)

    @property
    def is_to_stdout(self) -> bool:
        """Whether the output is standard output, which keeps no journal."""
        return str(self.output) == STANDARD_OUTPUT


@dataclass(frozen=True, slots=True)
class _Item:
    """One input, and its name within an output folder, without a video's suffix."""

    source: str
    kind: Kind
    name: Path


@dataclass(frozen=True, slots=True)
class _Beside:
    """The files beside the outputs, or the folders of them, as in `Job`."""

    masks: Path | None
    kept_masks: Path | None
    table: Path | None


def plan_jobs(
    inputs: Sequence[str],
    output: str,
    masks: str | None = None,
    kept_masks: str | None = None,
    table: str | None = None,
) -> list[Job]:
    """Decide what each input becomes.

    A video becomes an .mp4, an image an image, a folder or glob of images a folder, or a video
    where OUTPUT ends in .mp4. With several inputs, or where OUTPUT is an existing folder or ends
    in a slash, OUTPUT, `masks`, `kept_masks` and `table` are folders that hold one file an input,
    under its name. A folder that holds videos or folders becomes a folder of the same structure.
    `-` is standard output, for one input.

    Raises:
        OptionsError: If inputs and output do not fit together.
        SourceNotFound: If a folder holds nothing to annotate, or may not be looked into.
        OutputNotWritable: If OUTPUT stands where nobody may look.
    """
    _check_places(inputs, output)
    inputs = [path for source in inputs for path in _expanded(source)]
    require(bool(inputs), "there is nothing to annotate")
    beside = _Beside(_path(masks), _path(kept_masks), _path(table))
    if output == STANDARD_OUTPUT:
        return [_to_stdout(inputs, beside)]
    target = Path(output)
    if len(inputs) == 1 and _is_tree(inputs[0]):
        items = list(_mirrored(Path(inputs[0]), target, Path()))
    elif len(inputs) > 1 or (
        _input_kind(inputs[0]) != "image folder" and (target.is_dir() or output.endswith("/"))
    ):
        items = [item for source in inputs for item in _items(source, target)]
    else:
        return [_single(inputs[0], target, beside)]
    require(
        target.suffix.lower() not in IMAGE_SUFFIXES + VIDEO_SUFFIXES,
        f"{_said(inputs)} wants a folder as OUTPUT, and {output} is named like a file",
    )
    jobs = [_in_folder(item, target, beside) for item in items]
    _refuse_collisions(jobs)
    return jobs


def _check_places(inputs: Sequence[str], output: str) -> None:
    """Find out whether it can be known what stands under the names; nothing may.

    Raises:
        SourceNotFound: If it cannot, of an input: a folder may not be entered, a name is too long.
        OutputNotWritable: The same of the output.
    """
    for source in (each for each in inputs if "://" not in each):
        if (error := _why_unknown(source)) is not None:
            raise SourceNotFound(f"{shown_text(source)} cannot be read: {system_words(error)}")
    if (error := _why_unknown(output)) is not None:
        raise refused(Path(output), error)


def _why_unknown(name: str) -> OSError | None:
    try:
        Path(name).stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None  # or no name at all, which is said when it is opened
    except OSError as error:
        return error
    return None


def _said(inputs: Sequence[str]) -> str:
    return " ".join(map(shown_source, inputs[:3]))


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _to_stdout(inputs: Sequence[str], beside: _Beside) -> Job:
    is_one = len(inputs) == 1 and not _is_tree(inputs[0]) and _input_kind(inputs[0]) != "image"
    require(
        is_one,
        f"{_said(inputs)} cannot become one video: standard output (-o -) takes one video,"
        " or a folder of images",
    )
    output = Path(STANDARD_OUTPUT)
    return Job(inputs[0], output, "video", beside.masks, beside.kept_masks, beside.table)


def _single(source: str, output: Path, beside: _Beside) -> Job:
    kind, suffix, said = _input_kind(source), output.suffix.lower(), shown_source(source)
    if kind == "image folder" and suffix in VIDEO_SUFFIXES:
        kind = "video"
    if kind == "image folder":
        require(
            suffix not in IMAGE_SUFFIXES,
            f"{said} holds several images and becomes a folder or a video, not {output}",
        )
        output = _with_a_name(output)
    else:
        wanted = VIDEO_SUFFIXES if kind == "video" else IMAGE_SUFFIXES
        require(
            suffix in wanted,
            f"{said} cannot become {output}: the name of its output ends in {', '.join(wanted)}",
        )
    return Job(source, output, kind, beside.masks, beside.kept_masks, beside.table)


def _with_a_name(folder: Path) -> Path:
    """Return a folder such as "." by the name that it has, as what stands beside it is called."""
    named = folder.resolve() if folder.name in {"", ".."} else folder
    require(bool(named.name), f"{folder} cannot be written: name a folder in it")
    return named


def _in_folder(item: _Item, folder: Path, beside: _Beside) -> Job:
    output = folder / item.name
    stem = item.name.with_suffix("") if item.kind == "image" else item.name
    if item.kind == "video":
        output = output.with_name(f"{output.name}.mp4")
    elif item.kind == "image folder":
        output = _with_a_name(output)

    def file_in(parent: Path | None, suffix: str) -> Path | None:
        # The images of the folder itself have its name.
        name = stem if stem.name else Path(Path(item.source).resolve().name)
        return None if parent is None else (parent / name).with_name(f"{name.name}{suffix}")

    masks, kept_masks = file_in(beside.masks, ".mkv"), file_in(beside.kept_masks, ".mkv")
    return Job(item.source, output, item.kind, masks, kept_masks, file_in(beside.table, ".csv"))


def _items(source: str, target: Path) -> Iterator[_Item]:
    """Yield what one of several inputs holds, under its own name."""
    name = Path(shown_source(source)).name or Path(source).resolve().name
    if _is_tree(source):
        yield from _mirrored(Path(source), target, Path(name))
        return
    kind = _input_kind(source)
    if is_glob(source):
        name = Path(source).parent.name or "images"
    yield _Item(source, kind, Path(Path(name).stem if kind == "video" else name))


def _mirrored(folder: Path, target: Path, name: Path) -> Iterator[_Item]:
    """Yield every video below a folder, and every folder below it that holds images.

    What this or an earlier run writes there is left out: OUTPUT itself, and partial files.
    """
    found = False
    for root, folders, files in os.walk(folder, onerror=_say_left_out):
        here = Path(root)
        folders[:] = sorted(
            each
            for each in folders
            if not each.startswith(".") and (here / each).resolve() != target.resolve()
        )
        files = [each for each in sorted(files) if _is_input(each)]
        place = name / here.relative_to(folder)
        if any(is_images(each) for each in files):
            found = True
            yield _Item(str(here), "image folder", place)
        for file in files:
            if Path(file).suffix.lower() in _READ_AS_VIDEO:
                found = True
                yield _Item(str(here / file), "video", place / Path(file).stem)
    if not found:
        raise SourceNotFound(f"the folder {folder} holds no images and no videos")


def _say_left_out(error: OSError) -> None:
    logger.warning("%s cannot be read: %s; it is left out", error.filename, system_words(error))


def _is_input(file_name: str) -> bool:
    partial = Path(Path(file_name).stem).suffix == ".part"
    return not (file_name.startswith(".") or partial)


def _is_tree(source: str) -> bool:
    """Tell whether a folder holds more than images.

    Raises:
        SourceNotFound: If it may not be looked into.
    """
    if "://" in source or not Path(source).is_dir():
        return False
    try:
        with os.scandir(source) as entries:
            return any(
                _is_input(entry.name)
                and (entry.is_dir() or Path(entry.name).suffix.lower() in _READ_AS_VIDEO)
                for entry in entries
            )
    except OSError as error:
        raise SourceNotFound(f"{source} cannot be read: {system_words(error)}") from error


def _expanded(source: str) -> list[str]:
    """Return the files that a glob means, unless all are images: those make one output."""
    if source == SAMPLE:
        return [str(SAMPLE_FILE)]
    if not is_glob(source):
        return [source]
    matches = sorted(glob.glob(source, recursive=True))  # noqa: PTH207 - an absolute one, maybe
    return [source] if all(map(is_images, matches)) else matches


def _input_kind(source: str) -> Kind:
    if "://" in source:
        return "image" if is_images(source) else "video"
    if Path(source).is_dir() or is_glob(source):
        return "image folder"
    return "image" if is_images(source) else "video"


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    seen: dict[Path, str] = {}
    for job in jobs:
        said = shown_source(job.source)
        for path in job.written:
            if path in seen:
                raise OptionsError(f"{seen[path]} and {said} would both become {path}")
            seen[path] = said
