"""Figures of cameras in the formats that Prometheus reads.

Needs the extra `monitor`. Names and units follow Prometheus: seconds, shares from 0 to 1, counters
that end in `_total`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import get_args

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from livesegment import __version__
from livesegment.metrics import Histogram
from livesegment.web.counters import ROUND_TRIP_BOUNDS_S, Counters
from livesegment.web.feed import CameraState, EndpointState, Feed, Report

_COUNTERS = {
    "frames_captured": "Frames read from the source.",
    "frames_shown": "Frames shown, each counted once.",
    "frames_submitted": "Frames sent to the model.",
    "frames_dropped": "Frames not sent to the model, because a newer one came.",
    "frames_unwritten": "Frames that a recording was too slow to take.",
    "masks_received": "Answers of the model.",
    "masks_stale": "Answers later than a newer frame's.",
    "calls": "Calls made to the endpoint.",
    "reconnects": "How often the source came back.",
    "process_ends": "How often the camera's process ended without being asked to.",
}
_CAMERA = ("camera",)


@dataclass(frozen=True, slots=True)
class _Camera:
    name: str
    report: Report
    counters: Counters


class FeedCollector(Collector):
    """Reads the figures of all cameras whenever somebody asks.

    Args:
        feeds: The cameras there are at the moment.
    """

    def __init__(self, feeds: Callable[[], Sequence[Feed]]) -> None:
        self._feeds = feeds

    def collect(self) -> Iterator[Metric]:
        """Yield every metric with its value for each camera."""
        cameras = [_Camera(feed.name, feed.report(), feed.counters()) for feed in self._feeds()]
        yield InfoMetricFamily("livesegment", "The program.", value={"version": __version__})
        yield from _states(cameras)
        yield from _moments(cameras)
        yield from _counted(cameras)
        yield _round_trips(cameras)
        yield _coverage(cameras)


def new_registry(feeds: Callable[[], Sequence[Feed]]) -> CollectorRegistry:
    """Return a registry with the cameras' figures and those of this process."""
    registry = CollectorRegistry()
    registry.register(FeedCollector(feeds))
    ProcessCollector(registry=registry)
    return registry


def exposition(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the figures and their content type, in the format that an Accept header asks for."""
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def _states(cameras: Sequence[_Camera]) -> Iterator[Metric]:
    """Yield a 1 for the state that each camera and its endpoint are in, a 0 for the others."""
    camera_state = GaugeMetricFamily(
        "livesegment_camera_state", "1 for the camera's state.", labels=("camera", "state")
    )
    endpoint_state = GaugeMetricFamily(
        "livesegment_endpoint_state", "1 for the endpoint's state.", labels=("camera", "state")
    )
    for camera in cameras:
        for state in get_args(CameraState):
            camera_state.add_metric((camera.name, state), float(camera.report.state == state))
        for state in get_args(EndpointState):
            endpoint_state.add_metric((camera.name, state), float(camera.report.endpoint == state))
    yield camera_state
    yield endpoint_state


def _moments(cameras: Sequence[_Camera]) -> Iterator[Metric]:
    """Yield what is true at this moment."""
    rate = GaugeMetricFamily(
        "livesegment_frames_shown_per_second", "Frames shown a second now.", labels=_CAMERA
    )
    age = GaugeMetricFamily(
        "livesegment_mask_age_seconds",
        "How much older than the picture its mask is.",
        labels=_CAMERA,
    )
    cost = CounterMetricFamily(
        "livesegment_cost", "What the calls cost, where a price is known.", labels=_CAMERA
    )
    for camera in cameras:
        figures = camera.report.figures
        rate.add_metric((camera.name,), figures.frames_per_s)
        if figures.mask_age_s is not None:
            age.add_metric((camera.name,), figures.mask_age_s)
        if figures.cost is not None:
            cost.add_metric((camera.name,), figures.cost)
    yield from (rate, age, cost)


def _counted(cameras: Sequence[_Camera]) -> Iterator[Metric]:
    for name, meaning in _COUNTERS.items():
        counter = CounterMetricFamily(f"livesegment_{name}", meaning, labels=_CAMERA)
        for camera in cameras:
            counter.add_metric((camera.name,), getattr(camera.counters, name))
        yield counter
    errors = CounterMetricFamily(
        "livesegment_errors", "Calls that failed, by kind.", labels=("camera", "kind")
    )
    for camera in cameras:
        for kind, count in camera.counters.errors.items():
            errors.add_metric((camera.name, kind), count)
    yield errors


def _round_trips(cameras: Sequence[_Camera]) -> Metric:
    histogram = HistogramMetricFamily(
        "livesegment_round_trip_seconds",
        "From asking for a mask to having it.",
        labels=_CAMERA,
    )
    for camera in cameras:
        trips = camera.counters.round_trips
        histogram.add_metric((camera.name,), _buckets(trips), sum_value=trips.total)
    return histogram


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return how many values are up to each bound, as Prometheus counts them."""
    counts = histogram.counts or (0,) * (len(ROUND_TRIP_BOUNDS_S) + 1)
    bounds = [*map(floatToGoString, ROUND_TRIP_BOUNDS_S), "+Inf"]
    return [(bound, float(count)) for bound, count in zip(bounds, accumulate(counts), strict=True)]


def _coverage(cameras: Sequence[_Camera]) -> Metric:
    coverage = GaugeMetricFamily(
        "livesegment_class_coverage_ratio",
        "Share of the picture that a class takes, 0 to 1.",
        labels=("camera", "class"),
    )
    for camera in cameras:
        # Two ids of a model may have one name, and no sample may come twice.
        shares: dict[str, float] = {}
        for each in camera.report.classes:
            shares[each.name] = shares.get(each.name, 0.0) + each.share
        for name, share in shares.items():
            coverage.add_metric((camera.name, name), share)
    return coverage
