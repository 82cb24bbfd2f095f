"""OpenCV, the packages it came from, what it can read and show, and the model that runs on it."""

import statistics
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING

from livesegment.doctor.bounded import within
from livesegment.doctor.examination import Finding
from livesegment.errors import DisplayUnavailable, MissingExtra, OptionsError
from livesegment.opencv import has_windows, installed_wheels, repair
from livesegment.settings import EndpointOptions

if TYPE_CHECKING:  # it imports OpenCV, which may be broken
    from livesegment.segmenters.base import Segmenter

_SYSTEM_LIBRARIES = ("libGL", "libgthread", "libglib")
_CAMERA_BACKENDS = {"win32": "DSHOW", "darwin": "AVFOUNDATION", "linux": "V4L2"}

_DISPLAY_S = 3.0
_TIMED_PICTURES = 5
_SLOW_MODEL_MS = 66.0


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
    from livesegment.sinks.display_check import check_libraries, window_backend

    toolkit = window_backend()
    if toolkit is not None:
        try:
            check_libraries()
        except DisplayUnavailable as error:
            text, _, advice = str(error).rpartition(": ")
            return Finding(
                "opencv windows", "warn", text, f"{advice}, with --web for a page instead"
            )
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


def display() -> Iterator[Finding]:
    """Look for a display without opening a window."""
    from livesegment.sinks.display_check import open_display

    try:
        # An X server at the end of a network may let its clients wait for minutes.
        size = within(_DISPLAY_S, open_display)
    except DisplayUnavailable as error:
        # The sentence ends with what to do.
        text, _, advice = str(error).rpartition(": ")
        yield Finding("display", "warn", text, f"{advice}, with --web for a page instead")
        return
    except TimeoutError as error:
        yield Finding(
            "display", "warn", f"DISPLAY gives {error}", "correct DISPLAY, or use --no-window"
        )
        return
    known = "there is one" if size is None else f"{size[0]}x{size[1]} pixels"
    yield Finding("display", "ok", known)


def builtin_model() -> Iterator[Finding]:
    """Load the model and time it."""
    from livesegment.segmenters.builtin import BuiltinSegmenter

    with BuiltinSegmenter() as segmenter:
        yield _timed(
            "built-in model",
            f"runs on {segmenter.device}",
            segmenter,
            "end other programs; the picture does not wait for it in any case",
        )


def model_file(options: EndpointOptions) -> Iterator[Finding]:
    """Load the model file that the options name, and time it."""
    from livesegment.segmenters.opening import open_model_file

    try:
        segmenter = open_model_file(options, options.model_path or "")
    except (MissingExtra, OptionsError) as error:
        yield Finding("model file", "fail", f"{error}", "correct --model-file and what is about it")
        return
    with segmenter:
        width, height = segmenter.input_size
        names = list(segmenter.class_map.values())
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        yield _timed(
            "model file",
            f"{options.model_path} on {segmenter.device}, at {width}x{height}, with masks of"
            f" {', '.join(names[:5])}{more}",
            segmenter,
            "give a smaller --input-size if it takes one, or a smaller model; the picture does not"
            " wait for it in any case",
        )


def _timed(name: str, what: str, segmenter: "Segmenter", advice: str) -> Finding:
    """Say what a model is and what it takes for a picture."""
    from livesegment.sources.pattern import PatternSource

    with PatternSource(frame_count=_TIMED_PICTURES + 1) as source:
        times_ms = []
        while (frame := source.read()) is not None:
            began_s = time.perf_counter()
            segmenter.segment(frame)
            times_ms.append((time.perf_counter() - began_s) * 1000)
    # The first one also prepares the network.
    usual_ms = statistics.median(times_ms[1:])
    text = f"{what}, and takes {usual_ms:.1f} ms a picture of 640x480"
    if usual_ms > _SLOW_MODEL_MS:
        return Finding(name, "warn", f"{text}: slow", advice)
    return Finding(name, "ok", text)
