"""What a report shows of one input, kept beside its journal, so that a later run shows it too."""

import base64
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from livesegment.class_name import clean_class_name
from livesegment.errors import SinkError
from livesegment.overlay.palette import class_colours
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.output_file import OutputFile, refused
from livesegment.timeline.contact_sheet import MOST_PICTURES, ContactSheet
from livesegment.timeline.measuring import Measurer
from livesegment.timeline.series import MOST_POINTS, ROLES, Series

_log = logging.getLogger(__name__)

_FORM = 1
_MOST_BYTES = 64 * 2**20
_MOST_CLASSES = 256
_MOST_JPEG = 2**20
_NO_TIMELINE = (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError)
_COLOUR = re.compile("#[0-9a-f]{6}")
_MOST = 1e12  # of any number
_MOST_NAMES = 8  # of a scene

Timeline = Mapping[str, Any]
"""What `KeptTimeline.read` returns: what is in the file, checked. Most of it is what
`Series.as_json` returns, `scenes` what `ContactSheet.as_json` does; `is_complete` says whether it
is the whole film."""


def timeline_path(output: Path) -> Path:
    """Return where an output's is kept: `clip.mp4` has `.livesegment/clip.mp4.timeline`."""
    return output.parent / ".livesegment" / f"{output.name}.timeline"


@dataclass(frozen=True, slots=True)
class KeptTimeline:
    """Where what was kept of an input is to be found.

    Attributes:
        path: The file.
        identity: What the output and its masks depend on now. Of another one nothing is shown: it
            may have hidden less.
        model: What gave the masks, in words that may be sent around.
    """

    path: Path
    identity: str
    model: str

    def read(self) -> Timeline | None:
        """Return what is in it, in bounds; None where there is nothing, or nothing that serves."""
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                return None
            kept = json.loads(self.path.read_text(encoding="ascii"))
            if kept["form"] != _FORM or kept["identity"] != self.identity:
                return None
            return _checked(kept)
        except (*_NO_TIMELINE, RecursionError):
            return None


class TimelineSink(Sink):
    """Keeps what a report shows of one input: a bounded number of figures and small pictures.

    Nothing that is asked for depends on it: a disk that does not take it is logged.

    Args:
        kept: Where; it replaces an older one.
        measurer: Measures the pictures.
    """

    def __init__(self, kept: KeptTimeline, measurer: Measurer) -> None:
        self._path, self._identity = kept.path, kept.identity
        self._measurer = measurer
        self._series = Series()
        self._sheet = ContactSheet()
        self._class_map: Mapping[int, str] | None = None
        self._colours: dict[int, str] = {}
        self._is_complete = self._is_closed = False

    def write(self, picture: Annotated) -> None:
        """Take in a picture."""
        found = self._measurer.measure(picture)
        if picture.mask is not None and picture.mask.class_map != self._class_map:
            self._class_map = dict(picture.mask.class_map)
            rows = class_colours(self._class_map)[:, ::-1]
            self._colours = {class_id: f"#{bytes(row).hex()}" for class_id, row in enumerate(rows)}
        role = None if picture.mask is None else picture.role
        self._series.frame_size = picture.frame.frame_size
        self._series.add(picture.frame.pts_s, role, found, self._colours)
        self._sheet.add(picture, found)

    def commit(self) -> None:
        """Keep it, as that of the whole film: before anybody notes that its outputs are there."""
        self._is_complete = True
        self.close()

    def close(self) -> None:
        """Keep what there is, unless that is done. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        if not self._series.frames:
            return
        try:
            self._keep()
        except SinkError as error:
            _log.warning("a report has no figures over time of this input: %s", error)

    def _keep(self) -> None:
        kept = {
            "form": _FORM,
            "identity": self._identity,
            "is_complete": self._is_complete,
            **self._series.as_json(),
            "scenes": self._sheet.as_json(),
        }
        try:
            self._path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise refused(self._path, error) from error
        file = OutputFile(self._path, overwrite=True)
        try:
            file.path.write_text(json.dumps(kept, separators=(",", ":")), encoding="ascii")
        except OSError as error:
            raise refused(file.path, error) from error
        file.commit()


def _checked(kept: Mapping[str, Any]) -> Timeline:
    """Return what was read as the types that it must have; raise ValueError or the like."""
    points = max(1, min(len(kept["times"]), MOST_POINTS))
    width, height = kept["frame_size"]
    return {
        "is_complete": kept["is_complete"] is True,
        "frame_size": (int(_number(width)), int(_number(height))),
        "frames": int(_number(kept["frames"])),
        "counted": kept["counted"] if kept["counted"] in ("instances", "regions") else "",
        "times": _numbers(kept["times"], points),
        "end_s": _number(kept["end_s"]),
        "roles": {name: _numbers(kept["roles"][name], points) for name in ROLES},
        "classes": [_checked_class(each, points) for each in kept["classes"][:_MOST_CLASSES]],
        "scenes": [_checked_scene(each) for each in kept["scenes"][:MOST_PICTURES]],
    }


def _checked_class(kept: Mapping[str, Any], points: int) -> dict[str, Any]:
    colour, sure = kept["colour"], kept["confidence"]
    if not _COLOUR.fullmatch(colour):
        raise ValueError(colour)
    curves = ("mean", "low", "high", "count", "count_most")
    return {
        "name": clean_class_name(kept["name"]),
        "colour": colour,
        "frames": int(_number(kept["frames"])),
        "most": int(_number(kept["most"])),
        "confidence": None if sure is None else _number(sure),
        **{name: _number(kept[name]) for name in ("share", "peak", "peak_s")},
        **{name: _numbers(kept[name], points) for name in curves},
    }


def _checked_scene(kept: Mapping[str, Any]) -> dict[str, Any]:
    jpeg = kept["jpeg"]
    if not isinstance(jpeg, str) or len(jpeg) > _MOST_JPEG:
        raise ValueError("no picture")
    base64.b64decode(jpeg, validate=True)
    shown = kept["classes"][:_MOST_NAMES]
    return {
        **{name: _number(kept[name]) for name in ("begin_s", "end_s", "at_s")},
        "begins_scene": kept["begins_scene"] is True,
        "classes": [(clean_class_name(name), _number(share)) for name, share in shown],
        "jpeg": jpeg,
    }


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST:
        raise ValueError("no number, or none that can be")
    return value


def _numbers(values: Any, points: int) -> list[float]:
    array = np.array(values)
    if array.shape != (points,) or array.dtype.kind not in "iuf" or not (abs(array) <= _MOST).all():
        raise ValueError("not a number for each point")
    listed: list[float] = array.tolist()
    return listed
