"""The command line."""

from livesegment.cli.app import main

__all__ = ["main"]
