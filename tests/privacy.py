"""Scenes whose true masks are known, and what of a class can be seen in a picture."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import cv2
import numpy as np
from parts import StepSource

from livesegment.frame import Frame, Image
from livesegment.live.presenter import HIDDEN
from livesegment.mask import ClassIds, Mask
from livesegment.output import LiveRun, Output, Shown, Wants
from livesegment.overlay.captions import draw_notice
from livesegment.redaction.backdrop import Backdrop, Still
from livesegment.redaction.redactor import Redactor
from livesegment.segmenters.base import Segmenter
from livesegment.settings import RedactOptions
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.virtual_camera import VirtualCamera
from livesegment.sinks.window import press
from livesegment.sources.pattern import CLASS_MAP, PatternSource

SIZE = (192, 144)
CLASS_ID, CLASS_NAME = 1, "ball"
SPACING_S = 0.1


@dataclass(frozen=True)
class Shot:
    """A picture and its true mask."""

    image: Image
    class_ids: ClassIds


def pattern_shots(count: int, size: tuple[int, int] = SIZE, begin: int = 0) -> list[Shot]:
    """Return pictures of the drawn scene, whose background pans."""
    source = PatternSource(size, 30)
    images = [source.read().image for _ in range(begin + count)]
    return [Shot(images[i], source.truth(i).class_ids) for i in range(begin, begin + count)]


def entering_shots(count: int, enters_at: int, colour: tuple[int, int, int]) -> list[Shot]:
    """Return pictures of a fixed, noisy camera, into which a disc of one colour comes."""
    noise = np.random.default_rng(3)
    width, height = SIZE
    shades = noise.integers(60, 90, (9, 12, 3)).astype(np.uint8)
    wall = cv2.resize(shades, SIZE, interpolation=cv2.INTER_CUBIC)
    shots = []
    for index in range(count):
        image, ids = wall.copy(), np.zeros((height, width), np.uint8)
        if index >= enters_at:
            centre = 6 * (index - enters_at) - 4, height // 2
            cv2.circle(image, centre, 26, colour, -1, cv2.LINE_AA)
            cv2.circle(ids, centre, 26, CLASS_ID, -1)
        image = cv2.add(image.astype(np.int16), noise.normal(0, 2, image.shape).astype(np.int16))
        shots.append(Shot(np.clip(image, 0, 255).astype(np.uint8), ids))
    return shots


def seen_pixels(image: Image, class_ids: ClassIds, tolerance: int = 0) -> int:
    """Return how many pixels of the class are not black in a picture."""
    return int((image[class_ids == CLASS_ID].max(axis=-1, initial=0) > tolerance).sum())


def is_notice(image: Image, colour: tuple[int, int, int] = (0, 0, 0)) -> bool:
    """Tell whether a picture is the one that stands for one that is hidden whole."""
    expected = np.full_like(image, colour)
    draw_notice(expected, HIDDEN)
    return bool((image == expected).all())


BEHIND = (200, 0, 201)
"""A colour that no scene has, BGR."""


def seen_room(image: Image, class_ids: ClassIds) -> int:
    """Return how many pixels away from the class are not of the colour behind it.

    As far as its soft edge reaches a pixel may have both.
    """
    near = cv2.dilate((class_ids == CLASS_ID).astype(np.uint8), np.ones((5, 5), np.uint8))
    return int((image[near == 0] != BEHIND).any(axis=-1).sum())


@dataclass(frozen=True)
class Hiding:
    """What a run has to hide, and how it is told that it does.

    Attributes:
        seen: Returns how many pixels are seen that may not be, given a picture and the true mask.
        behind: The colour of a picture that is hidden whole.
        redactor: Makes what hides it, given how long masks are trusted.
    """

    seen: Callable[[Image, ClassIds], int]
    behind: tuple[int, int, int]
    redactor: Callable[[float], Redactor]

    @property
    def is_of_the_room(self) -> bool:
        """Whether all but the class is hidden."""
        return self.behind == BEHIND


THE_CLASS = Hiding(
    seen_pixels,
    (0, 0, 0),
    lambda ttl_s: Redactor(RedactOptions(frozenset({CLASS_NAME}), "black"), ttl_s),
)
THE_ROOM = Hiding(
    seen_room,
    BEHIND,
    lambda ttl_s: Redactor(
        RedactOptions(),
        ttl_s,
        backdrop=Backdrop(Still(np.full((4, 6, 3), BEHIND, np.uint8)), frozenset({CLASS_NAME})),
    ),
)


class ShotSource(StepSource):
    """A camera that gives the next picture when `step` is called, each a tenth of a second later.

    It says that all were taken long ago, so that nothing waits for its time to come.
    """

    name = "shots"

    def __init__(self, shots: Sequence[Shot]) -> None:
        super().__init__()
        self._shots = shots
        self._began_s = time.monotonic() - 1000

    def taken(self, index: int) -> Frame:
        """Return the picture of a step, counted from 0."""
        at_s = index * SPACING_S
        return Frame(self._shots[index].image, index, at_s, self._began_s + at_s)


class TruthSegmenter(Segmenter):
    """Knows the true masks, and gives each one, or an error, when it is told to."""

    max_concurrency = 64

    def __init__(self, shots: Sequence[Shot], class_map: dict[int, str] | None = None) -> None:
        self._shots = shots
        self._class_map = class_map or CLASS_MAP
        self._answers: list[Future[None]] = [Future() for _ in shots]

    def segment(self, frame: Frame) -> Mask:
        """Return the true mask once `answer` is called for its frame."""
        self._answers[frame.index].result(20)
        return Mask(self._shots[frame.index].class_ids, self._class_map, frame.index)

    def answer(self, *indices: int) -> None:
        """Let the masks of frames come, if they are asked for."""
        for index in indices:
            if not self._answers[index].done():
                self._answers[index].set_result(None)

    def fail(self, index: int, error: Exception) -> None:
        """Let a call fail."""
        self._answers[index].set_exception(error)

    def answer_all(self) -> None:
        """Let everything come that is still awaited."""
        self.answer(*range(len(self._answers)))


@dataclass
class Outlets(Sink):
    """Every way in which a picture can leave a live run, and what left by it, by frame index."""

    written: dict[int, list[Image]] = field(default_factory=dict)
    viewed: dict[int, list[Image]] = field(default_factory=dict)
    shown: list[Image] = field(default_factory=list)
    watched: dict[int, Image] = field(default_factory=dict)
    filmed: list[Image] = field(default_factory=list)
    key: int | None = None

    def __post_init__(self) -> None:
        self._changed = threading.Condition()

    def all(self) -> list[Output | Sink]:
        """Return what looks on: a recording, a window, a page, rules and a virtual camera."""
        camera = VirtualCamera("", lambda _: _Camera(self.filmed))
        return [self, _Screen(self), _Program(self), _Page(self), _Watcher(self), camera]

    def write(self, picture: Annotated) -> None:
        """Keep what a recording would."""
        with self._changed:
            self.written[picture.frame.index] = [picture.image.copy(), picture.frame.image]
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until that many pictures were written."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.written) >= count, 20), len(self.written)


def _is_any_notice(image: Image) -> bool:
    return is_notice(image) or is_notice(image, BEHIND)


class _Screen(Output):
    wants = Wants.WINDOW

    def __init__(self, outlets: Outlets) -> None:
        self._outlets = outlets

    def on_start(self, run: LiveRun) -> None:
        self._run = run

    def on_frame(self, shown: Shown) -> None:
        assert shown.image is not None
        assert shown.mask is None or not _is_any_notice(shown.image), "an outline tells as much"
        self._outlets.shown.append(shown.image.copy())

    def on_tick(self) -> None:
        key, self._outlets.key = self._outlets.key, None
        if key is not None:
            press(key, self._run)


class _Camera:
    """Keeps what is written to a virtual camera."""

    path, is_watched = "camera", True

    def __init__(self, kept: list[Image]) -> None:
        self._kept = kept

    def begin(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def write(self, image: Image) -> None:
        self._kept.append(image.copy())

    def close(self) -> None:
        pass


class _Program(Output):
    def __init__(self, outlets: Outlets) -> None:
        self._outlets = outlets

    def on_frame(self, shown: Shown) -> None:
        assert shown.image is not None
        assert shown.mask is None or not _is_any_notice(shown.image), "an outline tells as much"
        images = self._outlets.viewed.setdefault(shown.frame.index, [])
        images += [shown.image.copy(), shown.frame.image]


class _Page(_Program):
    wants = Wants.DRAWN


class _Watcher(Output):
    wants = Wants.FRAMES

    def __init__(self, outlets: Outlets) -> None:
        self._outlets = outlets

    def on_frame(self, shown: Shown) -> None:
        assert shown.image is None
        self._outlets.watched[shown.frame.index] = shown.frame.image


CANARY_ZONE = ((0.05, 0.55), (0.45, 0.5), (0.5, 0.95), (0.1, 0.9))
"""Where the canary sits: a part of a picture that is hidden."""


def canary_pictures(count: int, size: tuple[int, int]) -> list[Image]:
    """Return grey pictures that move, with a pattern of strong colours within `CANARY_ZONE`.

    Nothing else has colours, so that the pattern is known by them whatever became of the picture:
    mirrored, made smaller, cut, coded as JPEG or H.264.
    """
    width, height = size
    noise = np.random.default_rng(5).integers(40, 200, (24, 32)).astype(np.uint8)
    ground = cv2.resize(noise, (width + count * 4, height), interpolation=cv2.INTER_CUBIC)
    inside = np.zeros((height, width), np.uint8)
    cv2.fillPoly(inside, [np.round(np.array(CANARY_ZONE) * size).astype(np.int32)], 255)
    inside = cv2.erode(inside, np.ones((5, 5), np.uint8))
    side = max(8, width // 20)
    y, x = np.mgrid[:height, :width] // side
    pictures = []
    for index in range(count):
        image = cv2.cvtColor(ground[:, 4 * index : 4 * index + width], cv2.COLOR_GRAY2BGR)
        squares = np.where(((x + y + index) % 2)[..., None], (40, 30, 250), (200, 20, 255))
        image[inside > 0] = squares[inside > 0]
        pictures.append(image)
    return pictures


def canary_seen(image: Image) -> int:
    """Return how many pixels of a picture have the canary's colours, by far redder than green."""
    return int((image[..., 2].astype(int) - image[..., 1] > 60).sum())


class CanaryFinder(Segmenter):
    """A model that finds the canary, and keeps the pictures that it was asked about."""

    max_concurrency = 2

    def __init__(self) -> None:
        self.asked: list[Image] = []

    def segment(self, frame: Frame) -> Mask:
        """Return where the canary is, as a class, and the brightest part as another."""
        self.asked.append(frame.image)
        red = frame.image[..., 2].astype(int) - frame.image[..., 1] > 60
        ids = np.where(red, 1, np.where(frame.image[..., 1] > 150, 2, 0))
        return Mask(ids.astype(np.uint8), {0: "background", 1: "canary", 2: "light"}, frame.index)


def panning_shots(
    count: int,
    body: Image | None = None,
    *,
    enters_at: int = 0,
    size: tuple[int, int] = (320, 180),
    pan: int = 4,
) -> list[Shot]:
    """Return pictures of a noisy camera that pans over a wall, and somebody who walks before it.

    Args:
        count: How many.
        body: What he looks like, of the pictures' size; None: the wall elsewhere.
        enters_at: When he comes in from the left, if above 0; else he is there.
        size: (width, height).
        pan: Pixels from picture to picture, beside one downwards.
    """
    noise = np.random.default_rng(7)
    width, height = size
    shades = noise.integers(60, 200, (40, 80, 3)).astype(np.uint8)
    wall = cv2.resize(shades, (width + count * pan, height + count), interpolation=cv2.INTER_CUBIC)
    shots = []
    for index in range(count):
        image = wall[index : index + height, index * pan : index * pan + width].copy()
        ids = np.zeros((height, width), np.uint8)
        if index >= enters_at:
            x = 8 * (index - enters_at) - 20 if enters_at else width // 3 + 2 * index
            cv2.ellipse(ids, (x, height // 2), (26, 50), 0, 0, 360, CLASS_ID, -1)
        looks = np.roll(image, 37, axis=1) if body is None else body
        image[ids > 0] = looks[ids > 0]
        image = image.astype(np.int16) + noise.normal(0, 2, image.shape).astype(np.int16)
        shots.append(Shot(np.clip(image, 0, 255).astype(np.uint8), ids))
    return shots
