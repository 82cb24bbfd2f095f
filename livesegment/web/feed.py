"""One camera as the page sees it, in this process or another."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from livesegment.figures import shown_figures
from livesegment.metrics import Circuit, Snapshot
from livesegment.settings.controls import Controls
from livesegment.web.broadcast import Broadcast
from livesegment.web.event_log import EventLog
from livesegment.web.inlet import Inlet
from livesegment.web.video import VideoBroadcast

CameraState = Literal["starting", "running", "paused", "waiting", "lost", "stopped"]
"""starting: not yet under way; running: pictures come; paused: held by the user; waiting: for the
first picture; lost: pictures came and come no more; stopped: it has ended, or failed."""

EndpointState = Literal["waiting", "answering", "trouble", "used_up"]
"""waiting: for the first mask; trouble: its last answer was an error; used_up: no call is allowed
any more."""


@dataclass(frozen=True, slots=True)
class ClassShare:
    """A class of the model and how much of the picture it takes.

    Attributes:
        name: Its name.
        colour: Its colour on the picture, such as `#d55e00`.
        share: 0 to 1.
    """

    name: str
    colour: str
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What the page shows of a camera beside its picture. Plain values, for `dataclasses.asdict`.

    Attributes:
        state: Whether pictures come.
        state_text: The reason in a sentence, where there is one to tell; empty otherwise.
        since: When the state began, in seconds since the epoch; None: not known. For `lost`, when
            the last picture came.
        endpoint: Whether masks come.
        endpoint_text: The endpoint's last error in a sentence; empty otherwise.
        circuit: Whether the endpoint is asked.
        is_hidden: Whether the picture is hidden whole, for want of a mask to be trusted.
        classes: Every class that may be drawn, in the model's order; empty before the first mask.
    """

    state: CameraState
    state_text: str = ""
    since: float | None = None
    endpoint: EndpointState = "waiting"
    endpoint_text: str = ""
    circuit: Circuit = "closed"
    is_hidden: bool = False
    classes: Sequence[ClassShare] = ()


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """How much of the picture each class took at one second.

    Attributes:
        second: Seconds since the epoch, whole.
        shares: Share of the picture, 0 to 1, of every class that was there, by name.
    """

    second: int
    shares: Mapping[str, float]


class Feed(ABC):
    """One camera. All methods are called from the server's thread and must not wait.

    Args:
        name: What addresses call it: letters, digits, `-`, `_` and `.`; no two feeds share one.
        title: What people call it; no credentials.
        pictures: Its pictures for the page, without a word on them; whoever makes the feed
            publishes to it and closes it.
        events: Its events; whoever makes the feed notes them there.
        price_per_call: What a call costs; None: not known.
        video: Its pictures as video; None: there is none.
        labelled: Its pictures with legend and notices, for who has no page around them; None:
            there are none.
        inlet: Where the page's own camera sends its pictures; None: they come from elsewhere.

    Attributes:
        currency: Of what that is; None: it is not said.
    """

    def __init__(
        self,
        name: str,
        title: str,
        pictures: Broadcast,
        events: EventLog | None = None,
        price_per_call: float | None = None,
        *,
        video: VideoBroadcast | None = None,
        labelled: Broadcast | None = None,
        inlet: Inlet | None = None,
    ) -> None:
        self.name = name
        self.title = title
        self.pictures = pictures
        self.video = video or VideoBroadcast()
        if video is None:
            self.video.fail()
        self.labelled = labelled or Broadcast()
        if labelled is None:
            self.labelled.close()
        self.events = events or EventLog()
        self.price_per_call = price_per_call
        self.inlet = inlet
        self.currency: str | None = None

    @abstractmethod
    def report(self) -> Report:
        """Return what is to be shown beside the picture."""

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Return what was counted since the program began, and what is true now."""

    def figures(self) -> dict[str, float | None]:
        """Return every figure as one number, as the page shows it; None: there is none."""
        snapshot = self.snapshot()
        return {
            figure.key: snapshot.value(figure, self.price_per_call) for figure in shown_figures()
        }

    @property
    @abstractmethod
    def answered_at_s(self) -> float | None:
        """When whoever reads the camera last gave a sign of life, monotonic seconds; None: never.

        A camera that is lost and waited for is alive.
        """

    @abstractmethod
    def history(self, after: int) -> Sequence[CoveragePoint]:
        """Return what is kept of the coverage, oldest first: only seconds above `after`."""

    @abstractmethod
    def controls(self) -> Controls:
        """Return the controls as they are."""

    @abstractmethod
    def change(self, changes: Mapping[str, Any]) -> None:
        """Change controls: fields of `Controls`, already checked."""

    @abstractmethod
    def try_now(self) -> None:
        """Have the endpoint asked at once, though it wants to be left alone for a while."""
