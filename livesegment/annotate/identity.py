"""What a run's results depend on, so that kept replies serve no other run."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from livesegment.address import shown_source
from livesegment.annotate.jobs import Job
from livesegment.annotate.journal import Identity
from livesegment.annotate.threshold import Raised
from livesegment.errors import SourceError, SourceNotFound, system_words
from livesegment.export import Origin
from livesegment.media_file import find_video, first_picture, turn_of
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.pattern import PatternSegmenter
from livesegment.settings import AnnotateOptions, Codec, RedactOptions
from livesegment.settings.part import Rotation
from livesegment.settings.zone import Polygon
from livesegment.sinks.codecs import usual_codec, video_keeps_alpha
from livesegment.sinks.image_file import image_keeps_alpha
from livesegment.sinks.original import open_original
from livesegment.sinks.source_mark import SourceMark
from livesegment.sources import open_source
from livesegment.sources.base import Source
from livesegment.sources.images import find_images, is_images
from livesegment.sources.turned import rotated

_PIECE = 65_536
_MIRRORED = "left and right exchanged, as the file says"


def reply_identity(
    job: Job,
    segmenter: Segmenter | None,
    hide: Sequence[Polygon] = (),
    rotate: Rotation | None = None,
) -> Identity:
    """Return what the masks of a job depend on.

    Which part of the input is wanted is not among it: replies are kept by the input's own frames.

    Args:
        job: The job.
        segmenter: Who is asked; None where the job has kept masks.
        hide: What is hidden of every picture before anybody is asked about it.
        rotate: By how many degrees it is turned before that.

    Raises:
        SourceNotFound: If the input or the kept masks cannot be read.
    """
    try:
        if job.kept_masks is not None:
            model = f"the masks in {_fingerprint(job.kept_masks)}"
        else:
            assert segmenter is not None
            model = segmenter.identity
        # Left out where there is none, so that journals of before serve.
        zones = {"hidden zones": json.dumps(sorted(hide))} if hide else {}
        turn = {} if rotate is None else {"rotation": f"{rotate} degrees"}
        # Versions before 0.2 did not mirror: their replies are about other pictures.
        mirroring = {"mirroring": _MIRRORED} if _is_mirrored(job.source) else {}
        return {"input": _input(job.source), "model": model, **zones, **turn, **mirroring}
    except OSError as error:
        reason = system_words(error)
        raise SourceNotFound(f"{error.filename or job.source} cannot be read: {reason}") from error


def mark_of(source: str, rotate: Rotation | None = None) -> SourceMark | None:
    """Return by what an input, turned, is known again; None where it cannot be read."""
    try:
        with rotated(open_source(source), rotate) as opened:
            first = opened.read()
            name = _name(source, opened)
            if first is None:
                return None
            return SourceMark.of(name, first, opened.frame_count, rotate or 0)
    except SourceError:
        return None


def origin_of(
    job: Job,
    options: AnnotateOptions,
    source: Source,
    segmenter: Segmenter | None,
    raised: Raised | None,
) -> Origin:
    """Return what annotations of a job say of where they come from.

    They are made to be handed on: no path of this machine is in it, and no address of an endpoint.

    Args:
        job: The job.
        options: How it is done.
        source: Its input.
        segmenter: Who is asked; None where the job has kept masks.
        raised: At which other threshold its replies are drawn; None: at their own.
    """
    name, endpoint = _name(job.source, source), options.endpoint
    if segmenter is None:
        masks = "unknown" if job.kept_masks is None else f"the masks in {job.kept_masks.name}"
        return Origin(name, masks)
    if endpoint.is_builtin:
        return Origin(name, *_unnamed_model(segmenter))
    if endpoint.model_path is not None:
        model = Path(endpoint.model_path).name
    else:
        model = endpoint.asked.removeprefix("model ")
    confidence = endpoint.confidence if raised is None else raised.wanted
    return Origin(name, model, confidence if isinstance(confidence, str) else f"{confidence:g}")


def _unnamed_model(segmenter: Segmenter) -> tuple[str, str | None]:
    """Return name and confidence of a segmenter that no option has named."""
    from livesegment.segmenters.builtin import BuiltinSegmenter  # most runs have another

    if isinstance(segmenter, BuiltinSegmenter):
        model, _, confidence = segmenter.identity.partition(" (confidence ")
        return model, confidence.rstrip(")")
    if isinstance(segmenter, PatternSegmenter):
        return segmenter.identity, None
    return type(segmenter).__name__, None  # a program's own


def _name(source: str, opened: Source) -> str:
    """Return what an input is called, wherever it is looked at from."""
    if "://" in source:
        return opened.name
    path = Path(source).absolute()
    if path.exists():
        return path.name
    return f"{path.parent.name}/{path.name}" if is_images(source) else opened.name


def output_identity(job: Job, options: AnnotateOptions, raised: Raised | None = None) -> str:
    """Return what the outputs of a job depend on beside its replies.

    `--max-calls` is part of it: with more calls allowed, a run has more to do.

    Args:
        job: The job.
        options: What to write.
        raised: At which other threshold its replies are drawn; None: at their own.
    """
    overlay = options.overlay
    return json.dumps(
        {
            **({} if raised is None else {"confidence": raised.wanted}),
            "output": job.kind,
            "style": overlay.style,
            "opacity": overlay.opacity,
            "classes": None if overlay.classes is None else sorted(overlay.classes),
            "legend": overlay.legend,
            "redact": _redaction(options.redact),
            "masks": None if job.masks is None else str(job.masks.absolute()),
            **({} if job.table is None else {"table": str(job.table.absolute())}),
            "export": sorted(options.export),
            "codec": written_codec(job.output, options),
            "quality": options.quality,
            "every": options.keyframes.every,
            "budget": options.keyframes.budget,
            "skip_still": options.keyframes.skip_still,
            "max_calls": options.endpoint.max_calls,
            **({"alpha": True} if _writes_alpha(job, options) else {}),
            **_names(options),
            **({} if options.split is None else {"split": [options.split, options.split_seed]}),
            **_exported(options),
            **_part(options),
        },
        sort_keys=True,
    )


def written_codec(output: Path, options: AnnotateOptions) -> Codec:
    """Return the codec of a job's video, said or by its name."""
    return options.codec or usual_codec(output, alpha=options.overlay.style == "cutout")


def _writes_alpha(job: Job, options: AnnotateOptions) -> bool:
    if options.overlay.style != "cutout":
        return False
    if job.kind == "video":
        return video_keeps_alpha(job.output, written_codec(job.output, options))
    names = [job.output] if job.kind == "image" else find_images(job.source)
    return any(map(image_keeps_alpha, names))


def _names(options: AnnotateOptions) -> dict[str, list[str]]:
    # Not part of a reply: other names cost no call. Left out where there are none, so that what
    # was finished without them stays finished.
    names = options.endpoint.class_names
    return {} if names is None else {"class_names": list(names)}


def _exported(options: AnnotateOptions) -> dict[str, list[int | str]]:
    # Left out where all frames are, for the same reason.
    name = options.exported.given
    return {} if name is None else {"exported": [name, getattr(options.exported, name)]}


def _part(options: AnnotateOptions) -> dict[str, Any]:
    # Left out where there is none, so that what was finished before stays finished.
    part, layout = options.part, options.layout
    said = {
        "start": part.start_s,
        "end": part.end_s,
        "fps": part.fps,
        "size": layout.size,
        "side_by_side": layout.side_by_side or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _redaction(redact: RedactOptions) -> list[str] | None:
    return [*sorted(redact.classes), redact.style, redact.unmasked] if redact.is_wanted else None


def _fingerprint(path: Path) -> str:
    """Return a file's name, size, and a digest of its beginning, middle and end.

    An archive is not read twice as a whole; a file that was changed or exchanged has other frames
    there in all but made-up cases.

    Raises:
        OSError: If it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = path.stat().st_size
        for place in (0, size // 2, size - _PIECE):
            file.seek(max(0, place))
            digest.update(file.read(_PIECE))
    return f"{path.name} ({size} bytes, {digest.hexdigest()[:16]})"


def _is_mirrored(source: str) -> bool:
    """Tell whether a video says that left and right of its pictures are to be exchanged."""
    if "://" in source or is_images(source) or not Path(source).is_file():
        return False
    with suppress(SourceNotFound), open_original(source) as container:
        video = find_video(container)
        first = None if video is None else first_picture(container, video)
        return first is not None and turn_of(first).is_mirrored
    return False


def _address(source: str) -> str:
    """Return an address without what may be secret in it, but another one for another query."""
    shown, query = shown_source(source), source.partition("?")[2]
    if shown == source or not query:
        return shown
    return f"{shown} ({hashlib.sha256(query.encode(errors='surrogateescape')).hexdigest()[:16]})"


def _input(source: str) -> str:
    if not is_images(source):
        path = Path(source)
        return _address(source) if "://" in source or not path.is_file() else _fingerprint(path)
    images = find_images(source)
    if len(images) == 1:
        return _fingerprint(images[0])
    digest = hashlib.sha256()
    for image in images:
        digest.update(_fingerprint(image).encode())
    return f"{len(images)} images ({digest.hexdigest()[:16]})"
