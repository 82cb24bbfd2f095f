"""What `annotate` writes."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from livesegment.settings.endpoint import EndpointOptions
from livesegment.settings.exported_frames import ExportedFramesOptions
from livesegment.settings.group import Settings, option, same_as, section
from livesegment.settings.kinds import choice, flag, number, several
from livesegment.settings.live import LiveOptions
from livesegment.settings.overlay import OverlayOptions
from livesegment.settings.part import LayoutOptions, PartOptions
from livesegment.settings.redact import RedactOptions
from livesegment.settings.text_kinds import STANDARD_OUTPUT, path
from livesegment.settings.zone import Polygon

Codec = Literal["h264", "vp9", "av1", "prores"]
CODECS: tuple[Codec, ...] = ("h264", "vp9", "av1", "prores")

ExportKind = Literal["coco", "cvat", "huggingface", "label-studio", "png", "semantic", "yolo"]
"""A COCO JSON file, an archive for CVAT, or a folder: for Hugging Face's `datasets`, for Label
Studio, of indexed PNGs, of masks or of outlines that Ultralytics trains on."""
EXPORTS: tuple[ExportKind, ...] = get_args(ExportKind)

_FEWER, _OUTPUT, _MANY = "Fewer calls", "Output", "Many files"


@dataclass(frozen=True, slots=True)
class KeyframeOptions(Settings):
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

    every: int = option(
        1,
        number(1, 64, whole=True),
        "Ask about one frame in N, carry masks between.",
        flag="--every",
        group=_FEWER,
        is_common=True,
    )
    budget: int | None = option(
        None,
        number(2, math.inf, whole=True, metavar="CALLS"),
        "Ask about so many frames of each input, where most changes.",
        flag="--budget",
        group=_FEWER,
    )
    skip_still: bool = option(
        False,
        flag(),
        "Ask nothing about frames that do not change.",
        flag="--skip-still",
        group=_FEWER,
    )

    @property
    def asks_for_all(self) -> bool:
        """Whether every frame is asked about."""
        return self.every == 1 and self.budget is None and not self.skip_still

    def check(self) -> None:
        """Check that one thing alone says how many calls to make."""
        self.require(
            self.budget is None or self.every == 1,
            "{every} and {budget} both say how many calls to make: give one of them",
            "every",
            "budget",
        )


@dataclass(frozen=True, slots=True)
class AnnotateOptions(Settings):
    """What `annotate` writes.

    Attributes:
        endpoint: Which model to ask, and how.
        overlay: How masks are drawn.
        keyframes: Which frames are asked about.
        part: Which frames of each input there are, and which way up.
        layout: How the output's pictures are laid out.
        masks: Mask file to write, Matroska; a folder with several inputs; None: none.
        kept_masks: Mask file of an earlier run to draw in place of asking; a folder with several
            inputs; None: ask.
        table: CSV file to write with a row a frame and class; a folder with several inputs; None:
            none.
        export: Annotations to write beside the output, for other tools.
        split: Which share of what is exported is for training, 0.01 to 0.99; the rest is for
            validation. A scene is not divided. None: all is together.
        split_seed: Another number divides otherwise.
        exported: Which frames are in them.
        codec: Video codec of the output; None: the one that is usual under its name, h264, in
            .webm vp9, in .mov prores where what is cut out is to stay clear.
        quality: 1 to 100 of the output's video; 100 is hard to tell from the input.
        jobs: Inputs to work on at once; None: one, or as many as a cluster has processors.
        report: Files to write what became of each input to: JSON, or a page where the name ends in
            .html. They replace older ones. One alone may be given as it is.
        price_per_call: What a call costs, for that page; None: not known.
        currency: Of what; None: it is not said.
        max_memory: What the process may take, such as `600MB`: the larger pictures are, the fewer
            of them wait. At least one of each input does in any case.
        overwrite: Replace existing outputs.
        redact: What nobody may see.
        hide: Parts of the pictures that nobody may see, the endpoint included.

    Raises:
        OptionsError: If a value is out of range or contradicts another.
    """

    endpoint: EndpointOptions = section(EndpointOptions)
    overlay: OverlayOptions = section(OverlayOptions)
    keyframes: KeyframeOptions = section(KeyframeOptions)
    part: PartOptions = section(PartOptions)
    layout: LayoutOptions = section(LayoutOptions)
    masks: str | None = option(
        None,
        path("FILE.mkv", "the path of a file"),
        "Keep the masks, lossless; a folder with several inputs.",
        flag="--masks",
        group=_OUTPUT,
    )
    kept_masks: str | None = option(
        None,
        path("FILE.mkv", "the path of a file"),
        "Draw the masks kept by an earlier run: no call is made.",
        flag="--masks-from",
        group=_OUTPUT,
    )
    table: str | None = option(
        None,
        path("FILE.csv", "the path of a file"),
        "Write what each class covers, a row a frame and class; a folder with several inputs.",
        flag="--table",
        group=_OUTPUT,
    )
    export: tuple[ExportKind, ...] = option(
        (),
        several(choice(EXPORTS)),
        "Write annotations beside the output; may be repeated.",
        flag="--export",
        group=_OUTPUT,
        is_common=True,
    )
    split: float | None = option(
        None,
        number(0.01, 0.99, metavar="SHARE"),
        "Divide what is exported, by scene: such a share is for training.",
        flag="--split",
        group=_OUTPUT,
    )
    split_seed: int = option(
        0,
        number(0, math.inf, whole=True),
        "Another number divides otherwise.",
        flag="--split-seed",
        group=_OUTPUT,
    )
    exported: ExportedFramesOptions = section(ExportedFramesOptions)
    codec: Codec | None = option(
        None,
        choice(CODECS),
        "Video codec, if not the usual one of the output's name.",
        flag="--codec",
        group=_OUTPUT,
    )
    quality: int = option(
        75,
        number(1, 100, whole=True, metavar="1..100"),
        "Quality of the video written.",
        flag="--quality",
        group=_OUTPUT,
    )
    jobs: int | None = option(
        None,
        number(1, 64, whole=True),
        "Inputs to work on at once: 1, or a cluster's processors.",
        flag="--jobs",
        group=_MANY,
        is_common=True,
    )
    report: tuple[str, ...] = option(
        (),
        several(path("FILE.json|FILE.html", "the path of a file"), takes_one=True),
        "Write what became of each input, as JSON or as a page; may be repeated, replaces it.",
        flag="--report",
        group=_MANY,
    )
    price_per_call: float | None = same_as(
        LiveOptions,
        "price_per_call",
        help="What a call costs, for the page of --report.",
        group=_MANY,
        key=None,
    )
    currency: str | None = same_as(LiveOptions, "currency", group=_MANY, key=None)
    overwrite: bool = option(
        False,
        flag(),
        "Replace existing outputs.",
        flag="--overwrite",
        group=_OUTPUT,
        is_common=True,
    )
    max_memory: str = same_as(LiveOptions, "max_memory", key=None)
    redact: RedactOptions = section(RedactOptions)
    hide: tuple[Polygon, ...] = same_as(LiveOptions, "hide")

    @property
    def pages(self) -> tuple[str, ...]:
        """Those of the reports that are pages."""
        return tuple(each for each in self.report if each.lower().endswith((".html", ".htm")))

    def check(self) -> None:
        """Check that there is what is divided, and that kept masks can give what is wanted."""
        self.require(
            self.split is None or bool(self.export),
            "{split} divides what is exported: give {export}",
            "split",
            "export",
        )
        self.require(
            STANDARD_OUTPUT not in self.report,
            f"{{report}} names a file, and {STANDARD_OUTPUT} is none",
            "report",
        )
        if (chosen := self.exported.given) is not None:
            self.require(
                bool(self.export),
                f"{{{chosen}}} says which frames {{export}} writes: name a format with it",
                chosen,
                "export",
            )
        self.require(
            self.kept_masks is None or self.keyframes == KeyframeOptions(),
            "{kept_masks} has a mask for every frame: leave {every}, {budget} and {skip_still} out",
            "kept_masks",
            "every",
            "budget",
            "skip_still",
        )
        self.require(
            self.kept_masks is None or not self.redact.is_wanted,
            "{kept_masks} has masks that may have been carried from other frames, which redaction"
            " does not trust: leave it out, the replies of an earlier run are in its journal",
            "kept_masks",
        )
        self.require(
            self.kept_masks is None or not self.hide,
            "{kept_masks} has masks that may tell what stands where {hide} is: leave it out, the"
            " replies of an earlier run are in its journal",
            "kept_masks",
            "hide",
        )
