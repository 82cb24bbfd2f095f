"""`--profile`: where a run's time went, on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from livesegment.profile import Profile


@contextmanager
def profile_said(*, wanted: bool) -> Iterator[None]:
    """Say at the end, also of a run that is broken off, where its time went."""
    if not wanted:
        yield
        return
    profile = Profile()
    try:
        with profile.running():
            yield
    finally:
        if profile.frames:
            print(profile.table(), file=sys.stderr)
