"""The background and what is nothing at all, wherever a model puts them."""

from pathlib import Path

import numpy as np
import pytest
from masks import export
from pycocotools.coco import COCO

from livesegment.events.rules import CoverageWatch
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.align import MaskAligner
from livesegment.overlay.compositor import Compositor
from livesegment.overlay.palette import class_colours
from livesegment.redaction.redactor import Redactor
from livesegment.settings import RedactOptions
from livesegment.settings.controls import Controls
from livesegment.settings.rule import Rule
from livesegment.web.coverage import Coverage

HEIGHT, WIDTH = 90, 120

# Names of a model's classes; ids of what is no class, of a class with a name, and with none.
MODELS = {
    "first": ({0: "background", 1: "person"}, 0, 1, 2),
    "last": ({0: "person", 1: "road", 20: "Background "}, 20, 0, 2),
    "not named": ({1: "person"}, 0, 1, 2),
    "no names": ({}, 0, None, 2),
    "missing": ({0: "person", 1: "road"}, 255, 0, 2),
}


@pytest.fixture(params=MODELS, ids=str)
def model(request):
    return MODELS[request.param]


def image() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def mask_of(model, class_id: int | None = None, index: int = 0) -> Mask:
    """Return a mask of what is no class, with a square of one on its left half."""
    names, nothing, named, unnamed = model
    ids = np.full((HEIGHT, WIDTH), nothing, np.uint8)
    ids[20:60, 20:50] = (unnamed if named is None else named) if class_id is None else class_id
    return Mask(ids, names, index)


SQUARE = np.s_[20:60, 20:50]


def test_the_overlay_draws_neither(model) -> None:
    mask, before = mask_of(model), image()
    drawn = Compositor().draw(
        Frame(before, 0, 0.0, 0.0), mask, Controls(show_legend=False, opacity=1.0)
    )
    is_drawn = (drawn != before).any(axis=2)
    assert is_drawn[SQUARE].mean() > 0.9
    is_drawn[SQUARE] = False
    assert not is_drawn.any()


def test_the_legend_names_neither(model) -> None:
    names, nothing, *_ = model
    empty = Mask(np.full((HEIGHT, WIDTH), nothing, np.uint8), names)
    canvas = Compositor().draw(Frame(image(), 0, 0.0, 0.0), empty, Controls(show_legend=True))
    assert np.array_equal(canvas, image())


def test_the_page_counts_neither(model) -> None:
    coverage = Coverage()
    coverage.see(mask_of(model))
    shown = {each.name for each in coverage.classes()}
    assert shown == {name for name in model[0].values() if name.strip() != "Background"} - {
        "background"
    }
    assert all(each.share < 0.5 for each in coverage.classes())


def test_a_share_counts_nothing_at_all_for_nobody(model) -> None:
    nothing = model[1]
    shares = mask_of(model).coverage()
    assert (nothing in shares) is (nothing != 255)
    assert "class 255" not in {mask_of(model).class_name(each) for each in shares}


def test_a_rule_finds_the_background_by_its_name_and_void_never(model) -> None:
    for name, is_wanted in (("background", model[1] != 255), ("class 255", False)):
        watch = CoverageWatch(Rule(name="r", class_name=name, above=0.5, for_s=0))
        watch.step(0.0, mask_of(model))
        assert ((watch.coverage or 0) > 0.5) is is_wanted


def test_redaction_hides_what_has_no_name_but_not_the_background() -> None:
    for names, nothing, named, unnamed in MODELS.values():
        if named is None:
            continue
        redactor = Redactor(RedactOptions(classes=frozenset({"person"}), style="black"))
        ids = np.full((HEIGHT, WIDTH), nothing, np.uint8)
        ids[:, :10] = named
        ids[:, -10:] = unnamed
        frame = Frame(np.full((HEIGHT, WIDTH, 3), 200, np.uint8), 0, 0.0, 0.0)
        mask = Mask(ids, names, 0)
        left = redactor.leave(frame, mask, mask, 0.0).frame.image
        assert not left[:, :10].any()
        assert not left[:, -10:].any()
        # An id without a name is hidden, be it 255: only the background is known to be free.
        assert left[:, 40:80].any() == (nothing != 255)


def test_exports_annotate_neither(model, tmp_path: Path) -> None:
    mask = mask_of(model)
    path = export("coco", tmp_path / "a.json", [mask.class_ids], names=model[0])
    coco = COCO(str(path))
    (only,) = coco.dataset["annotations"]
    assert only["bbox"] == [20, 20, 30, 40]
    assert model[1] not in {each["id"] for each in coco.dataset["categories"]}
    folder = export("yolo", tmp_path / "a.yolo", [mask.class_ids], names=model[0])
    (label,) = (folder / "labels").iterdir()
    assert len(label.read_text().splitlines()) == 1


def test_a_carried_mask_leaves_the_background_where_the_class_was(model) -> None:
    """A square that moves over a ground, whatever the ground's id is."""
    ground = np.random.default_rng(3).integers(0, 90, (HEIGHT, WIDTH, 3), np.uint8)
    thing = np.random.default_rng(4).integers(150, 256, (40, 30, 3), np.uint8)
    aligner = MaskAligner()
    for index in range(4):
        picture = ground.copy()
        picture[20:60, 20 + 4 * index : 50 + 4 * index] = thing
        frame = Frame(picture, index, index / 30, index / 30)
        aligner.observe(frame)
    carried = aligner.align(mask_of(model))
    assert carried is not None
    truth = mask_of(model)
    ids = np.full((HEIGHT, WIDTH), model[1], np.uint8)
    ids[20:60, 32:62] = truth.class_ids[30, 30]
    class_id = int(truth.class_ids[30, 30])
    assert carried.similarity(Mask(ids), class_id) > truth.similarity(Mask(ids), class_id)
    assert set(np.unique(carried.class_ids)) == {model[1], class_id}


def test_the_background_has_no_colour_of_its_own_to_take_away() -> None:
    first = class_colours({0: "background", 1: "person"})[1]
    last = class_colours({0: "person", 9: "BACKGROUND"})[0]
    assert np.array_equal(first, last)
