"""What every output of a live run promises. A new output joins by one entry in OUTPUTS.

The window's promises are kept on a screen of its own, in `unit/test_sinks_window.py`.
"""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from broker import free_port
from events import event
from loopback import FakeDevice, FakeLinux
from parts import CLASS_MAP, FunctionSegmenter, StepSource, frame
from recorder import Datagrams
from waiting import wait_until

from livesegment.calls.lease import LeasedQuota
from livesegment.calls.quota import Quota
from livesegment.events.broker_address import BrokerAddress
from livesegment.events.clip import ClipRecorder
from livesegment.events.delivery import Delivery
from livesegment.events.event import Event
from livesegment.events.home_assistant import Device
from livesegment.events.watch import EventWatch
from livesegment.live.loop import LiveLoop
from livesegment.live.outputs import QueuedSink, as_outputs
from livesegment.live.page import LivePage
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.mask import Mask
from livesegment.metrics import Metrics
from livesegment.monitor.child_link import ChildLink
from livesegment.monitor.reporter import Reporter
from livesegment.output import Output, Shown, Wants
from livesegment.settings import WebOptions
from livesegment.settings.controls import Controls
from livesegment.settings.rule_text import parse_rule
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.segments import SegmentedVideoSink
from livesegment.sinks.stream_to_address import StreamToAddress
from livesegment.sinks.v4l2 import LoopbackDevice
from livesegment.sinks.virtual_camera import VirtualCamera
from livesegment.web.broadcast import Broadcast, Subscription
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import LabelledEncoder, PictureEncoder

MORE = 100  # than anything has room for


class HeldSink(Sink):
    """Writes nothing before it is let, then keeps how bright pictures are."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.kept: list[float] = []

    def write(self, picture: Annotated) -> None:
        assert self.let.wait(20)
        self.kept.append(float(picture.image.mean()))


class Told(Delivery):
    """Keeps the events it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def put(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        pass


@dataclass
class Case:
    """An output, and what came out of it.

    Attributes:
        output: The output.
        kept: Returns how bright the pictures are that came out, once all are through; None: no
            pictures come out.
        release: Lets go on what hangs behind it.
    """

    output: Output
    kept: Callable[[], list[float]] | None = None
    release: Callable[[], None] = lambda: None


def own(stack: ExitStack, folder: Path) -> Case:
    """Return what a user needs to write."""

    class Own(Output):
        def __init__(self) -> None:
            self.kept: list[float] = []

        def on_frame(self, shown: Shown) -> None:
            assert shown.image is not None
            self.kept.append(float(shown.image.mean()))

    output = Own()
    return Case(output, lambda: output.kept)


def queued(stack: ExitStack, folder: Path) -> Case:
    sink = HeldSink()
    stack.callback(sink.let.set)
    output = QueuedSink(sink, Metrics())

    def kept() -> list[float]:
        sink.let.set()
        output.close()
        for thread in threading.enumerate():
            if thread.name == "HeldSink":
                thread.join(20)
        return sink.kept

    return Case(output, kept, sink.let.set)


def clips(stack: ExitStack, folder: Path) -> Case:
    recorder = stack.enter_context(ClipRecorder(folder, "yard", lambda _: None))
    return Case(QueuedSink(recorder, Metrics()))


def recorded(stack: ExitStack, folder: Path) -> Case:
    """Return a recording and clips, encoded once."""
    recording = stack.enter_context(SegmentedVideoSink(folder / "yard.mp4", segment_s=60))
    recorder = stack.enter_context(ClipRecorder(folder / "clips", "yard", lambda _: None))
    (output,) = as_outputs([recording, recorder], Metrics())
    return Case(output)


def watched(output: PictureEncoder | LabelledEncoder, stack: ExitStack) -> Case:
    """Let somebody watch the pictures of a page."""
    woken = threading.Semaphore(0)
    subscription = output.pictures.subscribe(woken.release)
    stack.callback(subscription.close)
    return Case(output, lambda: newest(subscription, woken))


def newest(subscription: Subscription, woken: threading.Semaphore) -> list[float]:
    while (taken := subscription.take()) is None:
        assert woken.acquire(timeout=20)
    image = cv2.imdecode(np.frombuffer(taken.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return [float(image.mean())]


def encoder(stack: ExitStack, folder: Path) -> Case:
    return watched(PictureEncoder(Broadcast(), Coverage()), stack)


def labelled(stack: ExitStack, folder: Path) -> Case:
    return watched(LabelledEncoder(Broadcast()), stack)


def unwatched(stack: ExitStack, folder: Path) -> Case:
    return Case(PictureEncoder(Broadcast(), Coverage()))


def page(stack: ExitStack, folder: Path) -> Case:
    return watched(LivePage(WebOptions(port=0)), stack)


def reporter(stack: ExitStack, folder: Path) -> Case:
    ours, theirs = socket.socketpair()
    reading = threading.Thread(target=drain, args=(theirs,))
    reading.start()
    stack.callback(reading.join)
    link = ChildLink(ours)
    stack.callback(link.close)
    turns = LeasedQuota(Quota(), lambda _: None)
    return watched(Reporter(link, turns), stack)


def drain(connection: socket.socket) -> None:
    with connection:
        while connection.recv(65536):
            pass


def rules(stack: ExitStack, folder: Path) -> Case:
    rule = parse_rule("object > 50% for 0s named door")
    return Case(EventWatch("yard", [rule], [Told()], lambda: None, Metrics()))


def published(stack: ExitStack, folder: Path) -> Case:
    """Return a stream to somebody who takes it, or lets it be."""
    receiver = Datagrams()
    stack.callback(receiver.close)
    stream = StreamToAddress(receiver.url)

    def kept() -> list[float]:
        wait_until(receiver.arrived, "pictures")
        stream.close()
        return [each.brightness for each in receiver.arrived()]

    return Case(stream, kept)


def virtual_camera(stack: ExitStack, folder: Path) -> Case:
    device = FakeDevice(tells=False)
    linux = FakeLinux({"/dev/video0": device})
    output = VirtualCamera("/dev/video0", lambda path: LoopbackDevice(path, linux))

    def kept() -> list[float]:
        assert linux.written.acquire(timeout=20)
        return [float(each.mean()) for each in device.pictures]

    return Case(output, kept)


def broker(stack: ExitStack, folder: Path) -> Case:
    """Return what publishes the picture of an event to a broker that is away."""
    from livesegment.events.mqtt import MqttPublisher
    from livesegment.events.mqtt_view import MqttView

    address = BrokerAddress("127.0.0.1", free_port())
    publisher = stack.enter_context(MqttPublisher(address, "yard", [], Device("1")))
    publisher.put(event(1))
    shown: list[bytes] = []
    publisher.show = lambda jpeg, *, is_of_event: shown.append(jpeg)  # type: ignore[method-assign]

    def kept() -> list[float]:
        wait_until(lambda: shown, "a picture")
        return [float(cv2.imdecode(np.frombuffer(each, np.uint8), 1).mean()) for each in shown]

    return Case(MqttView(publisher, 5.0), kept)


OUTPUTS: dict[str, Callable[[ExitStack, Path], Case]] = {
    "own": own,
    "sink": queued,
    "clips": clips,
    "recorded": recorded,
    "encoder": encoder,
    "encoder-unwatched": unwatched,
    "labelled": labelled,
    "page": page,
    "rules": rules,
    "published": published,
    "virtual camera": virtual_camera,
}
if sys.platform != "win32":
    OUTPUTS["reporter"] = reporter
if find_spec("paho"):
    OUTPUTS["broker"] = broker


@pytest.fixture(params=OUTPUTS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with ExitStack() as stack:
        made = OUTPUTS[request.param](stack, tmp_path)
        stack.callback(made.output.close)
        yield made


@pytest.fixture
def run() -> Iterator[LiveLoop]:
    """Return a run for outputs to begin with, whose workers end with the test.

    A test asks for it last, so that they have ended before their sinks are closed.
    """
    parts = LiveParts(StepSource(), FunctionSegmenter(lambda _: 1))
    loop = LiveLoop(parts, LiveLimits(), Controls(), Metrics())
    yield loop
    loop.stop()
    loop.run()


def give(output: Output, index: int, brightness: int, *, is_new: bool = True) -> None:
    """Give an output a frame as the presenter does; the canvas is drawn on again afterwards."""
    taken = frame(index)
    taken.image.flags.writeable = False
    canvas = np.full_like(taken.image, brightness)
    wants = output.wants
    image = None if wants is Wants.FRAMES else canvas
    mask = Mask(np.ones(canvas.shape[:2], np.uint8), CLASS_MAP, index)
    output.on_frame(Shown(taken, mask, mask, image, is_new))
    if wants is not Wants.RECORDED:
        canvas[:] = 255


def test_it_takes_frames_and_ticks_and_is_closed_twice(case: Case, run: LiveLoop) -> None:
    assert case.output.wants in Wants
    case.output.on_start(run)
    for index in range(5):
        give(case.output, index, 100)
        case.output.on_tick()
    case.output.close()
    case.output.close()
    case.release()


def test_it_may_be_closed_before_it_begins(case: Case) -> None:
    case.output.close()


def test_nobody_waits_for_it(case: Case, run: LiveLoop) -> None:
    case.output.on_start(run)
    with ThreadPoolExecutor(1) as pool:
        given = pool.submit(lambda: [give(case.output, index, 100) for index in range(MORE)])
        # A sink that hangs, and a page whose pictures nobody takes.
        given.result(20)
    case.release()


def test_what_it_keeps_is_a_copy_of_the_canvas(case: Case, run: LiveLoop) -> None:
    case.output.on_start(run)
    if case.kept is None:
        pytest.skip("no pictures come out")
    for index in range(3):
        give(case.output, index, 100)
    kept = case.kept()
    assert kept == pytest.approx([100] * len(kept), abs=2)


def test_a_live_run_ends_well_with_it(case: Case) -> None:
    source, metrics = StepSource(), Metrics()
    parts = LiveParts(source, FunctionSegmenter(lambda _: 1), [case.output])
    loop = LiveLoop(parts, LiveLimits(max_frames=5), Controls(), metrics)
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        for count in range(1, 6):
            source.step()
            wait_until(lambda: metrics.get("frames_shown") >= count, "a frame shown")  # noqa: B023
        case.release()
        end.result(20)
    case.output.close()
    assert metrics.get("frames_shown") == 5


@pytest.mark.parametrize("make", [encoder, unwatched, page])
def test_a_picture_drawn_again_is_not_counted_again(
    make: Callable[[ExitStack, Path], Case], tmp_path: Path, run: LiveLoop
) -> None:
    with ExitStack() as stack:
        output = make(stack, tmp_path).output
        stack.callback(output.close)
        assert isinstance(output, PictureEncoder)
        give(output, 0, 100, is_new=False)
        assert output.coverage.history(0) == []
        give(output, 0, 100)
        assert len(output.coverage.history(0)) == 1
