"""What `--help` says, and what shells complete: by argparse and shtab, from the descriptions."""

import argparse
from collections.abc import Mapping
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from livesegment.cli.line import is_argument
from livesegment.errors import MissingExtra
from livesegment.settings.group import Settings, all_options
from livesegment.settings.option import Option, is_flag

PROGRAM = "livesegment"
SUMMARY = """Put a semantic-segmentation model on moving pictures.

Without --model and --endpoint the built-in person model is used: no account, no network."""

_COMMON, _REST = "Most used", "Other"
_GROUPS = (
    *(
        _COMMON,
        "Source",
        "Model",
        "Model file",
        "Calls",
        "Fewer calls",
        "Part of a file",
        "Picture",
        "Output",
        "Many files",
    ),
    *("Keep", "End", "Page", "Events", "Privacy"),
)
"""Headings in the order in which they are listed; others follow."""

_WIDEST, _INDENT = 100, 30

_WORDS_OR_FILES = {
    "bash": """_livesegment_source() {
  compgen -W 'WORDS' -- "$1"
  compgen -f -- "$1"
}""",
    "zsh": "_livesegment_source() { compadd -- WORDS; _files }",
}
"""Functions of shells that complete what is a word or a file: shtab knows either."""


class _Formatter(argparse.HelpFormatter):
    """Fills the terminal, as far as lines are read well."""

    def __init__(self, prog: str) -> None:
        width = min(_WIDEST, get_terminal_size((_WIDEST, 24)).columns)
        super().__init__(prog, max_help_position=_INDENT, width=width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # By paragraphs: argparse would make one of all.
        return "\n\n".join(_filled(each, width, indent) for each in text.split("\n\n"))


def _filled(paragraph: str, width: int, indent: str) -> str:
    return fill(
        paragraph,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,  # such as a path
        break_on_hyphens=False,
    )


def help_text(name: str, command: type[Settings], summary: str) -> str:
    """Return what `livesegment NAME --help` says: what most people need first, then by group."""
    return _parser(name, command, summary).format_help()


def overview(commands: Mapping[str, tuple[type[Settings], str]]) -> str:
    """Return what `livesegment --help` says.

    Args:
        commands: What each command takes, and what it does in words.
    """
    return _whole(commands).format_help()


def completion(commands: Mapping[str, tuple[type[Settings], str]], shell: str) -> str:
    """Return the script that makes a shell complete the program's commands and options.

    Raises:
        MissingExtra: If shtab is not installed.
    """
    try:
        import shtab  # nothing else needs it
    except ImportError:
        raise MissingExtra("completion needs shtab: run pip install shtab") from None
    options = [each for command, _ in commands.values() for each in all_options(command)]
    words = " ".join(dict.fromkeys(word for each in options for word in each.kind.words))
    function = _WORDS_OR_FILES.get(shell, "").replace("WORDS", words)
    script: str = shtab.complete(_whole(commands), shell=shell, preamble=function)
    return script


def _whole(commands: Mapping[str, tuple[type[Settings], str]]) -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog=PROGRAM, description=SUMMARY, formatter_class=_Formatter, add_help=False
    )
    group = whole.add_argument_group("Options")
    group.add_argument("--version", action="store_true", help="Say the version.")
    group.add_argument("--help", action="store_true", help="Say this, or what a command takes.")
    added = whole.add_subparsers(title="Commands", metavar="COMMAND")
    for name, (command, summary) in commands.items():
        first = summary.partition("\n")[0]
        _fill(added.add_parser(name, help=first, add_help=False), command)
    return whole


def _parser(name: str, command: type[Settings], summary: str) -> argparse.ArgumentParser:
    arguments = [_placed(each) for each in all_options(command) if is_argument(each)]
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} {name}",
        usage=" ".join([f"{PROGRAM} {name} [OPTIONS]", *arguments]),
        description=summary,
        formatter_class=_Formatter,
        add_help=False,
    )
    _fill(parser, command)
    return parser


def _placed(each: Option) -> str:
    metavar = each.kind.metavar or ""
    shown = f"{metavar}..." if each.kind.adds_up else metavar
    return shown if each.is_needed else f"[{shown}]"


def _fill(parser: argparse.ArgumentParser, command: type[Settings]) -> None:
    options = sorted(all_options(command), key=_place)
    arguments = parser.add_argument_group("Arguments") if any(map(is_argument, options)) else None
    # What most people need stands first, and not once more below.
    groups: dict[str, Any] = {_COMMON: parser.add_argument_group(_COMMON)}
    for each in options:
        if each.flag is None:
            continue
        if is_argument(each):
            assert arguments is not None
            _add(arguments, each)
            continue
        title = _COMMON if each.is_common else each.group or _REST
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        _add(groups[title], each)
    last = groups.get("Program") or parser.add_argument_group("Program")
    last.add_argument("--help", action="store_true", help="Say this.")


def _place(each: Option) -> int:
    title = _COMMON if each.is_common else each.group
    return _GROUPS.index(title) if title in _GROUPS else len(_GROUPS)


def _add(group: Any, each: Option) -> None:
    known: dict[str, Any] = {"help": _described(each).replace("%", "%%")}
    if not is_flag(each):
        known["metavar"] = each.kind.metavar
        if each.kind.values:
            known["choices"] = each.kind.values  # for completion: the line is read elsewhere
    if is_argument(each):
        added = group.add_argument(each.name, nargs="*" if each.kind.adds_up else "?", **known)
        if each.kind.words:
            words = " ".join(each.kind.words)
            added.complete = {
                **dict.fromkeys(_WORDS_OR_FILES, "_livesegment_source"),
                "fish": f"{words} (__fish_complete_path (commandline -ct))",
            }
        return
    names = [*((each.short,) if each.short else ()), *(each.flag or "").split("/"), *each.aliases]
    group.add_argument(*names, **known, **({"action": "store_true"} if is_flag(each) else {}))


def _described(each: Option) -> str:
    has_default = each.default not in (None, (), frozenset(), True, False) and each.shows_default
    if not has_default:
        return each.help
    shown = f"{each.default:g}" if isinstance(each.default, int | float) else each.default
    return f"{each.help} [{shown}]"
