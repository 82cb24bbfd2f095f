"""From options to what notices events, and what tells them."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from pathlib import Path

from livesegment import __version__
from livesegment.events.broker_address import BrokerAddress
from livesegment.events.delivery import Delivery, deliver
from livesegment.metrics import Metrics
from livesegment.output import Output
from livesegment.settings import EventOptions, Retention
from livesegment.settings.quiet_hours import QuietHours
from livesegment.settings.rule import Rule, with_outages
from livesegment.sinks.base import Sink
from livesegment.sources.base import Source


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
) -> list[Output | Sink]:
    """Open what the options ask for.

    Args:
        options: What is noticed, and where it is told.
        source: What is looked at.
        metrics: Counts `events`, `events_lost` and pictures of clips that were not written.
        stack: Closes everything, in an order in which nothing is lost.
        others: Where events are told besides; they stay the caller's to close.

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

    camera = options.camera or source.name
    rules = with_outages(options.rules)
    deliveries = [*_deliveries(options, camera, rules, metrics, stack), *others]
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
    watch = EventWatch(camera, rules, deliveries, lost_since_s, metrics, recorder=recorder)
    stack.enter_context(watch)
    return [watch] if recorder is None else [watch, recorder]


def _deliveries(
    options: EventOptions,
    camera: str,
    rules: Sequence[Rule],
    metrics: Metrics,
    stack: ExitStack,
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
    if options.mqtt is not None:
        from livesegment.events.mqtt import MqttPublisher

        address = BrokerAddress.parse(options.mqtt, options.mqtt_password)
        publisher = MqttPublisher(address, camera, rules, __version__, on_lost)
        deliveries.append(stack.enter_context(publisher))
    if options.notify:
        from livesegment.events.notify import Notifier

        pictures = None if options.clips is None else Path(options.clips)
        quiet = None if options.quiet_hours is None else QuietHours.parse(options.quiet_hours)
        notifier = Notifier(options.notify, rules, pictures, quiet, on_lost)
        deliveries.append(stack.enter_context(notifier))
    return deliveries
