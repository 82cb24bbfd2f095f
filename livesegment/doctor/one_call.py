"""One call to an endpoint, and what its time was spent on."""

import math
import time
from dataclasses import dataclass

from livesegment.calls.opening import REMOTE_IN_FLIGHT
from livesegment.mask import Mask
from livesegment.segmenters.opening import open_endpoint
from livesegment.settings import EndpointOptions
from livesegment.sources.pattern import PatternSource

_SIZE = (1280, 720)


@dataclass(frozen=True, slots=True)
class MeasuredCall:
    """What one call took.

    Attributes:
        mask: What came back.
        encode_s: Making the picture smaller, JPEG, base64.
        decode_s: From the answer to the mask.
        network_s: All the rest: opening the connection, the way there and back, the model.
        received_bytes: Length of the answer's body.
    """

    mask: Mask
    encode_s: float
    decode_s: float
    network_s: float
    received_bytes: int

    def round_trip_s(self, opening_s: float) -> float:
        """Return what a call takes over a connection that is kept open.

        Args:
            opening_s: Seconds that it takes to open one.
        """
        return self.encode_s + max(0.0, self.network_s - opening_s) + self.decode_s


def make_call(options: EndpointOptions) -> MeasuredCall:
    """Ask the endpoint about one drawn picture. This is ONE call, which is billed.

    Raises:
        EndpointError: If it fails; it is not tried again.
        OptionsError: If the address or the environment's proxy cannot be used.
    """
    with PatternSource(_SIZE, frame_count=1) as source:
        frame = source.read()
    assert frame is not None
    replies: list[bytes] = []
    with open_endpoint(options, max_connections=1) as segmenter:
        began_s = time.perf_counter()
        ask = segmenter.prepare(frame)
        encoded_s = time.perf_counter()
        mask = ask(replies.append)
        answered_s = time.perf_counter()
        # Once more by itself, to know its share of the answer's time.
        segmenter.recall(replies[0], frame)
        decode_s = time.perf_counter() - answered_s
    return MeasuredCall(
        mask,
        encoded_s - began_s,
        decode_s,
        max(0.0, answered_s - encoded_s - decode_s),
        len(replies[0]),
    )


def requests_at_once(options: EndpointOptions) -> int:
    """Return how many requests a run with these options has in flight."""
    wanted = options.max_in_flight
    return wanted if isinstance(wanted, int) else REMOTE_IN_FLIGHT


def needed_at_once(rate: float, round_trip_s: float) -> int:
    """Return how many requests in flight give so many masks a second (Little's law)."""
    return max(1, math.ceil(rate * round_trip_s))
