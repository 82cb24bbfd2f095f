"""Carrying masks along the motion of the picture."""

from livesegment.motion.align import MaskAligner

__all__ = ["MaskAligner"]
