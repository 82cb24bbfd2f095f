"""Reads CVAT's archive, as CVAT does, and COCO: `read_datumaro.py FOLDER`, of `make.py`."""

import zipfile
from pathlib import Path

import numpy as np
from datumaro import Dataset
from datumaro.components.annotation import AnnotationType
from truth import Truth, main


def read(archive: Path) -> Dataset:
    folder = archive.with_suffix(".unpacked")
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    return Dataset.import_from(str(folder), "voc_segmentation")


def check(folder: Path, truth: Truth) -> None:
    check_cvat(folder, truth)
    check_coco(folder / "divided" / "clip.coco", truth)


def check_coco(folder: Path, truth: Truth) -> None:
    data = Dataset.import_from(str(folder), "coco_instances")
    labels = [each.name for each in data.categories()[AnnotationType.label].items]
    items = {item.id: item for item in data}
    for index, ids in enumerate(truth.ids):
        item = items.pop(f"clip_{index:06d}")
        assert item.subset == ("val" if index in truth.val else "train")
        found = np.zeros_like(ids)
        for annotation in item.annotations:
            if annotation.type == AnnotationType.mask:
                found[annotation.image.astype(bool)] = truth.known(labels[annotation.label])
        truth.compare(index, found)
    assert not items


def check_cvat(folder: Path, truth: Truth) -> None:
    for archive in (folder / "clip.cvat.zip", folder / "divided" / "clip.cvat.zip"):
        data = read(archive)
        labels = [each.name for each in data.categories()[AnnotationType.label].items]
        assert labels[0] == "background"
        assert len(labels) == len(set(labels)) == len(truth.names)
        items = {item.id: item for item in data}
        assert sorted(items) == [f"frame_{index:06d}" for index in range(len(truth.ids))]
        for index, ids in enumerate(truth.ids):
            item = items[f"frame_{index:06d}"]
            subset = "val" if index in truth.val else "train"
            assert item.subset == (subset if "divided" in archive.parts else "default")
            found = np.zeros_like(ids)
            groups = np.zeros_like(ids)
            for annotation in item.annotations:
                name = truth.known(labels[annotation.label], by=cleaned)
                found[annotation.image] = name
                groups[annotation.image] = annotation.group
                assert name != 0, "the background is annotated"
            truth.compare(index, found)
            if index == truth.instances:
                truth.compare_instances(groups)


def cleaned(name: str) -> str:
    text = name.replace(":", "_")
    return f"_{text[1:]}" if text.startswith("#") else text


if __name__ == "__main__":
    main(check)
