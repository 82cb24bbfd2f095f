"""What is noticed, and where it is told."""

from dataclasses import dataclass

from livesegment.settings.group import Settings, option
from livesegment.settings.kinds import flag, instance, number, several
from livesegment.settings.quiet_hours import checked_quiet_hours
from livesegment.settings.retention import checked_clip_retention
from livesegment.settings.rule import Rule
from livesegment.settings.rule_text import parse_rule
from livesegment.settings.secret import ApiKey
from livesegment.settings.text_kinds import address_of, http_address, path, text

_GROUP = "Events"
_SECONDS = number(0, 60, "seconds", metavar="S")


def _service(written: str) -> str:
    if "://" not in written:
        raise ValueError
    return written


@dataclass(frozen=True, slots=True)
class EventOptions(Settings):
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
        mqtt_pictures: Pictures a second that are published there at the most; 0: none.
        mqtt_commands: Whether who may write to the broker may switch recording and rules.
        notify: Addresses of people's phones, as Apprise takes them; secret.
        quiet_hours: When nobody is told there, such as 22:00-07:00; None: never so.
        clips: Folder for a video and a picture of every event; None: none.
        pre_s: Seconds of video before an event's begin.
        post_s: Seconds of video after its end.
        keep_clips: How many clips stay: a number, a size or an age.

    Raises:
        OptionsError: If a value is out of range.
    """

    rules: tuple[Rule, ...] = option(
        (),
        several(instance(Rule, "RULE", parse_rule)),
        "Notice something, such as 'person > 5% for 2s in 0,0 1,0 1,1 named door'; may be given"
        " several times.",
        flag="--rule",
        group=_GROUP,
    )
    camera: str | None = option(
        None, text("NAME"), "What events call the camera.", flag="--camera-name", group=_GROUP
    )
    jsonl: str | None = option(
        None,
        path("FILE.jsonl", "the path of a file"),
        "Append every event to a file.",
        flag="--events",
        group=_GROUP,
    )
    webhook: str | None = option(
        None,
        http_address(),
        "Post every event, signed with what LIVESEGMENT_WEBHOOK_SECRET says.",
        flag="--webhook",
        key="events.webhook",
        group=_GROUP,
        is_secret=True,
    )
    webhook_secret: ApiKey | None = option(
        None,
        instance(ApiKey, "SECRET"),
        "Signs what is posted.",
        key="events.webhook_secret",
        is_secret=True,
        variables=("LIVESEGMENT_WEBHOOK_SECRET",),
    )
    mqtt: str | None = option(
        None,
        address_of(
            "mqtt://[USER@]HOST",
            "an address, mqtt://[USER@]HOST[:PORT][/PREFIX], or mqtts:// for TLS",
            *("mqtt", "mqtts"),
        ),
        "Publish events, for Home Assistant too; the password is in LIVESEGMENT_MQTT_PASSWORD.",
        flag="--mqtt",
        key="events.mqtt",
        group=_GROUP,
        is_secret=True,
    )
    mqtt_password: ApiKey | None = option(
        None,
        instance(ApiKey, "PASSWORD"),
        "Password for the broker, if its address has none.",
        key="events.mqtt_password",
        is_secret=True,
        variables=("LIVESEGMENT_MQTT_PASSWORD",),
    )
    mqtt_pictures: float = option(
        2.0,
        number(0, 5, "pictures a second"),
        "Pictures a second that the broker gets; 0: none.",
        flag="--mqtt-pictures",
        key="events.mqtt_pictures",
        group=_GROUP,
    )
    mqtt_commands: bool = option(
        False,
        flag(),
        "Whether recording and rules may be switched over MQTT.",
        key="events.mqtt_commands",
    )
    notify: tuple[str, ...] = option(
        (),
        several(text("URL", "an address as Apprise takes it, such as ntfy://HOST/TOPIC", _service)),
        "Tell a phone that an event begins, by Apprise (ntfy://, tgram://, ...); may be given"
        " several times.",
        flag="--notify",
        key="events.notify",
        group=_GROUP,
        is_secret=True,
    )
    quiet_hours: str | None = option(
        None,
        text("22:00-07:00", "two times of the day, such as 22:00-07:00", checked_quiet_hours),
        "When no phone is told.",
        flag="--quiet-hours",
        key="events.quiet_hours",
        group=_GROUP,
    )
    clips: str | None = option(
        None,
        path("FOLDER", "the path of a folder"),
        "Keep a video and a picture of every event.",
        flag="--clips",
        group=_GROUP,
    )
    pre_s: float = option(
        5.0,
        _SECONDS,
        "Seconds of video before an event.",
        flag="--pre",
        key="events.pre",
        group=_GROUP,
    )
    post_s: float = option(
        5.0,
        _SECONDS,
        "Seconds of video after an event.",
        flag="--post",
        key="events.post",
        group=_GROUP,
    )
    keep_clips: str = option(
        "5GB",
        text(
            "N|5GB|30d",
            "a number of clips such as 200, a size such as 5GB or an age such as 30d",
            checked_clip_retention,
            takes_numbers=True,
        ),
        "Remove the oldest clips beyond this, or beyond any of several: 5GB,30d.",
        flag="--keep-clips",
        key="events.keep",
        group=_GROUP,
    )

    @property
    def are_wanted(self) -> bool:
        """Whether anything is to be noticed or told."""
        told = (self.jsonl, self.webhook, self.mqtt, self.clips, self.notify)
        return bool(self.rules) or any(told)
