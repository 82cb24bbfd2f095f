"""Where annotations appear, and what is in their way."""

import re
from pathlib import Path

import pytest
from masks import SCENES, export, picture

from livesegment.errors import OptionsError, OutputExists, OutputNotWritable, SinkError
from livesegment.export import ExportKind, check_export_free, export_path, open_exporter
from livesegment.settings import EXPORTS

MASKS = [SCENES["several"], SCENES["donut"]]
FOLDERS: dict[ExportKind, str] = {
    "huggingface": "id2label.json",
    "label-studio": "tasks.json",
    "png": "classes.json",
    "semantic": "data.yaml",
    "yolo": "data.yaml",
}
each_kind = pytest.mark.parametrize("kind", EXPORTS)
each_folder = pytest.mark.parametrize("kind", FOLDERS)


def content(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_bytes() for each in files}


@each_kind
def test_annotations_are_beside_their_output(kind):
    suffix = {
        "coco": ".coco.json",
        "cvat": ".cvat.zip",
        "huggingface": ".huggingface",
        "label-studio": ".label-studio",
        "png": ".masks",
        "semantic": ".semantic",
        "yolo": ".yolo",
    }[kind]
    assert export_path(kind, Path("x/my.clip.mp4")) == Path(f"x/my.clip{suffix}")
    assert export_path(kind, Path("x/day.1"), is_folder=True) == Path(f"x/day.1{suffix}")


@each_kind
def test_the_folder_one_stands_in_has_a_name(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert export_path(kind, Path(), is_folder=True).parent == tmp_path.parent


@each_kind
def test_annotations_appear_when_they_are_complete(kind, tmp_path):
    path = export_path(kind, tmp_path / "a.mp4")
    with open_exporter(kind, path, "a") as exporter:
        for index, ids in enumerate(MASKS):
            exporter.write(picture(ids, index))
            assert not path.exists()
        exporter.commit()
        assert [*tmp_path.iterdir()] == [path]
        with pytest.raises(SinkError, match="closed"):
            exporter.write(picture(MASKS[0], 2))
    assert [*tmp_path.iterdir()] == [path]


@each_kind
def test_without_commit_the_name_says_so_and_the_next_run_starts_anew(kind, tmp_path, caplog):
    path = tmp_path / "a.out.json"
    with open_exporter(kind, path, "a") as exporter:
        exporter.write(picture(MASKS[0], 5))
    assert [each.name for each in tmp_path.iterdir()] == ["a.out.part.json"]
    assert "a.out.part.json" in caplog.text
    export(kind, path, MASKS)
    assert [*tmp_path.iterdir()] == [path]
    assert not [name for name in content(path) if "000005" in name]


@each_kind
def test_without_pictures_there_is_nothing(kind, tmp_path):
    for commit in (False, True):
        with open_exporter(kind, tmp_path / "a.json", "a") as exporter:
            if commit:
                exporter.commit()
            exporter.close()
        assert [*tmp_path.iterdir()] == []


@each_kind
def test_existing_annotations_are_kept_unless_they_may_be_replaced(kind, tmp_path):
    path = export(kind, tmp_path / "a.json", MASKS)
    before = content(path) if path.is_dir() else path.read_bytes()
    with pytest.raises(OutputExists, match=r"a\.json exists already.*--overwrite"):
        open_exporter(kind, path, "a")
    with pytest.raises(OutputExists, match=r"a\.json exists already"):
        check_export_free(kind, path, overwrite=False)
    check_export_free(kind, path, overwrite=True)
    with open_exporter(kind, path, "b", overwrite=True) as exporter:
        exporter.write(picture(MASKS[0]))
        assert (content(path) if path.is_dir() else path.read_bytes()) == before
        exporter.commit()
    assert [*tmp_path.iterdir()] == [path]
    if path.is_dir():
        assert not [name for name in content(path) if "clip" in name]


@each_folder
def test_the_same_pictures_give_the_same_bytes(kind, tmp_path):
    first = export(kind, tmp_path / "first", MASKS)
    assert content(first) == content(export(kind, tmp_path / "second", MASKS))


@each_kind
def test_a_missing_folder_is_named_at_once(kind, tmp_path):
    with pytest.raises(OutputNotWritable, match=r"nowhere does not exist"):
        open_exporter(kind, tmp_path / "nowhere" / "a.json", "a")


@each_folder
def test_a_file_in_the_place_of_the_folder_stays(kind, tmp_path):
    path = tmp_path / "a.masks"
    path.write_text("precious")
    for call in (check_export_free, lambda *args, **more: open_exporter(*args, "a", **more)):
        with pytest.raises(OutputNotWritable, match="it is a file"):
            call(kind, path, overwrite=True)
    assert content(tmp_path) == {"a.masks": b"precious"}


@each_folder
def test_a_link_in_the_place_of_the_folder_stays(kind, tmp_path):
    real = export(kind, tmp_path / "real", MASKS)
    (tmp_path / "a.masks").symlink_to(real)
    with pytest.raises(OutputNotWritable, match="it is a link"):
        open_exporter(kind, tmp_path / "a.masks", "a", overwrite=True)


@each_folder
def test_pictures_that_are_read_are_not_replaced(kind, tmp_path):
    path = export(kind, tmp_path / "a", MASKS)
    before = content(tmp_path)
    found = {file.stem: file for file in path.rglob("*") if file.suffix in {".png", ".jpg"}}
    files = [*found.values()]
    with pytest.raises(OptionsError, match="would destroy what is read"):
        open_exporter(kind, path, files, overwrite=True)
    assert content(tmp_path) == before


@each_folder
def test_an_empty_folder_is_filled(kind, tmp_path):
    (tmp_path / "a").mkdir()
    assert FOLDERS[kind] in content(export(kind, tmp_path / "a", MASKS))


@each_folder
@pytest.mark.parametrize("stranger", ["notes.txt", "deep/er/photo.png", "images/deep/a.jpg"])
def test_files_that_are_not_ours_are_never_removed(kind, tmp_path, stranger):
    path = export(kind, tmp_path / "a", MASKS)
    (path / stranger).parent.mkdir(parents=True, exist_ok=True)
    (path / stranger).write_text("precious")
    before = content(tmp_path)
    with pytest.raises(OutputExists, match=f"{stranger} is not from an export"):
        open_exporter(kind, path, "a", overwrite=True)
    with pytest.raises(OutputExists, match=stranger):
        check_export_free(kind, path, overwrite=True)
    assert content(tmp_path) == before


@each_folder
def test_a_folder_of_somebody_elses_pictures_is_never_removed(kind, tmp_path):
    path = export(kind, tmp_path / "a", MASKS)
    (path / FOLDERS[kind]).unlink()
    before = content(tmp_path)
    with pytest.raises(OutputExists, match=f"has no {FOLDERS[kind]}"):
        open_exporter(kind, path, "a", overwrite=True)
    assert content(tmp_path) == before


@each_folder
def test_what_comes_into_the_way_meanwhile_is_kept(kind, tmp_path):
    path = tmp_path / "a.masks"
    with open_exporter(kind, path, "a", overwrite=True) as exporter:
        exporter.write(picture(MASKS[0]))
        path.mkdir()
        (path / "notes.txt").write_text("precious")
        with pytest.raises(OutputExists):
            exporter.commit()
    assert content(path) == {"notes.txt": b"precious"}
    assert FOLDERS[kind] in content(tmp_path / "a.part.masks")


@each_kind
def test_a_disk_that_takes_no_more_is_one_sentence(kind, tmp_path):
    with (
        open_exporter(kind, tmp_path / "a.json", "a" * 250) as exporter,
        pytest.raises(OutputNotWritable, match="cannot write"),
    ):
        # No file system takes names this long; what has only one file loses its folder.
        if kind not in FOLDERS:
            (tmp_path / "a.part.json").unlink()
            tmp_path.rmdir()
        exporter.write(picture(MASKS[0]))


def test_an_unknown_kind_is_named(tmp_path):
    calls = (
        lambda: open_exporter("voc", tmp_path / "a", "a"),
        lambda: check_export_free("voc", tmp_path / "a", overwrite=False),
        lambda: export_path("voc", tmp_path / "a"),
    )
    kinds = re.escape(", ".join(EXPORTS))
    for call in calls:
        with pytest.raises(OptionsError, match=f"'voc': choose one of {kinds}"):
            call()


def test_a_stem_that_would_leave_the_folder_is_refused(tmp_path):
    with pytest.raises(OptionsError, match="no plain file name"):
        open_exporter("png", tmp_path / "a.masks", "../a")
    assert [*tmp_path.iterdir()] == []
