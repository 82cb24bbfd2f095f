"""`livesegment bench`."""

import json
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from livesegment import __version__
from livesegment.address import shown_url
from livesegment.cli.logs import say, set_up_logging
from livesegment.cli.memory import LEAST_TO_BEGIN, check_address_space
from livesegment.cli.outcome import DONE, print_result
from livesegment.columns import aligned
from livesegment.settings import LiveOptions
from livesegment.settings.commands import BenchCommand

if TYPE_CHECKING:  # they import OpenCV
    from livesegment.bench.advice import Advice, Look
    from livesegment.bench.found import Asked, Found, Tried

_ALL = 0.95  # of the source's frames a second: a short look counts them so well


def run(command: BenchCommand, given: Collection[str]) -> int:
    """Measure an endpoint or a model, and say how live is best told to use it.

    Round trips by picture size and JPEG quality, throughput by requests at once, what live will
    look like, what an hour costs, and a command to copy. It makes 60 calls at most, or --max-calls,
    each billed as any other, and ends within a minute. Ctrl-C says what is known so far.
    """
    set_up_logging(command.log)
    check_address_space(LEAST_TO_BEGIN)
    # Here, because these import OpenCV.
    from livesegment.bench.advice import advise
    from livesegment.bench.found import Found
    from livesegment.bench.plan import MOST_CALLS
    from livesegment.bench.run import measure
    from livesegment.opencv import use_half_of_the_cores

    endpoint = command.endpoint
    endpoint.check_key()
    found = Found(MOST_CALLS if endpoint.max_calls is None else endpoint.max_calls)
    say(logging.INFO, _begins(command, found.most_calls))
    is_named = "SOURCE" in given
    use_half_of_the_cores()  # as live does
    try:
        advice = measure(command.source, endpoint, found, command.hide)
    except BaseException as error:
        found.why_not = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{error}"
        if found.loads:
            advice = advise(found, LiveOptions().mask_ttl_s, endpoint.call_rate)
            _print(command, found, advice, is_named=is_named)
        raise
    _print(command, found, advice, is_named=is_named)
    return DONE


def _begins(command: BenchCommand, most_calls: int) -> str:
    endpoint = command.endpoint
    if endpoint.is_in_process:
        return f"asking the model in this process up to {most_calls} times, for a minute at most"
    return (
        f"making up to {most_calls} calls, each of which may be billed, of {endpoint.asked} at"
        f" {shown_url(endpoint.base_url)}, for a minute at most; --max-calls allows more or fewer"
    )


def _print(
    command: BenchCommand, found: "Found", advice: "Advice | None", *, is_named: bool
) -> None:
    from livesegment.bench.command_line import live_command

    endpoint = command.endpoint
    source = command.source if is_named else None
    line = None if advice is None else live_command(source, endpoint, advice.words, command.hide)
    if command.json:
        print_result(json.dumps(_as_json(command, found, advice, line), indent=2))
        return
    for each in _lines(command, found, advice):
        print_result(each)
    if line is not None:
        print_result(f"\n{line}")


def _lines(command: BenchCommand, found: "Found", advice: "Advice | None") -> list[str]:
    lines = [f"{found.calls} calls"]
    if found.first_s is not None:
        lines[0] += f"; the first took {_ms(found.first_s)}"
    if found.tried and found.tried[0].sent_bytes is not None:
        rows = [("picture", "kB", "round trip", ""), *map(_tried_row, found.tried)]
        lines += ["", *aligned(rows)]
    if found.loads:
        header = ("at once", "answers/s", "round trip", "")
        lines += ["", *aligned([header, *(_load_row(each, advice) for each in found.loads)])]
    if advice is not None:
        line = _look_line("live as it is", advice.usual, command, found.fps)
        lines += ["", line + (", too late to be drawn" if advice.is_too_late else "")]
        if advice.words:
            name = f"with {' '.join(advice.words)}"
            lines.append(_look_line(name, advice.best, command, found.fps))
    if found.why_not:
        lines += ["", f"not everything was tried: {found.why_not}"]
    return lines


def _tried_row(tried: "Tried") -> tuple[str, ...]:
    width, height = tried.size
    return (
        f"{width}x{height}, JPEG {tried.picture.jpeg_quality}",
        "" if tried.sent_bytes is None else f"{tried.sent_bytes / 1000:.0f}",
        _ms(tried.asked.round_trip_s) if tried.asked.round_trips_s else _failure(tried.asked),
        "",
    )


def _failure(asked: "Asked") -> str:
    return asked.errors[-1] if asked.errors else "no answer in time"


def _load_row(load: "Asked", advice: "Advice | None") -> tuple[str, ...]:
    if load.asked_for_less:
        return f"{load.at_once}", "", "", "the endpoint asks for fewer calls"
    is_knee = advice is not None and load.at_once == advice.knee and advice.is_at_knee
    remark = "<- the knee: more gain little" if is_knee else ""
    return f"{load.at_once}", f"{load.calls_per_s:.1f}", _ms(load.round_trip_s), remark


def _look_line(name: str, look: "Look", command: BenchCommand, fps: float) -> str:
    of = "" if look.frames_per_s > _ALL * fps else f" of the source's {fps:g}, on this machine now"
    text = (
        f"{name}: {look.frames_per_s:.3g} frames/s{of}, {look.masks_per_s:.3g} masks/s, masks"
        f" {_ms(look.mask_age_s)} old"
    )
    if command.endpoint.is_in_process:
        return text
    text += f"; {look.calls_per_hour:,.0f} calls an hour"
    if command.price_per_call is not None:
        text += f", which cost {command.price_per_call * look.calls_per_hour:,.2f}"
        text += f" {command.currency}" if command.currency else ""
    return text


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if 0.001 < seconds < 0.02 else f"{1000 * seconds:.0f} ms"


def _as_json(
    command: BenchCommand, found: "Found", advice: "Advice | None", line: str | None
) -> dict[str, Any]:
    endpoint = command.endpoint
    looks = {} if advice is None else {"usual": advice.usual, "recommended": advice.best}
    return {
        "version": __version__,
        "endpoint": None if endpoint.is_in_process else shown_url(endpoint.base_url),
        "frame_size": found.frame_size,
        "source_fps": found.fps,
        "most_calls": found.most_calls,
        "calls": found.calls,
        "is_whole": found.is_whole,
        "why_not": found.why_not or None,
        "first_call_ms": None if found.first_s is None else round(1000 * found.first_s, 2),
        "pictures": [
            {
                "max_side": each.picture.max_side,
                "jpeg_quality": each.picture.jpeg_quality,
                "sent_size": each.size,
                "sent_bytes": each.sent_bytes,
                **_asked_json(each.asked),
            }
            for each in found.tried
        ],
        "in_flight": [{"in_flight": each.at_once, **_asked_json(each)} for each in found.loads],
        "knee": None if advice is None else advice.knee,
        "currency": command.currency,
        "live": {
            name: {
                "in_flight": each.at_once,
                "frames_per_s": round(each.frames_per_s, 2),
                "masks_per_s": round(each.masks_per_s, 2),
                "mask_age_ms": round(1000 * each.mask_age_s, 1),
                "calls_per_hour": round(each.calls_per_hour),
                "price_per_hour": None
                if command.price_per_call is None
                else round(command.price_per_call * each.calls_per_hour, 4),
            }
            for name, each in looks.items()
        },
        "options": [] if advice is None else advice.words,
        "command": line,
    }


def _asked_json(asked: "Asked") -> dict[str, Any]:
    times_ms = [round(1000 * each, 2) for each in asked.round_trips_s]
    return {
        "calls": asked.calls,
        "round_trips_ms": times_ms,
        "round_trip_ms": round(1000 * asked.round_trip_s, 2) if times_ms else None,
        "answers_per_s": round(asked.calls_per_s, 2) if times_ms else None,
        "errors": asked.errors,
        "asked_for_less": asked.asked_for_less,
    }
