"""Whatever stands in a file of events, of marks, or in a recording is taken in, or left out."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from anything import any_json, any_text, damaged
from hypothesis import given
from hypothesis import strategies as st
from past import opened, told, write_recording

from livesegment.review.entry import Noted, file_name
from livesegment.review.fragments import Fragments
from livesegment.review.query import Wanted
from livesegment.review.seen import read_seen

_event = st.fixed_dictionaries(
    dict.fromkeys(told(0), any_json),
    optional={"more": any_json},
) | st.builds(
    lambda name, value: {**told(0), name: value}, st.sampled_from(list(told(0))), any_json
)


@given(_event | any_json)
def test_any_event_is_one_that_can_be_shown_or_none(said: object) -> None:
    noted = Noted.of(said)
    if noted is None:
        return
    for text in (noted.id, noted.rule, noted.subject, noted.class_name, noted.counted):
        assert text is None or (0 < len(text.encode()) <= 800 and text.isprintable())
    for name in (noted.snapshot, noted.clip):
        assert name is None or Path("folder", name).parent == Path("folder")
    assert noted.coverage is None or 0 <= noted.coverage <= 1
    assert 0 <= noted.time_s < 1e12


@given(any_text | st.text("./\\ab\0", max_size=12))
def test_any_name_of_a_file_stays_in_its_folder(text: str) -> None:
    name = file_name(f"{text}.mp4", ".mp4")
    if name is not None:
        assert Path("/folder", name).resolve().parent == Path("/folder")


@given(st.lists(_event | any_json, max_size=5), st.data())
def test_any_file_of_events_is_listed_as_far_as_it_says_something(
    said: list[object], data: st.DataObject
) -> None:
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in said)
    content = data.draw(damaged(st.just(lines)))
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "gate.jsonl").write_bytes(content)
        (folder / "gate.jsonl.seen").write_bytes(content)
        read_seen(folder / "gate.jsonl.seen")
        with opened(folder) as review:
            shown = review.shown(review.index.entries(Wanted(["gate"])))
            json.dumps(shown, allow_nan=False, ensure_ascii=False).encode()


with TemporaryDirectory() as _place:
    _RECORDING = write_recording(Path(_place) / "gate.mp4", 2).read_bytes()


@given(damaged(st.just(_RECORDING)))
def test_any_recording_is_looked_through_to_its_end(content: bytes) -> None:
    with TemporaryDirectory() as place:
        path = Path(place) / "a.mp4"
        path.write_bytes(content)
        found = Fragments.read(path)
        if found is not None:
            assert found.head <= found.end <= len(content)
            assert found.end_s >= 0
