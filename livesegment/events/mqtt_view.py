"""What an MQTT broker is given of a run's pictures and masks."""

import math
import time
from collections.abc import Callable

import cv2
import numpy as np

from livesegment.downscale import downscaled, fitting
from livesegment.events.mqtt import MqttPublisher
from livesegment.events.mqtt_kept import SeenClasses
from livesegment.frame import Image
from livesegment.mask import Mask
from livesegment.output import Shown, Wants
from livesegment.threaded_output import Picture, ThreadedOutput

_LARGEST = (640, 640)  # for an overview; who wants more opens the stream
_QUALITY = 80
_EVERY_S = 5.0

# Counting every pixel of a large mask takes as long as drawing it; every nth row tells the same.
_ROWS_ENOUGH = 180
_PIXELS_ENOUGH = 500_000  # of a picture of 1080p every third one of every third row


class MqttView(ThreadedOutput):
    """Publishes a few pictures a second, one of each event, and what the model's classes cover.

    Pictures come from where those of the page do: what is redacted is in none of them. While the
    broker is away only those of events are made.

    Args:
        publisher: Who publishes; stays the caller's to close.
        pictures_per_s: How many pictures a second at the most; 0: none at all.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        publisher: MqttPublisher,
        pictures_per_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("mqtt-encoder")
        self._publisher = publisher
        self._pictures_per_s = pictures_per_s
        self._clock = clock
        self._due_s = self._report_at_s = -float("inf")
        self._taken_begun = self._taken_connection = 0
        # When the first frame after an event's begin was captured, and of which that was told.
        self._event_at_s: float | None = None
        self._told_at_s: float | None = None
        self._had_mask = False

    @property
    def wants(self) -> Wants:
        """A picture when one is due."""
        if not self._pictures_per_s:
            return Wants.FRAMES
        is_due = self._publisher.connections and self._clock() >= self._due_s
        return Wants.SHOWN if is_due or self.is_waiting else Wants.FRAMES

    @property
    def largest_size(self) -> tuple[int, int]:
        """As large as they are published."""
        return _LARGEST

    @property
    def is_waiting(self) -> bool:
        """Whether an event has begun, or a broker come, that has no picture yet."""
        if not self._pictures_per_s:
            return False
        is_new = self._publisher.connections not in (0, self._taken_connection)
        return is_new or self._publisher.begun != self._taken_begun

    def on_frame(self, shown: Shown) -> None:
        """Take the picture if there is one, and look at the mask every few seconds."""
        if shown.is_new:
            self._look_at(shown.counted, shown.answer)
        if shown.image is not None and self.wants is Wants.SHOWN:
            self._due_s = self._clock() + 1 / self._pictures_per_s
            self._taken_connection = self._publisher.connections or self._taken_connection
            begun = self._publisher.begun
            if begun != self._taken_begun:
                self._taken_begun, self._event_at_s = begun, shown.frame.captured_at_s
            super().on_frame(shown)

    def work_on(self, picture: Picture) -> None:
        """Encode a picture and have it published."""
        at_s = self._event_at_s
        is_of_event = at_s is not None and picture.captured_at_s >= at_s != self._told_at_s
        if is_of_event:
            self._told_at_s = at_s
        self._publisher.show(_encoded(picture.image), is_of_event=is_of_event)

    def _look_at(self, mask: Mask | None, answer: Mask | None) -> None:
        is_first = mask is not None and not self._had_mask
        if not is_first and self._clock() < self._report_at_s:
            return
        self._report_at_s = self._clock() + _EVERY_S
        self._had_mask = self._had_mask or mask is not None
        self._publisher.note_classes(None if mask is None else seen_classes(mask, answer or mask))


def seen_classes(mask: Mask, answer: Mask) -> SeenClasses:
    """Return what a mask says of every class that may be drawn.

    Args:
        mask: As it lies on the picture.
        answer: As the model gave it, with instances if it tells them apart.
    """
    none = mask.unclassed
    names = {
        class_id: name
        for class_id, name in sorted(mask.class_map.items())
        if name and class_id not in none
    }
    step = max(1, mask.class_ids.shape[0] // _ROWS_ENOUGH)
    measured = Mask(mask.class_ids[::step], mask.class_map).coverage()
    shares = dict.fromkeys(names.values(), 0.0)
    for class_id, name in names.items():
        shares[name] += measured.get(class_id, 0.0)
    if answer.instance_ids is None:
        return SeenClasses(shares)
    counts = dict.fromkeys(names.values(), 0)
    # An instance has one class, that of any of its pixels.
    class_of = np.full(2**16, -1, np.int16)
    step = math.isqrt(answer.class_ids.size // _PIXELS_ENOUGH) + 1
    class_of[answer.instance_ids[::step, ::step]] = answer.class_ids[::step, ::step]
    for class_id in class_of[1:][class_of[1:] >= 0].tolist():
        if class_id in names:
            counts[names[class_id]] += 1
    return SeenClasses(shares, counts)


def _encoded(image: Image) -> bytes:
    """Return a picture, BGR uint8 (H, W, 3), as a JPEG file no longer than 640 pixels."""
    image = downscaled(image, fitting((image.shape[1], image.shape[0]), _LARGEST))
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()
