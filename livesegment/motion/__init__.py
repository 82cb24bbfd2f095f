"""Carrying masks along the motion of the picture."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livesegment.motion.align import MaskAligner

__all__ = ["MaskAligner"]


def __getattr__(name: str) -> Any:
    """Import OpenCV and the network only when they are asked for."""
    if name == "MaskAligner":
        from livesegment.motion.align import MaskAligner

        return MaskAligner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
