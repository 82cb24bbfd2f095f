"""What every source keeps to, wherever its pictures come from."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import HEIGHT, WIDTH, picture, serve_folder, shows, write_video

from livesegment.errors import SourceNotFound
from livesegment.frame import Frame
from livesegment.settings import PartOptions
from livesegment.sources import Source, open_source
from livesegment.sources.part import part_of

FRAMES = 12

Open = Callable[[], Source]


def open_video(folder: Path) -> Iterator[Open]:
    path = write_video(folder / "video.mp4", FRAMES)
    yield lambda: open_source(path)


def open_matroska(folder: Path) -> Iterator[Open]:
    path = write_video(folder / "video.mkv", FRAMES)
    yield lambda: open_source(str(path))


def open_folder(folder: Path) -> Iterator[Open]:
    for index in range(FRAMES):
        cv2.imwrite(str(folder / f"{index + 1}.png"), picture(index))
    yield lambda: open_source(folder)


def open_glob(folder: Path) -> Iterator[Open]:
    for index in range(FRAMES):
        cv2.imwrite(str(folder / f"{index + 1}.jpg"), picture(index))
    yield lambda: open_source(str(folder / "*.jpg"))


def open_network(folder: Path) -> Iterator[Open]:
    write_video(folder / "video.mp4", FRAMES, muxer={"movflags": "faststart"})
    with serve_folder(folder) as url:
        yield lambda: open_source(f"{url}/video.mp4")


def open_pattern(folder: Path) -> Iterator[Open]:
    yield lambda: open_source(f"pattern:{WIDTH}x{HEIGHT}@30:{FRAMES}")


def open_part(folder: Path) -> Iterator[Open]:
    path = write_video(folder / "video.mp4", 3 * FRAMES)
    yield lambda: part_of(open_source(path), PartOptions(end_s=FRAMES / 30))


BACKENDS = {
    "video": open_video,
    "matroska": open_matroska,
    "folder": open_folder,
    "glob": open_glob,
    "network": open_network,
    "pattern": open_pattern,
    "part": open_part,
}


@pytest.fixture(params=BACKENDS)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    yield from BACKENDS[request.param](tmp_path)


def read_all(source: Source) -> list[Frame]:
    return list(iter(source.read, None))


def test_frames_come_in_order_with_rising_times(opener: Open) -> None:
    with opener() as source:
        frames = read_all(source)
    assert [frame.index for frame in frames] == list(range(FRAMES))
    times = [frame.pts_s for frame in frames]
    assert times[0] >= 0
    assert all(earlier < later for earlier, later in pairwise(times))
    clocks = [frame.captured_at_s for frame in frames]
    assert clocks == sorted(clocks)


def test_the_pictures_are_those_of_the_source(opener: Open, request: pytest.FixtureRequest) -> None:
    with opener() as source:
        frames = read_all(source)
    assert {frame.frame_size for frame in frames} == {(WIDTH, HEIGHT)}
    if "pattern" not in request.node.name:
        assert all(shows(frame.image, frame.index) for frame in frames)


def test_nobody_can_draw_on_a_frame(opener: Open) -> None:
    with opener() as source:
        frame = source.read()
    assert frame is not None
    assert frame.image.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0] = 0


def test_a_kept_frame_does_not_change_when_later_ones_are_read(opener: Open) -> None:
    with opener() as source:
        first = source.read()
        assert first is not None
        copy = first.image.copy()
        read_all(source)
    np.testing.assert_array_equal(first.image, copy)


def test_the_end_stays_the_end(opener: Open) -> None:
    with opener() as source:
        read_all(source)
        assert source.read() is None
        assert source.read() is None


def test_it_may_be_closed_twice(opener: Open) -> None:
    source = opener()
    source.close()
    source.close()
    with opener() as source:
        source.read()
        source.close()


def test_opened_again_it_gives_the_same_frames(opener: Open) -> None:
    with opener() as first, opener() as second:
        for one, other in zip(read_all(first), read_all(second), strict=True):
            assert one.pts_s == other.pts_s
            np.testing.assert_array_equal(one.image, other.image)


def test_it_says_what_it_is(opener: Open) -> None:
    with opener() as source:
        assert source.name
        assert source.frame_count == FRAMES
        assert source.fps is not None
        assert source.fps > 0
        assert not source.is_live


def test_stop_does_not_raise_and_close_follows(opener: Open) -> None:
    with opener() as source:
        source.read()
        source.stop()


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("missing.mp4", r"no file missing\.mp4"),
        ("missing.png", r"no file missing\.png"),
        ("missing/*.png", r"no image matches missing/\*\.png"),
        ("", "the source is empty"),
        ("/dev/video77", "camera /dev/video77 cannot be opened"),
        (77, "camera 77 cannot be opened"),
        ("77", "camera 77 cannot be opened"),
        ("9" * 12, "there is no file 9"),
        ("9" * 5000, "^'9{60}...' cannot be opened: .ile name too long"),
        (-1, "camera -1 cannot be opened"),
        ("http://127.0.0.1:1/x.mp4", "http://127.0.0.1:1/x.mp4 cannot be opened"),
        ("rtsp://127.0.0.1:1/x", "rtsp://127.0.0.1:1/x cannot be opened"),
        ("nonsense://host/x", "nonsense://host/x cannot be opened"),
        ("http://[half", "cannot be opened"),
        ("browser:", "nothing else can show it"),
        ("C:\\clips\\missing.mp4", "no file C:"),
    ],
)
def test_what_cannot_be_opened_is_named_in_one_sentence(
    spec: str | int,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceNotFound, match=sentence) as caught:
        open_source(spec)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_source_of_ones_own_passes_through(opener: Open) -> None:
    with opener() as source:
        assert open_source(source) is source
