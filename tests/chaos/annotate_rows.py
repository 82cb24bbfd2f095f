"""Rows about `annotate`: every frame, nothing paid for twice, and an end that says why."""

import signal
from dataclasses import replace

from chaos import answers
from chaos.answers import FAR, LONG_WAITS, NO_WAITS, asking, says, silent
from chaos.endpoint import Trouble
from chaos.live_rows import most_calls
from chaos.row import FPS, Expected, Row
from chaos.running import Running
from odd_endpoint import Answer

_FRAMES = 60
_AFTER = 20
_IN_FLIGHT = 4
_COMMAND = (
    *("annotate", f"pattern:160x120@{FPS}:{_FRAMES}", "-o", "out.mp4", "--report", "report.json"),
    *("--endpoint", "{url}", "--model", "any/1", "-v", "--log-format", "json"),
)
_WHOLE = Expected(frames=("out.mp4", _FRAMES), says="wrote out.mp4", counts_all=True)

_ANSWERS = {
    **answers.HEADS,
    **answers.LENGTHS,
    **answers.BODIES,
    **answers.STATUSES,
    "silence": silent,
    **{f"429, Retry-After {name}": asking(value) for name, value in NO_WAITS.items()},
}

_ONCE = (
    *("408 Request Timeout", "425 Too Early", "500 Oops", "502 Bad Gateway", "429 Slower"),
    *("an error's bomb", "an HTML page", "truncated JSON", "JSON nested 100,000 deep"),
    *("a million classes", "a mask of 8000x8000", "a damaged mask", "ids above 255"),
    *("nothing, closed", "reset at once", "no HTTP", "half a body, reset"),
    *(
        "a length too long, closed",
        "a length too short",
        "chunks of nonsense",
        "a mask a byte every 10 ms",
    ),
    *("a bomb", "packed in two layers", "packed and cut", "a body without end"),
    *("a flood of 100s", "a flood of headers"),
    *(f"429, Retry-After {name}" for name in ("0", "-5", "in a year of no calendar", "NaN")),
)
_ONCE_LATE = (*("silence", "a head that trickles", "100s that trickle", "a body that trickles"),)
"""What is only over when the time for a call is."""


def _once(name: str, *more: str) -> Row:
    return Row(
        f"annotate: {name}, once",
        (*_COMMAND, *more),
        replace(_WHOLE, calls=_FRAMES + 1),
        Trouble((_ANSWERS[name],), after_calls=_AFTER, for_calls=1),
    )


def _lasting(status: str) -> list[Row]:
    """Return the rows of a refusal that does not go away: what is under way is all it costs."""
    answer, expected = (_ANSWERS[status],), Expected(code=4, says=status[:3])
    command = _COMMAND
    return [
        Row(
            f"annotate: {status} from the start",
            command,
            replace(expected, calls=1, counts_all=True),
            Trouble(answer, after_calls=0, for_s=3600),
        ),
        Row(
            f"annotate: {status} after {_AFTER} frames",
            command,
            replace(expected, calls=_IN_FLIGHT),
            Trouble(answer, after_calls=_AFTER, for_s=3600),
        ),
    ]


def _stretch(name: str, trouble: Trouble, *more: str, calls: int) -> Row:
    return Row(
        f"annotate: {name}", (*_COMMAND, *more), replace(_WHOLE, calls=_FRAMES + calls), trouble
    )


def _end_when_said(running: Running) -> None:
    running.until(lambda: "asks to wait" in running.said)
    running.tell(signal.SIGINT)


def _killed(times: int, by: signal.Signals = signal.SIGKILL):
    def steps(running: Running) -> None:
        for number in range(1, times + 1):
            running.until(lambda: running.endpoint.calls >= 12 * number)  # noqa: B023
            if by == signal.SIGKILL:
                running.kill()
            else:
                running.tell(by)
                running.until(lambda: False)
            running.start()
        running.asked_to_end_s = None

    return steps


def _again(running: Running) -> None:
    running.until(lambda: False)
    running.endpoint.recover()
    running.start()


def ctrl_c_twice(running: Running) -> None:
    """Press it, and again when that has been understood, while calls have no answer."""
    running.until(lambda: running.endpoint.calls > 0)
    running.lasts(0.5)
    for _ in range(2):
        running.tell(signal.SIGINT)
        running.lasts(0.3)


def _interrupted(name: str, retry_after: str) -> Row:
    expected = Expected(code=130, says="asks to wait", calls=_AFTER + _IN_FLIGHT, counts_all=True)
    trouble = Trouble((asking(retry_after),), after_calls=_AFTER, for_s=3600)
    return Row(
        f"annotate: 429, Retry-After {name}, then Ctrl-C",
        _COMMAND,
        replace(expected, ends_within_s=2.0),
        trouble,
        steps=_end_when_said,
    )


def _gives_up(name: str, answer: Answer) -> Row:
    return Row(
        f"annotate: {name}",
        _COMMAND,
        Expected(code=4, says="asks to wait", calls=_AFTER + _IN_FLIGHT, counts_all=True),
        Trouble((answer,), after_calls=_AFTER, for_s=3600),
    )


QUICK = {
    "500 Oops, once",
    "an HTML page, once",
    "packed in two layers, once",
    f"401 Who after {_AFTER} frames",
    "killed (SIGKILL) and run again",
}

_ROWS = [
    *(_once(name) for name in _ONCE),
    *(_once(name, "--timeout", "1") for name in _ONCE_LATE),
    *(
        row
        for status in ("401 Who", "402 Pay", "403 No", "404 Nothing", "413 Large")
        for row in _lasting(status)
    ),
    _stretch(
        "nobody listens for 4 s",
        Trouble(door="refuses", after_calls=_AFTER),
        calls=_IN_FLIGHT,
    ),
    _stretch(
        "reset at the door for 4 s",
        Trouble((answers.HEADS["reset at once"],), door="resets", after_calls=_AFTER),
        calls=most_calls(4),
    ),
    _stretch(
        "silent for 4 s",
        Trouble((silent,), door="is silent", after_calls=_AFTER),
        "--timeout",
        "1",
        calls=most_calls(4),
    ),
    _stretch(
        "502 for 4 s",
        Trouble((says("502 Bad Gateway"),), after_calls=_AFTER),
        calls=most_calls(4),
    ),
    _stretch(
        "500 for 2 s",
        Trouble((says("500 Oops"),), after_calls=_AFTER, for_s=2),
        calls=most_calls(2),
    ),
    _stretch(
        "429, Retry-After 0, for 4 s",
        Trouble((asking("0"),), after_calls=_AFTER),
        calls=most_calls(4),
    ),
    _stretch(
        "429, a year of no calendar, for 4 s",
        Trouble((asking(FAR),), after_calls=_AFTER),
        calls=most_calls(4),
    ),
    _interrupted("3600", "3600"),
    _gives_up("429, Retry-After 1e9", asking(LONG_WAITS["1e9"])),
    _gives_up("429, Retry-After year 9999", asking(LONG_WAITS["year 9999"])),
    Row(
        "annotate: an HTML page from the start",
        _COMMAND,
        Expected(code=4, says="an HTML page", calls=_IN_FLIGHT, counts_all=True),
        Trouble((answers.BODIES["an HTML page"],), after_calls=0, for_s=3600),
    ),
    Row(
        "annotate: credits used up, bought, run again",
        _COMMAND,
        replace(_WHOLE, calls=_FRAMES + _IN_FLIGHT, says="402"),
        Trouble((says("402 Pay"),), after_calls=_AFTER, for_s=3600),
        steps=_again,
    ),
    Row(
        "annotate: killed (SIGKILL) and run again",
        _COMMAND,
        replace(_WHOLE, calls=_FRAMES + _IN_FLIGHT),
        steps=_killed(1),
    ),
    Row(
        "annotate: killed (SIGKILL) five times",
        _COMMAND,
        replace(_WHOLE, calls=_FRAMES + 5 * _IN_FLIGHT),
        steps=_killed(5),
    ),
    Row(
        "annotate: SIGTERM and run again",
        _COMMAND,
        replace(_WHOLE, calls=_FRAMES + _IN_FLIGHT, says="interrupted"),
        steps=_killed(1, signal.SIGTERM),
    ),
    Row(
        "annotate: Ctrl-C twice at a silent endpoint",
        _COMMAND,
        Expected(code=130, ends_within_s=1.5, calls=_IN_FLIGHT, counts_all=True),
        usual=silent,
        steps=ctrl_c_twice,
    ),
    Row(
        "annotate: a name that nobody has",
        (*_COMMAND[:-6], "http://nobody.invalid:9001", *_COMMAND[-5:]),
        Expected(code=4, says="cannot be reached"),
    ),
]

ROWS = [replace(row, is_quick=row.name.removeprefix("annotate: ") in QUICK) for row in _ROWS]
