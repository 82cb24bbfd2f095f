"""Rows about files, disks, limits and people."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from chaos.annotate_rows import ctrl_c_twice
from chaos.answers import silent
from chaos.replies import claiming_png
from chaos.row import FPS, Expected, Row
from clips import cut, damage_packet, write_video
from PIL import Image

_OUT = ("-o", "out.mp4", "-v")
_ASKING = ("--endpoint", "{url}", "--model", "any/1")
_LIVE = ("live", f"pattern:160x120@{FPS}", "--no-window", "--stats", "stats.json", *_ASKING)
_PATTERN = f"pattern:64x48@{FPS}:40"
_MAY_MOUNT = "unshare -rm true"
_SMALL_DISK = (
    "mkdir -p disk && exec unshare -rm bash -c"
    ' \'mount -t tmpfs -o size=40k none disk && exec "$@"\' - "$@"'
)
_SMALL_FILES = "ulimit -f 60; trap '' XFSZ; exec \"$@\""
_READ_ONLY = 'exec unshare -rm bash -c \'mount --bind -o ro disk disk && exec "$@"\' - "$@"'


def _file(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(data)


def _jumping(folder: Path) -> None:
    write_video(folder / "film.mkv", [*range(20), *range(30_000_000, 30_000_020)])


def _flipped(folder: Path) -> None:
    film = write_video(folder / "film.mp4", 30)
    for number in range(2, 30):
        damage_packet(film, number)


def _cut(folder: Path) -> None:
    cut(write_video(folder / "film.mkv", 60, noisy=True), 0.5)


def _noise(folder: Path) -> None:
    (folder / "film.mp4").write_bytes(np.random.default_rng(5).bytes(200_000))


def _fuzzed(folder: Path) -> None:
    film = write_video(folder / "film.mp4", 60, noisy=True)
    data = bytearray(film.read_bytes())
    for place in np.random.default_rng(8).integers(0, len(data), 400):
        data[place] ^= 1 << (int(place) % 8)
    film.write_bytes(data)


def _photo(folder: Path) -> None:
    Image.new("RGB", (64, 48)).save(folder / "photo.png")
    (folder / "disk").mkdir()


_OLD = tuple(f"rec_2020010{day}-000000Z.mp4" for day in range(1, 6))


def _month_old(folder: Path) -> None:
    """Leave recordings as they look after a clock has jumped 30 days ahead."""
    for name in _OLD:
        path = folder / name
        path.write_bytes(bytes(1000))
        os.utime(path, (time.time() - 30 * 86_400,) * 2)


def _annotate(name: str, source: str, expected: Expected, **more: object) -> Row:
    command = ("annotate", source, "-o", "out.png" if source.endswith(".png") else "out.mp4", "-v")
    return Row(f"annotate: {name}", command, expected, **more)  # type: ignore[arg-type]


_WHOLE = Expected(frames=("out.mp4", 40))
_NO_SOURCE = Expected(code=3, says="livesegment: ")

_FILES = [
    _annotate(
        "times that jump by 11.6 days",
        "film.mkv",
        Expected(code=5, says=r"jump by .* \.mkv"),
        prepare=_jumping,
    ),
    _annotate(
        "a film of damaged frames",
        "film.mp4",
        Expected(code=3, says=r"\d+ of 30 frames cannot be decoded"),
        prepare=_flipped,
    ),
    _annotate("a film cut in half", "film.mkv", Expected(code=3, says="breaks off"), prepare=_cut),
    _annotate("400 bits flipped", "film.mp4", Expected(code=3, says="film.mp4"), prepare=_fuzzed),
    _annotate("noise called .mp4", "film.mp4", _NO_SOURCE, prepare=_noise),
    _annotate("an empty file", "film.mp4", _NO_SOURCE, prepare=_file("film.mp4", b"")),
    _annotate("a file that is not there", "absent.mp4", _NO_SOURCE),
    _annotate("a device without end", "/dev/zero", _NO_SOURCE),
    _annotate(
        "a picture said to be 60,000x60,000",
        "bomb.png",
        _NO_SOURCE,
        prepare=_file("bomb.png", claiming_png(60_000, 60_000)),
    ),
    _annotate(
        "a picture with 300 MB behind it",
        "bomb.png",
        Expected(says="wrote out.png"),
        prepare=_file("bomb.png", claiming_png(64, 48, bytes(300 * 2**20))),
    ),
    _annotate(
        "a pipe that nobody writes to",
        "pipe.mp4",
        _NO_SOURCE,
        prepare=lambda folder: os.mkfifo(folder / "pipe.mp4"),
    ),
    Row(
        "monitor: --check of 5,000 nested brackets",
        ("monitor", "--check", "cameras.toml"),
        Expected(code=2, says=r"cameras\.toml:1: "),
        prepare=_file("cameras.toml", b"x = " + 5000 * b"["),
    ),
    Row(
        "monitor: --check of 50,000 digits",
        ("monitor", "--check", "cameras.toml"),
        Expected(code=2, says=r"cameras\.toml:1: "),
        prepare=_file("cameras.toml", b"x = " + 50_000 * b"9"),
    ),
    Row(
        "monitor: --check of bytes that are no text",
        ("monitor", "--check", "cameras.toml"),
        Expected(code=2, says=r"cameras\.toml"),
        prepare=_file("cameras.toml", b"\xff\xfe\0x = 1"),
    ),
]

_DISKS = [
    Row(
        "live: a full disk, one recording",
        (*_LIVE, "--duration", "6", "--record", "disk/rec.mp4"),
        Expected(code=5, rate=0.9, says="no space left.*the picture goes on"),
        shell=_SMALL_DISK,
        needs=_MAY_MOUNT,
    ),
    Row(
        "live: a full disk, segments",
        (*_LIVE, "--duration", "6", "--record", "disk/rec.mp4", "--segment", "0.05"),
        Expected(rate=0.9, says="no space left.*the recording waits"),
        shell=_SMALL_DISK,
        needs=_MAY_MOUNT,
    ),
    Row(
        "live: files may not grow",
        (*_LIVE, "--duration", "6", "--record", "rec.mp4", "--masks", "masks.mkv"),
        Expected(code=5, rate=0.9, says="too large.*the picture goes on"),
        shell=_SMALL_FILES,
        is_quick=True,
    ),
    Row(
        "annotate: a full disk",
        ("annotate", f"pattern:320x240@{FPS}:200", "-o", "disk/out.mp4", *_ASKING),
        Expected(code=5, says="no space left"),
        shell=_SMALL_DISK,
        needs=_MAY_MOUNT,
    ),
    Row(
        "annotate: files may not grow",
        ("annotate", f"pattern:320x240@{FPS}:200", "-o", "out.mp4", *_ASKING),
        Expected(code=5, says="too large"),
        shell=_SMALL_FILES,
    ),
    Row(
        "predict: a folder that is read-only",
        ("predict", "photo.png", "--save", "disk/annotated.png", *_ASKING),
        Expected(code=5, says="cannot write", calls=0, counts_all=True),
        prepare=_photo,
        shell=_READ_ONLY,
        needs=_MAY_MOUNT,
    ),
    Row(
        "live: a clock that jumped 30 days, --keep 7d",
        (*_LIVE, "--duration", "4", "--record", "rec.mp4", "--segment", "1", "--keep", "7d"),
        Expected(rate=0.9),
        prepare=_month_old,
        keeps=_OLD,
    ),
]

_LIMITS = [
    Row(
        f"{command[0]}: {name}",
        command,
        Expected(code=1, says="memory|address space"),
        prepare=_photo,
        shell=f'ulimit -v {kilobytes}; exec "$@"',
    )
    for name, kilobytes in (("ulimit -v, 700 MB", 700_000), ("ulimit -v, 400 MB", 400_000))
    for command in (
        ("annotate", _PATTERN, *_OUT),
        (*_LIVE, "--duration", "3"),
        ("predict", "photo.png"),
    )
    if kilobytes < 500_000 or command[0] != "predict"  # to which so much is enough
]

_PEOPLE = [
    Row(
        "live: Ctrl-C twice at a silent endpoint",
        (*_LIVE, "--record", "rec.mp4"),
        Expected(code=130, ends_within_s=1.5),
        usual=silent,
        steps=ctrl_c_twice,
        is_quick=True,
    ),
    *(
        Row(
            f"{name}: stderr {what}",
            command,
            expected,
            shell=f'exec "$@" {nowhere}',
            is_quick=name == "annotate" and what == "full",
        )
        for what, nowhere in (
            ("full", "2>/dev/full"),
            ("closed", "2>&-"),
            ("read by nobody", "2> >(exec true)"),
        )
        for name, command, expected in (
            ("annotate", ("annotate", _PATTERN, *_OUT, *_ASKING), replace(_WHOLE, says="^$")),
            ("live", (*_LIVE, "--duration", "3", "-v"), Expected(rate=0.9, says="^$")),
        )
    ),
]

ROWS = [*_FILES, *_DISKS, *_LIMITS, *_PEOPLE]
