"""Reads the folder with Hugging Face's datasets: `read_huggingface.py FOLDER`, of `make.py`."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np

os.environ["HF_HUB_OFFLINE"] = "1"  # before it is imported: nothing is to be looked up

from datasets import Image, load_dataset
from truth import VOID, Truth, main


def check(folder: Path, truth: Truth) -> None:
    for export in (folder / "clip.huggingface", folder / "divided" / "clip.huggingface"):
        is_divided = export.parent.name == "divided"
        with tempfile.TemporaryDirectory() as cache:
            by_card = load_dataset(str(export), cache_dir=cache)
            by_folder = load_dataset("imagefolder", data_dir=str(export), cache_dir=cache)
            for data in (by_card, by_folder):
                assert set(data) == ({"train", "validation"} if is_divided else {"train"})
                check_rows(data, export, truth)


def check_rows(data: dict, export: Path, truth: Truth) -> None:
    names = json.loads((export / "id2label.json").read_text())
    assert [*names] == [str(number) for number in range(len(names))]
    ids = np.full(256, VOID, np.uint8)
    ids[: len(names)] = [truth.known(name) for name in names.values()]
    seen = []
    for split, rows in data.items():
        assert isinstance(rows.features["image"], Image)
        assert isinstance(rows.features["mask"], Image)
        for row in rows:
            index = row["frame_index"]
            assert row["time_s"] == index / 25
            assert (index in truth.val and len(data) > 1) == (split == "validation")
            assert row["image"].size == row["mask"].size
            truth.compare(index, ids[np.array(row["mask"])], void=VOID)
            seen.append(index)
    assert sorted(seen) == [*range(len(truth.ids))]


if __name__ == "__main__":
    main(check)
