"""What is noticed, and where it is told."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from livesegment.address import is_http_url
from livesegment.settings.checking import require
from livesegment.settings.key import ApiKey
from livesegment.settings.rule import Rule


@dataclass(frozen=True, slots=True)
class EventOptions:
    """What is noticed in front of a camera, and where it is told.

    Once anything is noticed or told, a lost camera and a failing endpoint are too.

    Attributes:
        rules: What is noticed.
        camera: What events call the camera; None: what the source calls itself.
        jsonl: File that every event is appended to; None: none.
        webhook: Address that every event is posted to; None: none.
        webhook_secret: Signs what is posted; None: it is not signed.
        mqtt: Address of an MQTT broker; None: none.
        mqtt_password: Password for the broker if its address has none.
        clips: Folder for a video and a picture of every event; None: none.
        pre_s: Seconds of video before an event's begin.
        post_s: Seconds of video after its end.
        keep_clips: How many clips stay: a number, a size or an age.

    Raises:
        OptionsError: If a value is out of range.
    """

    rules: tuple[Rule, ...] = ()
    camera: str | None = None
    jsonl: str | None = None
    webhook: str | None = field(default=None, repr=False)
    webhook_secret: ApiKey | None = None
    mqtt: str | None = field(default=None, repr=False)
    mqtt_password: ApiKey | None = None
    clips: str | None = None
    pre_s: float = 5.0
    post_s: float = 5.0
    keep_clips: str = "5GB"

    def __post_init__(self) -> None:
        require(
            self.webhook is None or is_http_url(self.webhook),
            "--webhook is an address that begins with http:// or https://",
        )
        require(0 <= self.pre_s <= 60, "--pre is from 0 to 60 seconds")
        require(0 <= self.post_s <= 60, "--post is from 0 to 60 seconds")

    @property
    def are_wanted(self) -> bool:
        """Whether anything is to be noticed or told."""
        return bool(self.rules or self.jsonl or self.webhook or self.mqtt or self.clips)


def webhook_secret(environment: Mapping[str, str] = os.environ) -> ApiKey | None:
    """Return what webhooks are signed with, if `LIVESEGMENT_WEBHOOK_SECRET` says one."""
    return _secret(environment, "LIVESEGMENT_WEBHOOK_SECRET")


def mqtt_password(environment: Mapping[str, str] = os.environ) -> ApiKey | None:
    """Return the password for the MQTT broker, if `LIVESEGMENT_MQTT_PASSWORD` says one."""
    return _secret(environment, "LIVESEGMENT_MQTT_PASSWORD")


def _secret(environment: Mapping[str, str], name: str) -> ApiKey | None:
    text = environment.get(name, "").strip()
    return ApiKey(text) if text else None
