"""Things that move in made-up scenes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from textures import Picture, Textures

SIZE = (640, 360)

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
    grow: Curve = lambda t: 1.0
    """Its size, 0 where it is not there yet."""
    other_side: Picture | None = None
    """A second texture, which comes into view by turning."""
    turned: Curve = lambda t: 0.0
    """How much of the other side is seen, 0 to 1."""
    lower: "list[Part]" = field(default_factory=list)
    """Parts on joints of this one, from its joint."""

    def sprite(self, t: float) -> tuple[Picture, Picture]:
        """Return texture and alpha at a time, bent, with the texture slid along."""
        height, width = self.alpha.shape
        y, x = np.mgrid[:height, :width].astype(np.float32)
        bent = x + np.float32(self.bend(t)) * np.sin(y * np.float32(2 * np.pi / self.bend_period))
        alpha = cv2.remap(self.alpha, bent, y, cv2.INTER_LINEAR)
        slid_x, slid_y = (np.float32(curve(t)) for curve in self.slide)
        source, turned = self.texture, float(np.clip(self.turned(t), 0, 1))
        if self.other_side is not None and turned > 0:
            mixed = cv2.addWeighted(source, 1 - turned, self.other_side, turned, 0)
            source = cast(Picture, mixed)
        texture = cv2.remap(
            source, bent + slid_x, y + slid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        return cast(Picture, texture), cast(Picture, alpha)


@dataclass
class Thing:
    """Parts that move together."""

    parts: list[Part]
    x: Curve
    y: Curve
    angle: Curve
    size: Curve
    shadow: bool = False
    width: Curve = lambda t: 1.0
    """How wide it looks: it turns about its upright axis."""

    def matrices(self, t: float) -> Iterator[tuple[Part, npt.NDArray[np.float64]]]:
        """Yield each part with the affine map from its sprite to the picture."""
        body = affine(self.x(t), self.y(t), self.angle(t), float(np.exp(self.size(t))))
        yield from _placed(self.parts, body @ np.diag([self.width(t), 1, 1]), t)


def _placed(
    parts: list[Part], on: npt.NDArray[np.float64], t: float
) -> Iterator[tuple[Part, npt.NDArray[np.float64]]]:
    for part in parts:
        height, width = part.alpha.shape
        own = on @ affine(*part.joint, part.angle(t), max(part.grow(t), 0.02))
        to_joint = np.eye(3)
        to_joint[:2, 2] = -part.hangs_by[0] * width, -part.hangs_by[1] * height
        yield from _placed(part.lower, own, t)
        yield part, (own @ to_joint)[:2]


def affine(x: float, y: float, angle: float, scale: float) -> npt.NDArray[np.float64]:
    """Return the map that turns, scales and then shifts."""
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
    cutout = textures.cutout(size)
    if cutout is not None:
        h, w = cutout[1].shape
    body = make_part(random, textures, w, h, lively)
    if cutout is not None:
        body.texture, body.alpha = cutout
    parts = [body]
    for _ in range(random.integers(0, 6 if cutout is None else 2)):
        limb_w = max(8, int(w * random.uniform(0.12, 0.45)))
        limb_h = max(12, int(h * random.uniform(0.3, 0.9)))
        joint = (random.uniform(-0.35, 0.35) * w, random.uniform(-0.4, 0.4) * h)
        limb = make_part(random, textures, limb_w, limb_h, lively, joint, (0.5, 0.1), 0.7)
        parts.insert(0 if random.random() < 0.5 else len(parts), limb)
    period = random.uniform(30, 120)
    amplitude = speed * period / 2 / np.pi
    return Thing(
        parts,
        offset(random.uniform(0.25, 0.75) * SIZE[0], wander(random, amplitude, period)),
        offset(random.uniform(0.3, 0.7) * SIZE[1], wander(random, amplitude * 0.5, period)),
        wander(random, 0.35 * lively, random.uniform(30, 120)),
        wander(random, 0.15 * lively, 100),
        shadow=random.random() < 0.4,
    )


def offset(start: float, curve: Curve) -> Curve:
    return lambda t: start + curve(t)
