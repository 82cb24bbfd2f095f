"""What values an option can have: how they are written, checked, and described to an editor.

The method that is called tells a kind where a value comes from: `parse` takes what stands on a
command line, `load` what stands in a TOML file, `read` what stands in a Python call or in JSON. All
return the value as the program uses it, or raise ValueError with the words that follow "is": what
it can be.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from livesegment.address import is_http_url, is_url_of


class Kind(Protocol):
    """What values an option can have."""

    @property
    def metavar(self) -> str | None:
        """What stands for the value in `--help`; None: the option takes none."""

    def read(self, value: Any) -> Any:
        """Return a value of a Python call as the program uses it.

        Raises:
            ValueError: If the option cannot have it; the text says what it can have.
        """

    def load(self, value: Any) -> Any:
        """Return a value of a file as the program uses it; raise as `read` does."""

    def parse(self, text: str) -> Any:
        """Return what a text of the command line means; raise as `read` does."""

    def schema(self) -> dict[str, Any]:
        """Return what a JSON Schema says of it."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a range.

    Attributes:
        low: The lowest.
        high: The highest.
        unit: Of what, after the range in a sentence.
        above: Whether `low` itself is too low.
        whole: Whether it is an int.
        metavar: What stands for it in `--help`.
        step: How far a control of the page goes at once.
    """

    low: float
    high: float = math.inf
    unit: str = ""
    above: bool = False
    whole: bool = False
    metavar: str = "N"
    step: float = 1.0

    def read(self, value: Any) -> float:
        """Return the number; an int where it is whole, else a float."""
        is_number = isinstance(value, int if self.whole else int | float)
        if isinstance(value, bool) or not is_number or not self._is_within(value):
            raise ValueError(self._phrase())
        return int(value) if self.whole else float(value)

    load = read

    def parse(self, text: str) -> float:
        """Return the number that a text is."""
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            raise ValueError(self._phrase()) from None
        return self.read(value)

    def schema(self) -> dict[str, Any]:
        """Return its type and bounds."""
        schema: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        schema["exclusiveMinimum" if self.above else "minimum"] = _plain(self.low)
        if math.isfinite(self.high):
            schema["maximum"] = _plain(self.high)
        return schema

    def _is_within(self, value: float) -> bool:
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def _phrase(self) -> str:
        what = "a whole number" if self.whole else "a number"
        bounds = f"above {self.low:g}" if self.above else f"from {self.low:g}"
        bounds += "" if math.isinf(self.high) else f" to {self.high:g}"
        return f"{what} {bounds} {self.unit}".rstrip()


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a whole: 0 to 1 in Python, percent in a file."""

    metavar: str = "N%"

    def read(self, value: Any) -> float:
        """Return the share."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("a share, a number from 0 to 1")  # noqa: TRY004
        return float(value)

    def load(self, value: Any) -> float:
        """Return the share that a number of percent is."""
        return float(Number(0, 100, "percent").read(value)) / 100

    def parse(self, text: str) -> float:
        """Return the share that a number of percent is."""
        return float(Number(0, 100, "percent").parse(text.removesuffix("%"))) / 100

    def schema(self) -> dict[str, Any]:
        """Return its type and bounds in a file."""
        return Number(0, 100).schema()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words.

    Attributes:
        values: The words.
    """

    values: tuple[str, ...]

    @property
    def metavar(self) -> str:
        """All of them."""
        return "|".join(self.values)

    def read(self, value: Any) -> str:
        """Return the word."""
        if not isinstance(value, str) or value not in self.values:
            raise ValueError(f"one of {', '.join(self.values)}")
        return value

    load = parse = read

    def schema(self) -> dict[str, Any]:
        """Return the words."""
        return {"enum": list(self.values)}


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    metavar: None = None

    def read(self, value: Any) -> bool:
        """Return whether it is yes."""
        if not isinstance(value, bool):
            raise ValueError("true or false")  # noqa: TRY004 - one error for every wrong value
        return value

    load = read

    def parse(self, text: str) -> bool:  # noqa: ARG002
        """Never called: on a command line, a flag is there or it is not."""
        raise ValueError("given without a value")

    def schema(self) -> dict[str, Any]:
        """Return its type."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is not empty.

    Attributes:
        metavar: What stands for it in `--help`.
        phrase: What it is, in a sentence.
        make: Makes the value of the text; its ValueError means that it cannot be that.
        pattern: What an editor checks it by.
        takes_numbers: Whether a whole number stands for its text.
    """

    metavar: str = "TEXT"
    phrase: str = "a text"
    make: Callable[[str], Any] = str
    pattern: str | None = None
    takes_numbers: bool = False

    def read(self, value: Any) -> Any:
        """Return what the text means, blanks around it left out."""
        if self.takes_numbers and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(self.phrase)
        try:
            return self.make(value.strip())
        except ValueError:
            raise ValueError(self.phrase) from None

    load = parse = read

    def schema(self) -> dict[str, Any]:
        """Return its type, and its pattern if it has one."""
        pattern = {} if self.pattern is None else {"pattern": self.pattern}
        types = ["string", "integer"] if self.takes_numbers else "string"
        return {"type": types, "minLength": 1, **pattern}


@dataclass(frozen=True, slots=True)
class Names:
    """Names of classes, none twice.

    Attributes:
        are_needed: Whether an empty name is a mistake, and not left out: from a variable that is
            empty, it must not mean that there is none.
        adds_up: Whether a command line may give the option several times.
        most: How many there may be at most.
        longest: How long each may be, in characters.
        metavar: What stands for them in `--help`.
    """

    are_needed: bool = False
    adds_up: bool = False
    most: int = 256
    longest: int = 200
    metavar: str = "A,B"

    def read(self, value: Any) -> frozenset[str]:
        """Return the names of a list or set, without blanks around them."""
        is_list = isinstance(value, list | tuple | set | frozenset) and len(value) <= self.most
        if not is_list or not all(self._is_name(each) for each in value):
            raise ValueError('a list of class names, such as ["person", "car"]')
        names = frozenset(each.strip() for each in value)
        if self.are_needed and not all(names):
            raise ValueError('a list of class names, such as ["person"], none of them empty')
        return names

    load = read

    def parse(self, text: str) -> frozenset[str]:
        """Return the names between commas."""
        names = [each.strip() for each in text.split(",")]
        if self.are_needed and not all(names):
            raise ValueError("names of classes, such as person, none of them empty")
        return frozenset(name for name in names if name)

    def _is_name(self, value: Any) -> bool:
        return isinstance(value, str) and len(value) <= self.longest

    def schema(self) -> dict[str, Any]:
        """Return that it is a list of texts."""
        item: dict[str, Any] = {"type": "string", "maxLength": self.longest}
        if self.are_needed:
            item["minLength"] = 1
        return {"type": "array", "items": item, "maxItems": self.most}


@dataclass(frozen=True, slots=True)
class Either:
    """A value of the first kind that takes it.

    Attributes:
        kinds: The kinds.
        phrase: What it is, in a sentence.
        metavar: What stands for it in `--help`.
    """

    kinds: tuple[Kind, ...]
    phrase: str
    metavar: str

    def read(self, value: Any) -> Any:
        """Return the value as the first kind that takes it reads it."""
        return self._first(lambda kind: kind.read(value))

    def load(self, value: Any) -> Any:
        """Return the value of a file as the first kind that takes it loads it."""
        return self._first(lambda kind: kind.load(value))

    def parse(self, text: str) -> Any:
        """Return what the first kind that takes the text makes of it."""
        return self._first(lambda kind: kind.parse(text))

    def schema(self) -> dict[str, Any]:
        """Return those of the kinds."""
        return {"anyOf": [kind.schema() for kind in self.kinds]}

    def _first(self, use: Callable[[Kind], Any]) -> Any:
        for kind in self.kinds:
            try:
                return use(kind)
            except ValueError:
                continue
        raise ValueError(self.phrase)


@dataclass(frozen=True, slots=True)
class Several:
    """Values of one kind; on a command line, the option is given once for each.

    Attributes:
        kind: What each of them is.
    """

    kind: Kind

    @property
    def metavar(self) -> str | None:
        """That of one."""
        return self.kind.metavar

    def read(self, value: Any) -> tuple[Any, ...]:
        """Return the values, each once, in their order."""
        if not isinstance(value, list | tuple):
            raise ValueError("a list")  # noqa: TRY004
        return tuple(dict.fromkeys(self.kind.read(each) for each in value))

    load = read

    def parse(self, text: str) -> tuple[Any, ...]:
        """Return the value of one time that the option was given."""
        return (self.kind.parse(text),)

    def schema(self) -> dict[str, Any]:
        """Return that it is a list."""
        return {"type": "array", "items": self.kind.schema()}


@dataclass(frozen=True, slots=True)
class Instance:
    """What only a Python call, or a reader of its own, can give: an object of a type.

    Attributes:
        type: The type.
        metavar: What stands for it in `--help`.
        make: Makes one of a text; None: the type itself does.
    """

    type: type
    metavar: str
    make: Callable[[str], Any] | None = None

    def read(self, value: Any) -> Any:
        """Return the object."""
        if not isinstance(value, self.type):
            raise ValueError(f"a {self.type.__name__}")  # noqa: TRY004
        return value

    def load(self, value: Any) -> Any:
        """Return what a text of a file means."""
        if not isinstance(value, str) or not value.strip():
            raise ValueError("a text, best written as ${NAME} for a variable of the environment")
        return self.parse(value)

    def parse(self, text: str) -> Any:
        """Return what a text means."""
        return (self.make or self.type)(text)

    def schema(self) -> dict[str, Any]:
        """Return the type of the text."""
        return {"type": "string", "minLength": 1}


def http_address(metavar: str = "URL") -> Text:
    """Return the kind of an address that begins with http:// or https://."""
    return Text(
        metavar,
        "an address that begins with http:// or https://",
        _required(is_http_url),
        "^https?://",
    )


def address_of(metavar: str, *schemes: str) -> Text:
    """Return the kind of an address of other schemes."""
    listed = " or ".join(f"{scheme}://" for scheme in schemes)
    return Text(
        metavar,
        f"an address that begins with {listed}",
        _required(lambda text: is_url_of(text, schemes)),
        f"^({'|'.join(schemes)})://",
    )


def _required(is_right: Callable[[str], bool]) -> Callable[[str], str]:
    def make(text: str) -> str:
        if not is_right(text):
            raise ValueError
        return text

    return make
