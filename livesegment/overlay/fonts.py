"""Fonts for class names in any script."""

import unicodedata
from functools import cache, lru_cache
from itertools import groupby

from PIL import ImageFont

Font = ImageFont.FreeTypeFont
Run = tuple[str, Font]
"""Characters that one font can draw, and that font."""

# File names, which Pillow looks for in the font folders of Linux, Windows and macOS; those for
# many scripts come first.
_FILES = (
    "NotoSans-Regular.ttf",
    "segoeui.ttf",
    "Arial.ttf",
    "LiberationSans-Regular.ttf",
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "msyh.ttc",
    "YuGothR.ttc",
    "malgun.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "AppleSDGothicNeo.ttc",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoNaskhArabic-Regular.ttf",
    "GeezaPro.ttc",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "Nirmala.ttf",
    "Nirmala.ttc",
    "Kohinoor.ttc",
    "NotoSansBengali-Regular.ttf",
    "NotoSansTamil-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "LeelawUI.ttf",
    "Thonburi.ttc",
    "Arial Unicode.ttf",
    "NotoEmoji-Regular.ttf",
    "seguisym.ttf",
    "unifont.otf",
    "unifont.ttf",
)

# No character, so every font draws its sign for a missing one.
_NO_CHARACTER = "\U0010fffe"


@lru_cache(maxsize=512)
def runs(text: str, size: int) -> tuple[Run, ...]:
    """Split a text into runs that one font each can draw.

    One font for the whole text is tried first, so that mixed writing directions are ordered by the
    text layout. The font that Pillow brings along comes first: plain English looks the same
    everywhere.
    What no font has is drawn as that font's sign for a missing character.

    Args:
        text: Printable characters.
        size: Height of the letters with their ascenders and descenders, in pixels.
    """
    for face in range(len(_FILES) + 1):
        font = _font(face, size)
        if font is not None and all(_has(face, character) for character in text):
            return ((text, font),)
    faces: list[int] = []
    for character in text:
        joins = unicodedata.category(character)[0] in "MC" and faces
        faces.append(faces[-1] if joins else _face_of(character))
    pairs = groupby(zip(text, faces, strict=True), key=lambda pair: pair[1])
    return tuple(
        ("".join(character for character, _ in group), _font(face, size) or _builtin(size))
        for face, group in pairs
    )


def can_draw(text: str) -> bool:
    """Tell whether every character of a text is in a font of this machine."""
    faces = range(len(_FILES) + 1)
    return all(any(_has(face, character) for face in faces) for character in text)


def _face_of(character: str) -> int:
    faces = range(len(_FILES) + 1)
    return next((face for face in faces if _has(face, character)), 0)


@cache
def _has(face: int, character: str) -> bool:
    if unicodedata.category(character)[0] in "MCZ":
        return True  # marks, controls and blanks have no shape of their own to look for
    font = _font(face, 16)
    if font is None:
        return False
    shape = bytes(font.getmask(character))
    return any(shape) and shape != _missing_sign(face)


@cache
def _missing_sign(face: int) -> bytes:
    font = _font(face, 16)
    return b"" if font is None else bytes(font.getmask(_NO_CHARACTER))


@lru_cache(maxsize=128)
def _font(face: int, size: int) -> Font | None:
    if face == 0:
        return _builtin(size)
    try:
        return ImageFont.truetype(_FILES[face - 1], size)
    except OSError:
        return None  # not on this machine


def _builtin(size: int) -> Font:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
