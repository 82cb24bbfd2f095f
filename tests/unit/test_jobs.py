"""Which input becomes which output."""

import os
from pathlib import Path

import pytest

from livesegment import OptionsError, SourceNotFound
from livesegment.annotate.jobs import Job, plan_jobs
from livesegment.errors import OutputNotWritable
from livesegment.sources.images import find_images


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = ["clip.mp4", "other.mov", "photo.jpg", "frames/1.png", "frames/2.png"]
    files += ["tree/day.1/a.mp4", "tree/day.1/b.AVI", "tree/night/x/1.jpg", "tree/cover.png"]
    files += ["tree/notes.txt", "tree/day.1/a.part.mp4", "tree/.hidden/c.mp4", "empty/notes.txt"]
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "output", "kind"),
    [
        ("clip.mp4", "new.mp4", "video"),
        ("photo.jpg", "new.png", "image"),
        ("frames", "new", "image folder"),
        ("frames/*.png", "new", "image folder"),
        ("frames", "new.mp4", "video"),
    ],
)
def test_one_input_becomes_what_its_output_is_named(source: str, output: str, kind: str) -> None:
    jobs = plan_jobs([source], output)
    assert [(job.source, job.output, job.kind) for job in jobs] == [(source, Path(output), kind)]


@pytest.mark.parametrize("output", [".", "..", "../out/."])
def test_images_go_into_the_folder_that_one_stands_in_by_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.chdir(folder / "out")
    [job] = plan_jobs([str(folder / "frames")], output)
    assert job.output.name == (folder / "out" / output).resolve().name
    [first, *_] = plan_jobs([str(folder / "tree")], output)
    assert (first.kind, first.output.name) == ("image folder", job.output.name)
    with pytest.raises(OptionsError, match="/ cannot be written: name a folder in it"):
        plan_jobs([str(folder / "frames")], "/")


LONG = 300 * "x"


@pytest.mark.parametrize(
    ("source", "output", "error", "sentence"),
    [
        (f"{LONG}.mp4", "a.mp4", SourceNotFound, "cannot be read: file name too long"),
        (f"{LONG}/*.png", "a", SourceNotFound, "cannot be read: file name too long"),
        ("clip.mp4", f"{LONG}.mp4", OutputNotWritable, "^cannot write .*: file name too long"),
        ("clip.mp4", f"{LONG}/a.mp4", OutputNotWritable, "^cannot write .*: file name too long"),
    ],
)
def test_a_name_that_no_file_can_have_is_said(
    source: str, output: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        plan_jobs([source], output)


def test_an_address_is_no_path_however_long_and_its_query_no_glob() -> None:
    address = f"https://host/clip.mp4?key={LONG}"
    [job] = plan_jobs([address], "a.mp4")
    assert (job.source, job.kind) == (address, "video")
    assert [each.output for each in plan_jobs([address], "out")] == [Path("out/clip.mp4")]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is closed to root"
)
def test_a_folder_that_may_not_be_looked_into_is_said(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed = folder / "tree" / "night" / "x"
    closed.chmod(0)
    with pytest.raises(SourceNotFound, match="cannot be read: permission denied"):
        plan_jobs([str(closed / "1.jpg")], "a.jpg")
    with pytest.raises(OutputNotWritable, match=r"^cannot write .*: permission denied"):
        plan_jobs(["clip.mp4"], str(closed / "a.mp4"))
    assert len(plan_jobs(["tree"], "out")) == 3
    assert "x cannot be read: permission denied; it is left out" in caplog.text
    closed.chmod(0o700)


def test_several_inputs_become_files_of_their_names_in_a_folder() -> None:
    jobs = plan_jobs(["clip.mp4", "other.mov", "photo.jpg", "frames"], "new", "masks")
    assert jobs == [
        Job("clip.mp4", Path("new/clip.mp4"), "video", Path("masks/clip.mkv")),
        Job("other.mov", Path("new/other.mp4"), "video", Path("masks/other.mkv")),
        Job("photo.jpg", Path("new/photo.jpg"), "image", Path("masks/photo.mkv")),
        Job("frames", Path("new/frames"), "image folder", Path("masks/frames.mkv")),
    ]


def test_tables_are_named_as_masks_are() -> None:
    [one] = plan_jobs(["clip.mp4"], "new.mp4", table="t.csv")
    assert one.table == Path("t.csv")
    jobs = plan_jobs(["tree", "photo.jpg"], "new", table="tables")
    assert [job.table for job in jobs] == [
        Path("tables/tree.csv"),
        Path("tables/tree/day.1/a.csv"),
        Path("tables/tree/day.1/b.csv"),
        Path("tables/tree/night/x.csv"),
        Path("tables/photo.csv"),
    ]


def test_a_folder_of_videos_and_folders_is_mirrored() -> None:
    jobs = plan_jobs(["tree"], "new", "masks")
    assert jobs == [
        Job("tree", Path("new"), "image folder", Path("masks/tree.mkv")),
        Job("tree/day.1/a.mp4", Path("new/day.1/a.mp4"), "video", Path("masks/day.1/a.mkv")),
        Job("tree/day.1/b.AVI", Path("new/day.1/b.mp4"), "video", Path("masks/day.1/b.mkv")),
        Job("tree/night/x", Path("new/night/x"), "image folder", Path("masks/night/x.mkv")),
    ]


def test_a_mirrored_folder_beside_others_keeps_its_name() -> None:
    outputs = [job.output for job in plan_jobs(["tree", "clip.mp4"], "new")]
    assert outputs[1] == Path("new/tree/day.1/a.mp4")
    assert outputs[-1] == Path("new/clip.mp4")


def test_what_was_written_into_the_folder_itself_is_no_input(folder: Path) -> None:
    before = plan_jobs(["tree"], "tree/out")
    (folder / "tree/out/day.1").mkdir(parents=True)
    (folder / "tree/out/day.1/a.mp4").touch()
    assert plan_jobs(["tree"], "tree/out") == before


def test_a_folder_without_anything_to_annotate_is_said() -> None:
    with pytest.raises(SourceNotFound, match="empty holds no images"):
        find_images(plan_jobs(["empty"], "new")[0].source)


@pytest.mark.parametrize(("inputs", "output"), [(["clip.mp4"], "new.mp4"), (["tree"], "new")])
def test_kept_masks_lie_where_masks_are_written(inputs: list[str], output: str) -> None:
    written = [job.masks for job in plan_jobs(inputs, output, masks="m.mkv")]
    assert [job.kept_masks for job in plan_jobs(inputs, output, kept_masks="m.mkv")] == written


def test_an_existing_folder_takes_one_input_too() -> None:
    assert plan_jobs(["clip.mp4"], "out")[0].output == Path("out/clip.mp4")


def test_a_glob_of_videos_is_several_inputs() -> None:
    assert [job.source for job in plan_jobs(["*.m*"], "out")] == ["clip.mp4", "other.mov"]


@pytest.mark.parametrize(
    ("inputs", "output", "why"),
    [
        ([], "out", "nothing to annotate"),
        (["clip.mp4"], "new.jpg", r"clip\.mp4 cannot become new\.jpg"),
        (["photo.jpg"], "new.mp4", r"photo\.jpg cannot become new\.mp4"),
        (["frames"], "new.jpg", "several images"),
        (["clip.mp4", "photo.jpg"], "new.mp4", "wants a folder as OUTPUT"),
        (["tree"], "new.mp4", "wants a folder as OUTPUT"),
        (["clip.mp4", "frames/../clip.mp4"], "out", "both become"),
    ],
)
def test_what_does_not_fit_together_is_said(inputs: list[str], output: str, why: str) -> None:
    with pytest.raises(OptionsError, match=why):
        plan_jobs(inputs, output)
