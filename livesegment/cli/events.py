"""The command-line parameters about events, and the options they make."""

from typing import Annotated

import typer

from livesegment.events.rule_text import parse_rule
from livesegment.settings import EventOptions, mqtt_password, webhook_secret


def event_options(
    rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="Notice something, such as 'person > 5% for 2s in 0,0 1,0 1,1 named door';"
            " may be given several times.",
        ),
    ] = None,
    camera_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What events call the camera.")
    ] = None,
    events: Annotated[
        str | None, typer.Option(metavar="FILE.jsonl", help="Append every event to a file.")
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Post every event, signed with what LIVESEGMENT_WEBHOOK_SECRET says.",
        ),
    ] = None,
    mqtt: Annotated[
        str | None,
        typer.Option(
            metavar="mqtt://[USER@]HOST",
            help="Publish events, for Home Assistant too; the password is in"
            " LIVESEGMENT_MQTT_PASSWORD.",
        ),
    ] = None,
    clips: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Keep a video and a picture of every event."),
    ] = None,
    pre: Annotated[
        float, typer.Option(metavar="S", help="Seconds of video before an event.")
    ] = 5.0,
    post: Annotated[
        float, typer.Option(metavar="S", help="Seconds of video after an event.")
    ] = 5.0,
    keep_clips: Annotated[
        str, typer.Option(metavar="N|5GB|30d", help="Remove the oldest clips beyond this.")
    ] = "5GB",
) -> EventOptions:
    """Return the event options that the parameters stand for."""
    return EventOptions(
        rules=tuple(parse_rule(text) for text in rule or ()),
        camera=camera_name,
        jsonl=events,
        webhook=webhook,
        webhook_secret=webhook_secret(),
        mqtt=mqtt,
        mqtt_password=mqtt_password(),
        clips=clips,
        pre_s=pre,
        post_s=post,
        keep_clips=keep_clips,
    )
