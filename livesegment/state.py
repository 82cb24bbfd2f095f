"""What is remembered from one start to the next, beside a configuration."""

import json
import logging
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from livesegment.errors import system_words

logger = logging.getLogger(__name__)

_MOST_BYTES = 2**20


def state_folder(config: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder in which a configuration's monitor remembers; it may not be there yet.

    `$STATE_DIRECTORY`, which systemd gives, else that of the XDG Base Directory Specification; in
    it each configuration has a folder of its own.

    Args:
        config: The configuration's file.
        environment: Where those folders are named.
    """
    number = zlib.crc32(os.fsencode(config.resolve()))
    return _base(environment) / f"{config.stem}-{number:08x}"


REVIEW = "review.sqlite"
"""What the index of events and recordings is called."""


def review_path(places: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Return where a live run has the index of its files, a folder for those of each place.

    Args:
        places: Where those are.
        environment: As of `state_folder`.
    """
    number = zlib.crc32(places.encode(errors="surrogateescape"))
    return _base(environment) / f"live-{number:08x}" / REVIEW


def _base(environment: Mapping[str, str]) -> Path:
    base = Path(environment.get("STATE_DIRECTORY", "").partition(os.pathsep)[0])
    if base == Path():
        # A user without a home remembers in the working directory.
        home = Path(environment.get("HOME", "")) / ".local" / "state"
        given = environment.get("XDG_STATE_HOME", "")
        base = (Path(given) if given.startswith("/") else home) / "livesegment"
    return base


def read_state(path: Path) -> dict[str, Any]:
    """Return what was remembered in a file; nothing where there is none, or it is spoiled."""
    try:
        with path.open("rb") as file:
            said: Any = json.loads(file.read(_MOST_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        logger.warning("%s cannot be read, and is begun anew", path)
        return {}
    return said


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Remember something, whole or not at all; a folder that cannot be written is warned of."""
    try:
        write_whole(path, json.dumps(state) + "\n")
    except OSError as error:
        reason = system_words(error)
        logger.warning("cannot write %s: %s; it is forgotten at the next start", path, reason)


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all; its folder is made.

    Raises:
        OSError: If it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(text, encoding="utf-8")
    part.replace(path)
