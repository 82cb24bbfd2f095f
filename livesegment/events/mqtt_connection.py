"""A connection to an MQTT broker that is made again, for ever."""

import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from livesegment.address import system_reason
from livesegment.backoff import Backoff
from livesegment.errors import MissingExtra
from livesegment.events.broker_address import BrokerAddress

try:
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import CallbackAPIVersion
except ImportError:
    raise MissingExtra("--mqtt needs paho-mqtt: pip install 'livesegment[monitor]'") from None

logger = logging.getLogger(__name__)

Payload = str | bytes
"""What a message says: a text, or a file such as a picture."""

_KEEPALIVE_S = 30
_RECONNECT = Backoff(attempts=None, first_wait_s=1, max_wait_s=30)  # doubled by paho-mqtt
_PARTING_S = 1.0


class MqttConnection:
    """Sends one message after the other, and hears what it has subscribed to.

    Args:
        address: The broker. It is connected to for ever, however long it is away.
        on_change: Told whether it is connected, on paho's thread.
        will: Topic on which the broker says `offline`, retained, when the connection breaks; None:
            on none.
        heard: Patterns of topics to subscribe to.
        on_message: Told topic, payload, and whether the broker had kept it, on paho's thread.
    """

    def __init__(
        self,
        address: BrokerAddress,
        on_change: Callable[[bool], object],
        *,
        will: str | None = None,
        heard: Sequence[str] = (),
        on_message: Callable[[str, bytes, bool], object] = lambda *_: None,
    ) -> None:
        self._address = address
        self._tell = on_change
        self._heard = [(pattern, 1) for pattern in heard]
        self._take = on_message
        self._changed = threading.Condition()
        self._acknowledged: set[int] = set()
        self._is_connected = self._is_stopped = self._is_leaving = self._has_complained = False
        self._client = self._connect(will)

    def send(self, topic: str, payload: Payload, *, is_kept: bool) -> bool:
        """Send a message and wait until the broker has it, also beyond a lost connection.

        Args:
            topic: Where.
            payload: What.
            is_kept: Whether the broker retains it.

        Returns:
            Whether it has it; else the connection was stopped.
        """
        if self._is_stopped:
            return False
        number = self._client.publish(topic, payload, qos=1, retain=is_kept).mid
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or number in self._acknowledged)
            is_there = number in self._acknowledged
            self._acknowledged.clear()
        return is_there

    def leave(self) -> None:
        """Say that the connection is soon given up on purpose: its end is no trouble then."""
        self._is_leaving = True

    def stop(self) -> None:
        """Wake whoever waits in `send`, which sends nothing any more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def hang_up(self, *, politely: bool) -> None:
        """End the connection.

        Args:
            politely: Whether the broker is told, so that it does not publish the last will.
        """
        self._is_leaving = True
        client = self._client
        if politely:
            client.disconnect()
            with self._changed:
                self._changed.wait_for(lambda: not self._is_connected, _PARTING_S)
        # Cut without a word, a broker that hangs publishes our last will once it goes on.
        connection = client.socket()
        if isinstance(connection, socket.socket):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        client.loop_stop()

    def _connect(self, will: str | None) -> Client:
        address = self._address
        client = Client(CallbackAPIVersion.VERSION2)
        if address.user is not None:
            secret = address.password
            client.username_pw_set(address.user, secret.reveal() if secret else None)
        if address.uses_tls:
            client.tls_set_context(ssl.create_default_context())
        if will is not None:
            client.will_set(will, "offline", qos=1, retain=True)
        client.reconnect_delay_set(int(_RECONNECT.first_wait_s), int(_RECONNECT.max_wait_s))
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.connect_async(address.host, address.port, keepalive=_KEEPALIVE_S)
        client.loop_start()
        return client

    # What follows is called on the thread of paho-mqtt.

    def _on_connect(self, client: Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        if reason.is_failure:
            self._complain(str(reason).lower())
            return
        logger.info("connected to %s", self._address.shown)
        if self._heard:
            client.subscribe(self._heard)
        self._note(is_connected=True)

    def _on_connect_fail(self, _: Client, __: Any) -> None:
        # It is called while the error is being handled, and is told of it in no other way.
        self._complain(_reason(sys.exc_info()[1]))

    def _on_disconnect(self, _: Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        was_connected = self._is_connected
        self._note(is_connected=False)
        if was_connected and reason.is_failure and not self._is_leaving:
            self._complain(f"the connection is lost ({str(reason).lower()})")

    def _on_publish(self, _: Client, __: Any, number: int, ___: Any, ____: Any) -> None:
        with self._changed:
            self._acknowledged.add(number)
            self._changed.notify_all()

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # none of ours
        self._take(topic, bytes(message.payload), message.retain)

    def _note(self, *, is_connected: bool) -> None:
        with self._changed:
            self._is_connected = is_connected
            if is_connected:
                self._has_complained = False
            self._changed.notify_all()
        self._tell(is_connected)

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
