"""What a data set says of itself."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from masks import SCENES, export

from livesegment.export import Origin, Split

ORIGIN = Origin("a|b_*<img src=x>.mp4\n# x", "model/3 `x`", "40")
NAMES = {1: "<script>alert(1)</script>", 2: "a | b", 7: "[x](javascript:alert) $1$ **b**"}
KINDS = ["cvat", "huggingface", "label-studio", "semantic", "yolo"]


def card(kind: str, path: Path) -> str:
    if kind == "cvat":
        with zipfile.ZipFile(path) as archive:
            return archive.read("README.md").decode()
    return (path / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_where_it_comes_from_and_what_is_in_it(kind, tmp_path):
    path = export(
        kind, tmp_path / "a", [SCENES["several"]] * 2, origin=Origin("c.mp4", "m/3", "40")
    )
    text = card(kind, path)
    assert text.startswith("---\nlicense: unknown\n")
    for line in ("| Source | c.mp4 |", "| Model | m/3 |", "| Confidence | 40 |"):
        assert line in text
    assert "| Pictures | 2 pictures |" in text
    assert re.search(r"^\| \d \| person \|$", text, re.MULTILINE)


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_shows_is_text_and_nothing_else(kind, tmp_path):
    path = export(kind, tmp_path / "a", [SCENES["several"]], names=NAMES, origin=ORIGIN)
    text = card(kind, path)
    assert not re.search(
        r"(?<!\\)[<*$`\[]", text.partition("| Source")[2].partition("| Pictures")[0]
    )
    rows = [line for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 3
        assert not re.search(r"(?<!\\)[<*$\[]", row)
    assert "\n# x" not in text


def test_confidence_is_left_out_where_nobody_says_it(tmp_path):
    path = export("yolo", tmp_path / "a", [SCENES["several"]], origin=Origin("c.mp4", "mine"))
    assert "Confidence" not in card("yolo", path)


def test_how_it_is_divided_is_told(tmp_path):
    path = export(
        *("yolo", tmp_path / "a", [SCENES["several"]] * 4), split=Split(0.5, 7), scenes=[0, 0, 1, 1]
    )
    assert "2 for training and 2 for validation, divided by scene (seed 7)" in card("yolo", path)


def test_coco_has_a_place_of_its_own_for_it(tmp_path):
    path = export("coco", tmp_path / "a.json", [SCENES["several"]], origin=ORIGIN)
    read = json.loads(path.read_text())
    assert read["info"]["model"] == ORIGIN.model
    assert read["info"]["confidence"] == "40"
    assert ORIGIN.source in read["info"]["description"]
    assert [each["name"] for each in read["licenses"]] == ["unknown"]
