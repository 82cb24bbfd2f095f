"""Opens a camera's source once: a program of its own, which a driver or a server may hang or crash.

`python -m livesegment.monitor.source_probe` reads a line of JSON from its standard input, because
command lines are seen by everybody, and writes the picture that it found to its standard output as
JPEG: nothing where the camera's pictures may not be seen as they are.
"""

import json
import sys

import cv2

from livesegment.downscale import downscaled, fitting
from livesegment.errors import LiveSegmentError
from livesegment.sources import open_source
from livesegment.sources.hidden import hidden
from livesegment.workers import end_process

_BOX = (640, 640)


def main() -> int:
    """Find a picture and write it; return 0 if there was one."""
    asked = json.loads(sys.stdin.readline())
    cv2.setNumThreads(1)
    try:
        with hidden(open_source(asked["source"]), asked["hide"]) as source:
            frame = source.read()
    except LiveSegmentError:
        return 1
    if frame is None:
        return 1
    if asked["is_shown"]:
        small = downscaled(frame.image, fitting(frame.frame_size, _BOX))
        sys.stdout.buffer.write(cv2.imencode(".jpg", small)[1].tobytes())
    return 0


if __name__ == "__main__":
    end_process(main())
