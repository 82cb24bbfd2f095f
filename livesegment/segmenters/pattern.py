"""The model of a drawn scene: it is told what was drawn."""

import threading
from dataclasses import replace

import numpy as np

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.scene import Scene
from livesegment.segmenters.base import Segmenter


class PatternSegmenter(Segmenter):
    """Answers with the true mask of a drawn scene, as late as a model far away would.

    A picture is known by its index. A scene that is shown in a loop begins again at index 0 of its
    own: one of N frames has at index N the picture that it had at 0.

    Args:
        scene: What is shown.
        mirrored: Whether its pictures are flipped left to right before they are segmented.
        latency_s: How late a mask comes, in seconds, unless the scene says so itself.

    Attributes:
        latency_s: How late a mask comes.
    """

    max_concurrency = 8

    def __init__(self, scene: Scene, *, mirrored: bool = False, latency_s: float = 0.0) -> None:
        self._scene = scene
        self._mirrored = mirrored
        self.latency_s = latency_s if scene.latency_s is None else scene.latency_s
        self._closed = threading.Event()

    @property
    def identity(self) -> str:
        """What it is; what is drawn is said by the source."""
        return "the drawn scene's own masks"

    def segment(self, frame: Frame) -> Mask:
        """Return the mask of what was drawn, in the frame's size, after the latency.

        `close` ends the wait, so that a run that is over does not wait for it.
        """
        count = self._scene.frame_count
        truth = self._scene.truth(frame.index if count is None else frame.index % count)
        if self._mirrored:
            truth = replace(truth, class_ids=np.ascontiguousarray(truth.class_ids[:, ::-1]))
        self._closed.wait(self.latency_s)
        return replace(truth.resized(frame.frame_size), frame_index=frame.index)

    def close(self) -> None:
        """End the waits. May be called twice."""
        self._closed.set()
