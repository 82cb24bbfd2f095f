"""Has a broker forget a camera that there is no more."""

import threading
import time
import uuid

from livesegment.events.broker_address import BrokerAddress
from livesegment.events.mqtt_connection import MqttConnection
from livesegment.events.topics import CameraTopics

_PATIENCE_S = 10.0


def forget_camera(
    address: BrokerAddress, camera: str, stopping: threading.Event, patience_s: float = _PATIENCE_S
) -> bool:
    """Take back everything that a broker keeps of a camera: it disappears from Home Assistant.

    Args:
        address: The broker, with the prefix under which the camera was told.
        camera: What the camera was called.
        stopping: Ends this early.
        patience_s: Seconds for all of it.

    Returns:
        Whether the broker has forgotten it; else it is away, hangs or refuses us.
    """
    topics = CameraTopics(camera, address.prefix)
    kept: dict[str, None] = {}
    connected, told_all = threading.Event(), threading.Event()
    # Messages come in order: once this comes back, everything came that the broker had kept.
    marker = f"{topics.base}/forgotten"
    token = uuid.uuid4().hex.encode()

    def take(topic: str, payload: bytes, was_kept: bool) -> None:
        if was_kept and payload:
            kept[topic] = None
        elif (topic, payload) == (marker, token):
            told_all.set()

    def wait_for(event: threading.Event) -> bool:
        while not event.wait(0.1):
            if stopping.is_set() or time.monotonic() >= ends_s:
                return False
        return True

    ends_s = time.monotonic() + patience_s
    connection = MqttConnection(
        address,
        lambda is_connected: connected.set() if is_connected else None,
        heard=[topics.config("+", "+"), f"{topics.base}/#"],
        on_message=take,
    )
    timer = threading.Timer(patience_s, connection.stop)
    timer.daemon = True
    timer.start()
    is_done = False
    try:
        if wait_for(connected) and connection.send(marker, token, is_kept=False):
            is_done = wait_for(told_all)
            for topic in kept:
                is_done = is_done and connection.send(topic, b"", is_kept=True)
    finally:
        timer.cancel()
        connection.stop()
        connection.hang_up(politely=is_done)
    return is_done
