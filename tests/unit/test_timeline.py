"""What each class covers over the length of a film: measured, as a table, and as a page."""

import base64
import csv
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from privacy import CLASS_NAME, pattern_shots, seen_pixels

import livesegment.timeline as timeline_room
from livesegment import (
    AnnotateOptions,
    Frame,
    KeyframeOptions,
    Mask,
    OptionsError,
    OutputExists,
    OutputNotWritable,
    OverlayOptions,
    RedactOptions,
    Segmenter,
    annotate,
)
from livesegment.annotate.report import FileReport
from livesegment.sinks.base import Annotated, Role
from livesegment.sources.pattern import CLASS_MAP
from livesegment.timeline.kept import KeptTimeline, Timeline, TimelineSink
from livesegment.timeline.measuring import Measured, Measurer
from livesegment.timeline.report_page import PageInput, page
from livesegment.timeline.table import TableSink
from livesegment.timeline.thinning import thinned
from livesegment.timeline.words import Price

SIZE = (64, 48)
FILM = 2300  # frames: more than a timeline has points
FREE = Price(None, None)
NAMES = {0: "background", 1: "person", 2: "cat"}


def picture(
    index: int,
    boxes: Sequence[tuple[int, int, int, int, int]] | None,
    *,
    names: dict[int, str] = NAMES,
    role: Role = Role.ASKED,
    level: int = 90,
    instances: bool = False,
    **fields: Any,
) -> Annotated:
    """Return a picture at 10 a second with boxes (class id, x, y, width, height); None: no mask."""
    width, height = SIZE
    image = np.full((height, width, 3), level, np.uint8)
    frame = Frame(image, index, index / 10, 0.0)
    if boxes is None:
        return Annotated(frame, None, image, role=role)
    ids, numbers = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
    for number, (class_id, x, y, w, h) in enumerate(boxes, 1):
        ids[y : y + h, x : x + w], numbers[y : y + h, x : x + w] = class_id, number
    told = numbers if instances else None
    return Annotated(frame, Mask(ids, names, index, instance_ids=told, **fields), image, role=role)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table(path: Path, pictures: Sequence[Annotated], **options: Any) -> list[dict[str, str]]:
    with TableSink(path, Measurer(), **options) as sink:
        for each in pictures:
            sink.write(each)
        sink.commit()
    return rows(path)


def kept(folder: Path, pictures: Sequence[Annotated]) -> Timeline:
    place = KeptTimeline(folder / ".livesegment" / "x.timeline", "mine", "a model")
    with TimelineSink(place, Measurer()) as sink:
        for each in pictures:
            sink.write(each)
        sink.commit()
    found = place.read()
    assert found is not None
    return found


def test_shares_add_up_and_regions_are_counted() -> None:
    halves = [(1, 0, 0, 10, 48), (1, 54, 0, 10, 48), (2, 20, 0, 8, 24)]
    found = Measurer().measure(picture(0, halves))
    assert [(each.name, each.share, each.count, each.counted) for each in found] == [
        ("person", 20 / 64, 2, "regions"),
        ("cat", 8 * 24 / (64 * 48), 1, "regions"),
    ]


def test_a_carried_mask_has_as_many_as_the_answer_before_it() -> None:
    measurer = Measurer()
    two = [(1, 0, 0, 10, 48), (1, 10, 0, 10, 48)]  # they touch: one region
    asked = measurer.measure(picture(0, two, instances=True, confidences=(0.9, 0.5)))
    [carried] = measurer.measure(picture(1, two, role=Role.CARRIED))
    assert asked == (Measured("person", 1, 20 / 64, 2, "instances", 0.7),)
    assert (carried.count, carried.counted, carried.confidence) == (2, "instances", None)
    # The next answer has one, and says so until the one after it.
    assert measurer.measure(picture(2, two[:1], instances=True))[0].count == 1


def test_how_sure_a_model_is_of_pixels_is_their_mean_even_of_the_smallest_class() -> None:
    certainty = np.full((SIZE[1], SIZE[0]), 51, np.uint8)
    certainty[:, 32:] = 255
    boxes = [(1, 0, 0, 64, 48), (2, 63, 47, 1, 1)]
    person, cat = Measurer().measure(picture(0, boxes, certainty=certainty))
    assert person.confidence == pytest.approx(0.6, abs=0.01)
    assert cat.confidence == 1.0


def test_classes_of_one_name_are_one() -> None:
    same = {0: "background", 3: "person", 7: "person"}
    boxes = [(3, 0, 0, 16, 48), (7, 32, 0, 16, 48)]
    [found] = Measurer().measure(picture(0, boxes, names=same))
    assert (found.name, found.share, found.count) == ("person", 0.5, 2)


def test_a_table_has_a_row_for_each_frame_and_class(tmp_path: Path) -> None:
    found = table(
        tmp_path / "t.csv",
        [
            picture(0, [(1, 0, 0, 16, 48), (2, 32, 0, 16, 48)]),
            picture(1, [(1, 0, 0, 16, 48)], role=Role.CARRIED),
            picture(2, [], role=Role.STILL),
            picture(3, None),
        ],
    )
    said = [
        tuple(each[name] for name in ("frame", "time_s", "mask", "class", "share", "count"))
        for each in found
    ]
    assert said == [
        ("0", "0.000000", "asked", "person", "0.250000", "1"),
        ("0", "0.000000", "asked", "cat", "0.250000", "1"),
        ("1", "0.100000", "carried", "person", "0.250000", "1"),
        ("2", "0.200000", "still", "", "0", "0"),
        ("3", "0.300000", "none", "", "", ""),
    ]


BEGINS = ["=1+1", "+1", "-1", "@sum", "\uff1d1"]


@pytest.mark.parametrize("name", [*BEGINS, '"a", b', "a\nb", "\ud800", "<b>"])
def test_no_name_is_a_formula_or_breaks_a_row(name: str, tmp_path: Path) -> None:
    files = [Path(f"{name[:1]}x.png".replace("\n", ""))]
    named = {0: "background", 1: name}
    [row] = table(tmp_path / "t.csv", [picture(0, [(1, 0, 0, 9, 9)], names=named)], files=files)
    assert (row["class"].startswith("'"), row["file"].startswith("'")) == (name in BEGINS,) * 2
    assert row["class"].removeprefix("'") == Mask(np.zeros((1, 1), np.uint8), named).class_name(1)
    assert None not in row


def test_a_table_appears_when_it_is_complete_and_replaces_nothing(tmp_path: Path) -> None:
    sink = TableSink(tmp_path / "t.csv", Measurer())
    sink.write(picture(0, []))
    sink.close()
    assert len(rows(tmp_path / "t.part.csv")) == 1
    assert len(table(tmp_path / "t.csv", [picture(0, []), picture(1, [])])) == 2
    assert not (tmp_path / "t.part.csv").exists()
    with pytest.raises(OutputExists, match=r"t.csv exists already"):
        TableSink(tmp_path / "t.csv", Measurer())
    with pytest.raises(OptionsError, match=r"its name ends in \.csv"):
        TableSink(tmp_path / "t.tsv", Measurer())


def test_a_long_film_keeps_its_means_its_extremes_and_its_gaps(tmp_path: Path) -> None:
    widths = np.random.default_rng(1).integers(0, 64, FILM)
    frames = (
        picture(i, None if 1500 <= i < 1600 else [(1, 0, 0, int(w), 48)])
        for i, w in enumerate(widths)
    )
    found = kept(tmp_path, frames)  # type: ignore[arg-type]  # one at a time
    assert found["frames"] == FILM
    assert 1000 <= len(found["times"]) <= 2000
    shares = np.where((np.arange(FILM) >= 1500) & (np.arange(FILM) < 1600), np.nan, widths / 64)
    for timeline in (thinned(found, 2000, 5), thinned(found, 300, 5)):
        [person], times = timeline["classes"], timeline["times"]
        assert len(person["mean"]) == len(times) == len(timeline["masked"]) <= 2000
        starts = [round(10 * each) for each in times]
        parts = [shares[a:b] for a, b in zip(starts, [*starts[1:], FILM], strict=True)]
        for at, part in enumerate(parts):
            seen = part[~np.isnan(part)]
            assert timeline["masked"][at] == seen.size
            if seen.size:
                # As exact as the table, which has six places of a share.
                assert person["low"][at] == round(10_000 * seen.min(), 2)
                assert person["high"][at] == round(10_000 * seen.max(), 2)
                assert person["mean"][at] == pytest.approx(10_000 * seen.mean(), abs=1)
    assert found["classes"][0]["share"] == pytest.approx(np.nanmean(shares), abs=1e-5)
    assert found["roles"]["none"][-1] == 0
    assert sum(found["roles"]["none"]) == 100


def decoded(scene: Any) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(scene["jpeg"]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def scenes(levels: Sequence[int], frames: int) -> Iterator[Annotated]:
    """Yield scenes of so many frames each; where their picture is bright is different in each."""
    width, height = SIZE
    for index in range(len(levels) * frames):
        image = np.zeros((height, width, 3), np.uint8)
        scene = index // frames
        image[:, 8 * (scene % 8) : 8 * (scene % 8) + 8] = levels[scene]
        frame = Frame(image, index, index / 10, 0.0)
        mask = Mask(np.zeros((height, width), np.uint8), NAMES, index)
        yield Annotated(frame, mask, image, role=Role.ASKED, scene=scene)


def test_each_scene_of_a_short_film_has_a_picture(tmp_path: Path) -> None:
    found = kept(tmp_path, list(scenes([250, 120, 200, 90, 160], 6)))["scenes"]
    assert [each["begin_s"] for each in found] == [0.0, 0.6, 1.2, 1.8, 2.4]
    assert all(each["begins_scene"] for each in found)
    for number, (scene, level) in enumerate(zip(found, [250, 120, 200, 90, 160], strict=True)):
        assert abs(int(decoded(scene)[24, 8 * number + 4, 0]) - level) < 12


def test_a_film_of_many_scenes_and_of_one_has_so_many_pictures(tmp_path: Path) -> None:
    many = kept(tmp_path, list(scenes([250, 120] * 100, 3)))["scenes"]
    assert len(many) == 24
    one = kept(tmp_path, [picture(index, []) for index in range(1200)])["scenes"]
    assert 12 <= len(one) <= 24
    assert [each["begins_scene"] for each in one] == [True] + [False] * (len(one) - 1)
    lengths = [each["end_s"] - each["begin_s"] for each in one]
    assert max(lengths) < 120 / 4


def test_what_is_hidden_whole_is_no_scene(tmp_path: Path) -> None:
    pictures = list(scenes([250], 9))
    black = np.zeros_like(pictures[4].image)
    pictures[4] = replace(
        pictures[4], frame=replace(pictures[4].frame, image=black), mask=None, image=black
    )
    [scene] = kept(tmp_path, pictures)["scenes"]
    assert decoded(scene).max() > 200


def report_of(place: KeptTimeline | None = None, **fields: Any) -> PageInput:
    values = {"source": "film.mp4", "output": Path("out.mp4"), "outcome": "done", **fields}
    return PageInput(FileReport(**values).as_json(), place)


@pytest.mark.parametrize("folder", ["/home/ana/my films", "../ana", "/home/ana"])
def test_a_page_that_is_sent_around_tells_nothing_of_folders(folder: str) -> None:
    error = f"cannot write {folder}/out/film.part.mp4: the disk is full; /home/ana/m.mkv is kept"
    failed = {"output": Path(folder, "out/film.mp4"), "error": OutputNotWritable(error)}
    one = page([report_of(source=f"{folder}/film.mov", **failed)], 1.0, FREE)
    two = page(
        [report_of(source=f"{folder}/{each}/film.mov", **failed) for each in ("a", "b")], 1.0, FREE
    )
    assert "ana" not in re.sub("<style>.*|<!--.*?-->", "", one + two, flags=re.DOTALL)
    assert "<h1><bdi>film.mov</bdi></h1>" in one
    assert "<title>film.mov" in one
    assert "cannot write film.part.mp4: the disk is full; m.mkv is kept" in one
    assert "<bdi>a/film.mov</bdi>" in two
    assert "<bdi>b/film.mov</bdi>" in two


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("rtsp://me:secret@cam/a", "rtsp://cam/a"),
        ("pattern:64x48@10:6", "pattern:64x48@10:6"),
        ("/home/ana/in/*.png", "in/*.png"),
        ("in/", "in"),
    ],
)
def test_an_input_is_called_what_people_know(source: str, name: str) -> None:
    assert f"<h1><bdi>{name}</bdi></h1>" in page([report_of(source=source)], 1.0, FREE)


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "\u2028&#x3c;b&gt;",
    "\ud800",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_of_strangers_becomes_markup(name: str, tmp_path: Path) -> None:
    place = KeptTimeline(tmp_path / ".livesegment" / "x.timeline", "mine", name)
    with TimelineSink(place, Measurer()) as sink:
        for index in range(3):
            sink.write(picture(index, [(1, 0, 0, 9, 9)], names={0: "background", 1: name}))
    errors = {name: 2}
    made = [
        page([report_of(place, source=name, errors=errors, output=Path("x"))], 1.0, FREE),
        page([report_of(place, source=name), report_of(place, source=name)], 1.0, FREE),
    ]
    harmless = [
        page([report_of(place, source="x", errors={"y": 2}, output=Path("x"))], 1.0, FREE),
        page([report_of(place, source="x"), report_of(place, source="y")], 1.0, FREE),
    ]
    for hostile, harmless_page in zip(made, harmless, strict=True):
        hostile.encode("utf-8")
        # The texts are bounded by their tags: as many of each as with any other name.
        for begin in ("<script", "<img", "<", "onerror=alert(1)>", '"'):
            tags = re.sub(r"<script type=.*?</script>", "", hostile, flags=re.DOTALL)
            same = re.sub(r"<script type=.*?</script>", "", harmless_page, flags=re.DOTALL)
            assert tags.count(begin) == same.count(begin), begin
        for data in re.findall(r'json" id="data-\d+">(.*?)</script>', hostile, re.DOTALL):
            assert len(json.loads(data)["classes"]) == 1


def test_a_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    made = page([report_of()], 1.0, FREE)
    policy = re.search(r'Policy" content="([^"]*)"', made)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy[1]
    assert not re.findall(r'(?:src|href)="(?!data:|#)', made)
    assert not re.search(r"url\(|@import|\sstyle=|\son\w+=", made.partition("<script>")[0])


def test_the_charts_are_drawn_by_what_is_said_and_its_licence_is_on_the_page() -> None:
    folder = Path(timeline_room.__file__).with_name("page")
    said = re.findall(r"sha256 of `(.*?)` \| `(\w+)`", (folder / "README.md").read_text("utf-8"))
    assert len(said) == 3
    for name, digest in said:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    licence = (folder / "uPlot.LICENSE").read_text("utf-8")
    assert licence in page([report_of()], 1.0, FREE)


def test_many_inputs_with_many_classes_make_a_page_of_a_few_mb(tmp_path: Path) -> None:
    names = {0: "background", **{number: f"class {number}" for number in range(1, 201)}}
    noise = np.random.default_rng(0)
    place = KeptTimeline(tmp_path / ".livesegment" / "x.timeline", "mine", "a model")
    with TimelineSink(place, Measurer()) as sink:
        for index in range(10):
            boxes = [
                (int(each), 8 * (i % 8), 8 * (i // 8), 7, 7)
                for i, each in enumerate(noise.integers(1, 201, 48))
            ]
            sink.write(picture(index, boxes, names=names))
    one = page([report_of(place)], 1.0, FREE)
    many = page([report_of(place, source=f"{number}.mp4") for number in range(310)], 1.0, FREE)
    assert one.count('<th scope="row">') == len(place.read()["classes"]) > 150  # type: ignore[index]
    for number in range(310):
        assert f"<bdi>{number}.mp4</bdi>" in many
    assert max(len(one), len(many)) < 6_000_000


class Truth(Segmenter):
    """Knows the true masks of the drawn scene."""

    max_concurrency = None

    def __init__(self, shots: Sequence[Any]) -> None:
        self._shots = shots
        self.calls = 0

    def segment(self, frame: Frame) -> Mask:
        self.calls += 1
        return Mask(self._shots[frame.index].class_ids, CLASS_MAP, frame.index)


def pages_pictures(path: Path) -> list[np.ndarray]:
    found = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", path.read_text("utf-8"))
    return [decoded({"jpeg": each}) for each in found]


def film(folder: Path, shots: Sequence[Any]) -> Path:
    folder.mkdir()
    for index, shot in enumerate(shots):
        cv2.imwrite(str(folder / f"{index:03}.png"), shot.image)
    return folder


def test_what_the_output_hides_is_not_on_its_page_not_even_from_an_earlier_run(
    tmp_path: Path,
) -> None:
    shots = pattern_shots(12)
    images, model = film(tmp_path / "in", shots), Truth(shots)
    html, video = tmp_path / "report.html", tmp_path / "out.mp4"
    plain = AnnotateOptions(overlay=OverlayOptions(opacity=0, legend=False), report=str(html))
    annotate(images, video, segmenter=model, options=plain)
    [first] = pages_pictures(html)
    assert seen_pixels(first, shots[0].class_ids, 60) > 300

    hiding = AnnotateOptions(
        overlay=plain.overlay,
        overwrite=True,
        redact=RedactOptions(frozenset({CLASS_NAME}), "black", "withhold"),
    )
    annotate(images, video, segmenter=model, options=hiding)
    # It is complete; what was kept when nothing was hidden is not its own.
    both = AnnotateOptions(overlay=plain.overlay, redact=hiding.redact, report=str(html))
    [report] = annotate(images, video, segmenter=model, options=both).files
    assert report.outcome == "already complete"
    assert pages_pictures(html) == []
    again = AnnotateOptions(
        overlay=plain.overlay, redact=hiding.redact, report=str(html), overwrite=True
    )
    video.unlink()
    annotate(images, video, segmenter=model, options=again)
    [hidden] = pages_pictures(html)
    assert seen_pixels(hidden, shots[0].class_ids, 60) == 0
    assert model.calls == 12


def test_a_page_of_what_was_complete_before_shows_what_the_run_kept(tmp_path: Path) -> None:
    shots = pattern_shots(9)
    images, model = film(tmp_path / "in", shots), Truth(shots)
    html, data = tmp_path / "report.html", tmp_path / "report.json"
    options = AnnotateOptions(
        report=(str(html), str(data)),
        keyframes=KeyframeOptions(every=4),
        price_per_call=0.5,
        currency="EUR",
    )
    annotate(images, tmp_path / "out.mp4", segmenter=model, options=options)
    assert model.calls == 3
    first = html.read_text("utf-8")
    assert "1.50 EUR" in first
    assert "<b>3</b> asked" in first
    assert "<b>6</b> carried" in first
    annotate(images, tmp_path / "out.mp4", segmenter=model, options=options)
    assert json.loads(data.read_text("utf-8"))["files"][0]["outcome"] == "already complete"
    second = html.read_text("utf-8")
    assert "already complete" in second
    for part in (r'id="data-0">(.*?)</script>', r'"sheet">(.*?)</section>'):
        assert re.findall(part, first, re.DOTALL) == re.findall(part, second, re.DOTALL) != []


def test_a_name_that_is_no_text_is_in_every_report(tmp_path: Path) -> None:
    shots = pattern_shots(1)
    source = tmp_path / "caf\udce9.png"
    source.write_bytes(cv2.imencode(".png", shots[0].image)[1].tobytes())
    names = ("report.json", "report.html")
    options = AnnotateOptions(
        report=tuple(str(tmp_path / each) for each in names), table=str(tmp_path / "t.csv")
    )
    annotate(source, tmp_path / "out.png", segmenter=Truth(shots), options=options)
    [said] = json.loads((tmp_path / "report.json").read_text("utf-8"))["files"]
    assert said["source"] == str(source)
    assert "caf\ufffd.png</bdi>" in (tmp_path / "report.html").read_text("utf-8")
    assert rows(tmp_path / "t.csv")[0]["file"] == "caf\\udce9.png"
