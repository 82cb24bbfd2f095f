"""What may be switched by way of an MQTT broker."""

import logging
from collections.abc import KeysView, Mapping, Sequence

from livesegment.events.switches import RECORDING, Switches, rule_switch
from livesegment.events.topics import CameraTopics, command_topic, on_or_off, switchable
from livesegment.settings.rule import Rule

logger = logging.getLogger(__name__)

_SWITCHED: Mapping[bytes, bool] = {b"ON": True, b"OFF": False}


class Commands:
    """Obeys `ON` and `OFF` on the topics of `command_topic`, for one camera.

    A command that the broker had kept (retained) is not obeyed: it may be of any age.

    Args:
        topics: The camera's.
        rules: Its rules.
        switches: What commands switch; None: there are none.
        is_recorded: Whether there is a recording to be switched.
    """

    def __init__(
        self,
        topics: CameraTopics,
        rules: Sequence[Rule],
        switches: Switches | None,
        *,
        is_recorded: bool,
    ) -> None:
        self._camera = topics.camera
        self._switches = switches or Switches()
        self._switched: dict[str, str] = {}  # the switch that each topic tells of
        if switches is not None:
            self._switched |= {
                topics.enabled(each.name): rule_switch(each.name) for each in switchable(rules)
            }
            if is_recorded:
                self._switched[topics.recording] = RECORDING
        self._told_on = {command_topic(topic): topic for topic in self._switched}
        self._has_complained = False

    @property
    def topics(self) -> KeysView[str]:
        """Where commands come."""
        return self._told_on.keys()

    def facts(self) -> dict[str, str]:
        """Return what is on and off, by the topic that tells of it."""
        return {
            topic: on_or_off(self._switches.is_on(switch))
            for topic, switch in self._switched.items()
        }

    def obey(self, topic: str, payload: bytes, *, was_kept: bool) -> dict[str, str]:
        """Do what a message on one of the topics says, and return what is so by that.

        It is written to a disk.

        Args:
            topic: Where it came.
            payload: Anything.
            was_kept: Whether the broker had kept it.
        """
        on = _SWITCHED.get(payload)
        if was_kept:
            logger.warning("%s: a retained command is not obeyed", self._camera)
            return {}
        if on is None:
            if not self._has_complained:  # once: whoever sends one may send very many
                self._has_complained = True
                logger.warning("%s: a command is ON or OFF, nothing else", self._camera)
            return {}
        told_on = self._told_on[topic]
        switch = self._switched[told_on]
        self._switches.turn(switch, on=on)
        logger.info("%s is switched %s over MQTT", switch, "on" if on else "off")
        return {told_on: on_or_off(on)}
