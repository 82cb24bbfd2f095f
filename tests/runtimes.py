"""Hides runtimes that are installed, as if they were not."""

import sys

import pytest

RUNTIMES = ("onnxruntime", "ai_edge_litert.interpreter")


def hide(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Have the modules not be found; all runtimes beside OpenCV if none is named."""
    for module in modules or RUNTIMES:
        monkeypatch.setitem(sys.modules, module, None)
