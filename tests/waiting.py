"""Waiting for what other threads and programs do; every wait ends, and says what did not come."""

import threading
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

Found = TypeVar("Found")

PLAYED = """([video, at]) => new Promise(done => {
    const look = () => video.currentTime >= at ? done(true) : setTimeout(look, 50);
    look();
})"""
"""Returns once a video has played as far as a second of it."""


def wait_until(
    condition: Callable[[], Found], what: str, timeout_s: float = 30.0, pause_s: float = 0.002
) -> Found:
    """Return what a condition returns, as soon as that is true.

    For what no event tells of. The condition may push things on, as by giving another picture.

    Args:
        condition: Asked again and again.
        what: What it waits for, for the failure.
        timeout_s: How long before the test fails.
        pause_s: Time between two questions.
    """
    deadline_s = time.monotonic() + timeout_s
    pause = threading.Event()
    while not (found := condition()):
        if time.monotonic() > deadline_s:
            pytest.fail(f"waited {timeout_s:g} s in vain: {what}")
        pause.wait(pause_s)
    return found


def wait_in_page(page: "Page", script: str, what: str, arg: object = None) -> object:
    """Return what a script returns in a browser's page, as soon as that is true.

    Older Playwrights' `wait_for_function` has the page evaluate a string, which ours refuses.
    """
    return wait_until(lambda: page.wait_for_timeout(10) or page.evaluate(script, arg), what)


def log_out(page: "Page") -> None:
    """Log out, and wait for the login page: who goes elsewhere before would abort its load."""
    with page.expect_navigation(url="**/login"):
        page.get_by_role("button", name="Log out").click()


def read_until(stream: IO[str], text: str) -> str:
    """Return what a program says up to and with the line that has a text; it may not end before."""
    said = ""
    while text not in said:
        line = stream.readline()
        assert line, f"it ended without {text!r}: {said}"
        said += line
    return said
