"""Makes a thing harder to follow: legs and wheels, turns, new parts, colours of the ground."""

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from textures import Picture, Textures
from things import SIZE, Curve, Part, Thing, make_part, offset, wander


def enliven(random: np.random.Generator, textures: Textures, thing: Thing, ground: Picture) -> None:
    """Give a thing some of what makes real ones hard, at random."""
    kinds = random.random(7)
    body = max(thing.parts, key=lambda part: part.alpha.size)
    if kinds[0] < 0.45:
        _add_legs(random, textures, thing, body)
    elif kinds[0] < 0.65:
        _add_wheels(random, textures, thing, body)
    if kinds[1] < 0.35:
        _hide(random, thing, ground)
    if kinds[2] < 0.4:
        _turn(random, textures, thing)
    if kinds[3] < 0.35:
        start = random.uniform(0, 20)
        late = thing.parts[random.integers(len(thing.parts))]
        if late is not body:
            late.grow = _appearing(start, random.uniform(4, 12))
    _speed_up(random, thing, kinds[4:])


def _speed_up(random: np.random.Generator, thing: Thing, kinds: npt.NDArray[np.float64]) -> None:
    """Make it come closer or go away, turn over, or jump."""
    if kinds[0] < 0.35:
        thing.size = wander(random, random.uniform(0.2, 0.5), random.uniform(40, 90))
    if kinds[1] < 0.35:
        thing.angle = wander(random, random.uniform(0.4, 1.5), random.uniform(25, 80))
    if kinds[2] < 0.3:
        jump, period = random.uniform(10, 70), random.uniform(14, 50)
        level = thing.y
        thing.y = lambda t: level(t) - jump * abs(float(np.sin(np.pi * t / period)))


def _turn(random: np.random.Generator, textures: Textures, thing: Thing) -> None:
    """Turn it about its upright axis, so that its other side comes into view."""
    thing.width = _turning(random)
    for part in thing.parts:
        part.other_side = textures.any(*part.alpha.shape[::-1])
        part.turned = offset(0.4, wander(random, 0.8, random.uniform(20, 60)))


def _turning(random: np.random.Generator) -> Curve:
    swing = wander(random, random.uniform(0.5, 1.3), random.uniform(20, 70))
    return lambda t: max(0.3, float(np.cos(swing(t))))


def _appearing(start: float, duration: float) -> Curve:
    return lambda t: float(np.clip((t - start) / duration, 0, 1))


def _swinging(middle: float, amplitude: float, period: float, phase: float) -> Curve:
    return lambda t: middle + amplitude * float(np.sin(2 * np.pi * t / period + phase))


def _add_legs(random: np.random.Generator, textures: Textures, thing: Thing, body: Part) -> None:
    """Add legs or arms of two segments that swing in step."""
    height, width = body.alpha.shape
    thin, long = random.uniform(0.04, 0.14) * height + 4, random.uniform(0.3, 0.6) * height + 10
    period, stride = random.uniform(8, 36), random.uniform(0.2, 1.1)
    first = random.uniform(0, 2 * np.pi)
    for number in range(random.integers(2, 5)):
        joint = random.uniform(-0.4, 0.4) * width, random.uniform(0.15, 0.4) * height
        phase = first + number * np.pi + random.normal(0, 0.4)
        upper, lower = (
            make_part(random, textures, int(thin * share), int(long), 0.05, at, (0.5, 0.06))
            for share, at in ((1.3, joint), (1.0, (0.0, long * 0.85)))
        )
        lower.texture = lower.texture if random.random() < 0.5 else upper.texture
        lower.texture = cast(Picture, cv2.resize(lower.texture, lower.alpha.shape[::-1]))
        upper.angle = _swinging(random.normal(0, 0.2), stride, period, phase)
        lower.angle = _swinging(0.4 * stride, 0.8 * stride, period, phase - 1.2)
        upper.lower.append(lower)
        thing.parts.insert(0 if number % 2 else len(thing.parts), upper)


def _add_wheels(random: np.random.Generator, textures: Textures, thing: Thing, body: Part) -> None:
    """Add two wheels, or rims with spokes through which the ground is seen."""
    height, width = body.alpha.shape
    across = int(random.uniform(0.25, 0.6) * min(height, width)) + 8
    spin, hollow = random.uniform(-0.6, 0.6), random.random() < 0.4
    for side in (-1, 1):
        wheel = make_part(random, textures, across, across, 0, (side * 0.35 * width, 0.4 * height))
        wheel.alpha = _disc(random, across, hollow)
        wheel.angle = lambda t: spin * t
        thing.parts.insert(0 if random.random() < 0.5 else len(thing.parts), wheel)


def _disc(random: np.random.Generator, across: int, hollow: bool) -> Picture:
    alpha = np.zeros((across, across), np.uint8)
    middle, radius = (across // 2, across // 2), across // 2 - 1
    rim = max(2, across // 10) if hollow else cv2.FILLED
    cv2.circle(alpha, middle, radius - (max(rim, 0) + 1) // 2, 255, rim, cv2.LINE_AA)
    if hollow:
        for angle in np.linspace(0, 2 * np.pi, random.integers(3, 8), endpoint=False):
            end = (int(middle[i] + radius * (np.cos, np.sin)[i](angle)) for i in range(2))
            cv2.line(alpha, middle, tuple(end), 255, max(1, across // 30), cv2.LINE_AA)
    return (alpha / 255).astype(np.float32)


def _hide(random: np.random.Generator, thing: Thing, ground: Picture) -> None:
    """Give some parts textures of the ground, a little lighter or darker."""
    for part in thing.parts:
        height, width = part.alpha.shape
        if random.random() < 0.3 or height >= ground.shape[0] or width >= ground.shape[1]:
            continue
        y = random.integers(ground.shape[0] - height)
        x = random.integers(ground.shape[1] - width)
        piece = ground[y : y + height, x : x + width]
        part.texture = np.clip(piece + random.normal(0, 14, 3), 0, 255).astype(np.float32)


def make_cover(random: np.random.Generator, textures: Textures, wide: float) -> Thing:
    """Return something that stands before everything else: a pole, or leaves on stems.

    Args:
        random: What decides.
        textures: What it is covered with.
        wide: How far from the middle it may stand, in widths of the picture.
    """
    x, y = (random.uniform(0.5 - wide, 0.5 + wide) * side for side in SIZE)
    still = wander(random, 0)
    thing = Thing([], offset(x, still), offset(y, still), wander(random, 0.02), still)
    if random.random() < 0.5:
        pole = make_part(random, textures, int(random.integers(5, 40)), SIZE[1], 0.0)
        pole.alpha[:] = 1
        thing.parts.append(pole)
        return thing
    for _ in range(random.integers(3, 16)):
        at = random.normal(0, 45), random.normal(0, 45)
        width, height = (int(side) for side in random.integers(8, 70, 2))
        thing.parts.append(make_part(random, textures, width, height, 0.6, at, (0.5, 0.1), 0.3))
    return thing
