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


def test_the_public_names_are_listed_before_they_are_imported() -> None:
    program = "import livesegment; print(set(livesegment.__all__) - set(dir(livesegment)))"
    assert output_of(program) == "set()"


@pytest.mark.parametrize(
    ("imported", "waits"),
    [
        ("livesegment, livesegment.cli", ("cv2", "av", "numpy", "httpx", "starlette")),
        # A picture with the built-in model needs none of these, and each takes its time.
        (
            "livesegment.live.run, livesegment.annotate.runner, livesegment.cli.progress,"
            "livesegment.segmenters.builtin, livesegment.sources.video_file",
            ("httpx", "rich", "ssl", "email", "urllib.request"),
        ),
        # A camera in a window is neither read nor written by PyAV.
        ("livesegment.live.run, livesegment.sources.camera, livesegment.sinks.window", ("av",)),
    ],
)
def test_heavy_packages_wait_until_they_are_needed(imported: str, waits: tuple[str, ...]) -> None:
    program = f"import sys, {imported}; print([m for m in {waits} if m in sys.modules])"
    assert output_of(program) == "[]"


def output_of(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


NEED_AN_EXTRA = {
    "livesegment.events.mqtt",
    "livesegment.events.mqtt_connection",
    "livesegment.events.mqtt_forgetting",
    "livesegment.events.mqtt_kept",
    "livesegment.events.mqtt_view",
    "livesegment.events.notify",
    "livesegment.web.metrics",
}


def test_without_the_extras_everything_else_can_be_imported() -> None:
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('ray', 'paho', 'prometheus_client', 'apprise')))\n"
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
    assert set(output_of(program).split()) == NEED_AN_EXTRA
