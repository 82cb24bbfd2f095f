"""The legend and the HUD: readable, steady, never in the way of a small picture."""

import numpy as np
import numpy.typing as npt
import pytest

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.overlay.captions import draw_hud
from livesegment.overlay.compositor import Compositor
from livesegment.settings.controls import Controls

Pixels = npt.NDArray[np.uint8]
# Opacity 0: whatever differs from the frame is the legend.
ONLY_LEGEND = Controls(opacity=0.0)


def grey(height: int, width: int) -> Pixels:
    return np.full((height, width, 3), 128, np.uint8)


def shares(height: int, width: int, *tenths_of_per_cent: int) -> Pixels:
    """Return a mask whose class k + 1 takes so many pixels of each 1000."""
    ids = np.zeros(1000, np.uint8)
    start = 0
    for number, share in enumerate(tenths_of_per_cent):
        ids[start : start + share] = number + 1
        start += share
    return np.resize(ids, (height, width))


def legend(
    compositor: Compositor, ids: Pixels, class_map: dict[int, str], controls: Controls = ONLY_LEGEND
) -> Pixels:
    frame = Frame(grey(*ids.shape), 0, 0.0, 0.0)
    return compositor.draw(frame, Mask(ids, class_map), controls).copy()


def box(picture: Pixels) -> tuple[int, int, int, int]:
    """Return top, bottom, left, right of what is not the grey of the frame."""
    rows, columns = (picture != 128).any(axis=2).nonzero()
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())


def test_the_legend_stands_in_the_lower_left_corner() -> None:
    top, bottom, left, right = box(legend(Compositor(), shares(480, 640, 300), {1: "person"}))
    assert left < 20
    assert bottom > 460
    assert top > 400
    assert right < 300


def test_the_legend_shows_the_colour_unless_the_style_has_none() -> None:
    ids = shares(480, 640, 300)
    blue = (0xE9, 0xB4, 0x56)
    with_swatch = legend(Compositor(), ids, {0: "background", 1: "person"})
    assert (with_swatch == blue).all(axis=2).sum() > 50
    blurred = Controls(style="blur", opacity=0.0)
    assert (
        not (legend(Compositor(), ids, {0: "background", 1: "person"}, blurred) == blue)
        .all(axis=2)
        .any()
    )


def test_each_class_in_the_picture_is_a_row_up_to_a_limit() -> None:
    def height(classes: int) -> int:
        class_map = {0: "background", **{i: f"class {i}" for i in range(1, 41)}}
        top, bottom, _, _ = box(legend(Compositor(), shares(720, 1280, *[20] * classes), class_map))
        return bottom - top

    assert height(1) < height(2) < height(5)
    assert height(12) == height(40)


def test_filtered_classes_and_the_background_are_not_in_the_legend() -> None:
    ids, names = shares(480, 640, 300, 200), {0: "background", 1: "person", 2: "car"}
    only_car = Controls(opacity=0.0, classes=frozenset({"car"}))
    filtered = legend(Compositor(), ids, names, only_car)
    just_car = legend(Compositor(), np.where(ids == 2, ids, 0).astype(np.uint8), names)
    assert np.array_equal(filtered, just_car)
    nobody = Controls(opacity=0.0, classes=frozenset({"dog"}))
    assert (legend(Compositor(), ids, names, nobody) == 128).all()


def test_numbers_do_not_flicker_with_a_noisy_mask() -> None:
    compositor, names = Compositor(), {0: "background", 1: "person", 2: "car"}
    first = legend(compositor, shares(480, 640, 304, 306), names)
    for person, car in ((306, 304), (303, 307), (306, 306), (304, 304)):
        assert np.array_equal(legend(compositor, shares(480, 640, person, car), names), first)
    assert not np.array_equal(legend(compositor, shares(480, 640, 340, 306), names), first)


def test_a_small_class_is_listed() -> None:
    names = {0: "background", 1: "person", 2: "ball"}
    both = box(legend(Compositor(), shares(480, 640, 300, 2), names))
    one = box(legend(Compositor(), shares(480, 640, 300), names))
    assert both[0] < one[0]


@pytest.mark.parametrize(
    "name",
    [
        "行人",
        "شخص",
        "אדם",
        "человек",
        "व्यक्ति",
        "คน",
        "사람",
        "😀 face",
        "e\u0301a\u0300",
        "\u0301",
        "\ud800 lone surrogate",
        "two\nlines\tand\x00more",
        "\U0010fffe",
        "",
        " ",
        "a name " * 200,
    ],
)
def test_any_name_can_be_written(name: str) -> None:
    picture = legend(Compositor(), shares(240, 320, 300), {1: name})
    _, _, left, right = box(picture)
    assert right - left < 320 * 0.6
    canvas = grey(480, 640)
    draw_hud(canvas, [name[:20], "ok"])
    assert (canvas != 128).any()


@pytest.mark.parametrize("size", [(48, 64), (1, 1), (10, 2000), (2000, 10)])
def test_where_there_is_no_room_legend_and_hud_are_left_out(size: tuple[int, int]) -> None:
    picture = legend(Compositor(), np.ones(size, np.uint8), {1: "person"})
    assert (picture == 128).all()
    canvas = grey(*size)
    draw_hud(canvas, ["29.8 frames/s", "mask 83 ms old", "412 calls", "four", "five"])
    assert (canvas == 128).all()


def test_text_grows_with_the_picture() -> None:
    small = box(legend(Compositor(), shares(480, 640, 300), {1: "person"}))
    large = box(legend(Compositor(), shares(1080, 1920, 300), {1: "person"}))
    assert large[1] - large[0] > 1.8 * (small[1] - small[0])


def test_the_hud_stands_in_the_upper_left_corner() -> None:
    canvas = grey(720, 1280)
    draw_hud(canvas, ["29.8 frames/s", "mask 83 ms old"])
    top, bottom, left, right = box(canvas)
    assert top < 20
    assert left < 20
    assert bottom < 120
    assert right < 400
    assert canvas.max() > 230, "light letters"
    assert canvas[top:bottom, left:right].mean() < 90, "on a dark plate"


def test_an_empty_hud_draws_nothing() -> None:
    canvas = grey(480, 640)
    draw_hud(canvas, [])
    assert (canvas == 128).all()


def test_the_huds_edge_does_not_tremble_with_its_numbers() -> None:
    boxes = set()
    for number in (11.1, 28.8, 29.9):
        canvas = grey(720, 1280)
        draw_hud(canvas, [f"{number} frames/s", "mask 83 ms old"])
        boxes.add(box(canvas))
    assert len(boxes) == 1
