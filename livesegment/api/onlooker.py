"""Who looks on while a run shows its pictures, such as a page."""

from abc import abstractmethod
from collections.abc import Callable

from livesegment.controls import ControlPanel
from livesegment.engine.live import LiveLoop
from livesegment.engine.viewer import View
from livesegment.events.event import Event
from livesegment.resource import Resource
from livesegment.sources.base import Source
from livesegment.telemetry import Telemetry


class Onlooker(Resource):
    """Sees a run from outside of its loop: its pictures, figures and controls.

    Attributes:
        view: Takes the run's pictures.
    """

    view: View

    @abstractmethod
    def attend(self, loop: LiveLoop) -> None:
        """Begin to look on. Called once, when the run is about to begin."""

    def hear(self, event: Event) -> None:
        """Take an event of the run; from any thread, never wait."""


OpenOnlooker = Callable[[Source, ControlPanel, Telemetry], Onlooker]
"""Makes the onlooker of a run from what the run shows, obeys and counts with."""
