"""Whatever is written in texts and files that people give: a value, or a sentence."""

import json
import re
import struct
import zipfile
import zlib
from pathlib import Path
from xml.etree import ElementTree

import masks
import numpy as np
import pytest
from anything import any_json, any_text, as_json, damaged, is_sentence
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from memory import resident_at_most
from onnx_bytes import three_classes

from livesegment.annotate.journal import Journal
from livesegment.class_name import MAX_CLASS_NAME, clean_class_name, comparable
from livesegment.cli.app import takes
from livesegment.cli.line import read_line
from livesegment.errors import JournalMismatch, OptionsError
from livesegment.export import open_exporter
from livesegment.monitor.config import read_config
from livesegment.segmenters.class_naming import class_names_in
from livesegment.segmenters.runtimes.onnx_header import read_onnx_header
from livesegment.server.key_ring import KeyRing
from livesegment.settings import ApiKey, EndpointOptions
from livesegment.settings.group import all_options, option_of
from livesegment.settings.rule_text import parse_rule
from livesegment.sources.pattern import PatternSource

# A folder for all examples of a test: each writes its file anew.
one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
any_bytes = st.binary(max_size=100) | any_text.map(lambda text: text.encode(errors="replace"))
long_text = any_text | st.builds(lambda text, times: text * times, any_text, st.integers(1, 3000))


@given(long_text)
@example("\ud800" * 200)
@example("\u0130" * 100)
def test_any_class_name_is_clean_and_stays_so(name: str) -> None:
    clean = clean_class_name(name)
    assert len(clean) <= MAX_CLASS_NAME
    assert clean == clean.strip()
    assert not re.search(r"[\x00-\x1f\u2028\u2029]", clean)
    clean.encode()
    assert clean_class_name(clean) == clean
    assert comparable(clean) == comparable(name)


@given(st.dictionaries(st.integers(0, 254), long_text, max_size=6))
@example({1: "a:b", 2: "a_b", 3: "a_b 2", 4: "#", 5: "$", 6: "\uffff"})
@example(dict.fromkeys(range(6), "x" * 100))
@settings(one_folder, deadline=None)
def test_any_class_names_are_told_apart_in_exports(tmp_path: Path, names: dict[int, str]) -> None:
    picture = masks.picture(np.array([[*range(8)]], np.uint8), 0, names)
    for kind in ("cvat", "label-studio", "yolo"):
        # Not committed: then no disk is waited for.
        with open_exporter(kind, tmp_path / kind, "clip", overwrite=True) as exporter:
            exporter.write(picture)
    with zipfile.ZipFile(tmp_path / "cvat.part") as archive:
        lines = archive.read("labelmap.txt").decode().split("\n")[1:-1]
    labels = [line.split(":") for line in lines]
    assert all(len(each) == 4 and 0 < len(each[0]) <= 64 for each in labels)
    assert len({each[0] for each in labels}) == len({each[1] for each in labels}) == len(labels)
    set_up = ElementTree.parse(tmp_path / "label-studio.part" / "labels.xml")
    shown = [each.get("value") for each in set_up.iter("Label")]
    assert len(set(shown)) == len(shown) == len(labels) - 1
    (task,) = json.loads((tmp_path / "label-studio.part" / "tasks.json").read_text())
    used = [each["value"]["brushlabels"][0] for each in task["predictions"][0]["result"]]
    assert set(used) <= set(shown)
    told = (tmp_path / "yolo.part" / "data.yaml").read_text(encoding="utf-8")
    assert len(told.split("\n")) == 5 + len(shown)


forms = st.lists(
    st.sampled_from(("64", "x", "48", "@", "30", ":", "9", "?", "latency", "=", "300", "&", "."))
    | any_text,
    max_size=12,
).map("".join)


@given(long_text | forms | forms.map(lambda form: f"64x48@30:9?{form}"))
@example("64x48@30:9?latency=\x1b[2J")
@example("9" * 5000 + "x48")
@settings(deadline=None)
def test_any_form_of_a_pattern_is_one_or_a_sentence(form: str) -> None:
    # No large pictures: to draw their background takes its time, and no harm.
    assume(not re.match(r"\d{3,4}x|\d*x\d{3,4}(\D|$)", form))
    try:
        source = PatternSource.parse(f"pattern:{form}")
    except OptionsError as error:
        is_sentence(error)
    else:
        assert source.latency_s is None or 0 <= source.latency_s <= 10


CLAUSES = (
    "for",
    "in",
    "hysteresis",
    "smallest",
    "count",
    "cooldown",
    "named",
    "2s",
    "5%",
    "0,0",
    "1,0",
    "1,1",
    ">",
    "<",
)
rule_words = st.sampled_from((*CLAUSES, "person", "camera", "lost", "endpoint", "failing", "'"))
numbers = st.floats().map(str) | st.integers().map(str) | st.just("9" * 400)
rules = st.lists(
    rule_words
    | any_text
    | numbers.map(lambda number: f"{number}%")
    | numbers.map(lambda number: f"{number}h")
    | numbers.map(lambda number: f"{number},0.5"),
    max_size=9,
).map(" ".join)


begun = st.sampled_from(("person > 5%", "person count > 3", "person count <"))


@given(long_text | rules | st.tuples(begun, rules).map(" ".join))
@example("person" + " " * 20_000 + "count")
@example("person count > " + "9" * 400)
@example("person > 5% \x1b[2J")
@example("person > 5% named " + "x" * 5000)
@example("person > 5% " + "y" * 5000)
@example("person > " + "9" * 400 + "%")
@example("person > 5% for " + "9" * 400 + "h")
@example("person > 5% in nan,0 1,0 1,1")
@example("person > 5% in 1e400,0 1,0 1,1")
def test_any_rule(text: str) -> None:
    try:
        rule = parse_rule(text)
    except OptionsError as error:
        is_sentence(error)
    else:
        rule.name.encode()
        json.dumps(rule.zone, allow_nan=False)


SAMPLE = (Path(__file__).parents[2] / "samples" / "monitor.toml").read_text(encoding="utf-8")
KEYS = sorted(set(re.findall(r"^(?:# )?([a-z_]+) = ", SAMPLE, re.MULTILINE)))
TABLES = sorted(set(re.findall(r"^(?:# )?(\[+[a-z_.]+\]+)", SAMPLE, re.MULTILINE)))
toml_text = any_text.map(
    lambda text: json.dumps(text.encode(errors="replace").decode(), ensure_ascii=False)
)
toml_value = st.recursive(
    toml_text
    | st.integers().map(str)
    | st.floats().map(lambda number: f"{number!r}")
    | st.sampled_from(
        (
            "true",
            "false",
            "2020-01-01",
            "07:32:00",
            '"${HOME}"',
            '"${"',
            "1e400",
            "-0",
            "0x_",
            '"5s"',
        )
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda several: f"[{', '.join(several)}]")
        | inner.map(lambda one: f"{{ a = {one} }}")
    ),
    max_leaves=4,
)
toml_lines = st.one_of(
    st.sampled_from(TABLES),
    st.builds(lambda key, value: f"{key} = {value}", st.sampled_from(KEYS), toml_value),
    st.builds(lambda key, value: f"{key} = {value}", toml_text, toml_value),
)
toml = st.lists(toml_lines, max_size=12).map(
    lambda lines: '[[camera]]\nname = "a"\nsource = "pattern:"\n' + "\n".join(lines)
)


@one_folder
@given(damaged(st.just(SAMPLE.encode())) | toml.map(lambda text: text.encode()) | any_bytes)
@example(b"\xef\xbb\xbfa = 1")
@example(b"a = 1e999999999\n[[camera]]\nname = 1e400\nsource = 'pattern:'\n")
@example(b"[budget]\nin_flight = 0x" + b"f" * 999)
@example(b"[budget]\ncalls_per_hour = 1e308\nin_flight = 99999999999999999999")
@example(b"a.b.c = 1\na.b = 2")
def test_any_monitor_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "monitor.toml"
    path.write_bytes(content)
    try:
        read_config(path, {"HOME": "/home"})
    except OptionsError as error:
        is_sentence(error)


@one_folder
@given(any_bytes)
@example(b"\xef\xbb\xbfkey\r\n")
@example(b"#")
def test_any_file_of_keys_or_class_names(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "given.txt"
    path.write_bytes(content)
    names = option_of(EndpointOptions, "class_names")
    for read in (lambda: KeyRing.from_file(str(path)), lambda: names.checked(path)):
        try:
            read()
        except OptionsError as error:
            is_sentence(error)


@one_folder
@given(damaged(st.just(three_classes(8, 4, metadata={"names": "{0: 'a', 1: 'b'}"}))))
def test_any_onnx_file_says_something_of_itself_or_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    header = read_onnx_header(path)
    assert len(class_names_in(header.metadata)) <= 256


@given(long_text | any_json.map(json.dumps))
def test_any_metadata_is_names_of_classes_or_none(text: str) -> None:
    for class_id, name in class_names_in({"names": text}).items():
        assert 0 <= class_id <= 255
        assert name == clean_class_name(name)


# What Python makes of an argument in bytes that are no UTF-8.
argument = st.binary(max_size=12).map(lambda given: given.decode(errors="surrogateescape"))
FLAGS = {
    name: [each.flag for each in all_options(takes(name)) if each.flag]
    for name in ("live", "annotate", "predict", "serve", "monitor", "bench", "doctor")
}


@given(st.data())
def test_any_command_line(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FLAGS)))
    words = st.sampled_from(FLAGS[name]) | argument | any_text | numbers
    line = data.draw(st.lists(words, max_size=6))
    try:
        read_line(takes(name), line, {})
    except OptionsError as error:
        is_sentence(error)


@pytest.mark.parametrize("flag", ["--classes", "--redact", "--rule", "--model", "--camera-name"])
def test_what_is_no_text_is_a_sentence(flag: str) -> None:
    given = "person\udcff > 5%"
    said = rf"^{flag} is a text in UTF-8, not 'person.udcff > 5%'$"
    with pytest.raises(OptionsError, match=said):
        read_line(takes("live"), ["pattern:", flag, given], {})


def test_a_key_that_is_no_text_is_a_sentence_without_it() -> None:
    line = ["pattern:", "--model", "a/1", "--api-key", "s3cret\udcff"]
    with pytest.raises(OptionsError, match=r"^--api-key is a text in UTF-8$"):
        read_line(takes("live"), line, {})
    with pytest.raises(OptionsError, match="no text in UTF-8"):
        ApiKey("s3cret\udcff")


def test_a_file_may_have_any_name() -> None:
    asked, _ = read_line(takes("annotate"), ["\udcff.mp4", "-o", "\udcfe.mp4"], {})
    assert asked.inputs == ("\udcff.mp4",)
    assert asked.output == "\udcfe.mp4"


MINE = {"input": "clip.mp4 (1 byte)", "model": "any/1"}


def record(number: int, packed: bytes) -> bytes:
    """Return a record of a journal, its checksum right."""
    numbered = struct.pack("<q", number)
    checksum = zlib.crc32(packed, zlib.crc32(numbered))
    return struct.pack("<II", len(packed), checksum) + numbered + packed


SIGNATURE = b"livesegment journal 1\n"
BEGUN = SIGNATURE + record(-1, zlib.compress(as_json(["identity", json.dumps(MINE)])))
contents = (
    any_json.map(lambda value: zlib.compress(as_json(value)))
    | st.builds(
        lambda name, value: zlib.compress(as_json([name, value])),
        st.sampled_from(("identity", "state")),
        any_json | any_json.map(json.dumps),
    )
    | st.binary(max_size=40)
)
frame_numbers = st.integers(-3, 20) | st.integers(-(2**63), 2**63 - 1)
journals = st.builds(
    lambda begin, records: begin + b"".join(record(*each) for each in records),
    st.sampled_from((BEGUN, SIGNATURE)),
    st.lists(st.tuples(frame_numbers, contents), max_size=5),
)
WHOLE = BEGUN + b"".join(record(index, zlib.compress(b"reply %d" % index)) for index in range(4))


@one_folder
@given(journals | damaged(st.just(WHOLE)) | any_bytes)
@example(BEGUN + record(2**62, zlib.compress(b"reply")))
@example(BEGUN + record(9_999_999, zlib.compress(b"reply")))
@example(BEGUN + record(-9, zlib.compress(b"reply")))
@example(BEGUN + record(1, b"not packed"))
@example(BEGUN + record(1, zlib.compress(bytes(2**30), 1)))
@example(BEGUN + struct.pack("<IIq", 2**32 - 1, 0, 1) + bytes(100))
@example(SIGNATURE + record(-1, zlib.compress(as_json(["identity", "[" * 9000]))))
@example(SIGNATURE + record(-1, zlib.compress(as_json(["identity", '{"input": "\\u001b[2J"}']))))
def test_any_journal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "out.mp4.journal"
    path.write_bytes(content)
    with resident_at_most(250 * 2**20):
        try:
            with Journal(path, MINE) as journal:
                journal.add(2, b"paid for")
                assert journal.reply(2) == b"paid for"
                for index in range(6):
                    journal.reply(index)
                journal.noted("state")
        except JournalMismatch as error:
            is_sentence(error)
            assert path.read_bytes() == content
    if path.read_bytes() != content:
        with Journal(path, MINE) as journal:
            assert journal.reply(2) == b"paid for"
