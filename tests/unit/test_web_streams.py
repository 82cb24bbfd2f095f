"""Pictures for the page: the newest for everybody, encoded once, and only if somebody looks."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np
import pytest
from feeds import HandFeed, served
from waiting import wait_until

from livesegment.web.broadcast import Broadcast
from livesegment.web.feed import Report
from livesegment.web.page_server import PageServer


class Wakes:
    """Counts how often a viewer was woken, and waits for it."""

    def __init__(self) -> None:
        self._woken = threading.Semaphore(0)

    def __call__(self) -> None:
        self._woken.release()

    def wait(self) -> None:
        """Wait for one more."""
        assert self._woken.acquire(timeout=10)


def size_of(jpeg: bytes) -> tuple[int, int]:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.shape[1], image.shape[0]


@contextmanager
def stream(page: PageServer, path: str, accept: str = "*/*") -> Iterator[httpx.Response]:
    client = httpx.Client(trust_env=False, timeout=10, headers={"Accept": accept})
    with client, client.stream("GET", page.url + path) as answer:
        assert answer.status_code == 200
        yield answer


def parts(
    answer: httpx.Response, kind: str = "multipart/x-mixed-replace"
) -> Iterator[tuple[str, bytes]]:
    """Yield (camera, JPEG file) of each part of a stream."""
    told = answer.headers["content-type"]
    assert told.startswith(f"{kind}; boundary=")
    boundary = b"--" + told.partition("boundary=")[2].encode() + b"\r\n"
    held = b""
    for chunk in answer.iter_raw():
        held += chunk
        while len(pieces := held.split(boundary, 2)) == 3:
            head, _, jpeg = pieces[1].partition(b"\r\n\r\n")
            lines = dict(line.split(": ") for line in head.decode().splitlines())
            assert lines["Content-Type"] == "image/jpeg"
            assert jpeg[: int(lines["Content-Length"])] + b"\r\n" == jpeg
            yield lines["X-Camera"], jpeg[:-2]
            held = boundary + pieces[2]


def test_a_viewer_that_is_slow_gets_the_newest_picture_and_none_twice() -> None:
    pictures, quick, slow = Broadcast(), Wakes(), Wakes()
    first, second = pictures.subscribe(quick), pictures.subscribe(slow)
    seen = []
    for number in range(5):
        pictures.publish(b"%d" % number)
        quick.wait()
        taken = first.take()
        assert taken is not None
        seen.append(taken.jpeg)
    assert seen == [b"0", b"1", b"2", b"3", b"4"]
    newest = second.take()
    assert newest is not None
    assert newest.jpeg == b"4"
    assert second.take() is None


def test_a_viewer_who_comes_later_gets_the_picture_that_is_there() -> None:
    pictures, wakes = Broadcast(), Wakes()
    pictures.subscribe(lambda: None)
    pictures.publish(b"jpeg")
    late = pictures.subscribe(wakes)
    wakes.wait()
    assert late.take() is not None


def test_after_the_last_viewer_no_old_picture_is_left() -> None:
    pictures = Broadcast()
    viewer = pictures.subscribe(lambda: None)
    pictures.publish(b"jpeg")
    viewer.close()
    assert pictures.subscribe(lambda: None).take() is None


def test_whoever_makes_the_pictures_is_told_when_somebody_looks() -> None:
    told: list[bool] = []
    pictures = Broadcast(told.append)
    first, second = pictures.subscribe(lambda: None), pictures.subscribe(lambda: None)
    first.close()
    assert told == [True]
    second.close()
    second.close()
    assert told == [True, False]


def test_nothing_is_encoded_or_kept_without_viewers() -> None:
    feed, wakes = HandFeed(), Wakes()
    try:
        for _ in range(3):
            feed.put((32, 18))
        viewer = feed.pictures.subscribe(wakes)
        feed.put((64, 36))
        wakes.wait()
        picture = viewer.take()
        assert picture is not None
        # The first that was ever encoded is the first after the viewer came.
        assert picture.number == 1
        assert size_of(picture.jpeg) == (64, 36)
        viewer.close()
    finally:
        feed.end()


def test_a_large_picture_is_made_smaller_and_keeps_its_shape() -> None:
    feed, wakes = HandFeed(), Wakes()
    try:
        viewer = feed.pictures.subscribe(wakes)
        feed.put((2560, 1080))
        wakes.wait()
        picture = viewer.take()
        assert picture is not None
        assert size_of(picture.jpeg) == (1280, 540)
        viewer.close()
    finally:
        feed.end()


def test_one_response_carries_the_pictures_of_all_cameras() -> None:
    feeds = [HandFeed(name) for name in ("a", "b", "c")]
    with served(*feeds) as page, stream(page, "/stream.mjpg") as answer:
        pictures = parts(answer)
        seen = set()

        def all_seen() -> bool:
            for feed in feeds:
                feed.put()
            seen.add(next(pictures)[0])
            return len(seen) == 3

        wait_until(all_seen, "a picture of each camera", pause_s=0)


def test_a_script_gets_the_same_under_a_name_that_no_browser_takes_apart() -> None:
    feed, kind = HandFeed(), "multipart/mixed"
    with served(feed) as page, stream(page, "/stream.mjpg", accept=kind) as answer:
        feed.put()
        name, jpeg = next(parts(answer, kind))
        assert name == "one"
        assert size_of(jpeg) == (64, 36)


def test_other_programs_get_a_camera_as_a_stream_and_as_a_picture() -> None:
    feed = HandFeed("gate", "Gate")
    pushing = threading.Event()

    def push() -> None:
        while not pushing.wait(0.005):
            feed.put()

    pusher = threading.Thread(target=push)
    pusher.start()
    try:
        with served(feed, HandFeed("other")) as page:
            with stream(page, "/cameras/gate/stream.mjpg") as answer:
                name, jpeg = next(parts(answer))
                assert name == "gate"
                assert size_of(jpeg) == (64, 36)
            snapshot = httpx.get(page.url + "/cameras/gate/snapshot.jpg", trust_env=False)
            assert snapshot.headers["content-type"] == "image/jpeg"
            assert size_of(snapshot.content) == (64, 36)
            missing = httpx.get(page.url + "/cameras/nowhere/snapshot.jpg", trust_env=False)
            assert missing.status_code == 404
    finally:
        pushing.set()
        pusher.join()


def test_a_viewer_that_takes_nothing_holds_up_nobody_and_is_cut_off() -> None:
    feed = HandFeed("one")
    with served(feed, hangs_after_s=0.3) as page:
        address = urlsplit(page.url)
        hanging = socket.socket()
        hanging.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        hanging.connect((address.hostname, address.port))
        hanging.sendall(b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with hanging:
            hanging.recv(16)
            with stream(page, "/stream.mjpg") as answer:
                pictures = parts(answer)
                # Far more than the buffers of the one that hangs can hold.
                for _ in range(60):
                    feed.put((1280, 720))
                    next(pictures)

            def cut_off() -> bool:
                feed.put((1280, 720))
                return feed.watched == [True, False]

            wait_until(cut_off, "the one that hangs cut off", pause_s=0.01)


def test_streams_end_when_the_server_stops_and_when_the_camera_does() -> None:
    feed = HandFeed("one")
    with served(feed) as page, stream(page, "/stream.mjpg") as answer:
        pictures = parts(answer)
        feed.put()
        next(pictures)
        feed.end()
        assert list(pictures) == []
    feed = HandFeed("one")
    with served(feed) as page, stream(page, "/stream.mjpg") as answer:
        pictures = parts(answer)
        feed.put()
        next(pictures)
        page.close()
        assert list(pictures) == []


def test_a_viewer_who_goes_away_is_nothing_to_speak_of(caplog: pytest.LogCaptureFixture) -> None:
    held, released = threading.Event(), threading.Event()

    class Holding(HandFeed):
        """Holds up the server while it is asked how it is."""

        def report(self) -> Report:
            held.set()
            assert released.wait(30)
            return super().report()

    feeds = [*(HandFeed(f"camera-{number}") for number in range(8)), Holding("holding")]
    with served(*feeds) as page, socket.socket() as viewer:
        address = urlsplit(page.url)
        viewer.settimeout(30)
        viewer.connect((address.hostname, address.port))
        viewer.sendall(f"GET /stream.mjpg HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        wait_until(lambda: all(feed.pictures.is_watched for feed in feeds), "a viewer")
        asking = threading.Thread(
            target=lambda: httpx.get(f"{page.url}/api/cameras", trust_env=False, timeout=60)
        )
        asking.start()
        assert held.wait(30)
        # Gone without a word, and with a picture of every camera about to be sent.
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        viewer.close()
        for feed in feeds:
            feed.pictures.publish(b"jpeg")
        released.set()
        asking.join()
        wait_until(lambda: not any(feed.pictures.is_watched for feed in feeds), "the viewer's end")
    assert [record.getMessage() for record in caplog.records] == []
