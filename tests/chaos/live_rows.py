"""Rows about `live`: the picture goes on whatever its endpoint does, and masks come back."""

from dataclasses import replace

from chaos import answers
from chaos.answers import LONG_WAITS, NO_WAITS, after, asking, good, says, silent
from chaos.endpoint import Trouble
from chaos.row import FPS, SIZE, Expected, Row
from odd_endpoint import Answer, reset

_BEFORE_S, _AFTER_S = 1.0, 2.0
_LONGEST_WAIT_S = 5.0  # between two probes of what may go away, also from the start after a 429


def most_calls(trouble_s: float, *, lasting: bool = False) -> int:
    """Return how many calls trouble may cost a live run.

    Those under way and the few after which an endpoint counts as failing, two a second for ten
    seconds, a few while the waits double, and then twelve a minute, or two of what lasts.
    """
    later_s = max(0.0, trouble_s - 10)
    return round(
        8 + 2 * min(10.0, trouble_s) + (4 if later_s else 0) + later_s * (2 if lasting else 12) / 60
    )


def _command(duration_s: float, *more: str) -> tuple[str, ...]:
    return (
        *("live", f"pattern:{SIZE}@{FPS}", "--no-window", "--stats", "stats.json", "-v"),
        *("--duration", f"{duration_s:g}", "--endpoint", "{url}", "--model", "any/1", *more),
    )


def _expected(trouble_s: float = 4.0, **more: object) -> Expected:
    usual = Expected(
        rate=0.9, memory_mb=300, calls=most_calls(trouble_s), recovery_s=1.0, says="answers again"
    )
    return replace(usual, **more)  # type: ignore[arg-type]


def _outage(name: str, trouble: Trouble, **more: object) -> Row:
    """Return a row of some seconds of trouble in the middle of a run."""
    expected = _expected(trouble.for_s, **more)
    after_s = max(_AFTER_S, 1.5 + (expected.recovery_s or 0))
    return Row(
        f"live: {name}",
        _command(_BEFORE_S + trouble.for_s + after_s),
        expected,
        replace(trouble, after_s=_BEFORE_S),
    )


def _answered(name: str, *meanwhile: Answer, for_s: float = 4.0, **more: object) -> Row:
    return _outage(name, Trouble(meanwhile, for_s=for_s), **more)


def _well(name: str, answer: Answer) -> Row:
    """Return a row of what is odd for a while, and no trouble."""
    expected = Expected(rate=0.9, says=r"^(?!.*(without new masks|cannot be))")
    return Row(f"live: {name}", _command(2.5), expected, Trouble((answer,), after_s=0.5, for_s=1.5))


_EXCHANGES = [
    *(_answered(name, answer) for name, answer in answers.HEADS.items()),
    *(
        _answered(name, answer, for_s=2)
        for name, answer in {**answers.LENGTHS, **answers.BODIES, **answers.STATUSES}.items()
        if not name.startswith("429")
    ),
]

_ASKED = [
    _answered("429", says("429 Slower"), for_s=2, recovery_s=_LONGEST_WAIT_S),
    *(
        _answered(f"429, Retry-After {name}", asking(value), for_s=2, recovery_s=_LONGEST_WAIT_S)
        for name, value in NO_WAITS.items()
    ),
    *(
        _answered(
            f"429, Retry-After {name}", asking(value), recovery_s=None, says="asks to wait", calls=8
        )
        for name, value in LONG_WAITS.items()
    ),
    _answered("503, Retry-After 1", asking("1", "503 Busy"), recovery_s=2.5, says="", calls=16),
]

_DOORS = [
    _outage("a port at which nobody listens", Trouble(door="refuses")),
    _outage("a machine that is silent", Trouble((silent,), door="is silent")),
    _outage("connections reset at the door", Trouble((reset,), door="resets")),
]

_SLOW = [
    _answered("answers take 3 s", after(3, good()), says="", calls=None),
    _answered("answers take 15 s", after(15, good()), says=""),
    _answered("good and 500 in turns", good(), says("500 Oops"), calls=None, says=""),
    _answered(
        "good, reset, HTML and 429 in turns",
        *(good(), reset, says("200 OK", body=answers.PAGE), says("429 Slower")),
        calls=None,
        says="",
    ),
    _answered("silent every third time", good(), good(), silent, calls=None, says=""),
]

_LONG = [
    _answered(
        f"{name}, 30 s",
        answer,
        for_s=30,
        calls=most_calls(30, lasting=lasting),
        recovery_s=recovery_s,
        says="",
    )
    for name, answer, lasting, recovery_s in (
        ("500", says("500 Oops"), False, _LONGEST_WAIT_S + 0.5),
        ("401", says("401 Who"), True, None),
        ("402", says("402 Pay"), True, None),
        ("silent", silent, False, _LONGEST_WAIT_S + 0.5),
    )
]

_FROM_THE_START = [
    Row(
        f"live: {name} from the start",
        _command(6),
        Expected(code=4, says=says_, calls=calls, counts_all=True),
        Trouble((answer,), after_calls=0, for_s=3600),
    )
    for name, answer, says_, calls in (
        ("401", says("401 Who"), "does not accept the API key", 4),
        ("404", says("404 Nothing"), "no such model", 4),
        ("an HTML page", says("200 OK", body=answers.PAGE), "an HTML page", 4),
        ("500", says("500 Oops"), "failed", most_calls(6)),
    )
]

_ADDRESSES = [
    Row(
        f"live: {name}",
        (*_command(5)[:-4], "--endpoint", url, "--model", "any/1"),
        Expected(code=4, rate=0.9, says=says_, calls=most_calls(6), counts_all=True),
    )
    for name, url, says_ in (
        ("a name that nobody has", "http://nobody.invalid:9001", "cannot be reached"),
        ("a network that nobody answers from", "http://192.0.2.1:9001", "answer|cannot be reached"),
    )
]

QUICK = {
    "a head that trickles",
    "a port at which nobody listens",
    "packed in two layers",
    "302 elsewhere",
    "403 that repeats the key",
}

ROWS = [
    replace(row, is_quick=row.name.removeprefix("live: ") in QUICK)
    for row in (
        *(_well(name, answer) for name, answer in answers.WELL_ENOUGH.items()),
        *_EXCHANGES,
        *_ASKED,
        *_DOORS,
        *_SLOW,
        *_LONG,
        *_FROM_THE_START,
        *_ADDRESSES,
    )
]
