"""What a report finds kept of an input may be anything: it is shown, or nothing is."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anything import any_json, damaged
from hypothesis import given
from hypothesis import strategies as st

from livesegment.annotate.report import FileReport
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated, Role
from livesegment.timeline.kept import KeptTimeline, TimelineSink
from livesegment.timeline.measuring import Measurer
from livesegment.timeline.report_page import PageInput, page
from livesegment.timeline.words import Price


def written(folder: Path) -> bytes:
    """Return what is kept of three pictures."""
    place = KeptTimeline(folder / ".livesegment" / "x.timeline", "mine", "a model")
    ids = np.zeros((24, 32), np.uint8)
    ids[:8] = 1
    with TimelineSink(place, Measurer()) as sink:
        for index in range(3):
            image = np.full((24, 32, 3), 80 * index, np.uint8)
            mask = Mask(ids, {1: "thing"}, index)
            sink.write(
                Annotated(Frame(image, index, index / 10, 0.0), mask, image, None, Role.ASKED)
            )
    return place.path.read_bytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> KeptTimeline:
    folder = tmp_path_factory.mktemp("kept")
    written(folder)
    return KeptTimeline(folder / ".livesegment" / "x.timeline", "mine", "a model")


def shown(place: KeptTimeline, content: bytes) -> str:
    place.path.write_bytes(content)
    report = FileReport("film.mp4", Path("out.mp4"), "already complete").as_json()
    return page([PageInput(report, place)], 0.0, Price(None, None))


@pytest.fixture(scope="module")
def whole(place: KeptTimeline) -> bytes:
    return place.path.read_bytes()


@given(data=st.data())
def test_any_damaged_timeline_makes_a_page(
    data: st.DataObject, place: KeptTimeline, whole: bytes
) -> None:
    assert shown(place, data.draw(damaged(st.just(whole)))).endswith("</html>\n")


@given(data=st.data())
def test_any_value_in_a_timeline_makes_a_page(
    data: st.DataObject, place: KeptTimeline, whole: bytes
) -> None:
    kept: Any = json.loads(whole)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            places.append((node, key))
            if isinstance(value, dict | list):
                walk(value)

    walk(kept)
    node, key = data.draw(st.sampled_from(places))
    node[key] = data.draw(any_json)
    try:
        content = json.dumps(kept).encode()
    except ValueError:  # more digits than Python writes
        return
    assert shown(place, content).endswith("</html>\n")
