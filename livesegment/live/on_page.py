"""`live`: a run with the page that its options ask for, also of the camera of who looks at it."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from livesegment.live.run import run_live
from livesegment.output import Output
from livesegment.segmenters.base import Segmenter
from livesegment.settings import LiveOptions, require
from livesegment.sinks.base import Sink
from livesegment.sources import BROWSER
from livesegment.sources.base import Source
from livesegment.sources.browser import MAX_SIDE, BrowserSource


def live(
    source: Source | str | int | Path = 0,
    *,
    segmenter: Segmenter | None = None,
    sinks: Sequence[Sink] = (),
    options: LiveOptions | None = None,
) -> dict[str, Any]:
    """Show a source with its segmentation until it ends, a limit is reached or the user quits.

    A network camera that is lost is waited for and opened again, without end.

    Must be called from the main thread if there is a window. Sources, segmenters and sinks of
    the caller's own stay the caller's to close; sinks are committed.

    Args:
        source: A camera number, path, URL, `sample:` or `pattern:`, or a Source of one's own;
            `browser:` is the camera of whoever opens the page that `options.web` asks for.
        segmenter: Who is asked; None: opened from `options.endpoint`.
        sinks: Get every picture shown, each on a thread of its own, besides what the options ask
            for.
        options: What to show and keep; None: a window with the built-in person model.

    Returns:
        The figures that `stats` writes: counters, and p50, p95 and max of the times in ms.

    Raises:
        SourceError: If the source cannot be opened, or breaks and is no network camera.
        EndpointError: If the endpoint refuses for good before the first mask, or never answers.
        SinkError: If there is no display, or an output cannot be written; of one on a disk that
            is full meanwhile, once the run is over.
        OptionsError: If an output is the source itself or another output, or the model has no
            class of a name that is to be redacted.
    """
    options = options or LiveOptions()
    return run_with_page(source, options, segmenter=segmenter, sinks=sinks)


def run_with_page(
    source: Source | str | int | Path,
    options: LiveOptions,
    *,
    segmenter: Segmenter | None = None,
    sinks: Sequence[Sink] = (),
    must_be_seen: bool = False,
) -> dict[str, Any]:
    """Do what `run_live` does, with the page that the options ask for, and raise what it does."""
    with ExitStack() as stack:
        if source == BROWSER:
            source = stack.enter_context(_browser(options))
        outputs: list[Output] = []
        if options.web is not None:
            # Here, because the web server takes its time to import.
            from livesegment.live.page import LivePage, listed_events

            inlet = source if isinstance(source, BrowserSource) else None
            events = listed_events(options.events)
            page = LivePage(
                options.web, options.price_per_call, events, inlet, currency=options.currency
            )
            outputs += [page, page.labelled]
        return run_live(
            source,
            options,
            segmenter=segmenter,
            sinks=sinks,
            outputs=outputs,
            must_be_seen=must_be_seen,
        )


def _browser(options: LiveOptions) -> BrowserSource:
    require(
        options.web is not None,
        f"{BROWSER} is the camera of whoever opens the page: say where that is, with web",
    )
    return BrowserSource(options.endpoint.max_side or MAX_SIDE)
