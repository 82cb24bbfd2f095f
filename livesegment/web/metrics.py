"""Figures of cameras in the formats that Prometheus reads.

Needs the extra `monitor`. Names and units follow Prometheus: seconds, shares from 0 to 1, counters
that end in `_total`.
"""

from collections.abc import Callable, Iterator, Sequence
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
from livesegment.distribution import Histogram
from livesegment.figures import Figure, shown_figures
from livesegment.metrics import BOUNDS_S, Circuit, Snapshot
from livesegment.web.feed import CameraState, EndpointState, Feed, Report

_CAMERA = ("camera",)


_Camera = tuple[Feed, Report, Snapshot]
"""A camera, and what it said when somebody asked."""


class FeedCollector(Collector):
    """Reads the figures of all cameras whenever somebody asks.

    Args:
        feeds: The cameras there are at the moment.
    """

    def __init__(self, feeds: Callable[[], Sequence[Feed]]) -> None:
        self._feeds = feeds

    def collect(self) -> Iterator[Metric]:
        """Yield every metric with its value for each camera."""
        cameras = [(feed, feed.report(), feed.snapshot()) for feed in self._feeds()]
        yield InfoMetricFamily("livesegment", "The program.", value={"version": __version__})
        yield from _states(cameras)
        for figure in shown_figures():
            yield _family(figure, cameras)
        yield _coverage(cameras)


def new_registry(feeds: Callable[[], Sequence[Feed]]) -> CollectorRegistry:
    """Return a registry with the cameras' figures and those of this process."""
    registry = CollectorRegistry()
    registry.register(FeedCollector(feeds))
    ProcessCollector(registry=registry)
    return registry


def exposition(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the figures and their content type, in the format that an Accept header asks for."""
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):  # a version that is no number
        encode, content_type = choose_encoder("")
    return encode(registry), content_type


def _states(cameras: Sequence[_Camera]) -> Iterator[Metric]:
    """Yield a 1 for the state that each camera and its endpoint are in, a 0 for the others."""
    camera_state = GaugeMetricFamily(
        "livesegment_camera_state", "1 for the camera's state.", labels=("camera", "state")
    )
    endpoint_state = GaugeMetricFamily(
        "livesegment_endpoint_state", "1 for the endpoint's state.", labels=("camera", "state")
    )
    circuit = GaugeMetricFamily(
        "livesegment_endpoint_circuit",
        "1 for the state of the circuit breaker before the endpoint.",
        labels=("camera", "state"),
    )
    for feed, report, _ in cameras:
        for state in get_args(CameraState):
            camera_state.add_metric((feed.name, state), float(report.state == state))
        for state in get_args(EndpointState):
            endpoint_state.add_metric((feed.name, state), float(report.endpoint == state))
        for state in get_args(Circuit):
            circuit.add_metric((feed.name, state), float(report.circuit == state))
    yield camera_state
    yield endpoint_state
    yield circuit


def _family(figure: Figure, cameras: Sequence[_Camera]) -> Metric:
    """Return a figure of all cameras."""
    name, meaning = f"livesegment_{figure.exported}", figure.help.replace("`", "")
    if figure.kind == "counter by kind":
        return _by_kind(name, meaning, figure, cameras)
    if figure.kind == "duration" and not figure.is_gauge:
        return _histogram(name, meaning, figure, cameras)
    is_gauge = figure.kind in ("duration", "rate")
    family = (GaugeMetricFamily if is_gauge else CounterMetricFamily)(name, meaning, labels=_CAMERA)
    for feed, _, snapshot in cameras:
        value = snapshot.value(figure, feed.price_per_call)
        if value is None and figure.kind == "counter":
            value = 0
        if value is not None:
            family.add_metric((feed.name,), value)
    return family


def _by_kind(name: str, meaning: str, figure: Figure, cameras: Sequence[_Camera]) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=("camera", "kind"))
    for feed, _, snapshot in cameras:
        for kind, count in snapshot.kinds.get(figure.name, {}).items():
            family.add_metric((feed.name, kind), count)
    return family


def _histogram(name: str, meaning: str, figure: Figure, cameras: Sequence[_Camera]) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=_CAMERA)
    for feed, _, snapshot in cameras:
        histogram = snapshot.durations.get(figure.name, Histogram())
        family.add_metric((feed.name,), _buckets(histogram), sum_value=histogram.total)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return how many values are up to each bound, as Prometheus counts them."""
    counts = histogram.counts or (0,) * (len(BOUNDS_S) + 1)
    bounds = [*map(floatToGoString, BOUNDS_S), "+Inf"]
    return [(bound, float(count)) for bound, count in zip(bounds, accumulate(counts), strict=True)]


def _coverage(cameras: Sequence[_Camera]) -> Metric:
    coverage = GaugeMetricFamily(
        "livesegment_class_coverage_ratio",
        "Share of the picture that a class takes, 0 to 1.",
        labels=("camera", "class"),
    )
    for feed, report, _ in cameras:
        # Two ids of a model may have one name, and no sample may come twice.
        shares: dict[str, float] = {}
        for each in report.classes:
            shares[each.name] = shares.get(each.name, 0.0) + each.share
        for name, share in shares.items():
            coverage.add_metric((feed.name, name), share)
    return coverage
