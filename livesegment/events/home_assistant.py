"""What Home Assistant is told so that a camera's rules appear there by themselves.

Source: home-assistant.io/integrations/mqtt, "MQTT Discovery"; binary_sensor.mqtt; sensor.mqtt.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

from livesegment.metrics import Circuit
from livesegment.settings.rule import Rule, file_name

_DISCOVERY = "homeassistant"


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

    def state(self, rule: str) -> str:
        """`ON` from an event's begin to its end, else `OFF`; retained."""
        return f"{self.base}/{file_name(rule)}/state"

    def last(self, rule: str) -> str:
        """The rule's last event as JSON; retained."""
        return f"{self.base}/{file_name(rule)}/event"

    def coverage(self, rule: str) -> str:
        """What the class covers of the zone, in percent; retained."""
        return f"{self.base}/{file_name(rule)}/coverage"


def discovery(topics: CameraTopics, rules: Iterable[Rule], version: str) -> dict[str, str]:
    """Return the discovery messages of a camera by their topic; all are retained.

    A device for the camera, a binary sensor for each rule, a sensor for what its class covers, and
    one for whether the endpoint is asked.

    Args:
        topics: The camera's topics.
        rules: Its rules.
        version: Of this program.
    """
    node = f"livesegment_{file_name(topics.camera)}"
    shared: dict[str, Any] = {
        "availability_topic": topics.availability,
        "device": {
            "identifiers": [node],
            "name": topics.camera,
            "manufacturer": "livesegment",
            "model": "camera",
            "sw_version": version,
        },
        "origin": {"name": "livesegment", "sw_version": version},
    }
    circuit = {
        "name": "Endpoint circuit",
        "unique_id": f"{node}_endpoint_circuit",
        "state_topic": topics.circuit,
        "device_class": "enum",
        "options": list(get_args(Circuit)),
        "entity_category": "diagnostic",
        **shared,
    }
    messages = {f"{_DISCOVERY}/sensor/{node}/endpoint_circuit/config": json.dumps(circuit)}
    for rule in rules:
        name = file_name(rule.name)
        sensor = {
            "name": rule.name,
            "unique_id": f"{node}_{name}",
            "state_topic": topics.state(rule.name),
            "payload_on": "ON",
            "payload_off": "OFF",
            "json_attributes_topic": topics.last(rule.name),
            **({"device_class": "problem"} if rule.is_outage else {}),
            **shared,
        }
        messages[f"{_DISCOVERY}/binary_sensor/{node}/{name}/config"] = json.dumps(sensor)
        if rule.subject == "coverage":
            coverage = {
                "name": f"{rule.name} coverage",
                "unique_id": f"{node}_{name}_coverage",
                "state_topic": topics.coverage(rule.name),
                "unit_of_measurement": "%",
                "state_class": "measurement",
                **shared,
            }
            messages[f"{_DISCOVERY}/sensor/{node}/{name}_coverage/config"] = json.dumps(coverage)
    return messages
