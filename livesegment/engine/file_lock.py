"""A file that one process at a time may write."""

import sys
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    # Windows locks bytes, and nobody else may read these: so one far beyond any content.
    _FAR = 2**40

    def lock(file: BinaryIO) -> bool:
        """Lock an open file until it is closed, also by a crash; False if it is locked already."""
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True

else:
    import fcntl

    def lock(file: BinaryIO) -> bool:
        """Lock an open file until it is closed, also by a crash; False if it is locked already."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # A file system without locks: better without one than not at all.
            return True
        return True
