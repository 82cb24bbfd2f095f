"""The program: its commands and what they share."""

import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from livesegment import __version__
from livesegment.cli.annotate import annotate
from livesegment.cli.doctor import doctor
from livesegment.cli.live import live
from livesegment.cli.monitor import monitor
from livesegment.cli.predict import predict
from livesegment.cli.serve import serve
from livesegment.cli.web import with_address

app = typer.Typer(
    name="livesegment",
    help="Put a semantic-segmentation model on moving pictures.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"livesegment {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Put a semantic-segmentation model on moving pictures.

    Without --model and --endpoint the built-in person model is used: no account, no network.
    """


for command in (live, annotate, predict, serve, monitor, doctor):
    app.command()(command)


def main() -> None:
    """Run the program with the process's arguments and end the process with its exit code."""
    arguments = with_address(sys.argv[1:]) or ["--help"]
    try:
        # Not standalone: a wrong option is one sentence, as every other mistake.
        code = app(arguments, standalone_mode=False)
    except TyperException as error:
        sentence = error.format_message().strip().removesuffix(".")
        print(f"livesegment: {sentence} (see livesegment --help)", file=sys.stderr)
        code = error.exit_code
    sys.exit(code or 0)
