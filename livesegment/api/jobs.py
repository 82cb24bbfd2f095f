"""Which input becomes which output: decided before anything is opened."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from livesegment.errors import OptionsError
from livesegment.options import require
from livesegment.sinks.codecs import VIDEO_SUFFIXES
from livesegment.sinks.image_file import IMAGE_SUFFIXES
from livesegment.sources.images import is_images

Kind = Literal["video", "image", "image folder"]


@dataclass(frozen=True, slots=True)
class Job:
    """One input on its way to one output.

    Attributes:
        source: What to read, as given.
        output: Where the annotated picture, pictures or video goes.
        kind: What the output is.
        masks: Mask file to write; None: none.
    """

    source: str
    output: Path
    kind: Kind
    masks: Path | None = None


def plan_jobs(inputs: Sequence[str], output: str, masks: str | None = None) -> list[Job]:
    """Decide what each input becomes.

    A video becomes an .mp4, an image an image, a folder or glob of images a folder, or a video
    where OUTPUT ends in .mp4. With several inputs, or where OUTPUT is an existing folder or ends
    in a slash, OUTPUT and `masks` are folders that hold one output an input, under its name.

    Raises:
        OptionsError: If inputs and output do not fit together.
    """
    inputs = [path for source in inputs for path in _expanded(source)]
    require(bool(inputs), "there is nothing to annotate")
    target = Path(output)
    into_folder = len(inputs) > 1 or (
        _input_kind(inputs[0]) != "image folder" and (target.is_dir() or output.endswith("/"))
    )
    if not into_folder:
        return [_single(inputs[0], target, None if masks is None else Path(masks))]
    require(
        target.suffix.lower() not in IMAGE_SUFFIXES + VIDEO_SUFFIXES,
        f"{len(inputs)} inputs want a folder as OUTPUT, and {output} is named like a file",
    )
    jobs = [_in_folder(each, target, None if masks is None else Path(masks)) for each in inputs]
    _refuse_collisions(jobs)
    return jobs


def _single(source: str, output: Path, masks: Path | None) -> Job:
    kind, suffix = _input_kind(source), output.suffix.lower()
    if kind == "image folder" and suffix in VIDEO_SUFFIXES:
        kind = "video"
    if kind == "image folder":
        require(
            suffix not in IMAGE_SUFFIXES,
            f"{source} holds several images and becomes a folder or a video, not {output}",
        )
    else:
        wanted = VIDEO_SUFFIXES if kind == "video" else IMAGE_SUFFIXES
        require(
            suffix in wanted,
            f"{source} cannot become {output}: the name of its output ends in {', '.join(wanted)}",
        )
    return Job(source, output, kind, masks)


def _in_folder(source: str, folder: Path, masks: Path | None) -> Job:
    kind = _input_kind(source)
    name = Path(source).name or Path(source).resolve().name
    if _is_glob(source):
        name = Path(source).parent.name or "images"
    stem = Path(name).stem if kind != "image folder" else name
    output = folder / (f"{stem}.mp4" if kind == "video" else name)
    return Job(source, output, kind, None if masks is None else masks / f"{stem}.mkv")


def _is_glob(source: str) -> bool:
    return glob.has_magic(source) and not Path(source).exists()


def _expanded(source: str) -> list[str]:
    """Return the files that a glob means, unless all are images: those make one output."""
    if not _is_glob(source):
        return [source]
    matches = sorted(glob.glob(source, recursive=True))  # noqa: PTH207 - an absolute one, maybe
    return [source] if all(map(is_images, matches)) else matches


def _input_kind(source: str) -> Kind:
    if Path(source).is_dir() or _is_glob(source):
        return "image folder"
    return "image" if is_images(source) else "video"


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    seen: dict[Path, str] = {}
    for job in jobs:
        for path in (job.output, job.masks):
            if path is None:
                continue
            if path in seen:
                raise OptionsError(f"{seen[path]} and {job.source} would both become {path}")
            seen[path] = job.source
