"""All checks, one after the other."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Literal

from livesegment.settings import EndpointOptions

State = Literal["ok", "warn", "fail"]
"""ok: as it should be; warn: something does not work that not everybody needs; fail: repair it."""

Area = Literal["installation", "source", "endpoint", "output"]
"""What a finding is about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report. It never holds a key or a password.

    Attributes:
        name: What was looked at, in a word or two.
        state: Whether it is as it should be.
        text: What was found, in a sentence.
        advice: What to do about it, in a sentence; empty where there is nothing to do.
        area: What it is about.
    """

    name: str
    state: State
    text: str
    advice: str = ""
    area: Area = "installation"


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at.

    Attributes:
        name: What to call it where it cannot say anything itself.
        area: What it is about.
        start: Returns what it finds, or yields it while it is at it.
        needs: The finding without which there is no point in looking; empty: none.
    """

    name: str
    area: Area
    start: Callable[[], Iterable[Finding]]
    needs: str = ""


def examine(endpoint: EndpointOptions) -> Iterator[Finding]:
    """Look at this machine, and at an endpoint or a model file if the options name one.

    Args:
        endpoint: An endpoint that is named is asked about ONE picture, which is billed. A model
            file is run here.

    Yields:
        What is found, as soon as it is.
    """
    model = Check("endpoint", "endpoint", _of("endpoint.check", endpoint), needs="opencv")
    if endpoint.model_path is not None:
        model = Check("model file", "endpoint", _of("opencv.model_file", endpoint), needs="opencv")
    return run_checks(
        (
            Check("python", "installation", _of("machine.check")),
            Check("opencv", "installation", _of("opencv.check")),
            Check("extras", "installation", _of("machine.extras")),
            Check("built-in model", "installation", _of("opencv.builtin_model"), needs="opencv"),
            Check("display", "output", _of("opencv.display"), needs="opencv"),
            Check("codecs", "output", _of("codecs.check"), needs="opencv"),
            Check("fonts", "output", _of("machine.fonts")),
            Check("cameras", "source", _of("cameras.check"), needs="opencv"),
            Check("virtual camera", "output", _of("virtual_camera.check"), needs="opencv"),
            model,
        )
    )


def run_checks(checks: Iterable[Check]) -> Iterator[Finding]:
    """Yield what the checks find; one that breaks is a finding as well, and the others go on."""
    failed: set[str] = set()
    for check in checks:
        if check.needs in failed:
            yield Finding(
                check.name,
                "warn",
                f"not looked at: it needs {check.needs}",
                f"repair {check.needs} first",
                check.area,
            )
            continue
        try:
            for finding in check.start():
                if finding.state == "fail":
                    failed.add(finding.name)
                yield replace(finding, area=check.area)
        except ImportError as error:
            yield Finding(
                check.name,
                "fail",
                f"cannot be looked at: {error}",
                "install livesegment again, with what it needs",
                check.area,
            )
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a machine is a line
            # Without the error's own text, which may hold anything, a key among it.
            yield Finding(
                check.name,
                "fail",
                f"the check broke off: {type(error).__name__} at {_place(error)}",
                "report this as a bug of livesegment, with this line",
                check.area,
            )


def _of(check: str, *arguments: object) -> Callable[[], Iterable[Finding]]:
    module, _, name = check.partition(".")

    def start() -> Iterable[Finding]:
        # Imported within the check, so that a package that is broken is one of its findings.
        look = getattr(import_module(f"livesegment.doctor.{module}"), name)
        found: Iterable[Finding] = look(*arguments)
        return found

    return start


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
