"""Names of a model's classes, as they are written and as a file holds them."""

from pathlib import Path

import pytest

from livesegment import EndpointOptions, OptionsError


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("car, person", ("car", "person")),
        ("person", ("person",)),
        ("car,,person", ("car", "", "person")),
        (["car", "per\nson"], ("car", "per son")),
    ],
)
def test_names_are_written_with_commas_or_are_a_list(given: object, names: tuple[str, ...]) -> None:
    assert EndpointOptions(model="a/1", class_names=given).class_names == names  # type: ignore[arg-type]


def test_a_file_has_a_name_a_line_and_may_be_gone_later(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_bytes(b"\xef\xbb\xbfcar\r\n\r\n person \r\n\n")
    options = [EndpointOptions(model="a/1", class_names=each) for each in (file, str(file))]  # type: ignore[arg-type]
    file.unlink()
    assert [each.class_names for each in options] == [("car", "", "person")] * 2


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\n \n", "there is none"),
        (b"\xff\xfe", "cannot be read"),
        (b"a\n" * 257, "at most 256, and there are 257"),
        (b"a" * 2**20 + b"b", "over 1048576 bytes"),
    ],
)
def test_a_file_that_holds_no_names_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "names.txt"
    file.write_bytes(content)
    with pytest.raises(OptionsError, match=f"^class_names is names such as .*{why}"):
        EndpointOptions(model="a/1", class_names=file)  # type: ignore[arg-type]
