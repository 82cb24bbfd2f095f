"""The page's picture as video: in order, from a keyframe on, and nobody waits for a slow viewer."""

import io
from collections.abc import Iterator

import av
import httpx
import numpy as np
import pytest
from feeds import HandFeed, served
from waiting import wait_until

from livesegment.errors import OptionsError
from livesegment.frame import Image
from livesegment.sinks import live_track
from livesegment.web.broadcast import Subscription
from livesegment.web.fragments import TICKS_PER_S
from livesegment.web.video import Fragment, Head, VideoBroadcast
from livesegment.web.video_encoder import LASTS_S, VideoEncoder

HEAD = Head(b"head", "avc1.640028")


def coded(time_s: float, *, keyframe: bool = False, head: Head = HEAD) -> Fragment:
    return Fragment(b"%.2f" % time_s, time_s, keyframe, head)


def times(viewer: Subscription[Fragment]) -> list[float]:
    """Take everything that there is for a viewer."""
    found = []
    while (fragment := viewer.take()) is not None:
        found.append(fragment.time_s)
    return found


def flat(level: int, size: tuple[int, int] = (64, 36)) -> Image:
    image = np.empty((size[1], size[0], 3), np.uint8)
    image[:] = level, 120, 240 - level
    return image


def decoded(file: bytes) -> list[Image]:
    with av.open(io.BytesIO(file)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


@pytest.fixture
def encoder() -> Iterator[VideoEncoder]:
    made = VideoEncoder()
    yield made
    made.close()


def test_every_picture_is_whole_before_the_next_one_is_there(encoder: VideoEncoder) -> None:
    file = b""
    for number, level in enumerate((40, 120, 200)):
        fragment = encoder.encode(flat(level, (65, 37)), number / 30)
        assert fragment.is_keyframe == (number == 0)
        file = (file or fragment.head.segment) + fragment.media
        shown = decoded(file)
        assert len(shown) == number + 1
        assert shown[-1].shape == (38, 66, 3)
        assert np.abs(shown[-1].astype(int) - flat(level, (66, 38))).max() < 8
    assert fragment.head.codec.startswith("avc1.")
    with av.open(io.BytesIO(file)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.time_base.denominator) == ("h264", TICKS_PER_S)


def test_a_picture_after_a_long_wait_follows_the_last_one_without_a_gap(
    encoder: VideoEncoder,
) -> None:
    shown_s = [encoder.encode(flat(90), at_s).time_s for at_s in (100.0, 100.04, 160.0, 160.04)]
    assert shown_s == pytest.approx([0.0, 0.04, 0.04 + LASTS_S, 0.08 + LASTS_S])


def test_a_picture_of_another_size_begins_another_video(encoder: VideoEncoder) -> None:
    first = encoder.encode(flat(40), 0.0)
    other = encoder.encode(flat(40, (32, 32)), 0.1)
    assert other.is_keyframe
    assert other.head is not first.head
    assert decoded(other.head.segment + other.media)[0].shape == (32, 32, 3)
    encoder.rest()
    assert encoder.encode(flat(40, (32, 32)), 0.1).head is not other.head


def test_who_comes_later_begins_with_a_keyframe_that_is_asked_for() -> None:
    video = VideoBroadcast()
    first = video.subscribe(lambda: None)
    video.publish(coded(0.0, keyframe=True))
    video.publish(coded(0.1))
    assert times(first) == [0.0, 0.1]
    assert not video.is_waiting
    late = video.subscribe(lambda: None)
    assert video.is_waiting
    video.publish(coded(0.2))
    assert times(late) == []
    video.publish(coded(0.3, keyframe=True))
    assert not video.is_waiting
    video.publish(coded(0.4))
    assert times(late) == [0.3, 0.4]
    assert times(first) == [0.2, 0.3, 0.4]


def test_a_slow_viewer_goes_on_with_a_keyframe_and_holds_up_nobody() -> None:
    video = VideoBroadcast()
    quick, slow = video.subscribe(lambda: None), video.subscribe(lambda: None)
    seen = []
    for tenth in range(30):
        video.publish(coded(tenth / 10, keyframe=tenth in {0, 18}))
        seen += times(quick)
        if tenth == 0:
            assert times(slow) == [0.0]
        if tenth == 16:
            assert times(slow) == [], "it waits for a keyframe"
        if tenth == 20:
            assert times(slow) == [1.8, 1.9, 2.0]
    assert seen == [tenth / 10 for tenth in range(30)]
    assert times(slow) == [], "it is too far behind again"


def test_nothing_of_another_encoder_is_given_to_go_on_with() -> None:
    video = VideoBroadcast()
    viewer = video.subscribe(lambda: None)
    video.publish(coded(7.0, keyframe=True))
    other = Head(b"other", "avc1.640028")
    video.publish(coded(0.0, keyframe=True, head=other))
    video.publish(coded(0.1, head=other))
    assert times(viewer) == [0.0, 0.1]


def test_nothing_is_encoded_without_viewers_and_nothing_of_long_ago_is_shown() -> None:
    feed = HandFeed()
    try:
        for _ in range(3):
            feed.put()
        viewer = feed.video.subscribe(lambda: None)
        feed.put()
        first = wait_until(viewer.take, "the first picture")
        assert (first.number, first.is_keyframe, first.time_s) == (1, True, 0.0)
        viewer.close()
        feed.put()
        again = feed.video.subscribe(lambda: None)
        assert again.take() is None
        assert feed.video_watched == [True, False, True]
        again.close()
    finally:
        feed.end()


def parts(answer: httpx.Response) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield (head, body) of each part of a stream."""
    boundary, held = answer.headers["content-type"].partition("boundary=")[2], b""
    pieces = answer.iter_raw()
    while True:
        while b"\r\n\r\n" not in held:
            held += next(pieces)
        head, _, held = held.partition(b"\r\n\r\n")
        lines = [line for line in head.decode().split("\r\n") if ": " in line]
        fields = dict(line.split(": ", 1) for line in lines)
        length = int(fields["Content-Length"])
        while len(held) < length + len(boundary) + 6:
            held += next(pieces)
        yield fields, held[:length]
        held = held[length:]


def test_a_response_has_what_is_read_first_and_then_a_part_a_picture_of_each_camera() -> None:
    feeds = [HandFeed("a"), HandFeed("b")]
    with served(*feeds) as page, httpx.stream("GET", page.url + "/stream.video") as answer:
        assert answer.headers["content-type"].startswith("multipart/mixed; ")
        assert answer.headers["x-accel-buffering"] == "no"
        found: dict[str, list[tuple[dict[str, str], bytes]]] = {"a": [], "b": []}
        stream = parts(answer)
        for _ in range(4):
            for feed in feeds:
                feed.put()
            for _ in range(4 if not found["a"] else 2):
                fields, body = next(stream)
                found[fields["X-Camera"]].append((fields, body))
    for of_one in found.values():
        assert [("X-Time" in fields) for fields, _ in of_one] == [False, True, True, True, True]
        assert all(
            fields["Content-Type"].startswith('video/mp4; codecs="avc1.') for fields, _ in of_one
        )
        assert len(decoded(b"".join(body for _, body in of_one))) == 4


def test_without_an_encoder_there_are_single_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise OptionsError("the installed PyAV has no encoder for h264")

    monkeypatch.setattr(live_track, "live_coding", none)
    feed = HandFeed()
    with served(feed) as page, httpx.Client(base_url=page.url, trust_env=False) as client:
        with client.stream("GET", "/stream.video") as answer:
            feed.put()
            assert answer.read() == b"--picture\r\n"
        refused = client.get("/stream.video")
        assert (refused.status_code, "stream.mjpg" in refused.json()["message"]) == (501, True)
        with client.stream("GET", "/stream.mjpg") as pictures:
            feed.put()
            pieces = pictures.iter_raw()
            assert b"image/jpeg" in next(pieces) + next(pieces)
