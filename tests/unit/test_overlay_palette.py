"""The palette: told apart by everybody, one colour for one name."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livesegment.overlay.palette import class_colours, palette

# Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision
# Deficiency, IEEE TVCG 15(6), 2009, severity 1.0: linear RGB to linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# sRGB (IEC 61966-2-1) to CIE XYZ, and its white point D65.
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
# 2.3 is a just noticeable difference (Mahy et al., 1994).
JUST_NOTICEABLE = 2.3


def seen_as_lab(bgr: npt.NDArray[np.uint8], vision: str) -> npt.NDArray[np.float64]:
    """Return colours as CIE Lab the way somebody with that vision sees them."""
    rgb = bgr[:, ::-1] / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ VISIONS[vision].T, 0, 1) @ TO_XYZ.T / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def smallest_distance(colours: npt.NDArray[np.uint8], vision: str) -> float:
    lab = seen_as_lab(colours, vision)
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    return float(distances[~np.eye(len(lab), dtype=bool)].min())


@pytest.mark.parametrize("vision", VISIONS)
def test_first_colours_are_far_apart_for_everybody(vision: str) -> None:
    assert smallest_distance(palette()[:7], vision) >= 16
    assert smallest_distance(palette()[:16], vision) >= 16


@pytest.mark.parametrize("vision", VISIONS)
def test_twenty_classes_are_told_apart_by_everybody(vision: str) -> None:
    assert smallest_distance(palette()[:20], vision) >= 6 * JUST_NOTICEABLE


def test_all_256_colours_differ() -> None:
    assert len({tuple(colour) for colour in palette().tolist()}) == 256


def test_the_colour_goes_with_the_name_not_with_the_id() -> None:
    one = class_colours({0: "background", 1: "person"})[1]
    other = class_colours({0: "background", 7: "Person"})[7]
    assert one.tolist() == other.tolist() == [0xE9, 0xB4, 0x56]  # sky blue, in any process


names = st.dictionaries(
    st.integers(0, 255), st.text(min_size=1, max_size=8).filter(str.strip), max_size=60
)


@settings(max_examples=40, deadline=None)
@given(names)
def test_different_names_never_share_a_colour(class_map: dict[int, str]) -> None:
    colours = class_colours(class_map)
    by_name: dict[str, list[int]] = {}
    for class_id, name in class_map.items():
        if name.strip().casefold() != "background":
            by_name[name.strip().casefold()] = colours[class_id].tolist()
    assert len({tuple(colour) for colour in by_name.values()}) == len(by_name)
    assert colours.shape == (256, 3)


@settings(max_examples=40, deadline=None)
@given(names)
def test_unnamed_ids_look_like_no_named_class(class_map: dict[int, str]) -> None:
    colours = class_colours(class_map)
    named = {tuple(colours[class_id].tolist()) for class_id in class_map if class_id}
    unnamed = {tuple(colours[i].tolist()) for i in range(1, 256) if i not in class_map}
    assert not named & unnamed


def test_a_class_map_that_grows_changes_no_colour() -> None:
    names = [f"thing {number}" for number in range(200)]
    ids = list(range(200, 0, -1))
    for count in range(1, 200, 9):
        fewer = dict(zip(ids[:count], names, strict=False))
        more = dict(zip(ids, names, strict=True))
        assert (class_colours(fewer)[ids[:count]] == class_colours(more)[ids[:count]]).all()
