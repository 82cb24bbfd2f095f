"""What every segmenter promises, asked of each of them.

To add a segmenter: write a function that opens it and add it to `SEGMENTERS`.
"""

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from onnx_bytes import three_classes

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.protocol.received import decode_image, image_file
from livesegment.protocol.reply import flat_reply, nested_reply
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.segmenters.http import HttpSegmenter
from livesegment.segmenters.network_file import NetworkFileSegmenter
from livesegment.segmenters.pattern import PatternSegmenter
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ReplyShape, ServeOptions
from livesegment.sources.pattern import PatternSource

Opener = Callable[[], AbstractContextManager[Segmenter]]


class Halves(Segmenter):
    """Calls the left half 0 and the right half 200, the one id that its class map leaves out."""

    max_concurrency = 2

    def segment(self, frame: Frame) -> Mask:
        width, height = frame.frame_size
        ids = np.zeros((height, width), np.uint8)
        ids[:, width // 2 :] = 200
        return Mask(ids, {0: " background "}, frame.index)


@contextmanager
def builtin() -> Iterator[Segmenter]:
    with BuiltinSegmenter() as segmenter:
        yield segmenter


@contextmanager
def model_file() -> Iterator[Segmenter]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        path.write_bytes(three_classes(64, 48))
        names = (" background ", "b", "c")
        with NetworkFileSegmenter(path, names, letterbox=True) as segmenter:
            yield segmenter


@contextmanager
def http_over_a_mock() -> Iterator[Segmenter]:
    def answer(request: httpx.Request) -> httpx.Response:
        file = image_file(request.read(), request.headers["content-type"])
        mask = Halves().segment(Frame(decode_image(file), 0, 0.0, 0.0))
        if request.url.params["name"] in {"0.jpg", "2.jpg"}:
            return httpx.Response(200, content=json.dumps(flat_reply(mask)))
        return httpx.Response(200, json=nested_reply(mask, inference_id="a", time_s=0.1))

    with HttpSegmenter(
        "http://endpoint", "halves/1", transport=httpx.MockTransport(answer)
    ) as segmenter:
        yield segmenter


@contextmanager
def http(model: Segmenter, reply: ReplyShape, **options: int) -> Iterator[Segmenter]:
    with (
        model,
        EmbeddedServer(model, ServeOptions(port=0, reply=reply)) as server,
        HttpSegmenter(server.url, "any/model/1", api_key="key", **options) as segmenter,
    ):
        yield segmenter


@contextmanager
def pattern() -> Iterator[Segmenter]:
    with PatternSegmenter(PatternSource((160, 120))) as segmenter:
        yield segmenter


@contextmanager
def http_instances() -> Iterator[Segmenter]:
    """Ask for phrases, and get outlines in pixels of what was sent, which the reply leaves out."""
    corners = [[0, 0], [9, 0], [9, 9], [0, 9]]
    found = [{"masks": [corners], "confidence": 0.5, "format": "polygon"}]
    reply = {"prompt_results": [{"prompt_index": 0, "predictions": found}]}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=reply))
    with HttpSegmenter("http://a", prompt=["x"], max_side=64, transport=transport) as segmenter:
        yield segmenter


SEGMENTERS: dict[str, Opener] = {
    "builtin": builtin,
    "model file": model_file,
    "pattern": pattern,
    "http over a mock": http_over_a_mock,
    "http": lambda: http(Halves(), "nested"),
    "http, made small": lambda: http(Halves(), "flat", max_side=64, max_connections=16),
    "http, instances": http_instances,
    "http, builtin": lambda: http(BuiltinSegmenter(), "flat"),
}
KNOWN_ANSWER = ("http over a mock", "http", "http, made small")


@pytest.fixture
def segmenter(request: pytest.FixtureRequest) -> Iterator[Segmenter]:
    with SEGMENTERS[request.param]() as opened:
        yield opened


every_segmenter = pytest.mark.parametrize("segmenter", SEGMENTERS, indirect=True)
every_known_answer = pytest.mark.parametrize("segmenter", KNOWN_ANSWER, indirect=True)


def frame(index: int = 0, size: tuple[int, int] = (160, 120)) -> Frame:
    width, height = size
    image = np.random.default_rng(index).integers(0, 255, (height, width, 3), np.uint8)
    return Frame(image, index=index, pts_s=index / 25, captured_at_s=float(index))


@every_segmenter
def test_a_mask_has_its_frames_size_and_index(segmenter: Segmenter) -> None:
    for index, size in enumerate([(160, 120), (641, 361), (33, 700), (1, 1)]):
        mask = segmenter.segment(frame(index, size))
        assert mask.frame_size == size
        assert mask.frame_index == index


@every_segmenter
def test_what_a_call_keeps_gives_the_same_mask_again(segmenter: Segmenter) -> None:
    kept: list[bytes] = []
    given = frame(1, (320, 240))
    mask = segmenter.prepare(given)(kept.append)
    (reply,) = kept
    recalled = segmenter.recall(reply, given)
    np.testing.assert_array_equal(recalled.class_ids, mask.class_ids)
    assert recalled.class_map == mask.class_map
    assert recalled.instances == mask.instances
    assert recalled.frame_index == 1
    assert recalled.grain == mask.grain


@every_segmenter
def test_a_frame_is_not_drawn_on(segmenter: Segmenter) -> None:
    given = frame(3)
    before = given.image.copy()
    segmenter.segment(given)
    assert np.array_equal(given.image, before)


@every_segmenter
def test_class_names_have_no_blanks_around_them(segmenter: Segmenter) -> None:
    class_map = segmenter.segment(frame()).class_map
    assert class_map[0] == "background"


@every_known_answer
def test_ids_survive_also_those_without_a_name(segmenter: Segmenter) -> None:
    ids = segmenter.segment(frame(0, (640, 360))).class_ids
    assert np.unique(ids).tolist() == [0, 200]
    assert not ids[:, :320].any()
    assert (ids[:, 320:] == 200).all()


@every_segmenter
def test_confidence_can_be_chosen_for_a_call(segmenter: Segmenter) -> None:
    for confidence in (0, 1, 37.5, 100):
        assert segmenter.segment_at(frame(2), confidence).frame_size == (160, 120)


@every_segmenter
def test_as_many_threads_as_it_says_may_call_at_once(segmenter: Segmenter) -> None:
    threads = segmenter.max_concurrency or 8
    together = threading.Barrier(threads)

    def call(index: int) -> int:
        together.wait(10)
        return segmenter.segment(frame(index)).frame_index

    with ThreadPoolExecutor(threads) as pool:
        for _ in range(3):
            assert list(pool.map(call, range(threads))) == list(range(threads))


@every_segmenter
def test_closing_twice_is_closing_once(segmenter: Segmenter) -> None:
    segmenter.segment(frame())
    segmenter.close()
    segmenter.close()
