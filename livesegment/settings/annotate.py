"""What `annotate` writes."""

from dataclasses import dataclass, field
from typing import Literal

from livesegment.settings.checking import require
from livesegment.settings.endpoint import EndpointOptions
from livesegment.settings.overlay import OverlayOptions
from livesegment.settings.redact import RedactOptions

Codec = Literal["h264", "vp9", "av1"]
CODECS: tuple[Codec, ...] = ("h264", "vp9", "av1")

ExportKind = Literal["coco", "png", "yolo"]
"""A COCO JSON file, a folder of indexed PNGs, or a folder that YOLO trains on."""
EXPORTS: tuple[ExportKind, ...] = ("coco", "png", "yolo")


@dataclass(frozen=True, slots=True)
class KeyframeOptions:
    """Which frames are asked about; the others get their masks from those around them.

    The first frame of a scene and the last of all are asked about in any case.

    Attributes:
        every: Ask about one frame in so many, 1 to 64.
        budget: Ask about so many frames of each input, where its picture changes most; None: no
            such bound.
        skip_still: Ask nothing about frames that do not change.

    Raises:
        OptionsError: If a value is out of range.
    """

    every: int = 1
    budget: int | None = None
    skip_still: bool = False

    def __post_init__(self) -> None:
        require(1 <= self.every <= 64, "--every is a number from 1 to 64")
        require(self.budget is None or self.budget >= 2, "--budget is 2 calls or more")
        require(
            self.budget is None or self.every == 1,
            "--every and --budget both say how many calls to make: give one of them",
        )


@dataclass(frozen=True, slots=True)
class AnnotateOptions:
    """What `annotate` writes.

    Attributes:
        endpoint: Which model to ask, and how.
        overlay: How masks are drawn.
        keyframes: Which frames are asked about.
        masks: Mask file to write, Matroska; a folder with several inputs; None: none.
        kept_masks: Mask file of an earlier run to draw in place of asking; a folder with several
            inputs; None: ask.
        export: Annotations to write beside the output, for other tools.
        codec: Video codec of the output.
        quality: 1 to 100 of the output's video; 100 is hard to tell from the input.
        jobs: Inputs to work on at once; None: one, or as many as a cluster has processors.
        report: JSON file to write what became of each input to; None: none. It replaces an older
            one.
        overwrite: Replace existing outputs.
        redact: What nobody may see.

    Raises:
        OptionsError: If a value is out of range or contradicts another.
    """

    endpoint: EndpointOptions = field(default_factory=EndpointOptions)
    overlay: OverlayOptions = field(default_factory=OverlayOptions)
    keyframes: KeyframeOptions = field(default_factory=KeyframeOptions)
    masks: str | None = None
    kept_masks: str | None = None
    export: tuple[ExportKind, ...] = ()
    codec: Codec = "h264"
    quality: int = 75
    jobs: int | None = None
    report: str | None = None
    overwrite: bool = False
    redact: RedactOptions = field(default_factory=RedactOptions)

    def __post_init__(self) -> None:
        require(self.codec in CODECS, f"--codec is one of {', '.join(CODECS)}")
        require(1 <= self.quality <= 100, "--quality is a number from 1 to 100")
        require(self.jobs is None or 1 <= self.jobs <= 64, "--jobs is a number from 1 to 64")
        for kind in self.export:
            require(kind in EXPORTS, f"--export is one of {', '.join(EXPORTS)}")
        require(
            self.kept_masks is None or self.keyframes == KeyframeOptions(),
            "--masks-from has a mask for every frame: leave --every, --budget and --skip-still out",
        )
        require(
            self.kept_masks is None or not self.redact.is_wanted,
            "--masks-from has masks that may have been carried from other frames, which --redact"
            " does not trust: leave it out, the replies of an earlier run are in its journal",
        )
