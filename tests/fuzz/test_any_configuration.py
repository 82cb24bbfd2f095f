"""A file of cameras in any legal shape: a change means what was wanted, and all else stays."""

import tomllib
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from livesegment.monitor.toml_text import TomlText, written

TABLES = {"overlay": ("style", "opacity"), "picture": ("align", "mirror"), "record": ("on", "keep")}

_letters = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
_odd = st.sampled_from(
    ["", "#", "a # b", "[camera]", "[[x]]", '"', "'", '"""', "{", "}", "x\\", ","]
)
_BY_HAND = ["# by hand", "  # [[camera]]", '\t# name = "', "# }"]
_line = st.sampled_from(["", *_BY_HAND])
_behind = st.sampled_from(["", " # mine", "\t# ] } \"'", "  "])
_blank = st.sampled_from(["", " ", "\t"])
_plain = st.sampled_from(
    [
        *("1", "-0.5", "1_000", "0x1F", "true", "inf"),
        *("1979-05-27T07:32:00Z", "1979-05-27 07:32:00"),
        *("[]", "[1, 2,]", "[ # one\n 1,\n # two ]\n 2 ]", '[["a", "b # ]"], [1]]'),
        "{ a.b = '}' }",
    ]
)


@st.composite
def _text(draw: st.DrawFn) -> str:
    """Return a string, in one of the ways in which TOML has it."""
    text = draw(_odd | _letters)
    several = text.replace("\\", "\\\\").replace('"', '\\"')
    ways = [written(text), f'"""{several}"""', f'"""\n# none\n[camera]\n{several}"""']
    if "'" not in text:
        ways += [f"'{text}'", f"'''\n[[camera]]\n{text}'''"]
    return draw(st.sampled_from(ways))


_value = _plain | _text()


@st.composite
def _name(draw: st.DrawFn, *names: str) -> str:
    """Return a key, dotted or not, in quotes or not."""
    quotes = [draw(st.sampled_from(["", "'", '"'])) for _ in names]
    dot = draw(st.sampled_from([".", " . "]))
    return dot.join(f"{quote}{name}{quote}" for name, quote in zip(names, quotes, strict=True))


@st.composite
def _camera(draw: st.DrawFn) -> list[str]:
    """Return the lines of a camera; a value may go on over several."""

    def pair(*names: str) -> str:
        return f"{draw(_name(*names))}{draw(_blank)}={draw(_blank)}{draw(_value)}"

    own, below = [pair(name) for name in ("name", "title")], []
    for table, keys in TABLES.items():
        some = draw(st.lists(st.sampled_from(keys), unique=True))
        way = draw(st.sampled_from(["dotted", "braces", "header"]))
        if way == "dotted":
            own += [pair(table, key) for key in some]
        elif way == "braces":
            inside = f"{draw(_blank)},{draw(_blank)}".join(pair(key) for key in some)
            own.append(f"{draw(_name(table))} = {{{draw(_blank)}{inside}{draw(_blank)}}}")
        else:
            below.append([f"[{draw(_name('camera', table))}]", *map(pair, some)])
    below += [
        [f"[[{draw(_name('camera', 'rule'))}]]", pair("name"), pair("above")]
        for _ in range(draw(st.integers(0, 2)))
    ]
    if draw(st.booleans()):
        below.append(["[budget]", pair("in_flight")])
    groups = [draw(st.permutations(own)), *draw(st.permutations(below))]
    lines = [f"[[{draw(_name('camera'))}]]", *(line for group in groups for line in group)]
    return [each for line in lines for each in (draw(_line), draw(_blank) + line + draw(_behind))]


@st.composite
def _document(draw: st.DrawFn) -> str:
    cameras = draw(st.lists(_camera(), min_size=1, max_size=3))
    text = "\n".join([draw(_line), *(line for each in cameras for line in each), draw(_line)])
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


_new = (
    (_odd | _letters)
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)).map(list), max_size=3)
)


def _filled(value: Any) -> Any:
    """Return what a document says, without tables and lists in which nothing is."""
    if isinstance(value, dict):
        return {key: kept for key, each in value.items() if (kept := _filled(each)) not in ({}, [])}
    return [_filled(each) for each in value] if isinstance(value, list) else value


@st.composite
def _change(draw: st.DrawFn, meant: dict[str, Any]) -> tuple[Any, Callable[[TomlText], None]]:
    """Return what a document is to mean, and what makes it so."""
    wanted = deepcopy(meant)
    cameras = wanted["camera"]
    number = draw(st.integers(0, len(cameras) - 1))
    rules = cameras[number].get("rule", [])
    what = draw(st.sampled_from(["put", "rule", "add", "remove", *(["remove rule"] * bool(rules))]))
    new = draw(_new)
    if what == "add":
        cameras.append({"name": new})
        return wanted, lambda text: text.add(("camera",), {"name": new})
    if what == "remove":
        del cameras[number]
        return wanted, lambda text: text.remove(("camera", number))
    if what == "rule":
        cameras[number]["rule"] = [*rules, {"name": new}]
        return wanted, lambda text: text.add(("camera", number, "rule"), {"name": new})
    if what == "remove rule":
        rules.pop()
        return wanted, lambda text: text.remove(("camera", number, "rule", len(rules)))
    table = draw(st.sampled_from(list(TABLES)))
    key, value = draw(st.sampled_from(TABLES[table])), draw(st.none() | _new)
    cameras[number].setdefault(table, {})[key] = value
    if value is None:
        del cameras[number][table][key]
    return wanted, lambda text: text.put(("camera", number, table, key), value)


@given(_document(), st.data())
def test_any_change_means_what_was_wanted_and_leaves_the_rest(
    before: str, data: st.DataObject
) -> None:
    try:
        meant = tomllib.loads(before)
    except tomllib.TOMLDecodeError:
        assume(False)
    wanted, change = data.draw(_change(meant))
    text = TomlText(before)
    change(text)
    assert _filled(tomllib.loads(text.text)) == _filled(wanted)
    if "\r\n" in before:
        assert text.text.count("\n") == text.text.count("\r\n")
    # What is said by hand goes with the camera or rule that it stands in, and with nothing else.
    by_hand = [
        [line for line in each.splitlines() if line in _BY_HAND] for each in (before, text.text)
    ]
    if _size(wanted) >= _size(meant):
        assert by_hand[0] == by_hand[1]


def _size(document: dict[str, Any]) -> int:
    return sum(1 + len(each.get("rule", [])) for each in document["camera"])
