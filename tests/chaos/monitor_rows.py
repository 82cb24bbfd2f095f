"""Rows about `monitor`: two cameras and one endpoint, and neither suffers from the other."""

import os
import signal
import time
from collections.abc import Callable
from math import inf
from pathlib import Path

from cameras import Camera
from chaos.answers import HEADS, LENGTHS, asking, says, silent
from chaos.endpoint import Trouble
from chaos.live_rows import most_calls
from chaos.row import Expected, Row
from chaos.running import Running
from odd_endpoint import Answer

_FPS = 10
_CONFIG = """[web]
port = 0
[endpoint]
url = "{url}"
model = "any/1"
[budget]
in_flight = 4
"""
_AFTER_S = 4.0
_COMMAND = ("monitor", "cameras.toml", "-v", "--log-format", "json")


def _camera(name: str, source: str) -> str:
    return f'[[camera]]\nname = "{name}"\nsource = "{source}"\n'


def _two(folder: Path) -> None:
    pattern = f"pattern:320x240@{_FPS}"
    (folder / "cameras.toml").write_text(_CONFIG + _camera("a", pattern) + _camera("b", pattern))


def _frames(running: Running, *names: str) -> dict[str, int]:
    said = running.cameras()
    return {name: said[name]["figures"]["frames_shown"] for name in names if name in said}


def _is_running(running: Running, *names: str) -> bool:
    said = running.cameras()
    return all(said.get(name, {}).get("state") == "running" for name in names)


def _watched(running: Running, names: tuple[str, ...], meanwhile: Callable[[], object]) -> None:
    """Measure the pictures of cameras while something happens, and end the monitor."""
    running.until(lambda: _is_running(running, *names))
    running.until(lambda: running.endpoint.calls > 0)
    before, began_s = _frames(running, *names), time.monotonic()
    meanwhile()
    after, took_s = _frames(running, *names), time.monotonic() - began_s
    running.rate = min((after.get(each, 0) - before[each]) / (_FPS * took_s) for each in before)
    running.tell(signal.SIGINT)


def _through_trouble(running: Running) -> None:
    def meanwhile() -> None:
        running.until(lambda: running.endpoint.well_s < inf)
        running.lasts(_AFTER_S)

    _watched(running, ("a", "b"), meanwhile)


def _one_killed(running: Running) -> None:
    def meanwhile() -> None:
        os.kill(_process_of(running, "a"), signal.SIGKILL)
        running.until(lambda: "SIGKILL" in running.said)
        running.until(lambda: _is_running(running, "a", "b"))
        running.lasts(_AFTER_S)

    _watched(running, ("b",), meanwhile)


def _process_of(running: Running, name: str) -> int:
    line = next(each for each in running.said.splitlines() if f"{name}: started, process" in each)
    return int(line.partition("started, process ")[2].split('"')[0])


def _one_lost(running: Running) -> None:
    """Let the camera `a` come, die, and come back."""
    port = int((running.folder / "port").read_text())
    camera = Camera("mjpeg", running.folder, port)

    def meanwhile() -> None:
        camera.kill()
        running.until(lambda: running.cameras()["a"]["state"] == "waiting")
        running.lasts(3)
        camera.start(fps=_FPS)
        running.until(lambda: _is_running(running, "a", "b"))
        running.lasts(1)

    try:
        camera.start(fps=_FPS)
        running.until(lambda: _is_running(running, "a", "b"))
        _watched(running, ("b",), meanwhile)
    finally:
        camera.kill()


def _with_mjpeg(folder: Path) -> None:
    camera = Camera("mjpeg", folder)
    (folder / "port").write_text(str(camera.port))
    cameras = _camera("a", camera.url) + _camera("b", f"pattern:320x240@{_FPS}")
    (folder / "cameras.toml").write_text(_CONFIG + cameras)


def _outage(
    name: str, answer: Answer | None = None, *, is_quick: bool = False, **trouble: object
) -> Row:
    answers = () if answer is None else (answer,)
    return Row(
        f"monitor: {name}",
        _COMMAND,
        Expected(code=130, rate=0.9, calls=most_calls(4) + 8, recovery_s=1.0),
        Trouble(answers, **trouble),  # type: ignore[arg-type]
        prepare=_two,
        steps=_through_trouble,
        is_quick=is_quick,
    )


_FREE = Expected(code=130, rate=0.9)

ROWS = [
    _outage("500", says("500 Oops"), is_quick=True),
    _outage("401", says("401 Who")),
    _outage("429, Retry-After 0", asking("0")),
    _outage("nobody listens", door="refuses"),
    _outage("silent", silent, door="is silent"),
    _outage("a head that trickles", HEADS["a head that trickles"]),
    _outage("a flood of 100s", HEADS["a flood of 100s"]),
    _outage("packed in two layers", LENGTHS["packed in two layers"]),
    Row(
        "monitor: 429, Retry-After 3600",
        _COMMAND,
        Expected(code=130, rate=0.9, calls=8, says="asks to wait"),
        Trouble((asking("3600"),)),
        prepare=_two,
        steps=_through_trouble,
    ),
    Row(
        "monitor: a camera's process is killed",
        _COMMAND,
        _FREE,
        prepare=_two,
        steps=_one_killed,
    ),
    Row(
        "monitor: a camera dies and comes back",
        _COMMAND,
        _FREE,
        prepare=_with_mjpeg,
        steps=_one_lost,
    ),
]
