"""Command-line parameters that several commands share, and the options they make."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, TypeVar

import typer

from livesegment.cli import logs
from livesegment.settings import ApiKey, Auto, EndpointOptions, OverlayOptions
from livesegment.settings.controls import Style

R = TypeVar("R")

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing outputs.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]

LogFormat = Annotated[
    logs.LogFormat,
    typer.Option(help="How messages on stderr are written: for people, or a JSON object a line."),
]


def takes(make: Callable[..., object], name: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command the parameters of `make`, and pass it what `make` makes of them as `name`.

    So a group of parameters is written once, however many commands take it.
    """
    added = list(inspect.signature(make).parameters.values())

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        own = inspect.signature(command).parameters

        @wraps(command)
        def wrapped(**arguments: Any) -> R:
            made = make(**{each.name: arguments.pop(each.name) for each in added})
            return command(**arguments, **{name: made})

        kept = [parameter for parameter in own.values() if parameter.name != name]
        everything = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in kept + added
        ]
        wrapped.__signature__ = inspect.Signature(everything)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {each.name: each.annotation for each in everything}
        return wrapped

    return decorate


def endpoint_options(
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL|builtin", help="Where the model is; without it, the hosted one."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="SLUG/VERSION", help="Which model to ask there.")
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Better kept in LIVESEGMENT_API_KEY or ROBOFLOW_API_KEY: command lines are seen.",
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(metavar="0..100", help="How sure the model must be.")
    ] = 50.0,
    max_side: Annotated[
        int, typer.Option(metavar="PX", help="Longest side of what is sent to the endpoint.")
    ] = 640,
    jpeg_quality: Annotated[
        int, typer.Option(metavar="1..100", help="JPEG quality of what is sent.")
    ] = 80,
    in_flight: Annotated[
        str | None,
        typer.Option(
            metavar="N|auto",
            help="Requests at once; 4 for a remote endpoint; auto finds what saturates it.",
        ),
    ] = None,
    max_calls: Annotated[
        int | None,
        typer.Option(metavar="N", help="Stop asking after N calls; the picture goes on."),
    ] = None,
    call_rate: Annotated[
        float | None, typer.Option(metavar="N", help="Ask at most N times a second.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="S", help="Seconds to wait for an answer.")] = (
        10.0
    ),
) -> EndpointOptions:
    """Return the endpoint options that the parameters stand for."""
    return EndpointOptions(
        endpoint=endpoint,
        model=model,
        api_key=ApiKey(api_key) if api_key else None,
        confidence=confidence,
        max_side=max_side,
        jpeg_quality=jpeg_quality,
        max_in_flight=_requests(in_flight),
        max_calls=max_calls,
        call_rate=call_rate,
        timeout_s=timeout,
    )


def _requests(text: str | None) -> int | Auto | None:
    if text is None:
        return None
    if text == "auto":
        return "auto"
    # What is no number is out of range too, and the options say what is wanted.
    return int(text) if text.isdecimal() else 0


def overlay_options(
    style: Annotated[Style, typer.Option(help="How masks are drawn.")] = "fill",
    opacity: Annotated[
        float, typer.Option(metavar="0..1", help="How strongly masks are drawn.")
    ] = 0.5,
    classes: Annotated[
        str | None, typer.Option(metavar="A,B", help="Draw only these classes, by name.")
    ] = None,
    legend: Annotated[
        bool, typer.Option("--legend/--no-legend", help="Draw class names and their shares.")
    ] = True,
) -> OverlayOptions:
    """Return the overlay options that the parameters stand for."""
    names = None
    if classes is not None:
        names = frozenset(name.strip() for name in classes.split(",") if name.strip())
    return OverlayOptions(style=style, opacity=opacity, classes=names, legend=legend)
