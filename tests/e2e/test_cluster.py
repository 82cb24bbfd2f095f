"""The same work on a cluster: the same files, nothing paid twice, also when a machine is lost."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from clips import picture
from marked import marked, shown_in

from livesegment import Frame, Mask, Segmenter
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="several Ray nodes on one machine are for Linux"
)

needs_ray = pytest.mark.needs_package("ray", extra="cluster")

IN_FLIGHT = 4
SECRET = marked("cluster")
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
INPUTS = {(128, 96): 60, (96, 64): 50, (64, 48): 40}
SPECS = [f"pattern:{width}x{height}:{frames}" for (width, height), frames in INPUTS.items()]


class Endpoint(Segmenter):
    """Tells bright pixels from dark ones; counts the calls for each input, known by its size."""

    max_concurrency = None

    def __init__(self) -> None:
        self.calls: Counter[tuple[int, int]] = Counter()
        self._held_after: Mapping[tuple[int, int], int] = {}
        self._changed = threading.Condition()

    def hold_after(self, calls: Mapping[tuple[int, int], int]) -> None:
        """Answer so many calls for each input and let the others wait."""
        with self._changed:
            self._held_after = calls
            self._changed.notify_all()

    def wait_for(
        self, calls: Mapping[tuple[int, int], int], program: subprocess.Popen[str]
    ) -> None:
        """Wait until so many calls for each input have come, or the program has ended."""
        with self._changed:
            deadline_s = time.monotonic() + 60
            while program.poll() is None and not self.calls >= Counter(calls):
                assert time.monotonic() < deadline_s, f"{self.calls}, not {calls}"
                self._changed.wait(0.1)

    def segment(self, frame: Frame) -> Mask:
        size = frame.frame_size
        with self._changed:
            self.calls[size] += 1
            number = self.calls[size]
            self._changed.notify_all()
            self._changed.wait_for(lambda: number <= self._held_after.get(size, number), 30)
        ids = (frame.image.mean(axis=2) > 128).astype(np.uint8)
        return Mask(ids, {0: "dark", 1: "bright"}, frame.index)


@pytest.fixture
def model() -> Endpoint:
    return Endpoint()


@pytest.fixture
def endpoint(model: Endpoint) -> Iterator[str]:
    with EmbeddedServer(model, ServeOptions(port=0)) as server:
        yield server.url


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Ray keeps a token in the home folder: not in that of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("LIVESEGMENT_API_KEY", SECRET)
        patch.delenv("RAY_ADDRESS", raising=False)
        yield dict(os.environ)


@pytest.fixture(scope="module")
def cluster(environment: dict[str, str]) -> "Iterator[Cluster]":
    """A cluster of one machine with one processor."""
    from ray.cluster_utils import Cluster

    on_sigterm = signal.getsignal(signal.SIGTERM)
    cluster = Cluster(head_node_args={**NODE, "include_dashboard": False}, initialize_head=True)
    try:
        yield cluster
    finally:
        cluster.shutdown()
        signal.signal(signal.SIGTERM, on_sigterm)


@contextmanager
def annotating(
    folder: Path, endpoint: str, environment: dict[str, str], *more: str
) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "livesegment", "annotate", "-o", "out/"),
            *("--endpoint", endpoint, "--model", "any/1", "--in-flight", str(IN_FLIGHT)),
            *("--report", "report.json", *more),
        ],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            yield program
        except BaseException:
            program.terminate()
            raise


def annotate(
    folder: Path, endpoint: str, environment: dict[str, str], *more: str
) -> "subprocess.CompletedProcess[str]":
    folder.mkdir(exist_ok=True)
    with annotating(folder, endpoint, environment, *more) as program:
        _, said = program.communicate(timeout=60)
    return subprocess.CompletedProcess(program.args, program.returncode, None, said)


def outputs(folder: Path) -> dict[str, str]:
    # Digests: to show how megabytes differ takes minutes.
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".journal", ".json"}
    }


@needs_ray
def test_a_cluster_writes_the_same_files_and_goes_on_after_a_bad_one(
    tmp_path: Path, model: Endpoint, endpoint: str, environment: dict[str, str]
) -> None:
    (tmp_path / "bad.mp4").write_text("no video")
    (tmp_path / "stills").mkdir()
    for index in range(5):
        cv2.imwrite(str(tmp_path / "stills" / f"{index}.png"), picture(index))
    inputs = [*SPECS, "../stills/*.png"]
    more = ("--masks", "masks/", "--export", "coco")
    alone = annotate(tmp_path / "alone", endpoint, environment, *inputs, *more)
    assert alone.returncode == 0, alone.stderr
    calls = model.calls.copy()
    assert calls.total() == sum(INPUTS.values()) + 5
    model.calls.clear()

    inputs.append("../bad.mp4")
    ours = annotate(tmp_path / "ray", endpoint, environment, *inputs, *more, "--cluster", "local")
    assert ours.returncode == 3, ours.stderr
    assert "Traceback" not in ours.stderr
    assert outputs(tmp_path / "ray") == outputs(tmp_path / "alone")
    assert model.calls == calls
    report = json.loads((tmp_path / "ray" / "report.json").read_text())
    assert [each["outcome"] for each in report["files"]] == [*["done"] * 4, "failed"]
    assert [each["source"] for each in report["files"]] == inputs
    assert report["calls"] == calls.total()


@needs_ray
def test_the_calls_of_all_machines_together_are_bounded(
    tmp_path: Path,
    model: Endpoint,
    endpoint: str,
    environment: dict[str, str],
    cluster: "Cluster",
) -> None:
    more = ("--max-calls", "70", "--jobs", "1", "--cluster", cluster.address)
    result = annotate(tmp_path / "ray", endpoint, environment, *SPECS, *more)
    assert result.returncode == 0, result.stderr
    assert model.calls.total() == 70
    report = json.loads((tmp_path / "ray" / "report.json").read_text())
    assert report["frames_without_mask"] == sum(INPUTS.values()) - 70
    assert "have no mask" in result.stderr


@needs_ray
def test_told_to_end_it_leaves_the_cluster_and_goes_on_later(
    tmp_path: Path,
    model: Endpoint,
    endpoint: str,
    environment: dict[str, str],
    cluster: "Cluster",
) -> None:
    where = ("--cluster", cluster.address)
    first = next(iter(INPUTS))
    model.hold_after({first: 20})
    with annotating(tmp_path, endpoint, environment, *SPECS, *where) as program:
        model.wait_for({first: 20 + IN_FLIGHT}, program)
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=60)
    model.hold_after({})
    assert program.returncode == 130, said
    assert "the same command goes on" in said
    assert "Traceback" not in said
    stopped = json.loads((tmp_path / "report.json").read_text())
    assert [each["outcome"] for each in stopped["files"]] == ["interrupted", *["not started"] * 2]
    assert stopped["calls"] == model.calls.total()

    result = annotate(tmp_path, endpoint, environment, *SPECS, *where)
    assert result.returncode == 0, result.stderr
    assert (model.calls - Counter(INPUTS)).total() <= IN_FLIGHT


@needs_ray
def test_a_lost_machine_costs_no_more_than_what_it_had_under_way(
    tmp_path: Path,
    model: Endpoint,
    endpoint: str,
    environment: dict[str, str],
    cluster: "Cluster",
) -> None:
    assert annotate(tmp_path / "calm", endpoint, environment, *SPECS).returncode == 0
    model.calls.clear()
    (tmp_path / "stormy").mkdir()
    lost = cluster.add_node(**NODE)
    begun = dict.fromkeys(list(INPUTS)[:2], 20)
    model.hold_after(begun)
    where = ("--cluster", cluster.address)
    with annotating(tmp_path / "stormy", endpoint, environment, *SPECS, *where) as program:
        # Both machines have two requests under way, and 20 replies in their journals.
        model.wait_for(dict.fromkeys(begun, 20 + IN_FLIGHT // 2), program)
        kill_machine(lost.all_processes["raylet"][0].process.pid)
        model.hold_after({})
        _, said = program.communicate(timeout=60)
    cluster.remove_node(lost, allow_graceful=False)
    assert program.returncode == 0, said
    assert "is lost" in said
    assert "Traceback" not in said
    assert outputs(tmp_path / "stormy") == outputs(tmp_path / "calm")
    assert (model.calls - Counter(INPUTS)).total() <= IN_FLIGHT // 2
    report = json.loads((tmp_path / "stormy" / "report.json").read_text())
    assert report["frames"] == sum(INPUTS.values())
    assert report["calls"] <= model.calls.total()
    kept_by_ray = Path(cluster.head_node.get_session_dir_path())
    files = [path for path in (*kept_by_ray.rglob("*"), *tmp_path.rglob("*")) if path.is_file()]
    assert len(files) > 10
    assert not shown_in({str(path): path.read_bytes() for path in files}, [SECRET])


def kill_machine(raylet: int) -> None:
    """End all processes of a Ray node at once, as a power cut does."""
    workers = Path(f"/proc/{raylet}/task/{raylet}/children").read_text().split()
    for process in (raylet, *map(int, workers)):
        os.kill(process, signal.SIGKILL)


def test_the_missing_extra_is_named(tmp_path: Path) -> None:
    block = "import sys; sys.modules['ray'] = None; from livesegment.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", block, "annotate", SPECS[0], "-o", "a.mp4", "--cluster", "local"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "pip install 'livesegment[cluster]'" in result.stderr
    assert "Traceback" not in result.stderr


@needs_ray
def test_a_cluster_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    result = annotate(
        tmp_path, "http://127.0.0.1:9", dict(os.environ), SPECS[0], "--cluster", "127.0.0.1:1"
    )
    assert result.returncode == 4
    assert "cannot join the cluster 127.0.0.1:1" in result.stderr
    assert "Traceback" not in result.stderr
