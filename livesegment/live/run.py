"""A camera or a video, live."""

import json
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from livesegment.calls.opening import live_requests
from livesegment.calls.quota import Quota
from livesegment.errors import OutputNotWritable
from livesegment.events.delivery import Delivery
from livesegment.events.opening import Home, check_events, open_events
from livesegment.events.switches import RECORDING
from livesegment.frame import Image
from livesegment.live.alignment import ChosenAlignment, Paste
from livesegment.live.loop import LiveLoop
from livesegment.live.opening import (
    begin_model,
    open_background,
    open_model,
    open_outputs,
    open_source,
)
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.memory_budget import MemoryBudget
from livesegment.metrics import Metrics
from livesegment.motion import MaskAligner
from livesegment.motion.smooth import MaskSmoother
from livesegment.output import Output
from livesegment.redaction.backdrop import Backdrop, Behind
from livesegment.redaction.redactor import Redactor
from livesegment.segmenters.base import Segmenter, Sending
from livesegment.segmenters.opening import smaller_pictures
from livesegment.settings import LiveOptions, require
from livesegment.settings.background import background_file
from livesegment.settings.controls import ControlPanel
from livesegment.sinks.base import Sink
from livesegment.sinks.image_file import SnapshotFolder
from livesegment.sinks.run_files import check_distinct, written_at_end
from livesegment.sources.base import Source
from livesegment.sources.hidden import hidden

logger = logging.getLogger(__name__)

_SPARE = 12  # requests given up: those of the moment of an outage, and four seconds of probes


def run_live(
    source: Source | str | int | Path,
    options: LiveOptions,
    *,
    segmenter: Segmenter | None = None,
    sinks: Sequence[Sink] = (),
    outputs: Sequence[Output] = (),
    quota: Quota | None = None,
    must_be_seen: bool = False,
    home: Home | None = None,
) -> dict[str, Any]:
    """Do what `live` does, with others who look on, and calls that somebody else allows.

    Args:
        source: As `live` takes it.
        options: What to show and keep; `web` is not looked at.
        segmenter: As `live` takes it.
        sinks: As `live` takes them.
        outputs: Who looks on besides; closed with the run. One that is a `Delivery` too gets the
            run's events.
        quota: Says when a call is allowed; None: the options' number and rate of calls do.
        must_be_seen: Whether a run that nobody looks at and that writes nothing is a mistake: where
            the figures returned go nowhere either.
        home: What a broker is told of the run, and where what it says is remembered.

    Returns:
        The figures, as `live` does.

    Raises:
        LiveSegmentError: As `live` does.
    """
    home = home or Home()
    metrics = Metrics()
    panel = ControlPanel(replace(options.overlay.controls(), align=options.align))
    _check(source, options)
    if segmenter is None:
        options.endpoint.check_key()
    with ExitStack() as stack:
        stack.enter_context(
            written_at_end(options.stats, lambda: json.dumps(metrics.report(), indent=2) + "\n")
        )
        behind = open_background(options, stack)
        early = None if segmenter is not None else begin_model(source, options, stack)
        if isinstance(source, Source):
            opened = source
        else:
            opened = stack.enter_context(open_source(source, options, metrics))
        opened = hidden(opened, options.hide)  # from here on nobody has any other pictures
        looking_on: list[Output | Sink] = [*sinks]
        is_recorded = partial(home.switches.is_on, RECORDING)
        for each in open_outputs(options, opened, metrics, is_recorded):
            stack.enter_context(each)
            looking_on.append(each)
        is_told = options.events.are_wanted or options.stats is not None
        require(
            bool(looking_on or outputs) or is_told or not must_be_seen,
            "nothing would be shown, written or told: leave out --no-window, or add --web,"
            " --record, --masks, --publish, --stats, --virtual-camera or an output for events",
        )
        model = segmenter or (early.result() if early else open_model(options, opened, stack))
        looking_on += [stack.enter_context(each) for each in outputs]
        hearing = [each for each in outputs if isinstance(each, Delivery)]
        home = replace(
            home,
            is_recorded=options.record is not None and options.segment_minutes is not None,
            classes_grow=model.class_map_grows,
        )
        looking_on += open_events(options.events, opened, metrics, stack, hearing, home)
        # A segmenter of the caller's own was told by the caller how to send.
        is_sent = segmenter is None and not options.endpoint.is_in_process
        sizes = smaller_pictures(options.endpoint) if is_sent else ()
        loop = LiveLoop(
            _parts(options, opened, model, looking_on, panel),
            _limits(options, opened, model, sizes),
            panel,
            metrics,
            mirror=options.mirror,
            quota=quota,
            redactor=_redactor(options, model, behind),
        )
        loop.run()
        loop.commit()
    return metrics.report()


def _check(source: Source | str | int | Path, options: LiveOptions) -> None:
    """Find out before anything is opened what can be known of mistakes."""
    read = [] if isinstance(source, Source) else [str(source)]
    read += [each for each in [background_file(options.background)] if each is not None]
    named = [options.record, options.masks, options.stats, options.events.jsonl]
    check_distinct(read, named)
    check_events(options.events)
    require(
        not (options.loop and isinstance(source, Source)),
        "loop opens the source anew at its end: give its path in place of the source itself",
    )


def _limits(
    options: LiveOptions, source: Source, model: Segmenter, sizes: Sequence[Sending]
) -> LiveLimits:
    is_remote = model.max_concurrency is None
    return LiveLimits(
        max_in_flight=live_requests(options.endpoint, model.max_concurrency, len(sizes)),
        spare=_SPARE if is_remote else 0,
        sizes=sizes,
        max_calls=options.endpoint.max_calls,
        call_rate=options.endpoint.call_rate,
        duration_s=options.duration_s,
        max_frames=options.max_frames,
        fps_limit=options.fps_limit,
        waits_for_endpoint=options.wait_for_endpoint,
        # A photo stays in its window until the user closes it.
        ends_with_source=not (options.window and (options.stay_at_end or source.frame_count == 1)),
        mask_ttl_s=options.mask_ttl_s,
        max_delay_s=options.max_delay_s,
        memory=MemoryBudget.of(options.max_memory),
    )


def _parts(
    options: LiveOptions,
    source: Source,
    model: Segmenter,
    outputs: Sequence[Output | Sink],
    panel: ControlPanel,
) -> LiveParts:
    aligner = partial(MaskAligner, budget_ms=options.align_budget_ms, max_age_s=options.mask_ttl_s)
    return LiveParts(
        source,
        model,
        outputs,
        _save_snapshot,
        alignment=ChosenAlignment(panel, {"warp": aligner, "delay": aligner, "paste": Paste}),
        smoothing=MaskSmoother() if options.smooth else None,
    )


def _redactor(options: LiveOptions, model: Segmenter, behind: Behind | None) -> Redactor | None:
    if not options.redact.is_wanted and options.background is None:
        return None
    model.put_on_top(options.redact.classes)
    return Redactor(
        options.redact,
        options.mask_ttl_s,
        class_map_grows=model.class_map_grows,
        backdrop=None if options.background is None else Backdrop(behind, options.overlay.classes),
    )


def _save_snapshot(image: Image) -> str:
    try:
        saved = f"saved {SnapshotFolder().save(image)}"
    except OutputNotWritable as error:
        # A full disk is no reason to end a live picture.
        logger.warning("%s", error)
        return "the snapshot could not be saved"
    logger.info("%s", saved)
    return saved
