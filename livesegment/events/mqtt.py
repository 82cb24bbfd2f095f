"""Events told to an MQTT broker, and to Home Assistant by way of it."""

import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from livesegment.events.broker_address import BrokerAddress
from livesegment.events.delivery import CAPACITY, Delivery, OnLost
from livesegment.events.event import Event
from livesegment.events.home_assistant import Device, Discovery
from livesegment.events.mqtt_commands import Commands
from livesegment.events.mqtt_connection import MqttConnection, Payload
from livesegment.events.mqtt_kept import (
    UNKNOWN,
    ClassSensors,
    KeptFacts,
    SeenClasses,
    percent,
)
from livesegment.events.switches import Switches
from livesegment.events.topics import CameraTopics, on_or_off
from livesegment.metrics import Circuit
from livesegment.settings.rule import Rule

logger = logging.getLogger(__name__)

_LONGEST_CONFIG = 16 * 1024  # of a description of ours; what is longer is somebody else's


@dataclass(frozen=True, slots=True)
class Announced:
    """What is told of a camera besides its events, and what it may be told.

    Attributes:
        has_pictures: Whether pictures are published.
        classes_grow: Whether the model names a class only once it has found one.
        is_recorded: Whether there is a recording to be switched.
        switches: What commands switch; None: no command is listened to.
    """

    has_pictures: bool = False
    classes_grow: bool = False
    is_recorded: bool = False
    switches: Switches | None = None


class MqttPublisher(Delivery):
    """Publishes a camera's events, what is so at the moment, and pictures.

    Every event is sent to the camera's topic `events`, in order and at least once (QoS 1); while
    the broker is away they wait. What is so at the moment is retained by the broker: each rule's
    state, last event and coverage or count, each class's share and count, whether the endpoint is
    asked, the picture of the last event, the discovery messages, and whether the camera is watched
    at all, which the broker takes back by itself when the connection breaks (the last will). After
    every connection all of that is sent again, because a broker that was killed has forgotten it;
    and what it keeps of an earlier run that is so no more, such as the entities of a rule that was
    removed, is taken back.

    Of pictures only the newest is sent, after everything else.

    `Commands` says what may be switched by way of the broker.

    No `Buffer`: an event stays in its place until the broker has it, and facts go before events.

    Args:
        address: The broker. It is connected to for ever, however long it is away.
        camera: What the camera is called.
        rules: Its rules.
        device: What is said of the camera itself.
        on_lost: Told how many events were lost.
        announced: What is told besides, and what commands do.
        capacity: Events that may wait; the oldest go first.
        grace_s: Seconds that `close` gives to what waits, if the broker is there.
    """

    def __init__(
        self,
        address: BrokerAddress,
        camera: str,
        rules: Sequence[Rule],
        device: Device,
        on_lost: OnLost = lambda _: None,
        *,
        announced: Announced = Announced(),
        capacity: int = CAPACITY,
        grace_s: float = 3.0,
    ) -> None:
        self._address = address
        self._topics = topics = CameraTopics(camera, address.prefix)
        self._on_lost = on_lost
        self._announced = announced
        self._capacity = capacity
        self._grace_s = grace_s
        self._changed = threading.Condition()
        self._events: deque[str] = deque()
        self._picture: bytes | None = None
        self._discovery = Discovery(topics, device)
        self._commands = Commands(
            topics, rules, announced.switches, is_recorded=announced.is_recorded
        )
        self._facts = KeptFacts(topics, self._facts_of(rules))
        self._classes = ClassSensors(
            self._facts, topics, self._discovery, grow=announced.classes_grow
        )
        self._begun = self._connections = 0
        self._is_connected = self._is_closed = self._is_stopped = False
        self._has_said_goodbye = False
        self._connection = MqttConnection(
            address,
            self._on_change,
            will=topics.availability,
            heard=[topics.config("+", "+"), *self._commands.topics],
            on_message=self._hear,
        )
        self._thread = threading.Thread(target=self._run, name="events to MQTT", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How often the broker was connected to; 0 while it is away."""
        return self._connections if self._is_connected else 0

    @property
    def begun(self) -> int:
        """How many events have begun so far."""
        return self._begun

    def put(self, event: Event) -> None:
        """Take an event; the oldest that waits is lost where there are too many."""
        text = event.as_json()
        with self._changed:
            if self._is_closed:
                self._lose(1)
                return
            if len(self._events) >= self._capacity:
                self._events.popleft()
                self._lose(1)
            self._events.append(text)
            self._begun += event.kind == "begin"
            self._facts.note(self._topics.last(event.rule), text)
            self._facts.note(self._topics.state(event.rule), on_or_off(event.kind == "begin"))
            if event.count is not None:  # the sensor and the event say the same
                self._note_count(event.rule, event.count)
            self._changed.notify_all()

    def note_coverage(self, shares: Mapping[str, float | None]) -> None:
        """Take in what the rules' classes cover at the moment; only the newest is sent."""
        with self._changed:
            for rule, share in shares.items():
                self._facts.note(self._topics.coverage(rule), percent(share))
            self._changed.notify_all()

    def note_counts(self, counts: Mapping[str, int | None]) -> None:
        """Take in how many the rules count at the moment; only the newest is sent."""
        with self._changed:
            for rule, count in counts.items():
                self._note_count(rule, count)
            self._changed.notify_all()

    def note_circuit(self, circuit: Circuit) -> None:
        """Take in whether the endpoint is asked; only the newest is sent."""
        with self._changed:
            self._facts.note(self._topics.circuit, circuit)
            self._changed.notify_all()

    def note_classes(self, seen: SeenClasses | None) -> None:
        """Take in what a mask says of its classes; None: there is none at the moment."""
        with self._changed:
            self._classes.see(seen)
            self._changed.notify_all()

    def show(self, jpeg: bytes, *, is_of_event: bool) -> None:
        """Publish a picture, in place of one that waits.

        Args:
            jpeg: The file.
            is_of_event: Whether it is that of the last event too.
        """
        with self._changed:
            self._picture = jpeg
            if is_of_event:
                self._facts.note(self._topics.event_picture, jpeg)
            self._changed.notify_all()

    def close(self) -> None:
        """Send what waits if the broker is there, say goodbye, hang up. May be called twice."""
        with self._changed:
            if self._is_closed:
                return
            self._is_closed = True
            grace_s = self._grace_s if self._is_connected else 0.0
            self._changed.notify_all()
        self._connection.leave()
        self._thread.join(grace_s)
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        self._connection.stop()
        self._thread.join()
        self._lose(len(self._events))
        self._connection.hang_up(politely=self._has_said_goodbye)

    def _facts_of(self, rules: Sequence[Rule]) -> dict[str, str]:
        """Return what is so of the camera before there is a picture, by topic."""
        topics, discovery, announced = self._topics, self._discovery, self._announced
        facts = discovery.run(rules)
        if announced.has_pictures:
            facts |= discovery.pictures()
        facts |= {topics.state(rule.name): on_or_off(False) for rule in rules}
        facts[topics.circuit] = "closed"
        if announced.switches is not None:
            facts |= discovery.switches(rules, is_recorded=announced.is_recorded)
            facts |= self._commands.facts()
        facts[topics.availability] = "online"
        return facts

    def _run(self) -> None:
        """Send one message after the other; each waits for the broker's word that it has it."""
        while (message := self._next()) is not None:
            topic, payload, is_kept = message
            if not self._connection.send(topic, payload, is_kept=is_kept):
                return
            with self._changed:
                if not is_kept and self._events and self._events[0] is payload:
                    self._events.popleft()
        self._has_said_goodbye = self._connection.send(
            self._topics.availability, "offline", is_kept=True
        )

    def _note_count(self, rule: str, count: int | None) -> None:
        self._facts.note(self._topics.rule_count(rule), UNKNOWN if count is None else str(count))

    def _next(self) -> tuple[str, Payload, bool] | None:
        """Return topic, payload and whether it is kept; None when nothing will come any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_stopped or (self._is_connected and self._has_any)
            )
            if self._is_stopped:
                return None
            if self._facts:
                return *self._facts.take(), True
            if self._events:
                return self._topics.events, self._events[0], False
            picture, self._picture = self._picture, None
            if picture is None or self._is_closed:
                return None
            return self._topics.picture, picture, False

    @property
    def _has_any(self) -> bool:
        """Whether there is anything to send, if only the goodbye."""
        return bool(self._facts or self._events or self._picture or self._is_closed)

    def _lose(self, count: int) -> None:
        if count:
            self._on_lost(count)
            logger.warning("%s: lost events: %d", self._address.shown, count)

    # What follows is called on the thread of paho-mqtt.

    def _on_change(self, is_connected: bool) -> None:
        with self._changed:
            self._is_connected = is_connected
            if is_connected:
                self._connections += 1
                self._facts.send_again()
            self._changed.notify_all()

    def _hear(self, topic: str, payload: bytes, was_kept: bool) -> None:
        if not payload:  # somebody had a kept one forgotten
            return
        if topic in self._commands.topics:
            # Not under the lock: it is written to a disk, for which no event is to wait.
            now_so = self._commands.obey(topic, payload, was_kept=was_kept)
            with self._changed:
                for each, said in now_so.items():
                    self._facts.note(each, said)
                self._changed.notify_all()
        elif was_kept and topic.endswith("/config") and len(payload) <= _LONGEST_CONFIG:
            with self._changed:
                if not self._classes.leave_over(topic, payload):
                    self._facts.take_back(topic, payload)
                self._changed.notify_all()
