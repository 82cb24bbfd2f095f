"""A test message to phones, sent by a process of its own.

Apprise takes memory that who only shows a page need not hold, and a process can be ended.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from livesegment.child import own_environment, own_program
from livesegment.errors import LiveSegmentError, SinkError

_PATIENCE_S = 45.0


def try_phones(addresses: Sequence[str], patience_s: float = _PATIENCE_S) -> dict[str, bool]:
    """Send a test message to every address, and wait for what comes of it.

    Args:
        addresses: As Apprise takes them; wholly secret.
        patience_s: Seconds that all of them have together.

    Returns:
        Whether each took it, by its number and service.

    Raises:
        SinkError: If an address is none that Apprise knows, Apprise is not installed, or not
            everybody has answered in time.
    """
    try:
        done = subprocess.run(
            own_program(__name__),
            input=json.dumps(list(addresses)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=patience_s,
            env=own_environment(),
            start_new_session=True,  # Ctrl-C is for the run
            check=False,
        )
        said = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise SinkError(f"not everybody has answered within {patience_s:g} s") from None
    except (OSError, ValueError):
        raise SinkError("the process that sends a test message has failed") from None
    if "error" in said:
        raise SinkError(said["error"])
    return dict(said["told"])


def _main() -> None:
    """Read the addresses, and write what became of them."""
    addresses = json.load(sys.stdin)
    try:
        from livesegment.events.notify import tried

        said: dict[str, Any] = {"told": dict(tried(addresses))}
    except LiveSegmentError as error:
        said = {"error": str(error)}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    _main()
