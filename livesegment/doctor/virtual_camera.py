"""Cameras that other programs see, and that this one writes to."""

import platform
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from livesegment.doctor.examination import Finding
from livesegment.errors import OutputNotWritable
from livesegment.sinks.v4l2 import Linux, System, first_loopback

_NAME = "virtual camera"


def check() -> Iterator[Finding]:
    """Look for what `live --virtual-camera` would write to."""
    return on_linux(Linux()) if platform.system() == "Linux" else elsewhere()


def on_linux(
    system: System,
    devices: Path = Path("/dev"),
    module: Path = Path("/sys/module/v4l2loopback"),
) -> Iterator[Finding]:
    """Look for the kernel's module, a device of it, and whether it may be opened.

    Args:
        system: The kernel.
        devices: The folder of the devices.
        module: What is there when the module is loaded.
    """
    try:
        device = first_loopback(system, devices, module)
    except OutputNotWritable as error:
        found, _, advice = str(error).partition(": ")
        yield Finding(_NAME, "warn", found, f"{advice}; only --virtual-camera needs it")
        return
    device.close()
    yield Finding(_NAME, "ok", f"{device.path} takes pictures")


def elsewhere(package: str = "pyvirtualcam") -> Iterator[Finding]:
    """Look for the package that is needed on other systems."""
    if find_spec(package) is None:
        yield Finding(
            _NAME,
            "warn",
            f"{package} is not installed",
            f"install OBS, then 'pip install {package}' (GPL-2); only --virtual-camera needs it",
        )
    else:
        yield Finding(_NAME, "ok", f"{package} is installed")
