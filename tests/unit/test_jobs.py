"""Which input becomes which output."""

from pathlib import Path

import pytest

from livesegment import OptionsError
from livesegment.api.jobs import Job, plan_jobs


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("clip.mp4", "other.mov", "photo.jpg", "frames/1.png", "frames/2.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
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


def test_several_inputs_become_files_of_their_names_in_a_folder() -> None:
    jobs = plan_jobs(["clip.mp4", "other.mov", "photo.jpg", "frames"], "new", "masks")
    assert jobs == [
        Job("clip.mp4", Path("new/clip.mp4"), "video", Path("masks/clip.mkv")),
        Job("other.mov", Path("new/other.mp4"), "video", Path("masks/other.mkv")),
        Job("photo.jpg", Path("new/photo.jpg"), "image", Path("masks/photo.mkv")),
        Job("frames", Path("new/frames"), "image folder", Path("masks/frames.mkv")),
    ]


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
        (["clip.mp4", "photo.jpg"], "new.mp4", "2 inputs want a folder"),
        (["clip.mp4", "frames/../clip.mp4"], "out", "both become"),
    ],
)
def test_what_does_not_fit_together_is_said(inputs: list[str], output: str, why: str) -> None:
    with pytest.raises(OptionsError, match=why):
        plan_jobs(inputs, output)
