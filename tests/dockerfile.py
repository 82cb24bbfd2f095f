"""Reads a Dockerfile, as far as ours goes, so that it is tried where there is no container engine.

Source: docs.docker.com/reference/dockerfile.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_RUN = frozenset(("CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "USER", "VOLUME"))
_MAKE = frozenset(("ARG", "COPY", "ENV", "RUN", "WORKDIR"))


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction.

    Attributes:
        word: Its first word.
        text: The rest, in one line.
        options: What it begins with: of `--from=build` the value, by its name.
    """

    word: str
    text: str
    options: Mapping[str, str]

    @property
    def command(self) -> list[str]:
        """What it starts: a list as it is, anything else by a shell."""
        if self.text.startswith("["):
            return [str(each) for each in json.loads(self.text)]
        return ["/bin/sh", "-c", self.text]


@dataclass(slots=True)
class Stage:
    """What is made from a base.

    Attributes:
        base: The image it begins with.
        name: By which later stages copy from it; None: they do not.
        steps: What is done, in order.
    """

    base: str
    name: str | None
    steps: list[Step] = field(default_factory=list)

    def last(self, word: str) -> Step | None:
        """Return the last of its instructions with a word, which is the one that holds."""
        return next((each for each in reversed(self.steps) if each.word == word), None)


def read_dockerfile(text: str, arguments: Mapping[str, str] | None = None) -> list[Stage]:
    """Return the stages of a Dockerfile.

    Args:
        text: Its lines.
        arguments: Given values of `ARG` before the first stage.

    Raises:
        ValueError: If it has an instruction that is not known here, or one before any stage.
    """
    known: dict[str, str] = {}
    stages: list[Stage] = []
    for line in _lines(text):
        word, _, rest = line.partition(" ")
        if word == "ARG" and not stages:
            name, _, default = rest.partition("=")
            known[name] = (arguments or {}).get(name, default)
        elif word == "FROM":
            base, *named = _VARIABLE.sub(lambda found: known[found[1]], rest).split()
            if named and (len(named) != 2 or named[0] != "AS"):
                raise ValueError(f"no stage: {line}")
            stages.append(Stage(base, named[1] if named else None))
        elif word in _MAKE | _RUN and stages:
            stages[-1].steps.append(_step(word, rest.strip()))
        else:
            raise ValueError(f"unknown instruction: {line}")
    return stages


def _lines(text: str) -> Iterator[str]:
    """Yield instructions, each in a line: comments are left out, also within one."""
    whole = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        whole = f"{whole} {line.strip()}".strip()
        if whole.endswith("\\"):
            whole = whole[:-1].rstrip()
            continue
        yield whole
        whole = ""
    if whole:
        raise ValueError(f"it ends within an instruction: {whole}")


def _step(word: str, text: str) -> Step:
    options = {}
    while found := re.match(r"--([a-z-]+)=(\S+)\s+", text):
        options[found[1]] = found[2]
        text = text[found.end() :]
    if word == "HEALTHCHECK":
        if not text.startswith("CMD "):
            raise ValueError(f"a check of health without a command: {text}")
        text = text.removeprefix("CMD ").strip()
    return Step(word, text, options)
