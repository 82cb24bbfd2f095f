"""Bring a segmenter of your own: everything red is an object.

    python own_segmenter.py [SOURCE]

SOURCE is a camera number, a video or an address; without it a drawn, moving scene. Press q to quit.
"""

import sys

import cv2

from livesegment import Frame, LiveOptions, Mask, Segmenter, live


class RedThings(Segmenter):
    """Calls a pixel red by its hue."""

    max_concurrency = None  # it keeps nothing between calls, so any number may run at once

    def segment(self, frame: Frame) -> Mask:
        """Return class 1 where the picture is red."""
        hsv = cv2.cvtColor(frame.image, cv2.COLOR_BGR2HSV)
        # Hue is a circle of 180 steps, and red lies across its seam.
        red = cv2.inRange(hsv, (0, 110, 80), (12, 255, 255))
        red |= cv2.inRange(hsv, (168, 110, 80), (180, 255, 255))
        return Mask(red // 255, {0: "background", 1: "red"}, frame.index)


def main(source: str = "pattern:", options: LiveOptions | None = None) -> None:
    """Show the source with its red things; tell how long a mask took to reach the screen."""
    figures = live(source, segmenter=RedThings(), options=options or LiveOptions())
    print(f"{figures['frames_shown']} pictures, mask age {figures['mask_age_ms']['p50']} ms")


if __name__ == "__main__":
    main(*sys.argv[1:2])
