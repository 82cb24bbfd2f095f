"""Whether everything is to be had ready-made for a Raspberry Pi with a 64-bit system.

uv resolves, because pip judges for whom a package is by the machine on which it runs itself.
"""

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import skip_or_fail

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = [each for each in PROJECT["optional-dependencies"] if each not in ("dev", "test")]

PLATFORM = "aarch64-manylinux_2_28"
"""Of glibc 2.28, Debian 10's: whatever suits it suits later ones."""

OLDER = "aarch64-manylinux_2_17"
"""Of a glibc for which PyAV has nothing."""


def resolved(requirements: list[str], python: str, platform: str) -> str:
    """Return the versions whose wheels would be installed.

    Raises:
        AssertionError: If there is none of something, with what uv says.
    """
    if importlib.util.find_spec("uv") is None:
        skip_or_fail("this needs uv: pip install uv")
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", "--quiet", "--no-header"]
    command += ["--no-annotate", "--only-binary", ":all:", "--python-version", python]
    done = subprocess.run(
        [*command, "--python-platform", platform],
        input="\n".join(requirements),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("python", ["3.11", "3.13"])
@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_there_is_a_wheel_of_everything(extra: str | None, python: str) -> None:
    requirements = list(PROJECT["dependencies"])
    if extra is not None:
        requirements += PROJECT["optional-dependencies"][extra]
    assert "opencv-python==" in resolved(requirements, python, PLATFORM)


def test_a_wheel_that_is_not_there_is_noticed() -> None:
    with pytest.raises(AssertionError, match="no usable wheels"):
        resolved(["av>=18"], "3.13", OLDER)
