"""A picture as its outputs get it."""

from collections.abc import Iterable

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.overlay.compositor import Compositor
from livesegment.settings.controls import Controls
from livesegment.sinks.base import Annotated, Role, Sink


def annotated(
    compositor: Compositor,
    frame: Frame,
    mask: Mask | None,
    controls: Controls,
    sinks: Iterable[Sink],
    role: Role | None = None,
    scene: int = 0,
) -> Annotated:
    """Return a picture with its mask drawn, cut out with alpha where a sink keeps that.

    Args:
        compositor: Draws it; the picture is valid until it draws the next one.
        frame: The picture, with nothing in it that may not be seen.
        mask: What to draw on it; None: nothing.
        controls: How to draw.
        sinks: Whom it is for.
        role: Where the mask comes from, if that is known.
        scene: Number of the scene that it belongs to, if anybody counts them.
    """
    if controls.style == "cutout" and any(sink.takes_alpha(frame) for sink in sinks):
        return Annotated(
            frame, mask, *compositor.cut_out(frame, mask, controls), role=role, scene=scene
        )
    return Annotated(frame, mask, compositor.draw(frame, mask, controls), role=role, scene=scene)
