"""Processes that a run starts of its own program, for what may hang, crash or take memory."""

import os
import sys


def own_program(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours.

    It finds what `own_environment` leads to and not what lies in the working directory, where
    anybody's files may be.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def own_environment() -> dict[str, str]:
    """Return the environment of a process that imports what this one does."""
    path = os.pathsep.join(each or os.getcwd() for each in sys.path)  # noqa: PTH109
    return {**os.environ, "PYTHONPATH": path}
