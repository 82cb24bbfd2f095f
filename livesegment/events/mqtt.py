"""Events told to an MQTT broker, and to Home Assistant by way of it."""

import logging
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from livesegment.address import system_reason
from livesegment.backoff import Backoff
from livesegment.errors import MissingExtra
from livesegment.events.broker_address import BrokerAddress
from livesegment.events.delivery import CAPACITY, Delivery, OnLost
from livesegment.events.event import Event
from livesegment.events.home_assistant import CameraTopics, discovery
from livesegment.metrics import Circuit
from livesegment.settings.rule import Rule

try:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion
except ImportError:
    raise MissingExtra("--mqtt needs paho-mqtt: pip install 'livesegment[monitor]'") from None

logger = logging.getLogger(__name__)

_KEEPALIVE_S = 30
_RECONNECT = Backoff(attempts=None, first_wait_s=1, max_wait_s=30)  # doubled by paho-mqtt
_PARTING_S = 1.0


class MqttPublisher(Delivery):
    """Publishes a camera's events, and what is so at the moment.

    Every event is sent to the camera's topic `events`, in order and at least once (QoS 1); while
    the broker is away they wait. What is so at the moment is retained by the broker: each rule's
    state, last event and coverage, whether the endpoint is asked, the discovery messages, and
    whether the camera is watched at all, which the broker takes back by itself when the connection
    breaks (the last will). After every connection all of that is sent again, because a broker that
    was killed has forgotten it.

    No `Buffer`: an event stays in its place until the broker has it, and facts go before events.

    Args:
        address: The broker. It is connected to for ever, however long it is away.
        camera: What the camera is called.
        rules: Its rules.
        version: Of this program, for Home Assistant.
        on_lost: Told how many events were lost.
        capacity: Events that may wait; the oldest go first.
        grace_s: Seconds that `close` gives to what waits, if the broker is there.
    """

    def __init__(
        self,
        address: BrokerAddress,
        camera: str,
        rules: Sequence[Rule],
        version: str,
        on_lost: OnLost = lambda _: None,
        *,
        capacity: int = CAPACITY,
        grace_s: float = 3.0,
    ) -> None:
        self._address = address
        self._topics = topics = CameraTopics(camera, address.prefix)
        self._on_lost = on_lost
        self._capacity = capacity
        self._grace_s = grace_s
        self._changed = threading.Condition()
        self._events: deque[str] = deque()
        self._facts = discovery(topics, rules, version)
        self._facts |= {topics.state(rule.name): "OFF" for rule in rules}
        self._facts[topics.circuit] = "closed"
        self._facts[topics.availability] = "online"
        self._unsent: dict[str, None] = {}
        self._acknowledged: set[int] = set()
        self._is_connected = self._is_closed = self._is_stopped = False
        self._has_complained = self._has_said_goodbye = False
        self._client = self._connect()
        self._thread = threading.Thread(target=self._run, name="events to MQTT", daemon=True)
        self._thread.start()

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
            self._note(self._topics.last(event.rule), text)
            self._note(self._topics.state(event.rule), "ON" if event.kind == "begin" else "OFF")
            self._changed.notify_all()

    def note_coverage(self, shares: Mapping[str, float | None]) -> None:
        """Take in what the rules' classes cover at the moment; only the newest is sent."""
        with self._changed:
            for rule, share in shares.items():
                # Home Assistant reads this word as "not known".
                said = "None" if share is None else f"{100 * share:.1f}"
                self._note(self._topics.coverage(rule), said)
            self._changed.notify_all()

    def note_circuit(self, circuit: Circuit) -> None:
        """Take in whether the endpoint is asked; only the newest is sent."""
        with self._changed:
            self._note(self._topics.circuit, circuit)
            self._changed.notify_all()

    def close(self) -> None:
        """Send what waits if the broker is there, say goodbye, hang up. May be called twice."""
        with self._changed:
            if self._is_closed:
                return
            self._is_closed = True
            grace_s = self._grace_s if self._is_connected else 0.0
            self._changed.notify_all()
        self._thread.join(grace_s)
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        self._thread.join()
        self._lose(len(self._events))
        self._hang_up()

    def _connect(self) -> Client:
        address = self._address
        client = Client(CallbackAPIVersion.VERSION2)
        if address.user is not None:
            secret = address.password
            client.username_pw_set(address.user, secret.reveal() if secret else None)
        if address.uses_tls:
            client.tls_set_context(ssl.create_default_context())
        client.will_set(self._topics.availability, "offline", qos=1, retain=True)
        client.reconnect_delay_set(int(_RECONNECT.first_wait_s), int(_RECONNECT.max_wait_s))
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.connect_async(address.host, address.port, keepalive=_KEEPALIVE_S)
        client.loop_start()
        return client

    def _run(self) -> None:
        """Send one message after the other; each waits for the broker's word that it has it."""
        while (message := self._next()) is not None:
            topic, text, is_fact = message
            if not self._publish(topic, text, retain=is_fact):
                return
            with self._changed:
                if not is_fact and self._events and self._events[0] is text:
                    self._events.popleft()
        self._has_said_goodbye = self._publish(self._topics.availability, "offline", retain=True)

    def _next(self) -> tuple[str, str, bool] | None:
        """Return topic, text and whether it is a fact; None when nothing will come any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_stopped
                    or (self._is_connected and (self._unsent or self._events or self._is_closed))
                )
            )
            if self._is_stopped:
                return None
            if self._unsent:
                topic = next(iter(self._unsent))
                del self._unsent[topic]
                return topic, self._facts[topic], True
            return (self._topics.events, self._events[0], False) if self._events else None

    def _publish(self, topic: str, text: str, *, retain: bool) -> bool:
        """Send a message and wait until the broker has it, also beyond a lost connection."""
        if self._is_stopped:
            return False
        number = self._client.publish(topic, text, qos=1, retain=retain).mid
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or number in self._acknowledged)
            is_there = number in self._acknowledged
            self._acknowledged.clear()
        return is_there

    def _note(self, topic: str, text: str) -> None:
        if self._facts.get(topic) != text:
            self._facts[topic] = text
            self._unsent[topic] = None

    def _lose(self, count: int) -> None:
        if count:
            self._on_lost(count)
            logger.warning("%s: lost events: %d", self._address.shown, count)

    def _hang_up(self) -> None:
        client = self._client
        if self._has_said_goodbye:
            client.disconnect()
            with self._changed:
                self._changed.wait_for(lambda: not self._is_connected, _PARTING_S)
        # Cut without a word, a broker that hangs publishes our last will once it goes on.
        connection = client.socket()
        if isinstance(connection, socket.socket):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        client.loop_stop()

    # What follows is called on the thread of paho-mqtt.

    def _on_connect(self, _: Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        if reason.is_failure:
            self._complain(str(reason).lower())
            return
        logger.info("connected to %s", self._address.shown)
        with self._changed:
            self._has_complained = False
            self._is_connected = True
            self._unsent = dict.fromkeys(self._facts)
            self._changed.notify_all()

    def _on_connect_fail(self, _: Client, __: Any) -> None:
        # It is called while the error is being handled, and is told of it in no other way.
        self._complain(_reason(sys.exc_info()[1]))

    def _on_disconnect(self, _: Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        with self._changed:
            was_connected, self._is_connected = self._is_connected, False
            self._changed.notify_all()
        if was_connected and reason.is_failure and not self._is_closed:
            self._complain(f"the connection is lost ({str(reason).lower()})")

    def _on_publish(self, _: Client, __: Any, number: int, ___: Any, ____: Any) -> None:
        with self._changed:
            self._acknowledged.add(number)
            self._changed.notify_all()

    def _complain(self, what: str) -> None:
        """Log what is wrong, once until it is well again."""
        if not self._has_complained:
            self._has_complained = True
            logger.warning("%s: %s; events wait until it is back", self._address.shown, what)


def _reason(error: BaseException | None) -> str:
    """Return why a connection failed, in words without an address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message.lower()})"
    if isinstance(error, OSError) and (error.strerror or isinstance(error, TimeoutError)):
        return system_reason(error).lower()
    return "nothing answers there"
