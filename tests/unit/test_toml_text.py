"""A TOML text that is changed in places: every other byte of it stays."""

import difflib
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from livesegment import OptionsError
from livesegment.monitor.toml_lines import key_lines
from livesegment.monitor.toml_text import TomlText, written

SAMPLE = (Path(__file__).parents[2] / "samples" / "monitor.toml").read_text(encoding="utf-8")
TWO = """\
# what I know of them
[[camera]]
name = "a"   # in addresses
source = "pattern:"

  [camera.overlay]  # mine
  style = "fill"    # keep me

# the porch
[[camera.rule]]
name = "porch" # one
class = "person"
above = 5

# ---- another one ----
[[camera]]
name = "b"
source = "pattern:"
picture = { align = "paste" } # in braces
# [[camera]]
# name = "c"
"""


def changes(before: str, after: str) -> list[str]:
    """Return the lines that were taken away and added, marked by - and +."""
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [each.rstrip("\r\n") for each in lines if each[0] in "+-"]


Change = Callable[[TomlText], None]
CHANGES: list[tuple[Change, list[str]]] = [
    (
        lambda text: text.put(("camera", 0, "overlay", "style"), "blur"),
        ['-   style = "fill"    # keep me', '+   style = "blur"    # keep me'],
    ),
    (
        lambda text: text.put(("camera", 0, "overlay", "opacity"), 0.25),
        ["+   opacity = 0.25"],
    ),
    (lambda text: text.put(("camera", 0, "title"), 'a "b"'), ['+ title = "a \\"b\\""']),
    (lambda text: text.put(("camera", 1, "record", "on"), True), ["+ record.on = true"]),
    (
        lambda text: text.put(("camera", 1, "picture", "align"), "warp"),
        [
            '- picture = { align = "paste" } # in braces',
            '+ picture = { align = "warp" } # in braces',
        ],
    ),
    (
        lambda text: text.put(("camera", 1, "picture", "mirror"), True),
        [
            '- picture = { align = "paste" } # in braces',
            '+ picture = { align = "paste", mirror = true } # in braces',
        ],
    ),
    (
        lambda text: text.put(("camera", 0, "overlay", "style"), None),
        ['-   style = "fill"    # keep me'],
    ),
    (
        lambda text: text.put(("camera", 0, "rule", 0, "zone"), [[0, 0.5], [1, 1], [0, 1]]),
        ["+ zone = [[0, 0.5], [1, 1], [0, 1]]"],
    ),
    (
        lambda text: text.add(("camera", 0, "rule"), {"name": "x", "for": 2}),
        ["+ [[camera.rule]]", '+ name = "x"', "+ for = 2", "+ "],
    ),
    (
        lambda text: text.add(("camera", 1, "hide"), {"zone": [[0, 0]]}),
        ["+ ", "+ [[camera.hide]]", "+ zone = [[0, 0]]", "+ "],
    ),
    (
        lambda text: text.add(("camera",), {"name": "d"}),
        ["+ ", "+ [[camera]]", '+ name = "d"'],
    ),
    (
        lambda text: text.remove(("camera", 0, "rule", 0)),
        ["- [[camera.rule]]", '- name = "porch" # one', '- class = "person"', "- above = 5"],
    ),
    (
        lambda text: text.remove(("camera", 1)),
        [
            "- [[camera]]",
            '- name = "b"',
            '- source = "pattern:"',
            '- picture = { align = "paste" } # in braces',
        ],
    ),
    (
        lambda text: text.put(("camera", 1, "picture", "align"), None),
        ['- picture = { align = "paste" } # in braces', "+ picture = { } # in braces"],
    ),
    # What is so already stays as it is written, a number in another way too.
    (lambda text: text.put(("camera", 0, "overlay", "style"), "fill"), []),
    (lambda text: text.put(("camera", 0, "rule", 0, "above"), 5.0), []),
    (lambda text: text.put(("camera", 0, "title"), None), []),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_only_what_is_changed_is_written_anew(number: int, newline: str) -> None:
    change, expected = CHANGES[number]
    before = TWO.replace("\n", newline)
    text = TomlText(before)
    change(text)
    assert sorted(changes(before, text.text)) == sorted(expected)
    assert tomllib.loads(text.text) == text.meant
    assert text.text.count("\n") == text.text.count(newline)


def test_a_new_key_stands_with_its_camera_and_not_behind_what_is_commented_out() -> None:
    text = TomlText(SAMPLE)
    text.put(("camera", 1, "overlay", "opacity"), 0.7)
    text.put(("camera", 1, "record", "on"), True)
    lines = text.text.splitlines()
    at = lines.index('overlay.style = "outline"')
    assert lines[at + 1 : at + 4] == [
        "overlay.opacity = 0.7",
        'picture.align = "paste"',
        "record.on = true",
    ]
    assert changes(SAMPLE, text.text) == ["+ overlay.opacity = 0.7", "+ record.on = true"]


def test_a_camera_is_removed_with_all_that_is_its() -> None:
    text = TomlText(TWO)
    text.remove(("camera", 0))
    assert [each["name"] for each in text.meant["camera"]] == ["b"]
    # What is said of others, and before all of them, stays.
    assert text.text.startswith("# what I know of them\n\n# ---- another one ----\n[[camera]]\n")
    text.remove(("camera", 0))
    assert "camera" not in text.meant
    assert text.text.endswith('# [[camera]]\n# name = "c"\n')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{ align = 'warp', mirror = true }", "{ mirror = true }"),
        ("{mirror = true,align = 'warp'}", "{mirror = true}"),
        ("{fps_limit = 5 , align=', }' ,mirror = true}", "{fps_limit = 5 , mirror = true}"),
        ("{align='warp'}", "{}"),
    ],
)
def test_a_key_in_braces_is_taken_out(before: str, after: str) -> None:
    camera = '[[camera]]\nname = "a"\npicture = {} # mine\n'
    text = TomlText(camera.replace("{}", before))
    text.put(("camera", 0, "picture", "align"), None)
    assert text.text == camera.replace("{}", after)


@pytest.mark.parametrize(
    "before",
    [
        'camera = [{name = "a", source = "pattern:"}]\n',
        '[[camera]]\nname = "a"\nsource = "pattern:"\nrule = [{name = "r"}]\n',
        '[[camera]]\nname = "a"\nsource = "pattern:"\nrule = []\n',
    ],
)
def test_what_is_written_in_another_way_is_left_alone(before: str) -> None:
    text = TomlText(before)
    for change in (
        lambda: text.add(("camera", 0, "rule"), {"name": "x"}),
        lambda: text.remove(("camera", 0, "rule", 0)),
    ):
        with pytest.raises((OptionsError, LookupError)):
            change()
        assert text.text == before


@pytest.mark.parametrize(
    "value",
    [
        "",
        'a"b\\c',
        "tab\tnew\nline\r\x00\x7f\x85",
        "\N{SNOWMAN}\U0001f600",
        "'''",
        '"""',
        "${HOME}",
    ],
)
def test_any_text_is_read_back_as_it_was(value: str) -> None:
    assert tomllib.loads(f"a = {written([value, 1, -0.5, 1e300, True])}") == {
        "a": [value, 1, -0.5, 1e300, True]
    }


def test_a_file_four_times_as_long_takes_about_four_times_as_long() -> None:
    camera = f"[[camera]]\nname = 'a'\n[[camera.hide]]\nzone = {128 * [[0.5, 0.5]]}\n"

    def reading_s(cameras: int) -> float:
        text, taken_s = cameras * camera, []
        for _ in range(3):
            began_s = time.thread_time()
            assert key_lines(text)["camera", cameras - 1] == 4 * cameras - 3
            taken_s.append(time.thread_time() - began_s)
        return min(taken_s)

    # Counted from its beginning for each of them, lines would take sixteen times as long.
    assert reading_s(200) < 8 * reading_s(50)
