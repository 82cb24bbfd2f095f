"""Moving scenes with true masks, made up for training: nothing in them is anybody's footage.

Textures are public-domain photographs that scikit-image ships, and procedural ones. An object is
a body with limbs on joints, each part with a texture of its own that may slide as if the part
turned; it moves, bends, grows, throws a shadow and is covered at times, before a moving camera,
among other things that move as well. Frames are blurred by motion, noisy and JPEG compressed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
from skimage import data as photographs

Picture = npt.NDArray[np.float32]
"""BGR or grey, float32, 0 to 255."""

SIZE = (640, 360)
_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "retina", "hubble_deep_field")
_SURFACES = ("brick", "grass", "gravel", "camera", "moon", "coins")


def load_photographs() -> list[npt.NDArray[np.uint8]]:
    """Read the public-domain photographs, BGR."""
    colour = [np.ascontiguousarray(getattr(photographs, n)()[..., 2::-1]) for n in _PHOTOS]
    grey = [cv2.cvtColor(getattr(photographs, n)(), cv2.COLOR_GRAY2BGR) for n in _SURFACES]
    return colour + grey


class Textures:
    """Makes textures of a wanted size."""

    def __init__(self, random: np.random.Generator, photos: list[npt.NDArray[np.uint8]]) -> None:
        self._random = random
        self._photos = photos
        self._palette: list[Picture] = []

    def colour(self) -> Picture:
        """Return a colour as things outside have them: mostly muted, some alike in a scene."""
        random = self._random
        if self._palette and random.random() < 0.4:
            seen = self._palette[random.integers(len(self._palette))]
            return (seen + random.normal(0, 12, 3)).astype(np.float32)
        tone = random.uniform(15, 225) + random.normal(0, random.choice([6, 20, 50]), 3)
        self._palette.append(tone.astype(np.float32))
        return self._palette[-1]

    def any(self, width: int, height: int) -> Picture:
        """Return a photograph's part, a noise, a pattern or a plain surface."""
        make = self._random.choice(
            [self.photo, self.noise, self.pattern, self.plain], p=[0.4, 0.2, 0.05, 0.35]
        )
        return make(width, height)

    def photo(self, width: int, height: int) -> Picture:
        random = self._random
        photo = self._photos[random.integers(len(self._photos))]
        rows, columns = photo.shape[:2]
        zoom = max(width / columns, height / rows) * random.uniform(1, 2.5)
        w, h = int(width / zoom), int(height / zoom)
        x, y = random.integers(columns - w + 1), random.integers(rows - h + 1)
        part = cv2.resize(
            photo[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_CUBIC
        )
        if random.random() < 0.5:
            part = part[:, ::-1]
        return self._tint(part.astype(np.float32))

    def noise(self, width: int, height: int) -> Picture:
        random = self._random
        out = np.zeros((height, width, 3), np.float32)
        roughness = random.uniform(0.4, 0.95)
        for octave in range(7):
            cells = 2 ** (octave + 1)
            coarse = random.normal(0, 1, (cells * height // width + 2, cells + 1, 3))
            coarse = coarse * 0.4 + coarse.mean(2, keepdims=True)
            out += roughness**octave * cv2.resize(
                coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
            )
        out = out / (out.std() + 1e-3) * random.uniform(5, 40)
        return np.clip(out + self.colour(), 0, 255).astype(np.float32)

    def pattern(self, width: int, height: int) -> Picture:
        random = self._random
        y, x = np.mgrid[:height, :width].astype(np.float32)
        angle, period = random.uniform(0, np.pi), random.uniform(5, 50)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
        if random.random() < 0.4:
            wave = wave * np.sin((y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / period)
        share = (np.clip(wave * random.uniform(1, 6), -1, 1)[..., None] + 1) / 2
        first, second = self.colour(), self.colour()
        return (first * share + second * (1 - share)).astype(np.float32)

    def plain(self, width: int, height: int) -> Picture:
        random = self._random
        base = np.full((height, width, 3), self.colour(), np.float32)
        shade = self.noise(width, height).mean(2, keepdims=True)
        shade = cv2.GaussianBlur(shade, (0, 0), random.uniform(2, 20))[..., None]
        shade = (shade - shade.mean()) / (shade.std() + 1e-3)
        grain = random.normal(0, random.uniform(0, 6), (height, width, 1))
        return np.clip(base * (1 + 0.15 * shade) + grain, 0, 255).astype(np.float32)

    def _tint(self, picture: Picture) -> Picture:
        random = self._random
        grey = picture.mean(2, keepdims=True)
        picture = grey + (picture - grey) * random.uniform(0.2, 1)
        gain = random.uniform(0.8, 1.2, 3) if random.random() < 0.5 else 1.0
        gamma = random.uniform(0.7, 1.5)
        return np.clip(255 * (np.clip(picture, 0, 255) / 255) ** gamma * gain, 0, 255).astype(
            np.float32
        )

    def ground(self, width: int, height: int) -> Picture:
        """Return a background: one texture, or several surfaces side by side."""
        random = self._random
        out = self.photo(width, height) if random.random() < 0.5 else self.any(width, height)
        for _ in range(random.integers(0, 5)):
            share = self.noise(width, height).mean(2)
            share = cv2.GaussianBlur(share, (0, 0), random.uniform(3, 25))
            mask = (share > np.percentile(share, random.uniform(40, 85))).astype(np.float32)
            if random.random() < 0.4:
                mask[:] = 0
                mask[int(height * random.uniform(0.3, 0.9)) :] = 1
            mask = cv2.GaussianBlur(mask, (0, 0), random.uniform(0.5, 3))[..., None]
            out = out * (1 - mask) + self.any(width, height) * mask
        return out.astype(np.float32)


Curve = Callable[[float], float]


def wander(random: np.random.Generator, amplitude: float, slowest: float = 90) -> Curve:
    """Return a smooth random function of the frame number: a sum of sines and a drift."""
    terms = [
        (
            amplitude * random.normal() / 2**k,
            2 * np.pi / (slowest / 2**k) * random.uniform(0.6, 1.6),
            random.uniform(0, 2 * np.pi),
        )
        for k in range(3)
    ]
    return lambda t: float(sum(a * np.sin(f * t + p) for a, f, p in terms))


def outline(random: np.random.Generator, width: int, height: int, rough: float) -> Picture:
    """Return the alpha of a blob, 0 to 1."""
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = np.ones_like(angles)
    for k in range(2, 9):
        radius += rough / k * random.normal() * np.cos(k * angles + random.uniform(0, 7))
    radius = np.clip(radius, 0.25, None)
    radius /= radius.max() * 1.06
    points = np.stack(
        [width / 2 * (1 + radius * np.cos(angles)), height / 2 * (1 + radius * np.sin(angles))], 1
    )
    alpha = np.zeros((height, width), np.uint8)
    cv2.fillPoly(alpha, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return (alpha / 255).astype(np.float32)


@dataclass
class Part:
    """A piece of an object: a texture in an outline, on a joint of the body."""

    texture: Picture
    alpha: Picture
    joint: tuple[float, float]
    """Where it hangs on the body, from the body's centre."""
    hangs_by: tuple[float, float]
    """Which of its own points is on the joint, 0 to 1."""
    angle: Curve
    slide: tuple[Curve, Curve]
    bend: Curve
    bend_period: float

    def sprite(self, t: float) -> tuple[Picture, Picture]:
        """Return texture and alpha at a time, bent, with the texture slid along."""
        height, width = self.alpha.shape
        y, x = np.mgrid[:height, :width].astype(np.float32)
        bent = x + np.float32(self.bend(t)) * np.sin(y * np.float32(2 * np.pi / self.bend_period))
        alpha = cv2.remap(self.alpha, bent, y, cv2.INTER_LINEAR)
        slid_x, slid_y = (np.float32(curve(t)) for curve in self.slide)
        texture = cv2.remap(
            self.texture, bent + slid_x, y + slid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        return texture, alpha


@dataclass
class Thing:
    """Parts that move together."""

    parts: list[Part]
    x: Curve
    y: Curve
    angle: Curve
    size: Curve
    shadow: bool = False

    def matrices(self, t: float) -> Iterator[tuple[Part, npt.NDArray[np.float64]]]:
        """Yield each part with the affine map from its sprite to the picture."""
        scale, turn = float(np.exp(self.size(t))), self.angle(t)
        body = _affine(self.x(t), self.y(t), turn, scale)
        for part in self.parts:
            height, width = part.alpha.shape
            own = _affine(*part.joint, part.angle(t), 1)
            to_joint = np.eye(3)
            to_joint[:2, 2] = -part.hangs_by[0] * width, -part.hangs_by[1] * height
            yield part, (body @ own @ to_joint)[:2]


def _affine(x: float, y: float, angle: float, scale: float) -> npt.NDArray[np.float64]:
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    return np.array([[c, -s, x], [s, c, y], [0, 0, 1.0]])


def make_part(
    random: np.random.Generator,
    textures: Textures,
    width: int,
    height: int,
    lively: float,
    joint: tuple[float, float] = (0, 0),
    hangs_by: tuple[float, float] = (0.5, 0.5),
    swing: float = 0.1,
) -> Part:
    alpha = outline(random, width, height, random.uniform(0.1, 0.9))
    texture = textures.any(width, height)
    # A little shading makes it round.
    y, x = np.mgrid[:height, :width].astype(np.float32)
    light = random.uniform(-0.5, 0.5) * (x / width - 0.5) + random.uniform(-0.5, 0.5) * (
        y / height - 0.5
    )
    slides = random.random() < 0.5
    base = random.uniform(0, 2 * np.pi) if swing > 0.1 else 0.0
    turn = wander(random, swing * lively, random.uniform(16, 80))
    return Part(
        np.clip(texture * (1 + light[..., None]), 0, 255).astype(np.float32),
        alpha,
        joint,
        hangs_by,
        lambda t: base + turn(t),
        (
            wander(random, width * 0.25 * lively * slides),
            wander(random, height * 0.1 * lively * slides),
        ),
        wander(random, width * 0.12 * lively, 50),
        max(30.0, height * random.uniform(0.7, 2)),
    )


def make_thing(
    random: np.random.Generator, textures: Textures, size: float, lively: float, speed: float
) -> Thing:
    """Return an object about `size` pixels large whose centre wanders by `speed` pixels a frame."""
    aspect = np.exp(random.normal(0, 0.4))
    w, h = max(16, int(size * aspect**0.5)), max(16, int(size / aspect**0.5))
    parts = [make_part(random, textures, w, h, lively)]
    for _ in range(random.integers(0, 6)):
        limb_w = max(8, int(w * random.uniform(0.12, 0.45)))
        limb_h = max(12, int(h * random.uniform(0.3, 0.9)))
        joint = (random.uniform(-0.35, 0.35) * w, random.uniform(-0.4, 0.4) * h)
        limb = make_part(random, textures, limb_w, limb_h, lively, joint, (0.5, 0.1), 0.7)
        parts.insert(0 if random.random() < 0.5 else len(parts), limb)
    period = random.uniform(30, 120)
    amplitude = speed * period / 2 / np.pi
    return Thing(
        parts,
        _offset(random.uniform(0.25, 0.75) * SIZE[0], wander(random, amplitude, period)),
        _offset(random.uniform(0.3, 0.7) * SIZE[1], wander(random, amplitude * 0.5, period)),
        wander(random, 0.35 * lively, random.uniform(30, 120)),
        wander(random, 0.15 * lively, 100),
        shadow=random.random() < 0.4,
    )


def _offset(start: float, curve: Curve) -> Curve:
    return lambda t: start + curve(t)


@dataclass
class Camera:
    x: Curve
    y: Curve
    angle: Curve
    size: Curve

    def matrix(self, t: float) -> npt.NDArray[np.float64]:
        centre = _affine(SIZE[0] / 2, SIZE[1] / 2, 0, 1)
        back = _affine(-SIZE[0] / 2, -SIZE[1] / 2, 0, 1)
        move = _affine(self.x(t), self.y(t), self.angle(t), float(np.exp(self.size(t))))
        return np.asarray(centre @ move @ back)


@dataclass
class Scene:
    """A random scene; `frame(t)` renders it."""

    seed: int
    photos: list[npt.NDArray[np.uint8]]
    _others: list[Thing] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = self._random = np.random.default_rng(self.seed)
        textures = Textures(random, self.photos)
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

    def frame(self, t: float) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Render the picture (BGR) and the mask (1: the object) at a frame number."""
        times = [t] if self._shutter < 0.1 else [t - self._shutter / 2, t, t + self._shutter / 2]
        shots = [self._shot(time) for time in times]
        picture = np.mean([shot[0] for shot in shots], axis=0)
        alpha = shots[len(shots) // 2][1]
        picture *= np.exp(self._gain(t))
        if self._soften > 0.3:
            picture = cv2.GaussianBlur(picture, (0, 0), self._soften)
        picture += self._random.normal(0, 1, (*picture.shape[:2], 1)) * self._noise
        done = np.clip(picture, 0, 255).astype(np.uint8)
        _, packed = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return cv2.imdecode(packed, cv2.IMREAD_COLOR), (alpha > 0.5).astype(np.uint8)

    def _shot(self, t: float) -> tuple[Picture, Picture]:
        camera = self._camera.matrix(t)
        middle = _affine(-SIZE[0] / 2, -SIZE[1] / 2, 0, 1)
        picture = cv2.warpAffine(
            self._ground,
            (camera @ middle)[:2],
            SIZE,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        behind = self._others[1:] if self._in_front else self._others
        for other in behind:
            _paint(picture, None, other, t, camera)
        alpha = np.zeros(SIZE[::-1], np.float32)
        _paint(picture, alpha, self.thing, t, np.eye(3) if self._follows else camera)
        if self._in_front and self._others:
            front = np.zeros_like(alpha)
            _paint(picture, front, self._others[0], t, camera)
            alpha *= 1 - front
        return picture, alpha


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
