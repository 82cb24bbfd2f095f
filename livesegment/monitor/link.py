"""Messages between the monitor and a camera's process, over one local socket."""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from livesegment.settings.controls import Controls
from livesegment.web.feed import ClassShare, CoveragePoint, Report
from livesegment.web.video import Fragment, Head

LENGTHS = struct.Struct("!II")
"""What each message begins with: the bytes of its head, and those of its body."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        kind: What it is about. To the camera: `start`, `orders`, `lease`,
            `try_now`, `stop`; to the monitor:
            `report`, `need`, `log`, `event`, `picture`, `labelled`, `fragment`, `ended`, `failed`.
        fields: Plain JSON types.
        body: What is no JSON, such as a picture.
    """

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""

    def packed(self) -> bytes:
        """Return the message as it is sent."""
        head = json.dumps({"kind": self.kind, **self.fields}).encode()
        return b"".join((LENGTHS.pack(len(head), len(self.body)), head, self.body))

    @classmethod
    def unpacked(cls, head: bytes, body: bytes) -> "Message":
        """Return the message that was sent."""
        fields = json.loads(head)
        return cls(fields.pop("kind"), fields, body)


def packed_controls(controls: Controls) -> dict[str, Any]:
    """Return controls as plain JSON types."""
    classes = controls.classes
    return {**asdict(controls), "classes": None if classes is None else sorted(classes)}


def unpacked_controls(fields: Mapping[str, Any]) -> Controls:
    """Return the controls that were packed."""
    classes = fields["classes"]
    return Controls(**{**fields, "classes": None if classes is None else frozenset(classes)})


def unpacked_report(fields: Mapping[str, Any]) -> Report:
    """Return the report whose `asdict` was sent."""
    classes = [ClassShare(**each) for each in fields["classes"]]
    return Report(**{**fields, "classes": classes})


def packed_points(points: "list[CoveragePoint]") -> list[tuple[int, dict[str, float]]]:
    """Return points of coverage as plain JSON types."""
    return [(point.second, dict(point.shares)) for point in points]


def unpacked_points(sent: "list[tuple[int, dict[str, float]]]") -> list[CoveragePoint]:
    """Return the points that were packed."""
    return [CoveragePoint(second, shares) for second, shares in sent]


def packed_fragment(fragment: Fragment, *, with_head: bool) -> Message:
    """Return a picture of a video as a message, with what is read before it, if that is new."""
    head = fragment.head.segment if with_head else b""
    fields = {
        "time_s": fragment.time_s,
        "is_keyframe": fragment.is_keyframe,
        "codec": fragment.head.codec,
        "head_length": len(head),
    }
    return Message("fragment", fields, head + fragment.media)


def unpacked_fragment(message: Message, head: Head | None) -> Fragment | None:
    """Return the picture that was packed, given the head of the one before.

    Returns:
        None: what is read before it has never come.
    """
    fields, length = message.fields, message.fields["head_length"]
    if length:
        head = Head(message.body[:length], fields["codec"])
    if head is None:
        return None
    return Fragment(message.body[length:], fields["time_s"], fields["is_keyframe"], head)
