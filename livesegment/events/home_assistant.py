"""What Home Assistant is told so that a camera appears there by itself.

Source: home-assistant.io/integrations/mqtt, "MQTT Discovery"; binary_sensor.mqtt; camera.mqtt;
image.mqtt; sensor.mqtt; switch.mqtt.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from livesegment.events.topics import CLASS, CameraTopics, command_topic, switchable
from livesegment.metrics import Circuit
from livesegment.settings.rule import Rule, file_name


@dataclass(frozen=True, slots=True)
class Device:
    """What a camera's device says of itself there.

    Attributes:
        version: Of this program.
        title: What people call the camera; None: its name.
        page_url: Where the page is that shows it, without a token; None: there is none.
    """

    version: str
    title: str | None = None
    page_url: str | None = None


class Discovery:
    """Makes the discovery messages of one camera; all are retained.

    Args:
        topics: The camera's topics.
        device: What is said of the camera itself.
    """

    def __init__(self, topics: CameraTopics, device: Device) -> None:
        self._topics = topics
        about = {
            "identifiers": [topics.node],
            "name": device.title or topics.camera,
            "manufacturer": "livesegment",
            "model": "camera",
            "sw_version": device.version,
        }
        if device.page_url is not None:
            about["configuration_url"] = device.page_url
        self._shared: dict[str, Any] = {
            "availability_topic": topics.availability,
            "device": about,
            "origin": {"name": "livesegment", "sw_version": device.version},
        }

    def run(self, rules: Iterable[Rule]) -> dict[str, str]:
        """Return what there is of every run, by its topic.

        A binary sensor for each rule, a sensor for what its class covers or how many it counts, and
        one for whether the endpoint is asked.
        """
        circuit = self._entity(
            "sensor",
            "endpoint_circuit",
            name="Endpoint circuit",
            state_topic=self._topics.circuit,
            device_class="enum",
            options=list(get_args(Circuit)),
            entity_category="diagnostic",
            icon="mdi:electric-switch",
        )
        return circuit | {topic: text for rule in rules for topic, text in self._rule(rule).items()}

    def pictures(self) -> dict[str, str]:
        """Return a camera and the image of its last event, by their topics."""
        camera = self._entity("camera", "picture", name=None, topic=self._topics.picture)
        image = self._entity(
            "image",
            "event_picture",
            name="Last event",
            image_topic=self._topics.event_picture,
            content_type="image/jpeg",
            json_attributes_topic=self._topics.events,
            icon="mdi:image-outline",
        )
        return camera | image

    def classes(self, names: Iterable[str], *, are_counted: bool) -> dict[str, str]:
        """Return a sensor for the share of each class, and one for its count, by their topics.

        Args:
            names: Of the classes.
            are_counted: Whether the model tells instances apart.
        """
        messages: dict[str, str] = {}
        for name in names:
            messages |= self._entity(
                "sensor",
                f"{CLASS}{file_name(name)}__share",
                name=f"{name} share",
                state_topic=self._topics.share(name),
                icon="mdi:percent-outline",
                **_PERCENT,
            )
            if are_counted:
                messages |= self._counter(
                    f"{CLASS}{file_name(name)}__count", f"{name} count", self._topics.count(name)
                )
        return messages

    def switches(self, rules: Iterable[Rule], *, is_recorded: bool) -> dict[str, str]:
        """Return a switch for each rule that may be switched, and one for the recording.

        Args:
            rules: The camera's rules.
            is_recorded: Whether there is a recording.
        """
        messages: dict[str, str] = {}
        if is_recorded:
            messages = self._switch(
                "recording", "Recording", self._topics.recording, "mdi:record-rec"
            )
        for rule in switchable(rules):
            topic = self._topics.enabled(rule.name)
            name = f"rule__{file_name(rule.name)}"
            messages |= self._switch(name, f"{rule.name} rule", topic, "mdi:bell-outline")
        return messages

    def _switch(self, object_id: str, name: str, state_topic: str, icon: str) -> dict[str, str]:
        return self._entity(
            "switch",
            object_id,
            name=name,
            state_topic=state_topic,
            command_topic=command_topic(state_topic),
            payload_on="ON",
            payload_off="OFF",
            entity_category="config",
            icon=icon,
        )

    def _rule(self, rule: Rule) -> dict[str, str]:
        topics, name = self._topics, file_name(rule.name)
        is_seen = rule in switchable([rule])
        trouble = {"device_class": "problem", "entity_category": "diagnostic"}
        messages = self._entity(
            "binary_sensor",
            name,
            name=rule.name,
            state_topic=topics.state(rule.name),
            payload_on="ON",
            payload_off="OFF",
            json_attributes_topic=topics.last(rule.name),
            **({"icon": "mdi:motion-sensor"} if is_seen else trouble),
        )
        if rule.subject == "coverage":
            messages |= self._entity(
                "sensor",
                f"{name}_coverage",
                name=f"{rule.name} coverage",
                state_topic=topics.coverage(rule.name),
                icon="mdi:percent-outline",
                **_PERCENT,
            )
        elif rule.subject == "count":
            count_topic = topics.rule_count(rule.name)
            messages |= self._counter(f"{name}_count", f"{rule.name} count", count_topic)
        return messages

    def _counter(self, object_id: str, name: str, state_topic: str) -> dict[str, str]:
        return self._entity(
            "sensor",
            object_id,
            name=name,
            state_topic=state_topic,
            state_class="measurement",
            icon="mdi:counter",
        )

    def _entity(self, component: str, object_id: str, **fields: Any) -> dict[str, str]:
        """Return the message that describes an entity, by its topic.

        Args:
            component: Its kind.
            object_id: Its own among those of the camera.
            fields: What is said of it.
        """
        said = {**fields, "unique_id": f"{self._topics.node}_{object_id}", **self._shared}
        return {self._topics.config(component, object_id): json.dumps(said)}


_PERCENT: Mapping[str, Any] = {
    "unit_of_measurement": "%",
    "state_class": "measurement",
    "suggested_display_precision": 1,
}
