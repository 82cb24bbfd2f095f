"""What one machine of a cluster does, without the others."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from livesegment.annotate.identity import reply_identity
from livesegment.annotate.jobs import Job
from livesegment.annotate.journal import Journal, journal_path
from livesegment.calls.limiter import Limiter
from livesegment.cluster.relay import News, Relay, RelayedQuota
from livesegment.cluster.runner import _for_workers
from livesegment.cluster.task import FileTask, annotate_task
from livesegment.errors import ClusterError, JournalInUse
from livesegment.segmenters.opening import open_segmenter
from livesegment.settings import AnnotateOptions, EndpointOptions, ModelFileOptions


class HeardRelay(Relay):
    """Lets a test know when a task has told something."""

    def __init__(self, max_calls: int | None = None, call_rate: float | None = None) -> None:
        super().__init__(max_calls, call_rate)
        self.told = threading.Event()

    def tell(self, number: int, news: News) -> bool:
        self.told.set()
        return super().tell(number, news)


OPTIONS = AnnotateOptions()
FILE = ModelFileOptions("m/a.onnx", bgr=True)


def job(folder: Path, frames: int = 3) -> Job:
    return Job(f"pattern:64x48:{frames}", folder / "out.mp4", "video")


def open_journal(job: Job) -> Journal:
    with open_segmenter(OPTIONS.endpoint) as segmenter:
        return Journal(journal_path(job.output), reply_identity(job, segmenter))


def test_a_retry_waits_for_the_lock_of_a_machine_that_is_lost(tmp_path: Path) -> None:
    relay, work = HeardRelay(), job(tmp_path)
    with open_journal(work) as held, ThreadPoolExecutor(1) as pool:
        task = pool.submit(annotate_task, FileTask(0, work, OPTIONS, is_retry=True), relay)
        assert relay.told.wait(20)
        assert not task.done()
        held.close()
        assert task.result(20).report.outcome == "done"
    assert work.output.exists()


def test_another_run_is_not_waited_for(tmp_path: Path) -> None:
    work = job(tmp_path)
    with open_journal(work):
        report = annotate_task(FileTask(0, work, OPTIONS), Relay(None, None)).report
    assert report.outcome == "failed"
    assert isinstance(report.error, JournalInUse)


def test_it_stops_when_the_relay_says_so(tmp_path: Path) -> None:
    relay = Relay(None, None)
    relay.stop(7)
    news = annotate_task(FileTask(7, job(tmp_path, 100_000), OPTIONS), relay)
    assert news.report.outcome == "interrupted"
    assert 0 < news.report.frames < 100_000


def test_what_it_says_comes_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    news = annotate_task(FileTask(0, job(tmp_path), OPTIONS), Relay(None, None))
    said = [line.text for line in news.lines]
    assert f"wrote {tmp_path / 'out.mp4'}, 3 frames" in said
    assert caplog.records == []


def test_calls_that_the_relay_does_not_allow_are_not_made(tmp_path: Path) -> None:
    options = replace(OPTIONS, endpoint=replace(OPTIONS.endpoint, max_calls=2))
    relay = Relay(max_calls=3, call_rate=None)
    relay.try_take()  # another machine's
    report = annotate_task(FileTask(0, job(tmp_path, 5), options), relay).report
    assert (report.calls, report.frames, report.frames_without_mask) == (2, 5, 3)


def test_calls_that_others_used_up_are_not_waited_for() -> None:
    relay = Relay(max_calls=1, call_rate=None)
    relay.try_take()  # another machine's
    with Limiter(1, RelayedQuota(relay)).permit(threading.Event()) as permit:
        assert permit is None


def test_lines_add_up_until_they_are_heard(tmp_path: Path) -> None:
    relay = Relay(None, None)
    news = annotate_task(FileTask(0, job(tmp_path), OPTIONS), relay)
    relay.hear(0)  # what was told on the way, where that took its time
    relay.tell(0, news)
    relay.tell(0, news)
    heard = relay.hear(0)
    assert heard is not None
    assert heard.lines == news.lines * 2
    assert relay.hear(0) is None


def test_a_model_file_that_this_machine_does_not_see_is_a_sentence(tmp_path: Path) -> None:
    missing = ModelFileOptions(str(tmp_path / "model.onnx"))
    options = replace(OPTIONS, endpoint=EndpointOptions(file=missing))
    report = annotate_task(FileTask(0, job(tmp_path), options), Relay(None, None)).report
    assert report.outcome == "failed"
    assert isinstance(report.error, ClusterError)
    assert str(report.error) == (
        f"a machine of the cluster cannot open the model (there is no model file {tmp_path}"
        "/model.onnx): all of them must see its file under the same path"
    )


def test_machines_that_work_elsewhere_are_told_the_whole_path_of_a_model_file() -> None:
    for given in (EndpointOptions(model="m/a.onnx"), EndpointOptions(file=FILE)):
        told = _for_workers(given)
        assert told.model_path == str(Path("m/a.onnx").absolute())
        assert told.file.bgr == given.file.bgr
