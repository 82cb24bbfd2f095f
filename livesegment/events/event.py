"""Something that begins or ends in front of a camera."""

import json
from dataclasses import dataclass
from typing import Any, Literal, Self

from livesegment.metrics import Circuit
from livesegment.settings.rule import Subject

Kind = Literal["begin", "end"]

Counted = Literal["instances", "regions"]
"""What a count is of: things that the model tells apart, or connected regions of its class."""


@dataclass(frozen=True, slots=True)
class Event:
    """A rule's condition begins to hold, or is over.

    Attributes:
        id: The same for begin and end of one occurrence, and for nothing else.
        rule: Name of the rule.
        subject: What it is about.
        kind: Whether it begins or ends.
        camera: Whose picture it is; no credentials.
        time: When, as ISO 8601 with the zone.
        media_s: `Frame.pts_s` of the picture that told; None where no picture did.
        class_name: The class; None where it is not about one.
        coverage: Share of the zone, 0 to 1, that the class covers; None where it is not known.
        circuit: Whether the endpoint was asked then; None where the event is not about it.
        count: How many of the class there are in the zone; None where it is not known.
        counted: What was counted; None likewise.
        snapshot: Name of the file with the picture; None: there is none.
        clip: Name of the file with the video around it, which is there when it is complete; None:
            there will be none.
    """

    id: str
    rule: str
    subject: Subject
    kind: Kind
    camera: str
    time: str
    media_s: float | None = None
    class_name: str | None = None
    coverage: float | None = None
    snapshot: str | None = None
    clip: str | None = None
    circuit: Circuit | None = None
    count: int | None = None
    counted: Counted | None = None

    @property
    def message_id(self) -> str:
        """What tells this message from every other one, so that one sent twice is known."""
        return f"{self.id}-{self.kind}"

    @property
    def counted_in_words(self) -> str | None:
        """How many of what were counted, such as `4 regions`; None where nothing was."""
        if self.count is None or self.counted is None:
            return None
        return f"{self.count} {self.counted[:-1] if self.count == 1 else self.counted}"

    def fields(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "id": self.id,
            "rule": self.rule,
            "subject": self.subject,
            "kind": self.kind,
            "camera": self.camera,
            "time": self.time,
            "media_s": None if self.media_s is None else round(self.media_s, 3),
            "class": self.class_name,
            "coverage": None if self.coverage is None else round(self.coverage, 4),
            "count": self.count,
            "counted": self.counted,
            "snapshot": self.snapshot,
            "clip": self.clip,
            "circuit": self.circuit,
        }

    def as_json(self) -> str:
        """Return it as one line of JSON, without a line end."""
        return json.dumps(self.fields(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return what `as_json` wrote.

        Raises:
            ValueError: If it is something else.
        """
        fields: Any = json.loads(text)
        if not isinstance(fields, dict):
            raise ValueError("an event is a JSON object")  # noqa: TRY004 - one error for all
        try:
            return cls(class_name=fields.pop("class"), **fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no event: {error}") from error
