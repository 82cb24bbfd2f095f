"""What `import livesegment` offers."""

import subprocess
import sys

import pytest

import livesegment


@pytest.mark.parametrize("name", livesegment.__all__)
def test_every_public_name_can_be_imported_and_is_documented(name: str) -> None:
    assert getattr(livesegment, name).__doc__


def test_the_public_names_are_sorted() -> None:
    assert sorted(livesegment.__all__) == livesegment.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'segmentize'"):
        livesegment.segmentize  # noqa: B018 - the access is what is tested


def test_heavy_packages_wait_until_they_are_needed() -> None:
    program = (
        "import sys, livesegment, livesegment.cli;"
        "print([m for m in ('cv2', 'av', 'numpy', 'httpx', 'starlette') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


NEED_AN_EXTRA = {"livesegment.events.mqtt", "livesegment.web.metrics"}


def test_without_the_extras_everything_else_can_be_imported() -> None:
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('ray', 'paho', 'prometheus_client')))\n"
        "import importlib, pkgutil, livesegment\n"
        "for module in pkgutil.walk_packages(livesegment.__path__, 'livesegment.'):\n"
        "    try:\n"
        "        if module.name != 'livesegment.__main__':\n"
        "            importlib.import_module(module.name)\n"
        "    except ImportError:\n"
        "        print(module.name)\n"
        "    except livesegment.LiveSegmentError as error:\n"
        "        assert 'pip install' in str(error)\n"
        "        print(module.name)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(result.stdout.split()) == NEED_AN_EXTRA
