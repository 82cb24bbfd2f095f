"""What a zone hides is in nothing that anybody gets: every output, every request, every file."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import httpx
import numpy as np
import pytest
from masks import PICTURES
from privacy import (
    CANARY_ZONE,
    CanaryFinder,
    Outlets,
    canary_pictures,
    canary_seen,
)
from waiting import wait_until

from livesegment import (
    AnnotateOptions,
    EndpointOptions,
    EventOptions,
    Frame,
    KeyframeOptions,
    LiveOptions,
    OptionsError,
    OverlayOptions,
    Rule,
    WebOptions,
    annotate,
)
from livesegment.annotate.estimate import estimate
from livesegment.errors import JournalMismatch
from livesegment.export import export_path
from livesegment.frame import CodedFrame, Image
from livesegment.live.page import LivePage
from livesegment.live.run import run_live
from livesegment.output import LiveRun
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings import EXPORTS
from livesegment.settings.serve import ServeOptions
from livesegment.settings.zone import Polygon
from livesegment.sinks.mask_file import MaskFileReader
from livesegment.sources import open_source
from livesegment.sources.base import Source
from livesegment.sources.hidden import hidden
from livesegment.sources.pattern import PatternSource

SIZE, COUNT, RATE = (320, 240), 16, 20
HIDE = (CANARY_ZONE,)
PLAIN = OverlayOptions(opacity=0, legend=False)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video with the canary."""
    path = tmp_path_factory.mktemp("canary") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        stream.options = {"preset": "ultrafast", "crf": "12"}
        for image in canary_pictures(COUNT, SIZE):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        container.mux(stream.encode())
    return path


@contextmanager
def endpoint(finder: CanaryFinder) -> Iterator[EndpointOptions]:
    """Serve the model as an endpoint that is paid for would be."""
    with EmbeddedServer(finder, ServeOptions(port=0)) as server:
        server.start()
        yield EndpointOptions(server.url, "canary/1", max_in_flight=2)


def video(path: Path) -> list[Image]:
    with av.open(str(path)) as container:
        return [each.to_ndarray(format="bgr24") for each in container.decode(video=0)]


def images(folder: Path) -> list[Image]:
    return [cv2.imread(str(each)) for each in sorted(folder.rglob("*.[jp][pn]g"))]


class Page(LivePage):
    """A page at which somebody looks, picture after picture."""

    def __init__(self) -> None:
        super().__init__(WebOptions(port=0))
        self.viewed: list[Image] = []
        self._ended = threading.Event()
        self._viewer = threading.Thread(target=self._look)

    def on_start(self, run: LiveRun) -> None:
        self.run = run
        super().on_start(run)
        self._viewer.start()

    def close(self) -> None:
        self._ended.set()
        super().close()
        self._viewer.join(20)

    def _look(self) -> None:
        assert self._server is not None
        url = f"{self._server.url.rstrip('/')}/cameras/camera/snapshot.jpg"
        own = self.pictures.subscribe(lambda: None)
        with httpx.Client(trust_env=False, timeout=10) as client, suppress(httpx.HTTPError):
            while not self._ended.is_set():
                self._keep(client.get(url).raise_for_status().content)
                if (picture := own.take()) is not None:
                    self._keep(picture.jpeg)
        own.close()

    def _keep(self, jpeg: bytes) -> None:
        self.viewed.append(cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1))


class Waiting(Source):
    """A video that goes on once the model has answered."""

    def __init__(self, path: Path, page: Page) -> None:
        self._source = open_source(path)
        self._page = page
        self.name, self.fps = "clip", self._source.fps

    def read(self) -> Frame | None:
        self._source.is_lazy = self.is_lazy
        frame = self._source.read()
        if frame is not None and frame.index == COUNT // 2:
            wait_until(lambda: self._page.run.metrics.get("masks_received"), "a mask")
            wait_until(lambda: self._page.viewed, "a picture on the page")
        return frame

    def close(self) -> None:
        self._source.close()


@pytest.mark.parametrize(
    ("hide", "mirror"),
    [(HIDE, False), (HIDE, True), ((), False)],
    ids=["hidden", "mirrored", "not hidden"],
)
def test_nothing_of_a_zone_leaves_a_live_run(
    hide: tuple[Polygon, ...],
    mirror: bool,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    finder, outlets, page = CanaryFinder(), Outlets(), Page()
    outlets.key = ord("s")
    rule = Rule("light", class_name="light", above=0.001, for_s=0)
    with endpoint(finder) as asked, Waiting(clip, page) as source:
        options = LiveOptions(
            asked,
            PLAIN,
            window=False,
            mirror=mirror,
            hide=hide,
            mask_ttl_s=60,  # however busy the machine is
            record="run.mp4",
            masks="masks.mkv",
            events=EventOptions(rules=(rule,), clips="clips", pre_s=1.0),
        )
        sink, *others = outlets.all()
        run_live(source, options, sinks=[sink], outputs=[page, page.labelled, *others])
    left = {
        "requests": finder.asked,
        "recording": video(tmp_path / "run.mp4"),
        "clip": video(next((tmp_path / "clips").glob("*.mp4"))),
        "event": images(tmp_path / "clips"),
        "snapshot": images(tmp_path)[-1:],
        "page": page.viewed,
        "window": outlets.shown,
        "virtual camera": outlets.filmed,
        "frames": [each for kept in outlets.viewed.values() for each in kept],
        "written": [each for kept in outlets.written.values() for each in kept],
        "rules": list(outlets.watched.values()),
    }
    with MaskFileReader(tmp_path / "masks.mkv") as reader:
        masks = [ids for _, ids in reader]
    assert any((ids == 2).any() for ids in masks)
    assert any((ids == 1).any() for ids in masks) == (not hide)
    for what, pictures in left.items():
        assert pictures, what
        seen = max(map(canary_seen, pictures))
        assert seen == 0 if hide else seen > 500, what


@pytest.mark.parametrize("keyframes", [KeyframeOptions(), KeyframeOptions(every=5)])
def test_nothing_of_a_zone_is_in_what_annotating_asks_and_writes(
    keyframes: KeyframeOptions, clip: Path, tmp_path: Path
) -> None:
    finder, out = CanaryFinder(), tmp_path / "out.mp4"
    with endpoint(finder) as asked:
        options = AnnotateOptions(
            asked,
            PLAIN,
            keyframes,
            masks=str(tmp_path / "masks.mkv"),
            export=EXPORTS,
            hide=HIDE,
            # So little that frames would be kept as they came.
            max_memory="50MB",
        )
        annotate(clip, out, options=options)
        assert estimate(clip, out, options=options).kept == len(finder.asked)
        with pytest.raises(JournalMismatch, match="another hidden zones"):
            annotate(clip, out, options=replace(options, hide=()))
    pictures = [*finder.asked, *video(out)]
    for kind, place in PICTURES.items():
        pictures += images(export_path(kind, out) / place)
    assert len(pictures) == len(finder.asked) + (1 + len(PICTURES)) * COUNT
    assert max(map(canary_seen, pictures)) == 0
    with MaskFileReader(tmp_path / "masks.mkv") as reader:
        masks = [ids for _, ids in reader]
    assert any((ids == 2).any() for ids in masks)
    assert not any((ids == 1).any() for ids in masks)


def test_images_are_exported_without_it_though_they_might_be_copied(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for index, image in enumerate(canary_pictures(3, SIZE)):
        cv2.imwrite(str(tmp_path / "in" / f"{index}.jpg"), image)
    options = AnnotateOptions(overlay=PLAIN, export=EXPORTS, hide=HIDE)
    finder = CanaryFinder()
    annotate(tmp_path / "in", tmp_path / "out", segmenter=finder, options=options)
    written = images(tmp_path / "out")
    for kind, place in PICTURES.items():
        written += images(export_path(kind, tmp_path / "out") / place)
    assert len(written) == 3 * (1 + len(PICTURES))
    assert max(map(canary_seen, [*finder.asked, *written])) == 0


def test_a_large_picture_is_made_whole_though_its_pixels_were_to_wait(clip: Path) -> None:
    with open_source(clip) as source:
        source.is_lazy = True
        assert isinstance(source.read(), CodedFrame)
    with hidden(open_source(clip), HIDE) as source:
        source.is_lazy = True
        frame = source.read()
        assert type(frame) is Frame
        for size in ((160, 120), (100, 75), SIZE):
            assert canary_seen(frame.downscaled(size)) == 0
        assert (source.fps, source.frame_count) == (RATE, COUNT)


class Changing(Source):
    """Gives pictures of other sizes, one after the other, all white."""

    def __init__(self) -> None:
        self._sizes = [(40, 20), (20, 40), (40, 20), (3, 2)]
        self._index = -1

    def read(self) -> Frame | None:
        self._index += 1
        if self._index == len(self._sizes):
            return None
        width, height = self._sizes[self._index]
        return Frame(np.full((height, width, 3), 255, np.uint8), self._index, self._index, 0.0)


def test_a_zone_is_where_it_is_in_pictures_of_any_size() -> None:
    left_half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    with hidden(Changing(), [left_half]) as source:
        for frame in iter(source.read, None):
            width = frame.frame_size[0]
            is_black = (frame.image == 0).all(axis=(0, 2))
            assert is_black[: -(-width // 2)].all()
            assert not is_black[width // 2 + 3 :].any()
            assert (frame.image[:, ~is_black] == 255).all()


@pytest.mark.parametrize(
    ("zone", "hides", "shows"),
    [
        # A star of one line, whose middle it encloses twice.
        ([(0.5, 0.1), (0.75, 0.9), (0.1, 0.4), (0.9, 0.4), (0.25, 0.9)], (0.5, 0.55), (0.9, 0.9)),
        # The same, whose middle reaches over the picture's edge.
        ([(0.5, -0.5), (0.75, 0.9), (0.1, -0.1), (0.9, -0.1), (0.25, 0.9)], (0.5, 0.1), (0.9, 0.9)),
        # Partly outside of the picture.
        ([(-1, -1), (0.3, -1), (0.3, 2), (-1, 2)], (0.0, 0.99), (0.5, 0.5)),
        # With all of its edges outside of the picture, or on its edge.
        ([(-1, -1), (2, -1), (2, 0.5), (-1, 0.5)], (0.5, 0.4), (0.5, 0.6)),
        ([(-1, 1.5), (0.5, -1), (0.5, 1.5)], (0.1, 0.5), (0.9, 0.5)),
        # A sliver between two pixels.
        ([(0.505, 0.5), (0.506, 0.5), (0.506, 0.501)], (0.5, 0.5), (0.6, 0.5)),
        # One that only just reaches into the picture.
        ([(0.999, 0.2), (1.5, 0.2), (1.5, 0.8), (0.999, 0.8)], (0.999, 0.5), (0.9, 0.5)),
    ],
)
def test_what_a_zone_touches_is_hidden(
    zone: list[tuple[float, float]], hides: tuple[float, float], shows: tuple[float, float]
) -> None:
    options = LiveOptions(hide=[zone])
    source = hidden(PatternSource((100, 100), 30, 1), options.hide)
    image = source.read().image  # type: ignore[union-attr]
    assert not image[int(100 * hides[1]), int(100 * hides[0])].any()
    assert image[int(100 * shows[1]), int(100 * shows[0])].any()


def test_a_drawn_scene_says_nothing_of_what_is_hidden_of_it() -> None:
    everything = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert PatternSource().truth(3).class_ids.any()
    source = hidden(PatternSource(), [everything])
    assert source.scene is not None
    assert not source.scene.truth(3).class_ids.any()


def test_kept_masks_are_not_drawn_on_pictures_with_hidden_zones() -> None:
    with pytest.raises(OptionsError, match=re.escape("kept_masks has masks that may tell what")):
        AnnotateOptions(kept_masks="a.mkv", hide=HIDE)
