"""What the page may have saved: cameras and their values, read once as they come."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from livesegment.address import is_url_of
from livesegment.errors import OptionsError
from livesegment.settings.monitor import CAMERA_LISTS, saved_by_page
from livesegment.settings.option import Option, WrongSetting, by_key, quoted

Values = Mapping[str, Any]
"""By whole keys such as `overlay.style`, as a file has them; None: the key is to go."""

_LONGEST_TEXT, _LONGEST_NAME, _LONGEST_SOURCE = 200, 60, 2000
_MOST_ELEMENTS = 256
_REFERENCE = "${"
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Of Persian, of Indian scripts and of emoji; other signs that cannot be seen could mislead."""
_DEVICE = re.compile(
    r"[0-9]{1,9}|/dev/video[0-9]{1,9}|/dev/v4l/by-(?:id|path)/[\w:.+,-]+", re.ASCII
)
_SCHEMES = ("rtsp", "rtsps", "http", "https")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one camera.

    Attributes:
        camera: Its name.
        kind: `add` a camera, `change` one, `remove` one, or only `try` its source; `rule` and
            `hide` change one of its lists.
        revision: The file that it was made for.
        values: What its keys are to be; its name is none of them.
        source: Its source, perhaps with dots in it; None: it stays.
        number: Which of a list is to be changed; None: one more.
        table: What that is to be, by keys without the list's name; None: it goes.
        is_untried: Whether the source is kept though no picture comes from it.
    """

    camera: str
    kind: str
    revision: str = ""
    values: Values = field(default_factory=dict)
    source: str | None = field(default=None, repr=False)  # it may hold a password
    number: int | None = None
    table: Values | None = None
    is_untried: bool = False


class NoCamera(OptionsError):
    """There is no camera of that name."""


class NoPicture(OptionsError):
    """No picture comes from a source."""


class Editor(ABC):
    """Shows what a file says of cameras, and changes it."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return what there is, without secrets, as plain JSON types; may take its time."""

    @abstractmethod
    async def save(self, edit: Edit) -> None:
        """Write a change into the file and have it take effect.

        Raises:
            NoCamera: If there is no such camera.
            NoPicture: If none comes from its new source, and `is_untried` does not allow that.
            OptionsError: If it cannot be.
            SinkError: If the file cannot be written.
        """

    @abstractmethod
    async def tried(self, edit: Edit) -> bytes:
        """Return a picture of a camera as it would be, JPEG; empty where it may not be shown.

        Raises:
            OptionsError: As for `save`.
        """


def read_edit(kind: str, camera: object, sent: object) -> Edit:
    """Return what the page sent, cleaned and bounded.

    Args:
        kind: What is to be done, see `Edit`.
        camera: Whose it is, from the address; None: it is in what was sent.
        sent: A JSON object.

    Raises:
        OptionsError: If it says what the page may not, or nothing that can be.
    """
    if not isinstance(sent, Mapping):
        raise OptionsError("a change is an object")
    known = {"revision", "camera", "values", "source", "number", "table", "is_untried"}
    if unknown := [name for name in sent if name not in known]:
        raise OptionsError(f"a change has no {quoted(unknown[0])}")
    name = sent.get("camera", "") if camera is None else camera
    number, table, source = (sent.get(each) for each in ("number", "table", "source"))
    is_number = type(number) is int and 0 <= number < 10_000
    if number is not None and not is_number:
        raise OptionsError("the number of one of a list is a whole number from 0")
    if table is None and number is None and kind in CAMERA_LISTS:
        raise OptionsError("what is to go is told by its number")
    return Edit(
        _checked_name(name, is_new=kind == "add"),
        kind,
        _text(sent.get("revision", ""), "revision"),
        _checked_values(sent.get("values", {}), ""),
        None if source is None else _text(source, "camera.source", _LONGEST_SOURCE),
        number if is_number else None,
        None if table is None else _checked_values(table, f"{kind}."),
        sent.get("is_untried") is True,
    )


def require_page_source(source: str) -> None:
    """Raise OptionsError unless a source is one that the page may have saved."""
    is_address = is_url_of(source, _SCHEMES) and not any(map(str.isspace, source))
    if not is_address and not _DEVICE.fullmatch(source):
        raise OptionsError(
            "on the page, a camera is an address that begins with rtsp://, rtsps://, http:// or"
            " https://, or the number or device of one, such as /dev/video0; files are named in"
            " the file alone"
        )


def _checked_name(sent: object, *, is_new: bool) -> str:
    name = _text(sent, "camera.name", _LONGEST_NAME if is_new else _LONGEST_SOURCE)
    return str(_loaded(saved_by_page()["camera.name"], name)) if is_new else name


def _checked_values(sent: object, prefix: str) -> Values:
    if not isinstance(sent, Mapping):
        raise OptionsError("values are an object, by their keys")
    known = saved_by_page()
    values = {}
    for name, value in sent.items():
        key = f"{prefix}{name}"
        is_of_list = key.partition(".")[0] in CAMERA_LISTS
        is_beside = key in {"camera.name", "camera.source"}  # which are no values
        if key not in known or is_beside or is_of_list != bool(prefix):
            raise OptionsError(f"{quoted(key)} is not for the page to save: change it in the file")
        values[name] = None if value is None else _plain(known[key], value)
    return values


def _plain(option: Option, value: object) -> Any:
    """Return a value as it may stand in the file."""
    key = by_key(option)
    if isinstance(value, str):
        value = _text(value, key)
    elif isinstance(value, list):
        _check_list(value, key)
    elif isinstance(value, float) and not math.isfinite(value):
        raise OptionsError(f"{key} is no number")
    elif not isinstance(value, bool | int | float):
        raise OptionsError(f"{key} is a text, a number, true or false, or a list")
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**9:
        raise OptionsError(f"{key} is beyond all measure")
    _loaded(option, value)
    return value


def _check_list(value: list[Any], key: str) -> None:
    """Check that a list holds texts, or points: nothing is nested further."""
    if len(value) > _MOST_ELEMENTS:
        raise OptionsError(f"{key} has at most {_MOST_ELEMENTS} elements")
    for each in value:
        if isinstance(each, str):
            _text(each, key)
            continue
        is_point = isinstance(each, list) and len(each) == 2
        if not is_point or not all(type(part) in {int, float} and abs(part) <= 2 for part in each):
            raise OptionsError(f"{key} is a list of texts, or of points of the picture")


def _text(value: object, key: str, longest: int = _LONGEST_TEXT) -> str:
    """Return a text that may stand in the file: in one line, and without variables."""
    if not isinstance(value, str) or len(value) > longest:
        raise OptionsError(f"{key} is a text of at most {longest} characters")
    if not all(each.isprintable() or each in _JOINERS for each in value):
        raise OptionsError(f"{key} is a text in one line, without control characters")
    if _REFERENCE in value:
        raise OptionsError(
            f"{key} may name variables of the environment, ${{NAME}}, in the file alone"
        )
    return value.strip()


def _loaded(option: Option, value: object) -> Any:
    try:
        return option.loaded(value)
    except WrongSetting as error:
        raise error.in_words_of(by_key) from None
