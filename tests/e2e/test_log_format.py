"""`--log-format json`: every line on stderr is an object that a log collector reads."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from waiting import read_until


def lines(stderr: str) -> list[dict[str, Any]]:
    said = [json.loads(line) for line in stderr.splitlines()]
    for each in said:
        assert {"time", "level", "logger", "message"} <= set(each)
        assert datetime.fromisoformat(each["time"]).utcoffset() is not None
    return said


@pytest.mark.parametrize(
    ("arguments", "code", "level", "part"),
    [
        ("live pattern:64x48@100:3 --no-window --stats s.json", 0, "info", "the drawn scene"),
        ("live missing.mp4 --no-window", 3, "error", "missing.mp4"),
        ("annotate missing.mp4 -o out.mp4", 3, "error", "missing.mp4"),
        ("serve --port 9001 --model-file missing.onnx", 2, "error", "missing.onnx"),
        ("monitor missing.toml", 2, "error", "missing.toml"),
    ],
)
def test_messages_and_errors_are_objects(
    tmp_path: Path, arguments: str, code: int, level: str, part: str
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "livesegment", *arguments.split(), "--log-format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == code
    said = lines(result.stderr)
    assert any(each["level"] == level and part in each["message"] for each in said)


def test_a_traceback_is_part_of_its_object() -> None:
    program = (
        "import logging; from livesegment.cli.logs import set_up_logging\n"
        "from livesegment.settings.commands import LogOptions\n"
        "set_up_logging(LogOptions(log_format='json'))\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: logging.getLogger('livesegment.x').exception('it failed')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    (said,) = lines(result.stderr)
    assert (said["level"], said["logger"], said["message"]) == (
        "error",
        "livesegment.x",
        "it failed",
    )
    assert "ZeroDivisionError" in said["exception"]


OF_OTHERS = """
import asyncio, logging, warnings
logging.getLogger("urllib3.connectionpool").warning("retrying https://h/SECRET")
logging.getLogger("asyncio").warning("socket.send() raised exception.")
warnings.warn("unverified request to host SECRET")
async def defect():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)
asyncio.run(defect())
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_other_libraries_say_nothing_but_what_is_a_defect_of_ours(form: str) -> None:
    program = (
        "from livesegment.cli.logs import set_up_logging\n"
        "from livesegment.settings.commands import LogOptions\n"
        f"set_up_logging(LogOptions(log_format='{form}'))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program + OF_OTHERS], capture_output=True, text=True, check=True
    )
    assert "SECRET" not in result.stderr
    assert "socket.send" not in result.stderr
    if form == "json":
        (said,) = lines(result.stderr)
        assert (said["level"], said["logger"]) == ("error", "asyncio")
        assert "ZeroDivisionError" in said["exception"]
    else:
        assert result.stderr.startswith("livesegment: Exception in callback")
        assert "ZeroDivisionError" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="monitor needs a Unix system")
def test_what_a_camera_says_bears_its_name(tmp_path: Path) -> None:
    config = tmp_path / "cameras.toml"
    config.write_text('web.port = 0\n[[camera]]\nname = "yard"\nsource = "pattern:64x48@15"\n')
    with subprocess.Popen(
        [sys.executable, "-m", "livesegment", "monitor", str(config), "--log-format", "json"],
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stderr is not None
        # It says so when its process has started: which model it uses.
        text = read_until(program.stderr, '"camera": "yard"')
        program.terminate()
        text += program.stderr.read()
    said = lines(text)
    assert program.returncode == 130
    assert "yard: the drawn scene" in text
    assert said[-1]["message"] == "interrupted"
