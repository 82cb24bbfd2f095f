"""Fixtures for all tests."""

import importlib
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from broker import Broker
    from playwright.sync_api import Browser, Page

# The same examples every time; LIVESEGMENT_FUZZ=5000 tries so many others in each test.
_EXAMPLES = os.environ.get("LIVESEGMENT_FUZZ")
settings.register_profile("same", max_examples=200, derandomize=True, deadline=None)
settings.register_profile(
    "other",
    max_examples=int(_EXAMPLES or 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("other" if _EXAMPLES else "same")

SHARED = Path(os.environ.get("LIVESEGMENT_TEST_MEDIA", Path(__file__).parents[2] / "shared"))


def skip_or_fail(reason: str) -> None:
    """Skip on a laptop; in CI the machine is expected to have what the tests need."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}: CI must install it")
    pytest.skip(reason, allow_module_level=True)


def need_package(module: str, extra: str) -> ModuleType:
    """Import a module of an optional package, or skip the test or the file that asks for it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        skip_or_fail(f"this needs {module}: pip install 'livesegment[{extra}]'")
        raise


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose marker `needs_package(module, extra)` names what is not installed."""
    for marker in item.iter_markers("needs_package"):
        need_package(*marker.args, **marker.kwargs)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Leave logging as other tests expect it: the command line takes it for itself."""
    loggers = [logging.getLogger(name) for name in ("livesegment", "asyncio")]
    before = [(each.handlers, each.level, each.propagate) for each in loggers]
    yield
    for logger, state in zip(loggers, before, strict=True):
        logger.handlers, logger.level, logger.propagate = state


@pytest.fixture
def need_tool() -> Callable[[str], str]:
    """Return the path of a program that a test needs."""

    def need(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            skip_or_fail(f"this test needs the program {program}")
        assert path is not None
        return path

    return need


@pytest.fixture
def broker(need_tool: Callable[[str], str], tmp_path: Path) -> Iterator["Broker"]:
    """Return a broker that runs."""
    from broker import Broker  # here: that file needs this one

    broker = Broker(need_tool("mosquitto"), tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def media() -> Path:
    """Folder of real footage; it may not be shipped, so a test without it is skipped anywhere."""
    if not SHARED.is_dir():
        pytest.skip("no folder of real footage here: set LIVESEGMENT_TEST_MEDIA")
    return SHARED


@pytest.fixture
def screen(need_tool: Callable[[str], str]) -> Iterator[dict[str, str]]:
    """Start an X server on a free display and return the environment that leads to it."""
    if sys.platform != "linux":
        pytest.skip("the screen is an X server")
    server = subprocess.Popen(
        [
            # Without -noreset it begins anew when its last client leaves, and may refuse the next.
            *(need_tool("Xvfb"), "-displayfd", "1", "-screen", "0", "800x600x24"),
            *("-nolisten", "tcp", "-noreset"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        assert server.stdout is not None
        display = server.stdout.readline().strip()
        # What a Wayland desktop sets; the wheels' Qt, which knows X11 only, would end the process.
        environment = {**os.environ, "DISPLAY": f":{display}", "QT_QPA_PLATFORM": "wayland"}
        environment.pop("WAYLAND_DISPLAY", None)
        yield environment
        server.terminate()


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """Start a browser."""
    playwright = need_package("playwright.sync_api", extra="test")
    path = shutil.which("chromium")
    if path is None:
        skip_or_fail("this test needs the program chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: "Browser") -> Iterator["Page"]:
    """Open a tab that fails the test if a script fails in it or it asks another machine."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on(
        "console",
        lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None,
    )
    tab.on(
        "request",
        lambda asked: None if "//127.0.0.1:" in asked.url else wrong.append(asked.url),
    )
    yield tab
    context.close()
    assert wrong == []


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a thread behind."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    leaked = set(threading.enumerate()) - before
    while leaked and time.monotonic() < deadline:
        for thread in leaked:
            thread.join(0.05)
        leaked = {thread for thread in leaked if thread.is_alive()}
    assert not leaked, f"threads left running: {sorted(thread.name for thread in leaked)}"
