"""One description of each option, from which everything else comes.

A group of options is a frozen dataclass below `Settings`. Each field is made by `option`, which
says once what there is to know of it; the command line, the configuration of a monitor and its
JSON Schema, the page and the sentence about a wrong value are derived from that::

    @dataclass(frozen=True, slots=True)
    class PictureOptions(Settings):
        mask_ttl_s: float = option(
            2.0, number(0, 60, "seconds", above=True), "Age at which a mask has faded away.",
            flag="--mask-ttl", key="picture.mask_ttl", group="Picture",
        )

A wrong value is told in the words of where it was given: `mask_ttl_s is a number above 0 to 60
seconds, not 0` to a Python program, `--mask-ttl is ...` on a command line, and `picture.mask_ttl is
...` with its line in a file.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, TypeVar

from livesegment.errors import OptionsError
from livesegment.settings.kinds import Kind

S = TypeVar("S", bound="Settings")

_OPTION, _SECTION = "option", "section"
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
        return self._made(self.kind.read, value, _shown(value))

    def loaded(self, value: Any) -> Any:
        """Return a value of a file as the program uses it; raise as `checked` does."""
        return self._made(self.kind.load, value, _shown(value))

    def parsed(self, text: str) -> Any:
        """Return what a text of the command line means; raise as `checked` does."""
        return self._made(self.kind.parse, text, text if _NUMBER.fullmatch(text) else quoted(text))

    def _made(self, make: Callable[[Any], Any], value: Any, shown: str) -> Any:
        try:
            return make(value)
        except ValueError as error:
            if isinstance(error, OptionsError):
                raise  # a whole sentence, from a grammar of its own
            cut = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
            repeated = "" if self.is_secret else f", not {cut}"
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


class Settings:
    """Base of a group of options: every value is checked when the object is made."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Check each value, then what they say together.

        Raises:
            WrongSetting: If a value is out of range or contradicts another.
        """
        # Each value is kept as its kind reads it: a list as a tuple, a whole number as a float.
        for each in own_options(type(self)):
            object.__setattr__(self, each.name, each.checked(getattr(self, each.name)))
        for name, (group, is_optional) in _groups(type(self)).items():
            value = getattr(self, name)
            require(
                isinstance(value, group) or (is_optional and value is None),
                f"{name} is made by {group.__name__}(...), not {_shown(value)[:_LONGEST_SHOWN]}",
            )
        self.check()

    def check(self) -> None:
        """Check what the values say together; raise by `require`."""

    def require(self, ok: bool, template: str, *about: str) -> None:
        """Raise WrongSetting unless ok.

        Args:
            ok: Whether all is well.
            template: A sentence, with options in braces.
            about: Names of the options in it, the one to blame first.
        """
        if not ok:
            known = {each.name: each for each in all_options(type(self))}
            raise WrongSetting(template, tuple(known[name] for name in about))


def require(ok: bool, sentence: str) -> None:
    """Raise OptionsError with the sentence unless ok."""
    if not ok:
        raise OptionsError(sentence)


def option(default: Any, kind: Kind, help_text: str, **known: Any) -> Any:
    """Return a dataclass field that is an option.

    Args:
        default: The value if none is given; `...` where one must be.
        kind: Which values it can have.
        help_text: What it does, in a sentence.
        known: Further attributes of `Option`.
    """
    is_needed = default is ...
    value = None if is_needed else default
    # The name is that of the field, which is not known here.
    described = Option("", kind, help_text, value, is_needed, **known)
    return field(
        default=MISSING if is_needed else value,
        repr=not described.is_secret,  # a secret stays out of it
        metadata={_OPTION: described},
    )


def section(group: type["Settings"], *, is_optional: bool = False) -> Any:
    """Return a dataclass field that is a group of options.

    Args:
        group: The group.
        is_optional: Whether it is None unless a program makes one: its options are not those of the
            group around it.
    """
    metadata = {_SECTION: group}
    if is_optional:
        return field(default=None, metadata=metadata)
    return field(default_factory=group, metadata=metadata)


def same_as(group: type["Settings"], name: str) -> Any:
    """Return a dataclass field that is an option of another group as well."""
    found = group.__dataclass_fields__[name]  # type: ignore[attr-defined]
    return field(default=found.default, metadata=found.metadata, repr=found.repr)


def own_options(group: type[Settings]) -> Iterator[Option]:
    """Yield the options of a group, in the order of its fields, without those of its sections."""
    for each in fields(group):  # type: ignore[arg-type]  # every group is a dataclass
        if _OPTION in each.metadata:
            yield replace(each.metadata[_OPTION], name=each.name)


def sections(group: type[Settings]) -> Mapping[str, type[Settings]]:
    """Return the groups that are always within a group, by the names of their fields."""
    return {name: inner for name, (inner, is_optional) in _groups(group).items() if not is_optional}


def _groups(group: type[Settings]) -> Mapping[str, tuple[type[Settings], bool]]:
    """Return the groups within a group, and whether each may be None, by their fields."""
    return {
        each.name: (each.metadata[_SECTION], each.default is None)
        for each in fields(group)  # type: ignore[arg-type]
        if _SECTION in each.metadata
    }


def all_options(group: type[Settings]) -> Iterator[Option]:
    """Yield the options of a group and of the groups within it."""
    yield from own_options(group)
    for each in sections(group).values():
        yield from all_options(each)


def build(group: type[S], given: Mapping[str, Any], name_of: Callable[[Option], str | None]) -> S:
    """Return a group of options, and the groups within it, from values by the names of options.

    Args:
        group: The group.
        given: Values; what is left out has its default.
        name_of: Returns the name under which an option's value is given.

    Raises:
        WrongSetting: If a value is wrong.
    """
    values = {
        each.name: given[name]
        for each in own_options(group)
        if (name := name_of(each)) is not None and name in given
    }
    for name, inner in sections(group).items():
        values[name] = build(inner, given, name_of)
    return group(**values)


def from_environment(described: Option, environment: Mapping[str, str] = os.environ) -> Any:
    """Return what the first variable of an option that is set means; None if none is."""
    for name in described.variables:
        if text := environment.get(name, "").strip():
            return described.parsed(text)
    return None


def option_of(group: type[Settings], name: str) -> Option:
    """Return one option of a group, by its name."""
    return next(each for each in own_options(group) if each.name == name)


def is_flag(described: Option) -> bool:
    """Tell whether an option takes no value."""
    return described.kind.form == "flag"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"the text {quoted(value)}" if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    """Return a text as a sentence quotes it: in one line, whatever is in it."""
    shown = (
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
    return f"'{''.join(shown)}'"
