"""A monitor's file: where it is unnamed, and that it is written whole, once, and by nobody else."""

import os
import stat
from pathlib import Path

import pytest

from livesegment.errors import ChangedMeanwhile, OptionsError, OutputNotWritable
from livesegment.monitor.config_file import ConfigFile, usual_config

CAMERA = '[[camera]]\nname = "a"\nsource = "pattern:"\n'


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"STATE_DIRECTORY": "/var/lib/ls:/x", "HOME": "/h"}, "/var/lib/ls/cameras.toml"),
        ({"HOME": "/h"}, "/h/.config/livesegment/cameras.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}, "/c/livesegment/cameras.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "c"}, "/h/.config/livesegment/cameras.toml"),
    ],
)
def test_where_the_file_is_that_nobody_names(environment: dict[str, str], path: str) -> None:
    assert str(usual_config(environment)) == path


def test_the_first_camera_makes_the_file_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "cameras.toml"
    file = ConfigFile(path, {"HOME": str(tmp_path)}, may_be_empty=True)
    assert file.config().cameras == ()
    file.write(file.draft(lambda text: text + CAMERA))
    assert [each.name for each in file.config().cameras] == ["a"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["cameras.toml"]
    # Somebody who moves it does not want all cameras to end.
    path.rename(path.with_name("elsewhere.toml"))
    for read in (file.config, file.read):
        with pytest.raises(OptionsError, match="is not there any more"):
            read()
    path.with_name("elsewhere.toml").rename(path)
    # It says where recordings go, so that one may be wished for on the page.
    [camera] = file.config().cameras
    assert (camera.options.record, camera.options.keep) == (None, None)
    events = tmp_path / ".local" / "share" / "livesegment" / "events"
    assert camera.options.events.clips == str(events / "a")


def test_what_it_was_is_kept_once_and_may_be_read_by_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(CAMERA)
    path.chmod(0o640)
    file = ConfigFile(path, {})
    for number in range(3):
        before = path.read_text()
        file.write(file.draft(lambda text, number=number: f"{text}# {number}\n"))
        assert (tmp_path / "cameras.toml.backup").read_text() == before
    assert path.read_text() == CAMERA + "# 0\n# 1\n# 2\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "cameras.toml",
        "cameras.toml.backup",
    ]
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o640}


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    there = tmp_path / "there" / "mine.toml"
    there.write_text(CAMERA)
    link = tmp_path / "cameras.toml"
    link.symlink_to(there)
    file = ConfigFile(link, {})
    file.write(file.draft(lambda text: text + "# more\n"))
    assert link.is_symlink()
    assert there.read_text() == CAMERA + "# more\n"


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(CAMERA)
    file = ConfigFile(path, {})
    draft = file.draft(lambda text: text + "# of the page\n")
    path.write_text(CAMERA + "# by hand\n")
    with pytest.raises(ChangedMeanwhile, match="was changed meanwhile"):
        file.write(draft)
    path.unlink()
    with pytest.raises(OptionsError, match="is not there any more"):
        file.write(draft)
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_is_found_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(CAMERA)
    with pytest.raises(OptionsError, match=r"overlay.opacity is a number from 0 to 1"):
        ConfigFile(path, {}).draft(lambda text: text + "overlay.opacity = 7\n")


def test_a_disk_that_is_full_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(CAMERA)
    file = ConfigFile(path, {})
    file.write(file.draft(lambda text: text + "# 1\n"))
    before = {each.name: each.read_text() for each in tmp_path.iterdir()}

    def fsync(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OutputNotWritable, match="nothing was saved: no space left on device"):
        file.write(file.draft(lambda text: text + "# 2\n"))
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == before


def test_a_file_that_can_be_read_but_not_replaced_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(CAMERA)
    file = ConfigFile(path, {})
    replace = Path.replace

    def busy(self: Path, target: Path) -> Path:
        if target == path:  # as one that is mounted alone into a container
            raise OSError(16, "Device or resource busy")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", busy)
    with pytest.raises(OutputNotWritable, match="nothing was saved: device or resource busy"):
        file.write(file.draft(lambda text: text + "# 1\n"))
    assert path.read_text() == CAMERA
    assert not list(tmp_path.glob("*.part"))


def test_what_is_far_too_large_or_no_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    for content, said in ((b"#" * (2**20 + 1), "larger than 1 MB"), (b"\xff", "no text in UTF-8")):
        path.write_bytes(content)
        with pytest.raises(OptionsError, match=said):
            ConfigFile(path, {}).read()


def test_a_byte_order_mark_stays_where_an_editor_has_left_it(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(CAMERA, encoding="utf-8-sig")
    file = ConfigFile(path, {})
    assert [each.name for each in file.config().cameras] == ["a"]
    file.write(file.draft(lambda text: text + "# more\n"))
    assert path.read_bytes() == b"\xef\xbb\xbf" + CAMERA.encode() + b"# more\n"
    assert [each.name for each in file.config().cameras] == ["a"]


def test_a_file_that_is_read_only_is_changed_by_hand_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(CAMERA)
    path.chmod(0o444)
    file = ConfigFile(path, {})
    access = os.access
    # As root, everything may be written.
    monkeypatch.setattr(os, "access", lambda each, mode: each != path and access(each, mode))
    said = f"{path} can be changed by hand only: it is not to be written by this user"
    assert file.why_not_writable() == said
    with pytest.raises(OutputNotWritable, match="can be changed by hand only"):
        file.write(file.draft(lambda text: text + "# more\n"))
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(path.name, CAMERA)]


def test_it_does_not_become_larger_than_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(CAMERA)
    with pytest.raises(OptionsError, match="would be larger than 1 MB"):
        ConfigFile(path, {}).draft(lambda text: text + 2**20 * "#")
