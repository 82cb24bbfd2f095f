"""Carrying masks along the motion of the picture."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livesegment.motion.align import MaskAligner
    from livesegment.motion.propagate import Propagator

__all__ = ["MaskAligner", "Propagator"]


def __getattr__(name: str) -> Any:
    """Import OpenCV and the network only when they are asked for."""
    if name == "MaskAligner":
        from livesegment.motion.align import MaskAligner

        return MaskAligner
    if name == "Propagator":
        from livesegment.motion.propagate import Propagator

        return Propagator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
