"""What other libraries would write to stderr."""

import logging
import sys

_NOWHERE = logging.NullHandler()


def silence_libraries() -> None:
    """Let no library write to stderr by itself; once a process, or more often.

    Python writes what is logged where nobody listens, and warnings, in words that are none of ours:
    with addresses and keys in them, and between lines that are JSON. Who asks Python for warnings
    gets them.
    """
    logging.getLogger().addHandler(_NOWHERE)
    if not sys.warnoptions:
        logging.captureWarnings(True)
