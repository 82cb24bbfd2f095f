"""What became of each input."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from livesegment.address import shown_source
from livesegment.errors import LiveSegmentError, SourceLost
from livesegment.timeline.kept import KeptTimeline

Outcome = Literal["done", "already complete", "cut short", "failed", "interrupted", "not started"]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one input.

    Attributes:
        source: The input, as given.
        output: What was written.
        outcome: `done`; `already complete` by an earlier run; `cut short` where the input ends
            early, and its output with it; `failed`; `interrupted`; `not started`.
        frames: Frames written.
        frames_without_mask: Of these, written plain because no more calls were allowed.
        frames_carried: Of these, with a mask carried from keyframes around them.
        frames_still: Of these, with the mask of the keyframe before, since nothing had moved.
        calls: Calls made, those tried again included.
        masks_recalled: Masks from the journal of an earlier run.
        errors: Number of endpoint errors by class name, those tried again included.
        elapsed_s: Seconds that it took.
        error: Why it failed or was cut short.
        figures: Everything that was counted, by name; of several machines, by the last one.
        timeline: Where what it shows over time is kept; None: a page was not asked for, or nothing
            came of it.
    """

    source: str
    output: Path
    outcome: Outcome
    frames: int = 0
    frames_without_mask: int = 0
    frames_carried: int = 0
    frames_still: int = 0
    calls: int = 0
    masks_recalled: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    elapsed_s: float = 0.0
    error: LiveSegmentError | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    timeline: KeptTimeline | None = None

    @property
    def calls_saved(self) -> int:
        """Frames that have a mask without a call of this run."""
        return self.frames_carried + self.frames_still + self.masks_recalled

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        said = {
            "source": shown_source(self.source),
            "output": str(self.output),
            "outcome": self.outcome,
            "frames": self.frames,
            "frames_without_mask": self.frames_without_mask,
            "frames_carried": self.frames_carried,
            "frames_still": self.frames_still,
            "calls": self.calls,
            "calls_saved": self.calls_saved,
            "masks_recalled": self.masks_recalled,
            "errors": dict(self.errors),
            "elapsed_s": round(self.elapsed_s, 3),
            "error": None if self.error is None else str(self.error),
        }
        return {**said, **{name: each for name, each in self.figures.items() if name not in said}}


@dataclass(frozen=True, slots=True)
class AnnotateReport:
    """What `annotate` did.

    Attributes:
        files: What became of each input, in their order.
        elapsed_s: Seconds that it took in all.
    """

    files: tuple[FileReport, ...]
    elapsed_s: float = 0.0

    @property
    def outputs(self) -> tuple[Path, ...]:
        """What was asked for, in the order of the inputs."""
        return tuple(each.output for each in self.files)

    @property
    def frames(self) -> int:
        """Frames written."""
        return sum(each.frames for each in self.files)

    @property
    def frames_without_mask(self) -> int:
        """Of these, written plain because no more calls were allowed."""
        return sum(each.frames_without_mask for each in self.files)

    @property
    def calls(self) -> int:
        """Calls made, those tried again included."""
        return sum(each.calls for each in self.files)

    @property
    def calls_saved(self) -> int:
        """Frames that have a mask without a call of this run."""
        return sum(each.calls_saved for each in self.files)

    @property
    def errors(self) -> dict[str, int]:
        """Number of endpoint errors by class name, those tried again included."""
        total: Counter[str] = Counter()
        for each in self.files:
            total.update(each.errors)
        return dict(total)

    @property
    def lost(self) -> tuple[SourceLost, ...]:
        """Why inputs ended early; their outputs go as far as they did."""
        return tuple(each.error for each in self.files if isinstance(each.error, SourceLost))

    @property
    def unfinished(self) -> tuple[FileReport, ...]:
        """The inputs that failed, were not started, or ended early."""
        return tuple(each for each in self.files if each.error is not None)

    def as_json(self) -> str:
        """Return it as JSON."""
        report = {
            "files": [each.as_json() for each in self.files],
            "frames": self.frames,
            "frames_without_mask": self.frames_without_mask,
            "calls": self.calls,
            "calls_saved": self.calls_saved,
            "errors": self.errors,
            "elapsed_s": round(self.elapsed_s, 3),
        }
        return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
