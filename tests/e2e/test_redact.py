"""Redaction as a user meets it: recordings, clips, snapshots, the page, and mistakes."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import av
import cv2
import httpx
import numpy as np
import pytest
from broker import Broker, Listener
from conftest import need_package
from privacy import CLASS_NAME, seen_pixels
from recorder import Datagrams, images_of

from livesegment import (
    EventOptions,
    Frame,
    LiveOptions,
    Mask,
    OverlayOptions,
    RedactOptions,
    Rule,
    Segmenter,
    WebOptions,
    live,
)
from livesegment.errors import ServerFailed
from livesegment.frame import Image
from livesegment.sources.pattern import PatternSource

RATE, COUNT = 30, 75
CODED = 48
"""What codecs may make of black."""


class Unreliable(Segmenter):
    """Knows the pattern's true masks, but often fails."""

    max_concurrency = 3

    def __init__(self, source: PatternSource) -> None:
        self._source = source
        self._calls = 0

    def segment(self, frame: Frame) -> Mask:
        """Return the frame's true mask."""
        self._calls += 1
        if self._calls % 4 == 0:
            raise ServerFailed("restarting", retry_after_s=0.0)
        self.look()
        return self._source.truth(frame.index)

    def look(self) -> None:
        """Do something meanwhile."""


class Watching(Unreliable):
    """Looks at the page in between, so that masks come late."""

    def __init__(self, source: PatternSource, log: pytest.LogCaptureFixture) -> None:
        super().__init__(source)
        self._log = log
        self.page_pictures: list[Image] = []

    def look(self) -> None:
        """Keep the picture of the page."""
        url = re.search(r"the page is at (http://\S+?)/?$", self._log.text, re.MULTILINE)
        assert url is not None
        jpeg = httpx.get(f"{url[1]}/cameras/camera/snapshot.jpg", timeout=10).raise_for_status()
        image = cv2.imdecode(np.frombuffer(jpeg.content, np.uint8), cv2.IMREAD_COLOR)
        self.page_pictures.append(image)


def least_seen(image: Image, truths: list[Mask]) -> int:
    """Return how much of the class is seen if the picture is of the frame that fits it best.

    Of a picture as the camera gave it, much is seen whatever the frame: the scene is not black.
    """
    return min(seen_pixels(image, truth.class_ids, CODED) for truth in truths)


def decoded(path: Path) -> list[tuple[int, Image]]:
    """Return the pictures of a recording with the index of their frames."""
    with av.open(str(path)) as container:
        return [
            (round(each.time * RATE), each.to_ndarray(format="bgr24"))
            for each in container.decode(video=0)
        ]


@pytest.mark.parametrize("align", ["delay", "warp"])
def test_nothing_of_the_class_is_in_recording_clip_snapshot_page_or_stream(
    align: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = PatternSource((192, 144), RATE, COUNT)
    raw = PatternSource((192, 144), RATE)
    images = [raw.read().image for _ in range(COUNT)]
    truths = [source.truth(index) for index in range(COUNT)]
    assert min(least_seen(image, truths) for image in images) > 300, "else nothing is tested"
    options = LiveOptions(
        overlay=OverlayOptions(opacity=0, legend=False),
        align=align,
        window=False,
        record=str(tmp_path / "run.mp4"),
        web=WebOptions(port=0),
        events=EventOptions(
            rules=(Rule("ball", class_name=CLASS_NAME, above=0.001, for_s=0),),
            clips=str(tmp_path / "clips"),
            pre_s=1.0,
        ),
        redact=RedactOptions(frozenset({CLASS_NAME}), "black"),
    )
    segmenter = Watching(source, caplog)
    with closing(Datagrams()) as published, caplog.at_level("INFO", "livesegment"):
        # Once is enough, and a busy machine has little time for these two and a half seconds.
        to = (published.url,) if align == "delay" else ()
        live(source, segmenter=segmenter, options=replace(options, publish=to))
    recorded = decoded(tmp_path / "run.mp4")
    assert len(recorded) > COUNT // 5  # a busy machine records fewer
    for index, image in recorded:
        assert seen_pixels(image, truths[index].class_ids, CODED) == 0, index
    assert any(image.mean() > 40 for _, image in recorded), "something is left to see"
    [clip], [snapshot] = (sorted((tmp_path / "clips").glob(each)) for each in ("*.mp4", "*.jpg"))
    pictures = [image for _, image in decoded(clip)]
    assert len(pictures) > 10
    assert segmenter.page_pictures
    sent = images_of(published.data())
    assert len(sent) > 5 or not to
    for image in [*pictures, *sent, cv2.imread(str(snapshot)), *segmenter.page_pictures]:
        assert least_seen(image, truths) == 0


def test_nothing_of_the_class_is_in_what_a_broker_gets(
    need_tool: Callable[[str], str], tmp_path: Path
) -> None:
    need_package("paho.mqtt.client", extra="monitor")
    broker = Broker(need_tool("mosquitto"), tmp_path)
    broker.start()
    source = PatternSource((192, 144), RATE, COUNT)
    truths = [source.truth(index) for index in range(COUNT)]

    options = LiveOptions(
        overlay=OverlayOptions(opacity=0, legend=False),
        align="warp",
        window=False,
        events=EventOptions(
            rules=(Rule("ball", class_name=CLASS_NAME, above=0.001, for_s=0),),
            mqtt=f"mqtt://127.0.0.1:{broker.port}",
            mqtt_pictures=5,
        ),
        redact=RedactOptions(frozenset({CLASS_NAME}), "black"),
    )
    listener = Listener(broker.port)
    try:
        live(source, segmenter=Unreliable(source), options=options)
        listener.wait_for(lambda: "offline" in listener.texts("/availability"))
    finally:
        listener.close()
        broker.kill()
    assert listener.texts("/event_picture")
    images = [cv2.imdecode(np.frombuffer(each, np.uint8), 1) for each in listener.pictures]
    assert len(images) > 3
    assert any(image.mean() > 40 for image in images), "something is left to see"
    assert max(least_seen(image, truths) for image in images) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--redact", "persn"), "the model has no class 'persn' to redact; it has: background,"),
        (("--redact", "person,"), "--redact is a list of class names, such as person,car, none"),
        (("--redact", ""), "--redact is a list of class names, such as person,car, none of them"),
    ],
)
@pytest.mark.parametrize("command", ["live", "annotate"])
def test_a_name_that_hides_nothing_is_exit_2_and_one_sentence(
    command: str, arguments: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    rest = ["--no-window", "--stats", "s.json"] if command == "live" else ["-o", "out.mp4"]
    result = subprocess.run(
        [sys.executable, "-m", "livesegment", command, "pattern:160x120@30:30", *rest, *arguments],
        cwd=tmp_path,
        env={**os.environ, "LIVESEGMENT_API_KEY": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("background", "sentence"),
    [
        ("none.png", "the background is no file: none.png"),
        ("#12345", "--background is blur, a colour such as '#203040' (in quotes), or the path of"),
    ],
)
def test_a_background_that_is_none_is_exit_2_and_one_sentence(
    background: str, sentence: str, tmp_path: Path
) -> None:
    words = ["live", "sample:", "--no-window", "--stats", "s.json", "--background", background]
    result = subprocess.run(
        [sys.executable, "-m", "livesegment", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert sentence in result.stderr
