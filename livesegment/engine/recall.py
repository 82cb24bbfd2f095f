"""Answers that were paid for before."""

from collections.abc import Callable

from livesegment.engine.journal import Journal
from livesegment.errors import BadReply
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.protocol.reply import decode_reply
from livesegment.telemetry import Telemetry

Ask = Callable[[Frame], Mask | None]


class Recall:
    """Looks into the journal before it asks.

    Args:
        journal: Where replies are kept.
        ask: Asked about frames that have none.
        telemetry: Counts `masks_recalled`.
    """

    def __init__(self, journal: Journal, ask: Ask, telemetry: Telemetry) -> None:
        self._journal = journal
        self._ask = ask
        self._telemetry = telemetry

    def ask(self, frame: Frame) -> Mask | None:
        """Return the frame's mask; None when no call is allowed any more."""
        reply = self._journal.reply(frame.index)
        if reply is None:
            return self._ask(frame)
        try:
            mask = decode_reply(reply, frame_size=frame.frame_size, frame_index=frame.index)
        except BadReply:
            # It was paid for, but says nothing.
            return self._ask(frame)
        self._telemetry.count("masks_recalled")
        return mask
