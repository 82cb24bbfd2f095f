"""Things that are opened and must be closed."""

from abc import ABC
from types import TracebackType
from typing import Self


class Resource(ABC):
    """Base of all that is opened and closed: a context manager that closes itself."""

    def close(self) -> None:
        """Release what is held. May be called twice; not while another method runs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
