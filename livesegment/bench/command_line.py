"""A command to copy."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from livesegment.address import shown_text, shown_url
from livesegment.settings import BUILTIN, EndpointOptions
from livesegment.settings.group import Settings, own_options, sections
from livesegment.settings.option import Option
from livesegment.settings.zone import Polygon, zone_text
from livesegment.sources import is_drawn

_LEFT_OUT = frozenset(("max_in_flight", "max_calls"))
"""What bounds the measurement: how many requests are best is what it finds."""


def live_command(
    source: str | None,
    options: EndpointOptions,
    words: Sequence[str],
    hide: Sequence[Polygon] = (),
) -> str:
    """Return the command that shows a source with a model, without any key or password in it.

    Args:
        source: What was measured with; None: nothing was named, so `live` opens the first camera.
        options: Which model.
        words: What is recommended besides.
        hide: What is hidden of the pictures.
    """
    written = ["livesegment", "live"]
    if source is not None:
        # The rate of a pattern looks like a host that a password stands before.
        written.append(source if is_drawn(source) else shown_text(source))
    if source is not None and not options.names_a_model:
        written += ["--endpoint", BUILTIN]  # else a drawn scene would answer itself
    given = [each for each in _written(options) if each[0] not in words]
    zones = [f"--hide={zone_text(zone)}" for zone in hide]
    return shlex.join([*written, *(word for each in given for word in each), *words, *zones])


def _written(group: Settings) -> Iterator[list[str]]:
    """Yield each option that is not as it is without a word, as a command line has it."""
    for each in own_options(type(group)):
        value = getattr(group, each.name)
        is_said = value != each.default and each.flag is not None and not each.is_secret
        if is_said and each.name not in _LEFT_OUT:
            yield [each.given_as, *_value(each, value)]
    for name in sections(type(group)):
        yield from _written(getattr(group, name))


def _value(described: Option, value: Any) -> Iterable[str]:
    if value is True:
        return ()
    if isinstance(value, tuple):
        sign = "x" if described.name == "input_size" else ","
        return (sign.join(map(_text, value)),)
    return (shown_url(value) if described.name == "endpoint" else _text(value),)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value}"
