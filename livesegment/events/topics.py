"""Under which topics of a broker a camera is told."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from livesegment.settings.rule import Rule, file_name

DISCOVERY = "homeassistant"
"""What the topics begin with under which Home Assistant looks for entities."""

CLASS = "class__"
"""What names of classes begin with in topics. No rule's does: in `file_name` no `__` occurs."""


@dataclass(frozen=True, slots=True)
class CameraTopics:
    """The topics of one camera.

    Attributes:
        camera: Its name.
        prefix: What they begin with.
    """

    camera: str
    prefix: str

    @property
    def base(self) -> str:
        """What all of them begin with."""
        return f"{self.prefix}/{file_name(self.camera)}"

    @property
    def node(self) -> str:
        """What the camera's entities have in common in topics and ids of Home Assistant."""
        return f"livesegment_{file_name(self.camera)}"

    @property
    def availability(self) -> str:
        """`online`, or `offline` once nobody watches the camera any more; retained."""
        return f"{self.base}/availability"

    @property
    def events(self) -> str:
        """Every event as JSON, not retained."""
        return f"{self.base}/events"

    @property
    def circuit(self) -> str:
        """`closed`, `open` or `half open`: whether the endpoint is asked; retained."""
        return f"{self.base}/circuit"

    @property
    def picture(self) -> str:
        """The newest picture, a JPEG file; not retained."""
        return f"{self.base}/picture"

    @property
    def event_picture(self) -> str:
        """The picture at the begin of the last event, a JPEG file; retained."""
        return f"{self.base}/event_picture"

    @property
    def recording(self) -> str:
        """`ON` while the camera is recorded, else `OFF`; retained."""
        return f"{self.base}/recording"

    def state(self, rule: str) -> str:
        """`ON` from an event's begin to its end, else `OFF`; retained."""
        return f"{self.base}/{file_name(rule)}/state"

    def last(self, rule: str) -> str:
        """The rule's last event as JSON; retained."""
        return f"{self.base}/{file_name(rule)}/event"

    def coverage(self, rule: str) -> str:
        """What the class covers of the zone, in percent; retained."""
        return f"{self.base}/{file_name(rule)}/coverage"

    def rule_count(self, rule: str) -> str:
        """How many of the class there are in the zone; retained."""
        return f"{self.base}/{file_name(rule)}/count"

    def enabled(self, rule: str) -> str:
        """`ON` while the rule is looked at, else `OFF`; retained."""
        return f"{self.base}/{file_name(rule)}/enabled"

    def share(self, class_name: str) -> str:
        """What a class covers of the picture, in percent; retained."""
        return f"{self.base}/{CLASS}{file_name(class_name)}/share"

    def count(self, class_name: str) -> str:
        """How many there are of a class; retained."""
        return f"{self.base}/{CLASS}{file_name(class_name)}/count"

    def config(self, component: str, name: str) -> str:
        """Where an entity is described for Home Assistant; retained.

        Args:
            component: Its kind there.
            name: Its own, or `+` for any.
        """
        return f"{DISCOVERY}/{component}/{self.node}/{name}/config"


def on_or_off(on: bool) -> str:
    """Return whether something is on, as topics tell it."""
    return "ON" if on else "OFF"


def command_topic(state_topic: str) -> str:
    """Return where somebody says `ON` or `OFF` to what a topic tells."""
    return f"{state_topic}/set"


def switchable(rules: Iterable[Rule]) -> list[Rule]:
    """Return those rules that may be switched off.

    That a camera or an endpoint is in trouble is told in any case.
    """
    return [rule for rule in rules if not rule.is_outage]


def kept_topics(topics: CameraTopics, config: bytes) -> list[str]:
    """Return what a broker may keep for an entity, given its discovery message from the broker.

    Args:
        topics: Those of the entity's camera: only what lies under them is returned.
        config: Anything.
    """
    try:
        said = json.loads(config)
    except (ValueError, RecursionError):
        return []
    if not isinstance(said, dict):
        return []
    named = [each for key, each in said.items() if key.endswith("topic") and isinstance(each, str)]
    never_kept = {topics.events, topics.picture, topics.availability}
    return [
        each
        for each in named
        if each.startswith(f"{topics.base}/")
        and each not in never_kept
        and not any(sign in each for sign in "#+\0")
    ]
