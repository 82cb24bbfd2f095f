"""Finds out whether a picture comes from a camera before it is kept."""

import asyncio
import json

from livesegment.child import own_program
from livesegment.monitor.process import child_environment
from livesegment.settings.monitor import CameraOptions

TRY_S = 15.0
"""How long a camera may take: some send the first whole picture after ten seconds."""

NO_PICTURE = (
    "no picture came from there: is the address right, with user and password, and the camera on?"
)
"""All that is said, whatever the reason: nobody learns by it what else is in the network."""

_MODULE = "livesegment.monitor.source_probe"


async def tried(camera: CameraOptions) -> bytes | None:
    """Open a camera's source in a process of its own.

    Args:
        camera: The camera; what is hidden of its picture is black in what is returned.

    Returns:
        The first picture, JPEG; empty if it came and is not to be shown; None: none came in time.
    """
    options = camera.options
    # Who is to be redacted is found by the model, which is not asked here.
    is_shown = not options.redact.is_wanted and options.background is None
    asked = {"source": camera.source, "hide": options.hide, "is_shown": is_shown}
    process = await asyncio.create_subprocess_exec(
        *own_program(_MODULE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(TRY_S):
            jpeg, _ = await process.communicate(json.dumps(asked).encode() + b"\n")
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return jpeg if process.returncode == 0 else None
