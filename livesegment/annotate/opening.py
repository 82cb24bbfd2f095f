"""An input as everybody in a run sees it."""

from typing import NamedTuple

from livesegment.settings import AnnotateOptions
from livesegment.sources import Source, open_source
from livesegment.sources.hidden import hidden
from livesegment.sources.part import part_of
from livesegment.sources.turned import rotated


class OpenedInput(NamedTuple):
    """An input that is open.

    Attributes:
        file: What was opened: nobody is given its pictures.
        source: The pictures of the part that is wanted, with what is hidden of them black, turned.
            Closing it closes the other.
    """

    file: Source
    source: Source


def open_input(spec: str, options: AnnotateOptions) -> OpenedInput:
    """Open an input.

    Raises:
        SourceError: If it cannot be opened.
        OptionsError: If it has no such part.
    """
    file = open_source(spec)
    try:
        # Zones are places of the picture as the camera gave it.
        seen = hidden(part_of(file, options.part), options.hide)
        return OpenedInput(file, rotated(seen, options.part.rotate))
    except BaseException:
        file.close()
        raise
