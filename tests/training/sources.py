"""Fetches pictures for made-up scenes: shaded renders, clip art and photographs, all free to use.

    python tests/training/sources.py --to DIR

`npm` and `apt-get` (of Debian 12) download three packages into DIR. What cannot be downloaded here
may have been put there before. Each file's checksum is compared; nothing of them is committed.
"""

import argparse
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

PACKAGES = {
    "lobehub-fluent-emoji-3d-1.1.0.tgz": (
        ["npm", "pack", "--silent", "@lobehub/fluent-emoji-3d@1.1.0"],
        "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
    ),
    "openclipart-png_1%3a0.18+dfsg-19_all.deb": (
        ["apt-get", "download", "openclipart-png=1:0.18+dfsg-19"],
        "f07f1545a2970c2cf3fa339bc2405da1a95cf2b1827bfa05bf73eb1c20291c02",
    ),
    "lomiri-wallpapers-16.04_20.04.0-2_all.deb": (
        ["apt-get", "download", "lomiri-wallpapers-16.04=20.04.0-2"],
        "a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab",
    ),
}
"""What downloads each file, and its SHA-256."""

_PHOTOGRAPHS = (
    "aitzgorri_by_Aitzol_Berasategi",
    "friends_by_Aitzol_Berasategi",
    "life_by_Aitzol_Berasategi",
    "picosdeeuropa_by_Aitzol_Berasategi",
    "sunset_by_Aitzol_Berasategi",
    "Picture_0B_by_freespace",
    "Picture_1A_by_freespace",
    "seeding_by_Clements_Engelhardt",
    "umang_by_Abhishek_Mudgal",
    "Wine_by_Jakkub_Mede",
)
"""Those of the wallpapers that are CC0 or CC-BY; the others are CC-BY-SA."""

_CLIP_ART = (
    *("animals", "buildings", "containers", "food", "people", "plants", "recreation"),
    *("tools", "transportation"),
)
_FLAT = ("aiga-symbols", "roadsigns", "cards", "dice", "chess", "religion", "smilies", "stickmen")
_LARGEST_PHOTOGRAPH = 1600
_LARGEST_CUTOUT = 256
_SMALLEST_CUTOUT = 48


def download(folder: Path) -> None:
    """Bring the packages into a folder and compare their checksums.

    Raises:
        SystemExit: If a file is not what it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, (command, checksum) in PACKAGES.items():
        path = folder / name
        if not path.exists():
            print(f"downloading {name}", flush=True)
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        if hashlib.sha256(path.read_bytes()).hexdigest() != checksum:
            raise SystemExit(f"{path} has another checksum than the file that was used before")


def prepare(folder: Path) -> Path:
    """Download what lacks and return the folder of pictures: `cutouts` and `photographs`."""
    pictures = folder / "pictures"
    if pictures.exists():
        return pictures
    download(folder)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        unpacked, made = Path(name) / "unpacked", Path(name) / "made"
        _unpack(folder, unpacked)
        for kind in ("cutouts", "photographs"):
            (made / kind).mkdir(parents=True)
        for number, path in enumerate(_found(unpacked)):
            cutout = _trimmed(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
            if cutout is not None:
                cv2.imwrite(str(made / "cutouts" / f"{number:05d}.png"), cutout)
        for name in _PHOTOGRAPHS:
            photograph = cv2.imread(str(unpacked / f"usr/share/backgrounds/{name}.jpg"))
            assert photograph is not None, name
            cv2.imwrite(
                str(made / "photographs" / f"{name}.png"),
                _at_most(photograph.astype(np.uint8), _LARGEST_PHOTOGRAPH),
            )
        shutil.move(made, pictures)
    return pictures


def _unpack(folder: Path, to: Path) -> None:
    to.mkdir()
    for name in PACKAGES:
        if name.endswith(".deb"):
            subprocess.run(["dpkg-deb", "-x", folder / name, to], check=True)
        else:
            with tarfile.open(folder / name) as archive:
                archive.extractall(to, filter="data")


def _found(unpacked: Path) -> Iterator[Path]:
    """Yield the files with things in them, but for flags, keys and signs."""
    for path in sorted((unpacked / "package/assets").glob("*.webp")):
        if not path.stem.startswith("1f1") and "20e3" not in path.stem and path.stem >= "1f3":
            yield path
    for folder in _CLIP_ART:
        for path in sorted((unpacked / "usr/share/openclipart/png" / folder).rglob("*.png")):
            if not path.is_symlink() and not any(part in _FLAT for part in path.parts):
                yield path


def _trimmed(picture: npt.NDArray[np.generic] | None) -> Bytes | None:
    """Return a picture (h, w, 4) cut to what is opaque; None if that is not one thing."""
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4 or picture.dtype != np.uint8:
        return None
    whole = _at_most(picture.astype(np.uint8), 2 * _LARGEST_CUTOUT)
    opaque = (whole[..., 3] > 127).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(opaque)
    if min(width, height) < _SMALLEST_CUTOUT:
        return None
    part = whole[y : y + height, x : x + width]
    opaque = opaque[y : y + height, x : x + width]
    _, _, areas, _ = cv2.connectedComponentsWithStats(opaque)
    largest = areas[1:, cv2.CC_STAT_AREA].max()
    filled = opaque.mean()
    one_thing = largest > 0.85 * opaque.sum() and 0.2 < filled < 0.95
    return _at_most(part, _LARGEST_CUTOUT) if one_thing else None


def _at_most(picture: Bytes, side: int) -> Bytes:
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    shrunk = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return shrunk.astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--to", type=Path, required=True, help="folder to download to")
    pictures = prepare(parser.parse_args().to)
    for kind in ("cutouts", "photographs"):
        print(f"{len(list((pictures / kind).iterdir()))} {kind}")


if __name__ == "__main__":
    main()
