"""Moving scenes with true masks, made up for training: nothing in them is anybody's footage.

Textures are parts of photographs that are free to use, and procedural ones. An object is a body
with limbs on joints, each part with a texture of its own that may slide as if the part turned; or
the body is a picture of a thing. It moves, bends, grows, throws a shadow and is covered at times,
before a moving camera, among other things that move as well. Frames are blurred by motion, noisy
and JPEG compressed.
"""

from dataclasses import dataclass, field
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from livelier import enliven, make_cover
from textures import Picture, Pictures, Textures
from things import SIZE, Curve, Thing, affine, make_thing, wander


@dataclass
class Camera:
    x: Curve
    y: Curve
    angle: Curve
    size: Curve

    def matrix(self, t: float) -> npt.NDArray[np.float64]:
        centre = affine(SIZE[0] / 2, SIZE[1] / 2, 0, 1)
        back = affine(-SIZE[0] / 2, -SIZE[1] / 2, 0, 1)
        move = affine(self.x(t), self.y(t), self.angle(t), float(np.exp(self.size(t))))
        return np.asarray(centre @ move @ back)


@dataclass
class Scene:
    """A random scene; `frame(t)` renders it."""

    seed: int
    pictures: Pictures
    hard: bool = False
    """With what real footage has and the plain scenes lack."""
    _others: list[Thing] = field(default_factory=list)
    _covers: list[Thing] = field(default_factory=list)
    _swell: Picture | None = None
    _sub_shots: int = 3

    def __post_init__(self) -> None:
        random = self._random = np.random.default_rng(self.seed)
        textures = Textures(random, self.pictures)
        lively = float(random.uniform(0.1, 1.6))
        speed = float(np.exp(random.normal(1.2, 0.9)))
        pan = float(np.exp(random.normal(0.8, 1.2))) * (random.random() < 0.8)
        size = float(np.exp(random.uniform(np.log(60), np.log(260))))
        self._ground = textures.ground(SIZE[0] * 2, SIZE[1] * 2)
        self.thing = make_thing(random, textures, size, lively, min(speed, 25))
        for _ in range(random.integers(0, 4)):
            other_size = float(random.uniform(30, 180))
            self._others.append(
                make_thing(
                    random, textures, other_size, random.uniform(0, 1), random.choice([0, 0, 2, 6])
                )
            )
        self._in_front = random.random() < 0.3
        period = random.uniform(40, 160)
        pan = min(pan, 30) * period / 2 / np.pi
        shake = random.uniform(0, 3) * (random.random() < 0.5)
        slow_x, slow_y = wander(random, pan, period), wander(random, pan * 0.3, period)
        fast_x, fast_y = wander(random, shake, 12), wander(random, shake, 12)
        self._camera = Camera(
            lambda t: slow_x(t) + fast_x(t),
            lambda t: slow_y(t) + fast_y(t),
            wander(random, random.choice([0, 0.03]), 80),
            wander(random, random.choice([0, 0.08]), 100),
        )
        self._follows = random.random() < 0.6
        self._shutter = random.uniform(0, 0.9) if random.random() < 0.6 else 0.0
        self._noise = random.uniform(0, 7)
        self._quality = int(random.integers(55, 96))
        self._gain = wander(random, random.choice([0.0, 0.05, 0.15]), 40)
        self._soften = random.uniform(0, 1.2) if random.random() < 0.4 else 0.0
        if self.hard:
            self._harden(textures, np.random.default_rng([self.seed, 1]))

    def _harden(self, textures: Textures, random: np.random.Generator) -> None:
        enliven(random, textures, self.thing, self._ground)
        for other in self._others:
            if random.random() < 0.3:
                enliven(random, textures, other, self._ground)
        if random.random() < 0.35:
            covers = range(random.integers(1, 5))
            self._covers = [make_cover(random, textures, 0.5) for _ in covers]
        if random.random() < 0.3:
            scale = random.uniform(4, 30)
            noise = random.normal(0, 1, (4, *SIZE[::-1])).astype(np.float32)
            waves = np.stack([cv2.GaussianBlur(wave, (0, 0), scale) for wave in noise])
            self._swell = waves / waves.std() * np.float32(random.uniform(0.5, 5))
            self._swell_speed = random.uniform(0.1, 0.9)
        if random.random() < 0.5:
            self._shutter, self._sub_shots = random.uniform(0.4, 1), 5

    def frame(self, t: float) -> tuple[bytes, npt.NDArray[np.uint8]]:
        """Render the picture (a JPEG file) and the mask (1: the object) at a frame number."""
        open_for = self._shutter / 2 * np.linspace(-1, 1, self._sub_shots)
        times = [t] if self._shutter < 0.1 else list(t + open_for)
        shots = [self._shot(time) for time in times]
        picture = np.mean([shot[0] for shot in shots], axis=0)
        alpha = shots[len(shots) // 2][1]
        picture *= np.exp(self._gain(t))
        if self._soften > 0.3:
            picture = cv2.GaussianBlur(picture, (0, 0), self._soften)
        picture += self._random.normal(0, 1, (*picture.shape[:2], 1)) * self._noise
        done = np.clip(picture, 0, 255).astype(np.uint8)
        _, packed = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return packed.tobytes(), (alpha > 0.5).astype(np.uint8)

    def _shot(self, t: float) -> tuple[Picture, Picture]:
        camera = self._camera.matrix(t)
        middle = affine(-SIZE[0] / 2, -SIZE[1] / 2, 0, 1)
        picture = cast(
            Picture,
            cv2.warpAffine(
                self._ground,
                (camera @ middle)[:2],
                SIZE,
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT,
            ),
        )
        if self._swell is not None:
            picture = self._swelling(picture, t)
        behind = self._others[1:] if self._in_front else self._others
        for other in behind:
            _paint(picture, None, other, t, camera)
        alpha = np.zeros(SIZE[::-1], np.float32)
        _paint(picture, alpha, self.thing, t, np.eye(3) if self._follows else camera)
        if self._in_front and self._others:
            front = np.zeros_like(alpha)
            _paint(picture, front, self._others[0], t, camera)
            alpha *= 1 - front
        for cover in self._covers:
            front = np.zeros_like(alpha)
            _paint(picture, front, cover, t, camera)
            alpha *= 1 - front
        return picture, alpha

    def _swelling(self, ground: Picture, t: float) -> Picture:
        """Move the ground as water or leaves move."""
        assert self._swell is not None
        first, second = np.cos(self._swell_speed * t), np.sin(self._swell_speed * t)
        x, y = self._swell[:2] * np.float32(first) + self._swell[2:] * np.float32(second)
        rows, columns = np.indices(ground.shape[:2], dtype=np.float32)
        moved = cv2.remap(
            ground, columns + x, rows + y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        return cast(Picture, moved)


def _paint(
    picture: Picture, alpha: Picture | None, thing: Thing, t: float, camera: npt.NDArray[np.float64]
) -> None:
    for number, (part, matrix) in enumerate(thing.matrices(t)):
        whole = camera[:2, :2] @ matrix
        whole[:, 2] += camera[:2, 2]
        texture, own = part.sprite(t)
        height, width = own.shape
        corners = whole @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
        low = np.clip(np.floor(corners.min(1)).astype(int) - 2, 0, SIZE)
        high = np.clip(np.ceil(corners.max(1)).astype(int) + 2, 0, SIZE)
        if (high - low).min() <= 0:
            continue
        whole[:, 2] -= low
        size = int(high[0] - low[0]), int(high[1] - low[1])
        cover = cv2.warpAffine(own, whole, size, flags=cv2.INTER_AREA)
        paint = cv2.warpAffine(
            texture, whole, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        )
        area = np.s_[low[1] : high[1], low[0] : high[0]]
        if thing.shadow and number == 0:
            dark = cv2.GaussianBlur(np.roll(cover, size[1] // 8, 0), (0, 0), 6)[..., None]
            picture[area] *= 1 - 0.5 * dark
        picture[area] = picture[area] * (1 - cover[..., None]) + paint * cover[..., None]
        if alpha is not None:
            alpha[area] = np.maximum(alpha[area], cover)
