"""Threads that start together and end together."""

import gc
import threading
import weakref

import pytest

from livesegment.workers import WorkerGroup


def test_the_first_exception_of_a_worker_is_raised_in_the_caller() -> None:
    def fail() -> None:
        raise ValueError("the worker's own")

    with pytest.raises(ValueError, match="the worker's own"), WorkerGroup() as workers:
        workers.start("fails", fail)
        assert workers.stopping.wait(10)


def test_an_exception_stops_the_other_workers() -> None:
    stopped = threading.Event()

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError), WorkerGroup() as workers:  # noqa: PT011 - any will do
        workers.start("waits", lambda: stopped.set() if workers.stopping.wait(10) else None)
        workers.start("fails", fail)
    assert stopped.is_set()


def test_the_callers_own_error_wins() -> None:
    def fail() -> None:
        raise ValueError("of the worker")

    with pytest.raises(KeyError, match="of the caller"), WorkerGroup() as workers:
        workers.start("fails", fail)
        workers.stopping.wait(10)
        raise KeyError("of the caller")


def test_leaving_wakes_whoever_waits_through_on_stop() -> None:
    wake = threading.Event()
    with WorkerGroup() as workers:
        workers.on_stop(wake.set)
        workers.start("waits", lambda: None if wake.wait(10) else pytest.fail("nobody woke it"))
    assert wake.is_set()


def test_a_thread_that_hangs_does_not_hold_up_the_end() -> None:
    release = threading.Event()
    with WorkerGroup(grace_s=0.01) as workers:
        workers.start("hangs", release.wait, daemon=True)  # type: ignore[arg-type]
    release.set()


def test_a_worker_that_is_no_daemon_is_waited_for_however_long_it_works() -> None:
    finished = threading.Event()

    def finish_slowly() -> None:
        workers.stopping.wait(10)
        threading.Event().wait(0.1)
        finished.set()

    with WorkerGroup(grace_s=0.01) as workers:
        workers.start("writes", finish_slowly)
    assert finished.is_set()


def test_an_interrupt_while_stopping_leaves_nobody_waiting() -> None:
    wake, ended = threading.Event(), threading.Event()

    def interrupt() -> None:
        raise KeyboardInterrupt

    def work() -> None:
        wake.wait(10)
        ended.set()

    with pytest.raises(KeyboardInterrupt), WorkerGroup() as workers:
        workers.on_stop(interrupt)
        workers.on_stop(wake.set)
        workers.start("waits", work)
    assert ended.is_set()


def test_threads_that_have_ended_are_forgotten() -> None:
    threads: list[weakref.ref[threading.Thread]] = []
    group = WorkerGroup()
    with group:
        for _ in range(50):
            done = threading.Event()

            def work(done: threading.Event = done) -> None:
                threads.append(weakref.ref(threading.current_thread()))
                done.set()

            group.start("short", work)
            assert done.wait(10)
        gc.collect()
        assert sum(each() is not None for each in threads) < 10
