"""Whatever a model calls a class, a person can name it."""

import numpy as np
import pytest
from parts import SIZE, frame

from livesegment.events.rules import CoverageWatch
from livesegment.mask import Mask
from livesegment.overlay.selection import Selection
from livesegment.redaction.redactor import Redactor
from livesegment.settings import OverlayOptions, RedactOptions
from livesegment.settings.rule_text import parse_rule

NAMES = ["n" * 150, "N" * 100 + "something else", "traffic\nlight", "traffic light", "\ud800"]


@pytest.mark.parametrize("given", NAMES)
def test_a_class_is_found_by_the_name_that_its_model_gives_it(given: str) -> None:
    said = {name.casefold()[:100]: name for name in NAMES}[given.casefold()[:100]]
    mask = Mask(np.ones(SIZE[::-1], np.uint8), {0: "background", 1: said}, 1)

    overlay = OverlayOptions(classes=frozenset({given}))
    assert Selection(mask, overlay.classes).drawn[:3].tolist() == [False, True, False]

    watch = CoverageWatch(parse_rule(f"{given} > 5%"))
    watch.step(0.0, mask)
    assert watch.coverage == 1.0

    redactor = Redactor(RedactOptions(classes=frozenset({given})))
    picture = frame(1)
    leaving = redactor.leave(picture, mask, mask, 0.0)  # that it knows the class is no error
    assert leaving.frame is not picture
