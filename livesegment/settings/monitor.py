"""What the configuration of a monitor says beside what `live` is told for each camera.

A table of the file is what stands before the point of an option's key, and a key what stands behind
it. What is not described here are options of `LiveOptions` and of the groups within it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from livesegment.settings.group import Settings, all_options, option, same_as, section
from livesegment.settings.kinds import flag, number
from livesegment.settings.live import BROWSER, LiveOptions
from livesegment.settings.option import Option
from livesegment.settings.rule import Rule
from livesegment.settings.text_kinds import path, text
from livesegment.settings.web import WebOptions
from livesegment.settings.zone import HiddenZone

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_MOST_DIGITS = 9  # of a camera's number
_FOLDER = path("FOLDER", "the path of a folder")
_SECONDS = number(0, 86400, "seconds")


def _camera_name(text: str) -> str:
    if not _NAME.issuperset(text) or text.startswith("."):
        raise ValueError
    return text


def _camera_source(text: str) -> str:
    if text == BROWSER or (text.startswith("-") and text[1:].isdecimal()):
        raise ValueError
    if text.isdecimal() and len(text) > _MOST_DIGITS:
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class CameraOptions(Settings):
    """One camera: what a table [[camera]] says.

    Attributes:
        name: What addresses and files call it.
        source: As `open_live_source` takes it; may hold a password.
        title: What people call it; None: its name.
        options: How it is shown, asked about and recorded.
    """

    name: str = option(
        ...,
        text(
            "NAME",
            "made of letters, digits, '-', '_' and '.': addresses and files bear it",
            _camera_name,
            r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$",
        ),
        "What addresses and files call it.",
        key="camera.name",
    )
    source: str = option(
        ...,
        text(
            "SOURCE",
            "a camera's number or device, an address, a file, sample: or pattern:"
            f" ({BROWSER} is for live)",
            _camera_source,
            takes_numbers=True,
        ),
        "A camera's number or device, an address, a file, sample: or pattern:.",
        key="camera.source",
        is_secret=True,
    )
    title: str | None = option(
        None, text("TITLE", "a text for people"), "What people call it.", key="camera.title"
    )
    options: LiveOptions = section(LiveOptions)


@dataclass(frozen=True, slots=True)
class FileOptions(Settings):
    """What a file says of a camera in another way than a command line does.

    Attributes:
        api_key_env: Name of the variable that holds the endpoint's key.
        is_recorded: Whether the camera is recorded; None: if there is a folder.
        recordings: Where FOLDER/NAME_date-timeZ.mp4 are written.
        events: Where FOLDER/NAME.jsonl is written, and clips in FOLDER/NAME.
        has_clips: Whether there is a video and a picture of every event; None: with a folder.
        camera_lost_s: Seconds without a picture that are an event; None: 5.
        endpoint_failing_s: Seconds without a good reply that are an event; None: 10.
    """

    api_key_env: str | None = option(
        None,
        text("NAME", "the name of a variable of the environment"),
        "The variable of the environment that holds the key.",
        key="endpoint.api_key_env",
    )
    is_recorded: bool | None = option(None, flag(), "Whether it is recorded.", key="record.on")
    recordings: str | None = option(
        None, _FOLDER, "Where FOLDER/NAME_date-timeZ.mp4 are written.", key="record.folder"
    )
    events: str | None = option(
        None,
        _FOLDER,
        "Where FOLDER/NAME.jsonl is written, and clips in FOLDER/NAME.",
        key="events.folder",
    )
    has_clips: bool | None = option(
        None, flag(), "A video and a picture of every event.", key="events.clips"
    )
    camera_lost_s: float | None = option(
        None, _SECONDS, "Seconds without a picture.", key="events.camera_lost"
    )
    endpoint_failing_s: float | None = option(
        None, _SECONDS, "Seconds without a good reply.", key="events.endpoint_failing"
    )


@dataclass(frozen=True, slots=True)
class BudgetOptions(Settings):
    """What all cameras may ask together.

    Attributes:
        in_flight: Requests at once; None: as many as each camera may make by itself.
        calls_per_hour: Calls within any hour; None: any number.
        price_per_call: What a call costs, for the page; None: not known.
        currency: Of what; None: it is not said.
    """

    in_flight: int | None = option(
        None,
        number(1, 4096, "requests", whole=True),
        "Requests at once, of all cameras together.",
        key="budget.in_flight",
        has_own=False,
    )
    calls_per_hour: int | None = option(
        None,
        number(1, math.inf, "calls", whole=True),
        "Calls within any hour, of all cameras together.",
        key="budget.calls_per_hour",
        has_own=False,
    )
    price_per_call: float | None = same_as(LiveOptions, "price_per_call")
    currency: str | None = same_as(LiveOptions, "currency")


FILE_GROUPS: tuple[type[Settings], ...] = (
    CameraOptions,
    FileOptions,
    BudgetOptions,
    WebOptions,
    Rule,
    HiddenZone,
)
"""Every group whose options stand in the file."""


CAMERA_LISTS = frozenset({"rule", "hide"})
"""Tables of which a camera may have any number, [[camera.rule]], and nothing else has one."""


_SAVED_BY_PAGE: Mapping[str, frozenset[str]] = {
    "camera": frozenset({"name", "source", "title"}),
    "overlay": frozenset({"style", "opacity", "classes", "legend"}),
    "picture": frozenset({"align", "mirror", "smooth", "fps_limit"}),
    "record": frozenset({"on", "segment", "keep"}),
}
"""Keys by their tables, beside those of `CAMERA_LISTS`: what who may change something on the page
may write into the file. Everything else is the file's alone: folders, models and endpoints, where
anything is sent or told, keys and passwords, and the page itself."""


def saved_by_page() -> Mapping[str, Option]:
    """Return the options that the page may write into the file, by their whole keys."""
    return {
        f"{table}.{key}": each
        for table, options in file_tables().items()
        for key, each in options.items()
        if table in CAMERA_LISTS or key in _SAVED_BY_PAGE.get(table, ())
    }


def file_tables() -> Mapping[str, Mapping[str, Option]]:
    """Return the options of every table of the file by its name, and within it by their keys."""
    tables: dict[str, dict[str, Option]] = {}
    for group in FILE_GROUPS:
        for each in all_options(group):
            if each.key is not None:
                table, _, key = each.key.partition(".")
                tables.setdefault(table, {})[key] = each
    return tables


def camera_tables() -> tuple[str, ...]:
    """Return the names of the tables of which a camera may have keys of its own."""
    return tuple(
        name
        for name, options in file_tables().items()
        if name not in {"camera", *CAMERA_LISTS} and all(each.has_own for each in options.values())
    )
