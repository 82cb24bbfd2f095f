"""What values an option can have: how they are written, checked, and described to an editor."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Literal

Form = Literal["flag", "number", "choice", "names", "text", "list", "object"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What values an option can have.

    Each of `read`, `load` and `parse` returns a value as the program uses it, or raises ValueError
    with the words that follow "is": what it can be.

    Attributes:
        form: How it is written and drawn.
        read: Takes what stands in a Python call or in JSON.
        load: Takes what stands in a TOML file.
        parse: Takes what stands on a command line.
        schema: What a JSON Schema says of it.
        metavar: What stands for the value in `--help`; None: the option takes none.
        values: The words of a choice.
        bounds: The lowest and the highest number, and how far a slider goes at once.
        adds_up: Whether a command line may give the option several times.
        is_path: Whether it may name a file, and so be bytes that are no text.
        words: What else than a file it may be, for shells to complete.
    """

    form: Form
    read: Callable[[Any], Any]
    load: Callable[[Any], Any]
    parse: Callable[[str], Any]
    schema: Mapping[str, Any]
    metavar: str | None = None
    values: tuple[str, ...] = ()
    bounds: tuple[float, float, float] = field(default=(0.0, math.inf, 1.0))
    adds_up: bool = False
    is_path: bool = False
    words: tuple[str, ...] = ()


def number(
    low: float,
    high: float = math.inf,
    unit: str = "",
    *,
    above: bool = False,
    whole: bool = False,
    metavar: str = "N",
    step: float = 1.0,
) -> Kind:
    """Return the kind of a number of a range; an int where it is whole, else a float.

    Args:
        low: The lowest.
        high: The highest.
        unit: Of what, after the range in a sentence.
        above: Whether `low` itself is too low.
        whole: Whether it is whole.
        metavar: What stands for it in `--help`.
        step: How far a slider goes at once.
    """
    phrase = ("a whole number" if whole else "a number") + _range(low, high, unit, above)

    def read(value: Any) -> float:
        # Those of numpy are numbers as well.
        is_number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or (above and value == low):
            raise ValueError(phrase)
        try:
            return int(value) if whole else float(value)
        except OverflowError:  # hundreds of digits; on a command line, float() reads them so too
            return math.inf

    def parse(written: str) -> float:
        try:
            value = int(_NO_FRACTION.sub("", written)) if whole else float(written)
        except ValueError:
            raise ValueError(phrase) from None
        return read(value)

    schema: dict[str, Any] = {"type": "integer" if whole else "number"}
    schema["exclusiveMinimum" if above else "minimum"] = low
    if math.isfinite(high):
        schema["maximum"] = high
    return Kind("number", read, read, parse, schema, metavar, bounds=(low, high, step))


_NO_FRACTION = re.compile(r"\.0+$")


def _range(low: float, high: float, unit: str, above: bool) -> str:
    if math.isinf(high) and not above:
        return (f" of {unit}" if unit else "") + f", {low:g} or more"
    bounds = f"above {low:g}" if above else f"from {low:g}"
    return (
        f" {bounds} to {high:g} {unit}".rstrip()
        if math.isfinite(high)
        else f" {bounds} {unit}".rstrip()
    )


def share() -> Kind:
    """Return the kind of a share of a whole: 0 to 1 in Python, percent in a file."""
    percent = number(0, 100, "percent")

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("a share, a number from 0 to 1")  # noqa: TRY004 - one error for all
        return float(value)

    def load(value: Any) -> float:
        return float(percent.read(value)) / 100

    def parse(written: str) -> float:
        return float(percent.parse(written.removesuffix("%"))) / 100

    return Kind("number", read, load, parse, percent.schema, "N%")


_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")


def size(largest: int, *, even: bool = False) -> Kind:
    """Return the kind of a width and a height in pixels, as a pair.

    Args:
        largest: Of either.
        even: Whether both must be even.
    """
    example, least = ("1280x720", 2) if even else ("512x512", 1)
    each_is = f"{'both even and' if even else 'each'} from {least} to {largest}"
    phrase = f"a width and a height in pixels such as {example}, {each_is}"

    def is_side(value: Any) -> bool:
        return type(value) is int and least <= value <= largest and not (even and value % 2)

    def read(value: Any) -> tuple[int, int]:
        if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
            value = int(match[1]), int(match[2])
        is_pair = isinstance(value, list | tuple) and len(value) == 2
        if not is_pair or not all(map(is_side, value)):
            raise ValueError(phrase)
        width, height = value
        return width, height

    schema = {"type": "string", "pattern": "^[0-9]{1,5}x[0-9]{1,5}$"}
    return Kind("text", read, read, read, schema, "WxH")


def choice(values: tuple[str, ...]) -> Kind:
    """Return the kind of one of a few words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise ValueError(f"one of {', '.join(values)}")
        return value

    return Kind("choice", read, read, read, {"enum": list(values)}, "|".join(values), values)


def flag() -> Kind:
    """Return the kind of yes or no; on a command line, a flag is there or it is not."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError("true or false")  # noqa: TRY004 - one error for all
        return value

    return Kind("flag", read, read, read, {"type": "boolean"})


def either(kinds: tuple[Kind, ...], phrase: str, metavar: str) -> Kind:
    """Return the kind of what the first of some kinds takes.

    Args:
        kinds: The kinds.
        phrase: What it is, in a sentence.
        metavar: What stands for it in `--help`.
    """

    def first(readers: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
        def read(value: Any) -> Any:
            for each in readers:
                try:
                    return each(value)
                except ValueError:
                    continue
            raise ValueError(phrase)

        return read

    return Kind(
        "text",
        first([kind.read for kind in kinds]),
        first([kind.load for kind in kinds]),
        first([kind.parse for kind in kinds]),
        {"anyOf": [dict(kind.schema) for kind in kinds]},
        metavar,
    )


def several(kind: Kind, *, takes_one: bool = False) -> Kind:
    """Return the kind of a list, each value once; a command line gives the option for each.

    Args:
        kind: That of each value.
        takes_one: Whether a value alone stands for a list of it.
    """

    def read(value: Any) -> tuple[Any, ...]:
        if takes_one and not isinstance(value, list | tuple):
            value = [] if value is None else [value]
        if not isinstance(value, list | tuple):
            raise ValueError("a list")  # noqa: TRY004 - one error for all
        try:
            return tuple(dict.fromkeys(kind.read(each) for each in value))
        except ValueError as error:
            raise ValueError(f"a list, each {error}") from None

    def parse(written: str) -> tuple[Any, ...]:
        return (kind.parse(written),)

    schema = {"type": "array", "items": dict(kind.schema)}
    return Kind(
        "list",
        *(read, read, parse, schema),
        kind.metavar,
        kind.values,
        adds_up=True,
        is_path=kind.is_path,
        words=kind.words,
    )


def instance(of: type, metavar: str, make: Callable[[str], Any] | None = None) -> Kind:
    """Return the kind of an object that is made of a text.

    Args:
        of: Its type.
        metavar: What stands for it in `--help`.
        make: Makes one of a text; None: the type itself does.
    """

    def read(value: Any) -> Any:
        if not isinstance(value, of):
            article = "an" if of.__name__[0] in "AEIOU" else "a"
            raise ValueError(f"{article} {of.__name__}")  # noqa: TRY004 - one error for all
        return value

    def load(value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            raise ValueError("a text, best written as ${NAME} for a variable of the environment")
        return parse(value)

    def parse(written: str) -> Any:
        return (make or of)(written)

    return Kind("object", read, load, parse, {"type": "string", "minLength": 1}, metavar)
