"""OpenCV itself: what it writes to stderr, and which packages it was installed from.

The packages share one folder: the last one installed wins, and removing one breaks the others.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SILENT = 0


def opencv_version() -> tuple[int, int]:
    """Return OpenCV's version, its first two numbers."""
    import cv2  # here, because the rest is for those to whom it may be missing

    major, minor = cv2.__version__.split(".")[:2]
    return int(major), int(minor)


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV from writing to stderr what an error of ours says better."""
    import cv2

    # Up to 4.11 they stand in `cv2` itself.
    logging: Any = getattr(cv2.utils, "logging", cv2)
    level = logging.getLogLevel()
    logging.setLogLevel(_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)


def use_half_of_the_cores() -> None:
    """Leave half of the cores to who reads, asks and encodes while a live picture is drawn.

    Threads of OpenCV that wait for a core in the middle of a picture make it late.
    """
    import cv2

    cv2.setNumThreads(max(1, (os.cpu_count() or 2) // 2))


_WHEELS = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)


def installed_wheels() -> list[str]:
    """Return the names of the packages that are installed; empty for an OpenCV of the system."""
    return [wheel for wheel in _WHEELS if is_installed(wheel)]


def has_windows(wheel: str) -> bool:
    """Tell whether the OpenCV of a package can open windows."""
    return not wheel.endswith("-headless")


def repair(wheels: list[str]) -> str:
    """Return the commands that leave one OpenCV, with windows, where these packages were."""
    remove = f"run 'pip uninstall {' '.join(wheels)}', then " if wheels else "run "
    return f"{remove}'pip install opencv-python'"


def is_installed(package: str) -> bool:
    """Tell whether a package of PyPI is there, in any version."""
    from importlib import metadata  # here, because it takes its time

    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return True
