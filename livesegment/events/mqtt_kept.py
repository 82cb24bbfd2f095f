"""What a broker is to keep (retain) of a camera, until it is told otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass

from livesegment.events.home_assistant import Discovery
from livesegment.events.mqtt_connection import Payload
from livesegment.events.topics import CLASS, CameraTopics, kept_topics
from livesegment.settings.rule import file_name

UNKNOWN = "None"
"""Home Assistant reads this word as "not known"."""

_MOST_CLASSES = 256  # that sensors are made for, whatever a model says in the course of time
_MOST_LEFTOVERS = 1000


def percent(share: float | None) -> str:
    """Return a share, 0 to 1, as it is told; None: it is not known."""
    return UNKNOWN if share is None else f"{100 * share:.1f}"


class KeptFacts:
    """What is so of a camera, and which of it is still to be sent. Not for many threads at once.

    Args:
        topics: The camera's.
        facts: What is so, by topic, in the order in which it is sent.
    """

    def __init__(self, topics: CameraTopics, facts: Mapping[str, Payload]) -> None:
        self._topics = topics
        self._facts = dict(facts)
        self._unsent: dict[str, None] = {}

    def __bool__(self) -> bool:
        """Whether anything is to be sent."""
        return bool(self._unsent)

    def note(self, topic: str, payload: Payload) -> None:
        """Have something sent, unless it was so before."""
        if self._facts.get(topic) != payload:
            self._facts[topic] = payload
            self._unsent[topic] = None

    def send_again(self) -> None:
        """Have everything sent: a broker that was killed has forgotten it."""
        self._unsent = dict.fromkeys(self._facts)

    def take(self) -> tuple[str, Payload]:
        """Return topic and payload of what is to be sent next."""
        topic = next(iter(self._unsent))
        del self._unsent[topic]
        # Nothing: the broker is to forget it, and so may we.
        return topic, self._facts[topic] or self._facts.pop(topic)

    def take_back(self, topic: str, config: bytes) -> None:
        """Have the broker forget an entity, and its states, unless that is one of ours.

        Args:
            topic: Where the broker keeps its description.
            config: The description.
        """
        if topic in self._facts:
            return
        for each in (topic, *kept_topics(self._topics, config)):
            if each not in self._facts:
                self.note(each, "")


@dataclass(frozen=True, slots=True)
class SeenClasses:
    """What a mask says of its classes.

    Attributes:
        shares: Share of the picture, 0 to 1, of every class of the model, by its name.
        counts: How many there are of each; None: the model tells no instances apart.
    """

    shares: Mapping[str, float]
    counts: Mapping[str, int] | None = None


class ClassSensors:
    """The sensors of a model's classes, which are known once it has answered.

    Args:
        facts: Where they are noted.
        topics: The camera's.
        discovery: Describes them.
        grow: Whether the model names a class only once it has found one: none is taken back then.
    """

    def __init__(
        self, facts: KeptFacts, topics: CameraTopics, discovery: Discovery, *, grow: bool
    ) -> None:
        self._facts = facts
        self._topics = topics
        self._discovery = discovery
        self._grow = grow
        self._names: dict[str, str] = {}  # by what they are called in topics
        self._are_counted = False
        self._leftovers: dict[str, bytes] = {}

    def see(self, seen: SeenClasses | None) -> None:
        """Take in what a mask says; None: there is none at the moment."""
        if seen is not None:
            self._announce(seen)
        for name in self._names.values():
            share = None if seen is None else seen.shares.get(name, 0.0)
            self._facts.note(self._topics.share(name), percent(share))
            if seen is None and self._are_counted:
                self._facts.note(self._topics.count(name), UNKNOWN)
            elif seen is not None and seen.counts is not None:
                self._facts.note(self._topics.count(name), str(seen.counts.get(name, 0)))

    def leave_over(self, topic: str, config: bytes) -> bool:
        """Take in a description of an earlier run; tell whether it is that of a class.

        It is taken back when it is known which classes there are.
        """
        if not topic.split("/")[-2].startswith(CLASS):
            return False
        if not self._grow and len(self._leftovers) < _MOST_LEFTOVERS:
            self._leftovers[topic] = config
        return True

    def _announce(self, seen: SeenClasses) -> None:
        """Describe the sensors of classes that are new, and take back those that are no more."""
        known = len(self._names), self._are_counted
        self._are_counted = self._are_counted or seen.counts is not None
        for name in seen.shares:
            if len(self._names) < _MOST_CLASSES:
                self._names.setdefault(file_name(name), name)
        if (len(self._names), self._are_counted) != known:
            described = self._discovery.classes(self._names.values(), are_counted=self._are_counted)
            for topic, text in described.items():
                self._facts.note(topic, text)
        leftovers, self._leftovers = self._leftovers, {}
        for topic, config in leftovers.items():
            self._facts.take_back(topic, config)
