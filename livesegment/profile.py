"""Where a run's time goes: what each stage of a frame's way takes, of the clock and of the CPU.

Who does the work says so, `with stage("draw"):`, and whoever wants to know has it done inside `with
profile.running():`. That reaches every thread that is started with `on_thread`, and no other run of
the same process. Elsewhere a stage costs a look at a context variable.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, TypeVar, get_args

from livesegment.columns import aligned

T = TypeVar("T")

Stage = Literal[
    "decode",
    "to BGR",
    "choose",
    "ask",
    "scale",
    "JPEG",
    "HTTP",
    "mask decode",
    "journal",
    "align",
    "hide",
    "draw",
    "outputs",
    "window",
    "to YUV",
    "encode",
]
"""In the order of a frame's way. `choose` is annotate's choice of keyframes; `ask` all that a
segmenter does beside its own stages: of a model in this process that is the model."""

_NOTHING = nullcontext()


@dataclass(slots=True)
class _Spent:
    times: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


class Profile:
    """What the stages of a run took, on whatever threads. May be used from any thread.

    Attributes:
        frames: Frames that came to the end of their way.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._lock = threading.Lock()
        self._spent: dict[Stage, _Spent] = {}
        self._threads_cpu_s = 0.0
        self._entered = self._began = self._ended = self._now()
        self._has_begun = False
        self._innermost = threading.local()

    def stage(self, name: Stage) -> AbstractContextManager[None]:
        """Measure what is done inside, but for what another stage within it measures."""
        if not self._has_begun:
            self._has_begun, self._began = True, self._now()
        return _Measured(self, name)

    def add(self, name: Stage, wall_s: float, cpu_s: float) -> None:
        """Add what one turn of a stage took, in seconds."""
        with self._lock:
            spent = self._spent.setdefault(name, _Spent())
            spent.times += 1
            spent.wall_s += wall_s
            spent.cpu_s += cpu_s

    def count_frame(self) -> None:
        """Note that a frame came to the end of its way."""
        with self._lock:
            self.frames += 1

    @contextmanager
    def thread(self) -> Iterator[None]:
        """Count the CPU of the thread that is inside as the run's own."""
        began_s = time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self._threads_cpu_s += time.thread_time() - began_s

    @contextmanager
    def running(self) -> Iterator[None]:
        """Profile what is done inside, on this thread and on those that `on_thread` is used for."""
        token = _current.set(self)
        self._entered = self._began = self._now()
        try:
            with self.thread():
                yield
        finally:
            _current.reset(token)
            self._ended = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        """Return the time, and the CPU that the process has had so far, in seconds."""
        return time.perf_counter(), time.process_time()

    def table(self) -> str:
        """Return what was measured, in lines of text; stages that never were are left out."""
        with self._lock:
            frames, spent = max(1, self.frames), dict(self._spent)
            threads_cpu_s = self._threads_cpu_s
        start_s, start_cpu_s = _since(self._entered, self._began)
        wall_s, cpu_s = _since(self._began, self._ended)
        # Until the first stage everything is done by the run's own threads, and hardly any besides.
        own_s = threads_cpu_s - start_cpu_s - sum(each.cpu_s for each in spent.values())
        # Of a thread that has not ended yet nothing is counted, but the process's time has it.
        others_s = cpu_s + start_cpu_s - threads_cpu_s
        rows = [("ms a frame", "times", "clock", "CPU")]
        for name in get_args(Stage):
            if (each := spent.get(name)) is not None:
                clock, cpu = _ms(each.wall_s / frames), _ms(each.cpu_s / frames)
                rows.append((name, f"{each.times}", clock, cpu))
        rows.append(("between the stages", "", "", _ms(max(0.0, own_s) / frames)))
        rows.append(("the libraries' own threads", "", "", _ms(max(0.0, others_s) / frames)))
        rows.append(("all", f"{self.frames}", _ms(wall_s / frames), _ms(cpu_s / frames)))
        rows.append(("before the first, once", "", _ms(start_s), _ms(start_cpu_s)))
        return "\n".join(aligned([(*row, "") for row in rows]))


def _since(then: tuple[float, float], now: tuple[float, float]) -> tuple[float, float]:
    return now[0] - then[0], now[1] - then[1]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f}"


class _Measured(AbstractContextManager[None]):
    """One turn of a stage; what is inside another one stops that one's clock."""

    __slots__ = ("_began", "_cpu_s", "_name", "_outer", "_profile", "_wall_s")

    def __init__(self, profile: Profile, name: Stage) -> None:
        self._profile = profile
        self._name = name
        self._wall_s = self._cpu_s = 0.0

    def __enter__(self) -> None:
        innermost = self._profile._innermost
        self._outer: _Measured | None = getattr(innermost, "stage", None)
        innermost.stage = self
        now = time.perf_counter(), time.thread_time()
        if self._outer is not None:
            self._outer._pause(now)
        self._began = now

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        now = time.perf_counter(), time.thread_time()
        self._pause(now)
        self._profile._innermost.stage = self._outer
        if self._outer is not None:
            self._outer._began = now
        self._profile.add(self._name, self._wall_s, self._cpu_s)

    def _pause(self, now: tuple[float, float]) -> None:
        self._wall_s += now[0] - self._began[0]
        self._cpu_s += now[1] - self._began[1]


_current: ContextVar[Profile | None] = ContextVar("profile", default=None)


def stage(name: Stage) -> AbstractContextManager[None]:
    """Say that what is done inside is a stage of a frame's way; no generator may yield in it."""
    profile = _current.get()
    return _NOTHING if profile is None else profile.stage(name)


def count_frame() -> None:
    """Say that a frame came to the end of its way."""
    profile = _current.get()
    if profile is not None:
        profile.count_frame()


def on_thread(work: Callable[[], T]) -> Callable[[], T]:
    """Return work for another thread that belongs to the same run as this one."""
    profile = _current.get()
    if profile is None:
        return work
    context = copy_context()

    def run() -> T:
        with profile.thread():
            return context.run(work)

    return run
