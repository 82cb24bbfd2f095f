"""Textures of made-up scenes: parts of photographs that are free to use, and procedural ones."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt
from skimage import data as photographs

Picture = npt.NDArray[np.float32]
"""BGR or grey, float32, 0 to 255."""

_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "retina", "hubble_deep_field")
_SURFACES = ("brick", "grass", "gravel", "camera")


@dataclass(frozen=True)
class Pictures:
    """What scenes are made from beside what is drawn.

    Attributes:
        photographs: uint8 (rows, columns, 3), BGR.
        cutouts: Files of things before nothing, BGR and alpha.
    """

    photographs: list[npt.NDArray[np.uint8]]
    cutouts: list[Path] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path | None = None) -> "Pictures":
        """Read the photographs of scikit-image, and what `sources.prepare` put in a folder."""
        colour = [np.ascontiguousarray(getattr(photographs, n)()[..., 2::-1]) for n in _PHOTOS]
        grey = [cv2.cvtColor(getattr(photographs, n)(), cv2.COLOR_GRAY2BGR) for n in _SURFACES]
        if folder is None:
            return cls(colour + grey)
        more = [cv2.imread(str(path)) for path in sorted((folder / "photographs").iterdir())]
        more = [cast(npt.NDArray[np.uint8], one) for one in more]
        return cls(colour + grey + more, sorted((folder / "cutouts").iterdir()))


class Textures:
    """Makes textures of a wanted size."""

    def __init__(self, random: np.random.Generator, pictures: Pictures) -> None:
        self._random = random
        self._photos = pictures.photographs
        self._cutouts = pictures.cutouts
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
        makers: Any = [self.photo, self.noise, self.pattern, self.plain]
        make = self._random.choice(makers, p=[0.4, 0.2, 0.05, 0.35])
        return make(width, height)

    def cutout(self, size: float) -> tuple[Picture, Picture] | None:
        """Return texture and alpha (0 to 1) of a thing about so large, for four in ten things."""
        random = self._random
        if not self._cutouts or random.random() > 0.4:
            return None
        path = self._cutouts[random.integers(len(self._cutouts))]
        whole = cast(npt.NDArray[np.uint8], cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
        if random.random() < 0.5:
            whole = whole[:, ::-1]
        rows, columns = whole.shape[:2]
        scale = size / (rows * columns) ** 0.5
        shape = max(16, round(columns * scale)), max(16, round(rows * scale))
        # What is transparent gets the colour of what is next to it: edges are mixed with it.
        clear = (whole[..., 3] < 255).astype(np.uint8)
        filled = cv2.inpaint(whole[..., :3].copy(), clear, 3, cv2.INPAINT_TELEA)
        colour = self._tint(filled.astype(np.float32))
        alpha = cv2.resize(whole[..., 3], shape, interpolation=cv2.INTER_AREA)
        texture = cv2.resize(colour, shape, interpolation=cv2.INTER_AREA)
        return cast(Picture, texture), (alpha / 255).astype(np.float32)

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
