"""The keys that the embedded endpoint accepts."""

import hmac
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from livesegment.errors import OptionsError


class KeyRing:
    """Accepted keys; without any, every request is accepted. Never shows a key."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = tuple(key.encode() for key in keys)

    @classmethod
    def from_file(cls, path: str) -> Self:
        """Read keys, one a line; `#` begins a comment, blank lines do not count.

        Raises:
            OptionsError: If the file cannot be read or holds no key: an empty file must not
                open the endpoint to everybody.
        """
        try:
            text = Path(path).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise OptionsError(f"--api-key-file {path}: {error.strerror or error}") from error
        except UnicodeDecodeError:
            # The cause would show the file's bytes.
            raise OptionsError(f"--api-key-file {path} is not a text file") from None
        keys = [key for line in text.splitlines() if (key := line.partition("#")[0].strip())]
        if not keys:
            raise OptionsError(f"--api-key-file {path} holds no key: write one a line")
        return cls(keys)

    def accepts(self, offered: Iterable[str]) -> bool:
        """Tell whether one of the offered keys is among the accepted ones, in constant time."""
        if not self._keys:
            return True
        candidates = [key.encode() for key in offered]
        # A sum does not stop at the first match, and so says nothing by how long it takes.
        return sum(hmac.compare_digest(a, b) for a in self._keys for b in candidates) > 0
