"""Cameras of this machine and their modes."""

import getpass
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from livesegment.child import own_environment, own_program
from livesegment.doctor.examination import Finding

PROBE = tuple(own_program("livesegment.doctor.camera_probe"))

_PATIENCE_S = 10.0
_AT_ONCE = 4
_NUMBERS = range(3)  # asked for where the system does not list its cameras
_INSTEAD = "show a file, a network camera, 'sample:' or 'pattern:'"


def check() -> Iterator[Finding]:
    """Look at the cameras that this system lists, or try the first numbers."""
    return on_linux() if platform.system() == "Linux" else elsewhere()


def on_linux(
    devices: Path = Path("/dev"),
    names: Path = Path("/sys/class/video4linux"),
    *,
    probe: Sequence[str] = PROBE,
    patience_s: float = _PATIENCE_S,
) -> Iterator[Finding]:
    """Look at every camera that the kernel knows.

    Args:
        devices: The folder of the devices.
        names: The kernel's folder of what it knows about them.
        probe: The program that opens a device, whose path is its last argument.
        patience_s: Seconds that it has.
    """
    found = [path for path in sorted(devices.glob("video[0-9]*")) if _is_first(names / path.name)]
    if not found:
        yield Finding(
            "cameras",
            "warn",
            f"there is no {devices}/video*",
            "plug one in, or hand it on to this container or virtual machine"
            f" (docker run --device /dev/video0); or {_INSTEAD}",
        )
        return
    closed = {path for path in found if not _may_open(path)}
    open_ones = [path for path in found if path not in closed]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        probed = dict(
            zip(
                open_ones,
                pool.map(lambda path: _probed(probe, str(path), patience_s), open_ones),
                strict=True,
            )
        )
    for path in found:
        title = _title(names / path.name)
        yield (
            _no_permission(path, title)
            if path in closed
            else _camera(f"camera {path.name.removeprefix('video')}", title, probed[path])
        )


def elsewhere(
    *, probe: Sequence[str] = PROBE, patience_s: float = _PATIENCE_S
) -> Iterator[Finding]:
    """Try the first camera numbers."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        probed = pool.map(lambda number: _probed(probe, str(number), patience_s), _NUMBERS)
    answers = {number: said for number, said in zip(_NUMBERS, probed, strict=True) if said[0]}
    for number, said in answers.items():
        yield _camera(f"camera {number}", "", said)
    if not answers:
        yield Finding(
            "cameras",
            "warn",
            "none can be opened",
            "plug one in, close programs that use it, and allow this one to use the camera in the"
            f" system's privacy settings; or {_INSTEAD}",
        )


Probed = tuple[list[dict[str, Any]], str]
"""The modes that a camera gave, and what went wrong then, or nothing."""


def _probed(probe: Sequence[str], device: str, patience_s: float) -> Probed:
    try:
        run = subprocess.run(
            [*probe, device],
            env=own_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=patience_s,
            check=False,
        )
        output, trouble = run.stdout, ""
        if run.returncode:
            trouble = f"opening it ends the program (code {run.returncode})"
    except subprocess.TimeoutExpired as error:
        output, trouble = error.stdout or b"", f"it does not answer within {patience_s:g} s"
    said = [json.loads(line) for line in output.decode().splitlines() if line.endswith("}")]
    errors = [each["error"] for each in said if "error" in each]
    return [each for each in said if "size" in each], errors[0] if errors else trouble


def _camera(name: str, title: str, probed: Probed) -> Finding:
    modes, trouble = probed
    named = f"{title}: " if title else ""
    if not modes:
        return Finding(
            name,
            "warn",
            f"{named}{trouble or 'it says nothing'}",
            "close programs that use it, or unplug it and plug it in again",
        )
    # A driver gives the nearest size that it has, which may be the same for all.
    shown = dict.fromkeys(_shown_mode(mode) for mode in modes)
    text = f"{named}{', '.join(shown)}; a picture after {modes[0]['first_picture_s']:.1f} s"
    if trouble:
        return Finding(name, "warn", f"{text}; then {trouble}", "use the size that works")
    return Finding(name, "ok", text)


def _shown_mode(mode: dict[str, Any]) -> str:
    width, height = mode["size"]
    rate = f" at {mode['fps']:g} frames/s" if mode["fps"] else ""
    return f"{width}x{height}{rate}"


def _no_permission(path: Path, title: str) -> Finding:
    named = f"{title}: " if title else ""
    return Finding(
        f"camera {path.name.removeprefix('video')}",
        "fail",
        f"{named}{getpass.getuser()} may not open {path}, which is for the group {_group(path)}",
        f"run 'sudo usermod -aG {_group(path)} {getpass.getuser()}', then log out and in again",
    )


def _group(path: Path) -> str:
    try:
        return path.group()
    except (KeyError, NotImplementedError, OSError):  # one without a name, as in containers
        return "video"


def _may_open(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK, effective_ids=True)


def _is_first(known: Path) -> bool:
    """Tell whether a device is its camera's first: others of it give no pictures."""
    return _read(known / "index") in {"", "0"}


def _title(known: Path) -> str:
    return _read(known / "name")


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
