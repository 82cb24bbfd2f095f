"""What each style does to which pixels."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.overlay.background import CUTOUT_BGR
from livesegment.overlay.compositor import Compositor
from livesegment.overlay.palette import class_colours
from livesegment.settings.controls import STYLES, Controls, Style

CLASS_MAP = {0: "background", 1: "person", 2: "car", 9: "tree"}
Pixels = npt.NDArray[np.uint8]


def frame_of(image: Pixels) -> Frame:
    return Frame(image, 0, 0.0, 0.0)


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


def controls(**wishes: Any) -> Controls:
    return Controls(**{"show_legend": False, **wishes})


def drawn(image: Pixels, ids: Pixels, class_map: dict[int, str], **wishes: Any) -> Pixels:
    """Return what a new compositor makes of a picture."""
    return Compositor().draw(frame_of(image), Mask(ids, class_map), controls(**wishes))


def tinted(image: Pixels, ids: Pixels, class_map: dict[int, str], alpha: float) -> Pixels:
    """Return the fill style as the formula says it."""
    colours = class_colours(class_map)[ids]
    return np.rint(image * (1 - alpha) + colours * alpha).astype(np.uint8)


def person_on(height: int, width: int) -> Pixels:
    """Return a mask with a disc of class 1 in the middle."""
    rows, columns = np.mgrid[:height, :width]
    radius = min(height, width) / 4
    return (np.hypot(rows - height / 2, columns - width / 2) < radius).astype(np.uint8)


sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))
label_maps = sizes.flatmap(
    lambda size: arrays.arrays(np.uint8, size, elements=st.sampled_from([0, 0, 1, 2, 9, 77, 254]))
)


@settings(max_examples=150, deadline=None)
@given(ids=label_maps, alpha=st.sampled_from([0.0, 0.1, 0.5, 0.77, 1.0]))
def test_fill_tints_classes_and_leaves_the_rest_alone(ids: Pixels, alpha: float) -> None:
    image = noise(*ids.shape)
    before = image.copy()
    result = drawn(image, ids, CLASS_MAP, opacity=alpha)
    expected = tinted(image, ids, CLASS_MAP, alpha)
    clear = ids == 0
    assert np.array_equal(result[clear], image[clear])
    assert np.abs(result[~clear].astype(int) - expected[~clear]).max(initial=0) <= 1
    assert np.array_equal(image, before)


@pytest.mark.parametrize("pattern", ["sparse", "everywhere", "one class", "two corners", "half"])
@pytest.mark.parametrize("size", [(701, 777), (33, 3000)])
def test_fill_of_large_pictures_is_the_same_formula(pattern: str, size: tuple[int, int]) -> None:
    height, width = size
    random = np.random.default_rng(1)
    ids = np.zeros(size, np.uint8)
    if pattern == "sparse":
        ids = np.where(random.random(size) < 0.01, random.integers(1, 255, size), 0)
    elif pattern == "everywhere":
        ids = random.integers(1, 21, size)
    elif pattern == "one class":
        ids[height // 2 :] = 9
    elif pattern == "two corners":
        ids[0, 0], ids[-1, -1] = 1, 2
    else:
        ids[:, : width // 2] = random.integers(1, 4, (height, width // 2))
    ids = ids.astype(np.uint8)
    image = noise(height, width)
    result = drawn(image, ids, CLASS_MAP, opacity=0.3)
    expected = np.where((ids > 0)[..., None], tinted(image, ids, CLASS_MAP, 0.3), image)
    assert np.array_equal(result[ids == 0], image[ids == 0])
    assert np.abs(result.astype(int) - expected).max() <= 1


def test_opacity_0_is_the_picture_and_1_the_colour_exactly() -> None:
    image, ids = noise(50, 60), person_on(50, 60)
    for style in STYLES:
        assert np.array_equal(drawn(image, ids, CLASS_MAP, style=style, opacity=0.0), image)
    full = drawn(image, ids, CLASS_MAP, opacity=1.0)
    assert (full[ids == 1] == class_colours(CLASS_MAP)[1]).all()


@settings(max_examples=60, deadline=None)
@given(ids=label_maps, wanted=st.sets(st.sampled_from(["person", "car", "tree", "class 77"])))
def test_the_class_filter_draws_only_the_named(ids: Pixels, wanted: set[str]) -> None:
    image = noise(*ids.shape)
    filtered = frozenset(name.upper() for name in wanted)
    result = drawn(image, ids, CLASS_MAP, classes=filtered)
    names = {**{i: f"class {i}" for i in range(256)}, **CLASS_MAP}
    kept = np.isin(ids, [i for i in range(256) if names[i] in wanted])
    everything = drawn(image, ids, CLASS_MAP)
    assert np.array_equal(result, np.where(kept[..., None], everything, image))


@pytest.mark.parametrize("name", ["background", " Background ", "BACKGROUND"])
def test_the_background_stays_clear_by_its_name_whatever_its_id(name: str) -> None:
    image, ids = noise(20, 30), np.zeros((20, 30), np.uint8)
    assert np.array_equal(drawn(image, ids, {0: name}), image)
    names = {0: "road", 1: name}
    road = drawn(image, ids, names, opacity=1.0)
    assert (road == class_colours(names)[0]).all()
    ids[:] = 1
    assert np.array_equal(drawn(image, ids, names), image)


@pytest.mark.parametrize("style", ["blur", "cutout"])
def test_background_styles_keep_every_pixel_of_the_classes(style: Style) -> None:
    image, ids = noise(180, 240), person_on(180, 240)
    result = drawn(image, ids, CLASS_MAP, style=style)
    assert np.array_equal(result[ids == 1], image[ids == 1])
    far = np.s_[:20]
    if style == "cutout":
        assert (result[far] == CUTOUT_BGR).all()
    else:
        assert result[far].std() < image[far].std() / 8
    nobody = drawn(image, np.zeros_like(ids), CLASS_MAP, style=style)
    assert nobody.std() < image.std() / 8
    road = drawn(image, np.zeros_like(ids), {0: "road"}, style=style)
    assert np.array_equal(road, image)


def test_blur_does_not_smear_the_classes_into_the_background() -> None:
    ids = person_on(180, 240)
    image = np.full((180, 240, 3), 40, np.uint8)
    image[ids == 1] = 255
    result = drawn(image, ids, CLASS_MAP, style="blur", opacity=1.0)
    rows, columns = np.mgrid[:180, :240]
    away = np.hypot(rows - 90, columns - 120) > 45 + 4
    assert np.abs(result[away].astype(int) - 40).max() <= 3


def test_more_opacity_blurs_more() -> None:
    image, ids = noise(180, 240), np.zeros((180, 240), np.uint8)
    spread = [drawn(image, ids, CLASS_MAP, style="blur", opacity=a).std() for a in (0.1, 0.4, 1.0)]
    assert spread[0] > spread[1] > spread[2]


def test_outline_follows_both_sides_of_every_edge() -> None:
    ids = np.zeros((120, 160), np.uint8)
    ids[20:100, 20:80], ids[20:100, 80:140] = 1, 2
    image = np.full((120, 160, 3), 128, np.uint8)
    result = drawn(image, ids, CLASS_MAP, style="outline", opacity=1.0)
    colours = class_colours(CLASS_MAP).astype(int)
    person_side, car_side = result[60, 79].astype(int), result[60, 80].astype(int)
    assert np.abs(person_side - colours[1]).sum() < np.abs(person_side - colours[2]).sum()
    assert np.abs(car_side - colours[2]).sum() < np.abs(car_side - colours[1]).sum()
    assert result[60, 18].max() < 128, "a dark rim lies outside"
    assert np.array_equal(result[40:80, 30:70], image[40:80, 30:70])
    assert np.array_equal(result[:10], image[:10])


def test_outline_between_classes_that_are_not_drawn_is_not_drawn() -> None:
    ids = np.zeros((120, 160), np.uint8)
    ids[:, 80:] = 2
    image = noise(120, 160)
    result = drawn(image, ids, CLASS_MAP, style="outline", classes=frozenset({"person"}))
    assert np.array_equal(result, image)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3), (7, 5)])
@pytest.mark.parametrize("style", STYLES)
def test_tiny_pictures(style: Style, size: tuple[int, int]) -> None:
    ids = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size) % 3
    image = noise(*size)
    for class_map in (CLASS_MAP, {}):
        result = drawn(image, ids, class_map, style=style, show_legend=True)
        assert result.shape == image.shape
    nothing = drawn(image, np.zeros(size, np.uint8), CLASS_MAP, style="outline", show_legend=True)
    assert np.array_equal(nothing, image)


@pytest.mark.parametrize("style", STYLES)
def test_arrays_of_any_layout_give_the_same_picture(style: Style) -> None:
    image, ids = noise(60, 90), person_on(60, 90)
    expected = drawn(image, ids, CLASS_MAP, style=style).copy()
    wide, wide_ids = np.zeros((60, 180, 3), np.uint8), np.zeros((60, 180), np.uint8)
    wide[:, ::2], wide_ids[:, ::2] = image, ids
    mirrored = np.ascontiguousarray(image[:, ::-1])[:, ::-1]
    for other, other_ids in (
        (wide[:, ::2], wide_ids[:, ::2]),
        (np.asfortranarray(image), np.asfortranarray(ids)),
        (mirrored, np.ascontiguousarray(ids[::-1])[::-1]),
        (np.pad(image, ((3, 3), (5, 5), (0, 0)))[3:-3, 5:-5], ids),
    ):
        assert np.array_equal(drawn(other, other_ids, CLASS_MAP, style=style), expected)


def test_one_compositor_takes_frames_of_changing_size() -> None:
    compositor = Compositor()
    for height, width in ((60, 90), (120, 160), (1, 1), (60, 90)):
        for style in STYLES:
            image, ids = noise(height, width), person_on(height, width)
            result = compositor.draw(frame_of(image), Mask(ids, CLASS_MAP), controls(style=style))
            assert np.array_equal(result, drawn(image, ids, CLASS_MAP, style=style))


def test_the_canvas_is_the_compositors_own_and_used_again() -> None:
    compositor = Compositor()
    image = noise(40, 50)
    mask = Mask(person_on(40, 50), CLASS_MAP)
    first = compositor.draw(frame_of(image), mask, controls())
    assert not np.shares_memory(first, image)
    assert np.shares_memory(first, compositor.draw(frame_of(image), None, controls()))


def test_without_mask_overlay_or_strength_the_picture_is_the_frames() -> None:
    image, compositor = noise(60, 90), Compositor()
    mask = Mask(person_on(60, 90), CLASS_MAP)
    for style in STYLES:
        shown = Controls(style=style)
        hidden = Controls(style=style, show_overlay=False)
        assert np.array_equal(compositor.draw(frame_of(image), None, shown), image)
        assert np.array_equal(compositor.draw(frame_of(image), mask, hidden), image)
        assert np.array_equal(compositor.draw(frame_of(image), mask, shown, strength=0.0), image)


def test_strength_scales_the_opacity() -> None:
    image, mask = noise(60, 90), Mask(person_on(60, 90), CLASS_MAP)
    half = Compositor().draw(frame_of(image), mask, controls(opacity=0.8), strength=0.5)
    assert np.array_equal(half, drawn(image, mask.class_ids, CLASS_MAP, opacity=0.4))


def test_a_mask_of_another_size_is_refused() -> None:
    mask = Mask(np.zeros((5, 5), np.uint8), CLASS_MAP)
    with pytest.raises(ValueError, match=r"\(5, 5\).*\(8, 6\)"):
        Compositor().draw(frame_of(noise(6, 8)), mask, controls())


def test_a_class_that_the_model_has_not_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    mask = Mask(np.zeros((8, 8), np.uint8), {0: "background", 1: "person"})
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0, 0.0)
    compositor = Compositor()
    for _ in range(3):
        compositor.draw(frame, mask, Controls(classes=frozenset({"Person", "dog"})))
    assert caplog.messages == ["the model has no class 'dog'; it has: background, person"]
