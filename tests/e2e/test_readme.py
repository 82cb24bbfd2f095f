"""What the README and its like say is true: the Python runs, the options exist."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FOLDERS = (".", "samples", "samples/deploy", "tests/benchmarks")
TEXTS = {folder: (ROOT / folder / "README.md").read_text(encoding="utf-8") for folder in FOLDERS}
ALL = "\n".join(TEXTS.values())
LINKS = [
    (folder, target)
    for folder, text in TEXTS.items()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text)
]


@cache
def help_of(command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "livesegment", command, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_its_python_runs_as_written() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "'person': 0.2" in result.stdout


@pytest.mark.parametrize("line", re.findall(r"^livesegment .*", ALL, re.MULTILINE))
def test_its_commands_have_the_options_that_they_are_shown_with(line: str) -> None:
    command, *arguments = shlex.split(line, comments=True)[1:]
    for option in (each for each in arguments if each.startswith("-")):
        assert re.search(rf"(^|[\s,]){re.escape(option)}\b", help_of(command)), option


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)", ALL))))
def test_every_option_it_names_exists(option: str) -> None:
    commands = ("live", "annotate", "predict", "serve", "monitor", "bench", "doctor")
    helped = "".join(map(help_of, commands))
    assert re.search(rf"\s{option}\b", helped)


@pytest.mark.parametrize(("folder", "target"), LINKS)
def test_every_file_it_links_to_is_there(folder: str, target: str) -> None:
    assert (ROOT / folder / target).exists()


@pytest.mark.parametrize(("target", "anchor"), re.findall(r"\]\(([^)#]+)#([^)]+)\)", README))
def test_every_section_it_links_to_is_there(target: str, anchor: str) -> None:
    headings = re.findall(r"^#+ (.*)", (ROOT / target).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
