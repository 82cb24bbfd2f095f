"""Which packages OpenCV was installed from.

They share one folder: the last one installed wins, and removing one breaks the others.
"""

from importlib import metadata

_WHEELS = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)


def installed_wheels() -> list[str]:
    """Return the names of the packages that are installed; empty for an OpenCV of the system."""
    return [wheel for wheel in _WHEELS if _is_installed(wheel)]


def has_windows(wheel: str) -> bool:
    """Tell whether the OpenCV of a package can open windows."""
    return not wheel.endswith("-headless")


def repair(wheels: list[str]) -> str:
    """Return the commands that leave one OpenCV, with windows, where these packages were."""
    remove = f"run 'pip uninstall {' '.join(wheels)}', then " if wheels else "run "
    return f"{remove}'pip install opencv-python'"


def _is_installed(wheel: str) -> bool:
    try:
        metadata.distribution(wheel)
    except metadata.PackageNotFoundError:
        return False
    return True
