"""Cameras that a broker still knows though there are no such cameras any more."""

import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from livesegment.errors import MissingExtra
from livesegment.events.broker_address import BrokerAddress
from livesegment.events.topics import CameraTopics
from livesegment.monitor.config import MonitorConfig
from livesegment.resource import Resource
from livesegment.state import read_state, write_state

logger = logging.getLogger(__name__)

_AGAIN_S = 30.0
_PARTING_S = 2.0


class Told(NamedTuple):
    """A camera that a broker was told of.

    Attributes:
        camera: Its name.
        broker: The broker's address without credentials.
        prefix: What its topics begin with.
    """

    camera: str
    broker: str
    prefix: str

    @property
    def topics(self) -> str:
        """What its topics begin with."""
        return CameraTopics(self.camera, self.prefix).base


class Forgetting(Resource):
    """Has brokers forget cameras that a configuration has no more, for as long as that takes.

    Which were told to which broker is remembered, without credentials: a camera may go while no
    monitor runs. A broker is asked with the credentials of a camera that is told there too, or was
    until the configuration was read again.

    Args:
        path: Where that is remembered.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told, self._gone = (_read(read_state(path).get(each)) for each in ("told", "gone"))
        self._addresses: dict[str, BrokerAddress] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._is_new = False
        self._thread: threading.Thread | None = None

    def keep_to(self, config: MonitorConfig) -> None:
        """Take in which cameras there are; their processes are told of by themselves."""
        told = set()
        for camera in config.cameras:
            events = camera.options.events
            if events.mqtt is not None:
                address = BrokerAddress.parse(events.mqtt, events.mqtt_password)
                told.add(Told(camera.name, address.shown, address.prefix))
                self._addresses[address.shown] = address
        there = {(each.broker, each.topics) for each in told}
        with self._changed:
            gone = self._gone | self._told
            gone = {each for each in gone if (each.broker, each.topics) not in there}
            if (told, gone) != (self._told, self._gone):
                self._told, self._gone = told, gone
                self._save()
            self._is_new = True
            self._changed.notify_all()
        if gone and self._thread is None:
            # A daemon: it may sit in a network that hangs.
            self._thread = threading.Thread(target=self._run, name="forgetting", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Forget the rest at the next start. May be called twice."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_PARTING_S)

    def _run(self) -> None:
        # Here, because most monitors never need it, and MQTT is an extra.
        try:
            from livesegment.events.mqtt_forgetting import forget_camera
        except MissingExtra:
            return  # its cameras say so
        while not self._stopping.is_set():
            with self._changed:
                self._is_new = False
                waiting = [each for each in self._gone if each.broker in self._addresses]
            for each in waiting:
                address = replace(self._addresses[each.broker], prefix=each.prefix)
                if forget_camera(address, each.camera, self._stopping):
                    logger.info("%s: is forgotten at %s", each.camera, each.broker)
                    self._strike(each)
            with self._changed:
                self._changed.wait_for(lambda: self._is_new or self._stopping.is_set(), _AGAIN_S)

    def _strike(self, told: Told) -> None:
        with self._changed:
            self._gone = self._gone - {told}
            self._save()

    def _save(self) -> None:
        write_state(self._path, {"told": sorted(self._told), "gone": sorted(self._gone)})


def _read(said: Any) -> set[Told]:
    """Return what was remembered of cameras, as far as it is that."""
    rows = said if isinstance(said, list) else []
    return {
        Told(*each)
        for each in rows
        if isinstance(each, list) and len(each) == 3 and all(isinstance(one, str) for one in each)
    }
