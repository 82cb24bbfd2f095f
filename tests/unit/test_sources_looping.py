"""Sources that begin again at their end."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import pytest
from clips import picture
from parts import ListSink

from livesegment import LiveOptions, live
from livesegment.errors import OptionsError, SourceNotFound
from livesegment.sources import open_source
from livesegment.sources.looping import LoopingSource


def looping(spec: str | Path, counted: list[None] | None = None) -> LoopingSource:
    loops: list[None] = [] if counted is None else counted
    return LoopingSource(partial(open_source, spec), lambda: loops.append(None))


def test_pictures_begin_again_and_their_times_go_on() -> None:
    counted: list[None] = []
    with looping("pattern:64x48@10:3", counted) as source:
        frames = [source.read() for _ in range(8)]
        assert source.scene_began == 6
    assert [frame.index for frame in frames if frame is not None] == list(range(8))
    times = [frame.pts_s for frame in frames if frame is not None]
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([0.1] * 7)
    images = [frame.image.tobytes() for frame in frames if frame is not None]
    assert images[0] == images[3] == images[6]
    assert len(set(images)) == 3
    assert len(counted) == 2


def test_a_folder_is_looked_at_anew_and_its_absence_is_said(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), picture(0, (96, 64)))
    with looping(tmp_path) as source:
        source.read()
        cv2.imwrite(str(tmp_path / "2.png"), picture(9, (32, 32)))
        shapes = [frame.image.shape for _ in range(2) if (frame := source.read()) is not None]
        assert shapes == [(64, 96, 3), (32, 32, 3)]
        for path in tmp_path.iterdir():
            path.unlink()
        with pytest.raises(SourceNotFound, match=str(tmp_path)):
            source.read()


def test_one_that_is_stopped_does_not_begin_again() -> None:
    with looping("pattern:64x48@10:1") as source:
        source.read()
        source.stop()
        assert source.read() is None


def test_what_never_ends_and_what_cannot_be_opened_again_is_a_mistake() -> None:
    with pytest.raises(OptionsError, match=r"^--loop is for a source with an end, which pattern"):
        looping("pattern:")
    with (
        open_source("pattern:64x48:2") as source,
        pytest.raises(OptionsError, match=r"^loop opens"),
    ):
        live(source, options=LiveOptions(window=False, loop=True))


def test_a_live_run_goes_on_and_counts_the_loops() -> None:
    sink = ListSink()
    options = LiveOptions(window=False, loop=True, max_frames=12)
    assert live("pattern:64x48@100:5", sinks=[sink], options=options)["loops"] >= 2
    shown = [index for index, _ in sink.written]
    assert len(shown) == 12
    assert shown == sorted(shown)
    # Each beginning is a scene of its own: no mask of the one before is on its pictures.
    assert all(mask is None or mask // 5 == index // 5 for index, mask in sink.written)
