"""Opens one camera and says what it gives: a program of its own, which a driver may hang or crash.

`python -m livesegment.doctor.camera_probe DEVICE` writes a line of JSON for each size that it asks
the driver for, as soon as it knows.
"""

import json
import sys
import time
from typing import Any

from livesegment.errors import SourceError
from livesegment.sources.camera import CameraSource

_SIZES = (None, (1280, 720), (1920, 1080))


def main() -> None:
    """Probe the camera that the command line names."""
    device = sys.argv[1]
    for size in _SIZES:
        said = _probe(int(device) if device.isdecimal() else device, size)
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        if "error" in said:
            break


def _probe(device: int | str, size: tuple[int, int] | None) -> dict[str, Any]:
    began_s = time.monotonic()
    try:
        with CameraSource(device, frame_size=size) as camera:
            frame = camera.read()
            fps = camera.fps
    except SourceError as error:
        return {"error": str(error)}
    return {
        "size": None if frame is None else frame.frame_size,
        "fps": fps,
        "first_picture_s": time.monotonic() - began_s,
    }


if __name__ == "__main__":
    main()
