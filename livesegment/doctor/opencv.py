"""OpenCV, the packages it came from, and what it can read and show."""

import sys
from collections.abc import Iterator
from importlib import metadata

from livesegment.doctor.examination import Finding
from livesegment.opencv import has_windows, installed_wheels, repair

_SYSTEM_LIBRARIES = ("libGL", "libgthread", "libglib")
_CAMERA_BACKENDS = {"win32": "DSHOW", "darwin": "AVFOUNDATION", "linux": "V4L2"}


def check() -> Iterator[Finding]:
    """Look at OpenCV."""
    wheels = installed_wheels()
    why = _why_broken()
    yield _import(why, wheels)
    if wheels or why is None:
        yield _wheels(wheels)
    if why is None:
        yield _windows(wheels)
        yield _video()


def _why_broken() -> str | None:
    """Return why OpenCV cannot be used; None if it can."""
    try:
        import cv2
    except Exception as error:  # noqa: BLE001 - its loader raises whatever it likes
        return " ".join(str(error).split()) or type(error).__name__
    # What is left of its folder when one of two packages was removed can still be imported.
    return None if hasattr(cv2, "getBuildInformation") else "the folder cv2 has no OpenCV in it"


def _import(why: str | None, wheels: list[str]) -> Finding:
    if why is None:
        import cv2

        return Finding("opencv", "ok", f"{cv2.__version__}")
    advice = repair(wheels)
    if any(library in why for library in _SYSTEM_LIBRARIES):
        advice = "run 'apt-get install libgl1 libglib2.0-0', or your system's words for these"
    return Finding("opencv", "fail", f"cannot be used: {why}", advice)


def _wheels(wheels: list[str]) -> Finding:
    named = ", ".join(f"{wheel} {metadata.version(wheel)}" for wheel in wheels)
    if not wheels:
        return Finding(
            "opencv package",
            "warn",
            "from no package of PyPI: the system's own",
            "if a video or window makes trouble, run 'pip install opencv-python'",
        )
    if len(wheels) > 1:
        return Finding(
            "opencv package",
            "fail",
            f"{named}: they share one folder, the last one installed is in use, and removing one"
            " breaks the other",
            repair(wheels),
        )
    return Finding("opencv package", "ok", named)


def _windows(wheels: list[str]) -> Finding:
    from livesegment.sinks.display import window_backend

    toolkit = window_backend()
    if toolkit is not None:
        return Finding("opencv windows", "ok", toolkit)
    replaced = [wheel for wheel in wheels if not has_windows(wheel)]
    return Finding(
        "opencv windows",
        "warn",
        "none: this OpenCV is built without",
        f"use live --no-window and --web; for windows, {repair(replaced)}",
    )


def _video() -> Finding:
    from cv2 import videoio_registry as registry

    cameras = [registry.getBackendName(each) for each in registry.getCameraBackends()]
    files = [registry.getBackendName(each) for each in registry.getStreamBackends()]
    text = f"cameras through {', '.join(cameras) or 'nothing'}; files through {', '.join(files)}"
    wanted = _CAMERA_BACKENDS.get(sys.platform)
    if wanted is not None and wanted not in cameras:
        return Finding(
            "opencv video",
            "warn",
            f"{text}: not through {wanted}, which webcams need",
            f"{repair(installed_wheels())}; network cameras and files do not need it",
        )
    return Finding("opencv video", "ok", text)
