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
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, field, fields, replace
from typing import Any, TypeVar

from livesegment.errors import OptionsError
from livesegment.settings.kinds import Kind
from livesegment.settings.option import Option, WrongSetting, shown

S = TypeVar("S", bound="Settings")

_OPTION, _SECTION = "option", "section"


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
                f"{name} is made by {group.__name__}(...), not {shown(value)}",
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


def same_as(group: type["Settings"], name: str, /, **otherwise: Any) -> Any:
    """Return a dataclass field that is an option of another group as well.

    Args:
        group: The other group.
        name: The option's name there.
        otherwise: Attributes of `Option` that are others here.
    """
    found = group.__dataclass_fields__[name]  # type: ignore[attr-defined]
    metadata = {_OPTION: replace(found.metadata[_OPTION], **otherwise)}
    return field(default=found.default, metadata=metadata, repr=found.repr)


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


def option_of(group: type[Settings], name: str) -> Option:
    """Return one option of a group, by its name."""
    return next(each for each in own_options(group) if each.name == name)
