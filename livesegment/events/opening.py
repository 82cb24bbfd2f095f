"""From options to what notices events, and what tells them."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path

from livesegment import __version__
from livesegment.events.broker_address import BrokerAddress
from livesegment.events.delivery import Delivery, deliver
from livesegment.events.home_assistant import Device
from livesegment.events.switches import Switches
from livesegment.metrics import Metrics
from livesegment.output import Output
from livesegment.settings import EventOptions, Retention
from livesegment.settings.quiet_hours import QuietHours
from livesegment.settings.rule import Rule, with_outages
from livesegment.sinks.base import Sink
from livesegment.sources.base import Source

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Home:
    """What a broker is told of a run besides its events.

    Attributes:
        title: What people call the camera; None: its name.
        page_url: Where the page is that shows it, without a token; None: nowhere.
        classes_grow: Whether the model names a class only once it has found one.
        is_recorded: Whether there is a recording that may be switched.
        switches: What is switched off.
        told: File in which is remembered when phones were told; None: it is not.
    """

    title: str | None = None
    page_url: str | None = None
    classes_grow: bool = False
    is_recorded: bool = False
    switches: Switches = field(default_factory=Switches)
    told: Path | None = None


def check_events(options: EventOptions) -> None:
    """Find out before a camera is opened whether the options can be used.

    Raises:
        OptionsError: If an address or a rule cannot be.
        MissingExtra: If MQTT or phones are asked for and the package is not installed.
    """
    if not options.are_wanted:
        return
    with_outages(options.rules)
    if options.mqtt is not None:
        BrokerAddress.parse(options.mqtt)
        import_module("livesegment.events.mqtt")
    if options.notify:
        check_notify(options.notify)


def check_notify(addresses: Sequence[str]) -> None:
    """Find out whether phones can be told.

    Raises:
        OptionsError: If an address is none that Apprise knows.
        MissingExtra: If Apprise is not installed.
    """
    from livesegment.events.notify import phones

    phones(addresses)


def open_events(
    options: EventOptions,
    source: Source,
    metrics: Metrics,
    stack: ExitStack,
    others: Sequence[Delivery] = (),
    home: Home | None = None,
) -> list[Output | Sink]:
    """Open what the options ask for.

    Args:
        options: What is noticed, and where it is told.
        source: What is looked at.
        metrics: Counts `events`, `events_lost` and pictures of clips that were not written.
        stack: Closes everything, in an order in which nothing is lost.
        others: Where events are told besides; they stay the caller's to close.
        home: What a broker is told of the run, and may tell it.

    Returns:
        Who is to look on at the run.

    Raises:
        OptionsError: If an address or a rule cannot be used: see `check_events`.
        OutputNotWritable: If a file or folder cannot be written.
    """
    if not options.are_wanted:
        return []
    # Here, because it imports what writes videos.
    from livesegment.events.clip import ClipRecorder
    from livesegment.events.watch import EventWatch

    home = home or Home()
    camera = options.camera or source.name
    rules = with_outages(options.rules)
    deliveries = [*_deliveries(options, rules, metrics, stack, home), *others]
    looking_on: list[Output | Sink] = []
    if options.mqtt is not None:
        publisher, view = _publisher(options, camera, rules, metrics, stack, home)
        deliveries.append(publisher)
        looking_on.append(view)
    recorder = None
    if options.clips is not None:
        recorder = stack.enter_context(
            ClipRecorder(
                options.clips,
                camera,
                partial(deliver, deliveries),
                pre_s=options.pre_s,
                post_s=options.post_s,
                keep=Retention.parse(options.keep_clips),
                fps=source.fps,
                on_unwritten=partial(metrics.count, "frames_unwritten"),
            )
        )
    lost_since_s = lambda: source.lost_since_s  # noqa: E731
    watch = EventWatch(
        camera,
        rules,
        deliveries,
        lost_since_s,
        metrics,
        recorder=recorder,
        switches=home.switches,
    )
    stack.enter_context(watch)
    looking_on.append(watch)
    return looking_on if recorder is None else [*looking_on, recorder]


def _deliveries(
    options: EventOptions, rules: Sequence[Rule], metrics: Metrics, stack: ExitStack, home: Home
) -> list[Delivery]:
    on_lost = partial(metrics.count, "events_lost")
    deliveries: list[Delivery] = []
    # Each is imported where it is wanted: they take their time, and MQTT is an extra.
    if options.jsonl is not None:
        from livesegment.events.jsonl import JsonlFile

        deliveries.append(stack.enter_context(JsonlFile(options.jsonl, on_lost)))
    if options.webhook is not None:
        from livesegment.events.webhook import Webhook

        webhook = Webhook(options.webhook, options.webhook_secret, on_lost)
        deliveries.append(stack.enter_context(webhook))
    if options.notify:
        from livesegment.events.notify import Notifier

        pictures = None if options.clips is None else Path(options.clips)
        quiet = None if options.quiet_hours is None else QuietHours.parse(options.quiet_hours)
        notifier = Notifier(options.notify, rules, pictures, quiet, on_lost, told=home.told)
        deliveries.append(stack.enter_context(notifier))
    return deliveries


def _publisher(
    options: EventOptions,
    camera: str,
    rules: Sequence[Rule],
    metrics: Metrics,
    stack: ExitStack,
    home: Home,
) -> tuple[Delivery, Output]:
    """Return what publishes over MQTT, and what gives it pictures."""
    from livesegment.events.mqtt import Announced, MqttPublisher
    from livesegment.events.mqtt_view import MqttView

    assert options.mqtt is not None
    publisher = MqttPublisher(
        BrokerAddress.parse(options.mqtt, options.mqtt_password),
        camera,
        rules,
        Device(__version__, home.title, home.page_url),
        partial(metrics.count, "events_lost"),
        announced=Announced(
            has_pictures=options.mqtt_pictures > 0,
            classes_grow=home.classes_grow,
            is_recorded=home.is_recorded,
            switches=home.switches if options.mqtt_commands else None,
        ),
    )
    for each in sorted(home.switches.off):
        logger.info("%s was switched off over MQTT, and still is", each)
    stack.enter_context(publisher)
    return publisher, stack.enter_context(MqttView(publisher, options.mqtt_pictures))
