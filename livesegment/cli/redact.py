"""The command-line parameters about what nobody may see, and the options they make."""

from typing import Annotated

import typer

from livesegment.settings import RedactOptions, RedactStyle, Unmasked


def redact_options(
    redact: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B",
            help="Hide these classes in everything shown, written and told; may be repeated.",
        ),
    ] = None,
    redact_style: Annotated[
        RedactStyle, typer.Option(help="How they are hidden; black leaves nothing.")
    ] = "pixelate",
    unmasked: Annotated[
        Unmasked,
        typer.Option(
            help="With --redact, what is left of a picture that has no mask to be trusted: a black"
            " picture (withhold) or a few spots of colour (blur)."
        ),
    ] = "withhold",
) -> RedactOptions:
    """Return the options that the parameters stand for."""
    # An empty name is kept, and refused: an unset variable must not show everything.
    names = frozenset(name.strip() for each in redact or () for name in each.split(","))
    return RedactOptions(classes=names, style=redact_style, unmasked=unmasked)
