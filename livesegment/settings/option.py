"""One option: all there is to know of it, and the sentence about a wrong value.

A wrong value is told in the words of where it was given: `mask_ttl_s is a number above 0 to 60
seconds, not 0` to a Python program, `--mask-ttl is ...` on a command line, and `picture.mask_ttl is
...` with its line in a file.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from livesegment.address import shown_text
from livesegment.class_name import is_half_a_character
from livesegment.errors import OptionsError
from livesegment.settings.kinds import Kind

_LONGEST_SHOWN = 60
_NUMBER = re.compile(r"[-+]?[0-9.]+")


@dataclass(frozen=True, slots=True)
class Control:
    """How the page lets an option be changed while a run goes on.

    Attributes:
        name: Field of `Controls`, and key of the page's JSON.
        label: What people see.
        hints: What each value of a choice does, in a few words.
    """

    name: str
    label: str
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Option:
    """What there is to know of one option.

    Attributes:
        name: The Python attribute.
        kind: Which values it can have.
        help: What it does, in a sentence.
        default: The value if none is given; None where there is none.
        is_needed: Whether a value has to be given.
        flag: How it is written on a command line; None: it is not. Of a flag that can be given and
            taken back, both: `--legend/--no-legend`. Without dashes: an argument by its place.
        short: A flag of one letter.
        aliases: Further flags that mean the same.
        key: `table.key` in the configuration of a monitor; None: it is not there.
        has_own: Whether a camera may have its own value.
        file_default: The value if that configuration says nothing; None: the default.
        group: Heading under which `--help` lists it.
        is_common: Whether it is one of those that most people need.
        shows_default: Whether `--help` says the default.
        is_secret: Whether its value is kept out of every sentence.
        implied: The value if the option is given without one; None: it needs one.
        variables: Variables of the environment that are looked up if no value is given.
            `api_key` apart, they have no flag.
        control: How the page lets it be changed; None: it does not.
    """

    name: str
    kind: Kind
    help: str
    default: Any = None
    is_needed: bool = False
    flag: str | None = None
    short: str | None = None
    aliases: tuple[str, ...] = ()
    key: str | None = None
    has_own: bool = True
    file_default: Any = None
    group: str = ""
    is_common: bool = False
    shows_default: bool = True
    is_secret: bool = False
    implied: str | None = None
    variables: tuple[str, ...] = ()
    control: Control | None = None

    @property
    def given_as(self) -> str:
        """The flag by which a command line gives it."""
        return (self.flag or self.name).partition("/")[0]

    def checked(self, value: Any) -> Any:
        """Return a value of a Python call as the program uses it.

        Raises:
            WrongSetting: If it cannot have that value.
        """
        if value is None and self.default is None and not self.is_needed:
            return None
        return self._made(self.kind.read, value, shown(value))

    def loaded(self, value: Any) -> Any:
        """Return a value of a file as the program uses it; raise as `checked` does."""
        return self._made(self.kind.load, value, shown(value))

    def parsed(self, text: str) -> Any:
        """Return what a text of the command line means; raise as `checked` does."""
        written = _cut(text) if _NUMBER.fullmatch(text) else quoted(text)
        return self._made(self._parse, text, written)

    def _parse(self, text: str) -> Any:
        # Python keeps bytes that are no text as halves of characters, which only files may be
        # called.
        if not self.kind.is_path and any(map(is_half_a_character, text)):
            raise ValueError("a text in UTF-8")
        return self.kind.parse(text)

    def _made(self, make: Callable[[Any], Any], value: Any, written: str) -> Any:
        try:
            return make(value)
        except ValueError as error:
            if isinstance(error, OptionsError):
                raise  # a whole sentence, from a grammar of its own
            repeated = "" if self.is_secret else f", not {written}"
            sentence = f"{error}{repeated}".replace("{", "{{").replace("}", "}}")
            raise WrongSetting(f"{{{self.name}}} is {sentence}", (self,)) from None


Naming = Callable[[Option], str]
"""How an option is called by whoever gave it."""


def by_attribute(option: Option) -> str:
    """Return what a Python program calls an option."""
    return option.name


def by_flag(option: Option) -> str:
    """Return what a command line calls an option."""
    return option.given_as


def by_key(option: Option) -> str:
    """Return what a configuration calls an option."""
    return option.key or option.given_as


class WrongSetting(OptionsError):
    """An option has a value that it cannot have, or that contradicts another one.

    Attributes:
        options: Those that it is about, the one to blame first.
    """

    def __init__(
        self, template: str, options: tuple[Option, ...], naming: Naming = by_attribute
    ) -> None:
        self._template = template
        self.options = options
        super().__init__(template.format(**{each.name: naming(each) for each in options}))

    def __reduce__(self) -> tuple[Any, ...]:
        # To another process goes the sentence: descriptions stay where they are.
        return OptionsError, (str(self),)

    def in_words_of(self, naming: Naming) -> "WrongSetting":
        """Return the error for whoever calls the options otherwise."""
        return WrongSetting(self._template, self.options, naming)


def from_environment(described: Option, environment: Mapping[str, str] = os.environ) -> Any:
    """Return what the first variable of an option that is set means; None if none is."""
    for name in described.variables:
        if text := environment.get(name, "").strip():
            return described.parsed(text)
    return None


def is_flag(described: Option) -> bool:
    """Tell whether an option takes no value."""
    return described.kind.form == "flag"


def shown(value: Any) -> str:
    """Return a value of any type as a sentence repeats it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"the text {quoted(value)}" if isinstance(value, str) else _cut(str(value))


def quoted(text: str) -> str:
    """Return a text as a sentence quotes it: in one line, whatever is in it, without passwords."""
    characters = (
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in shown_text(text)
    )
    return f"'{_cut(''.join(characters))}'"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
