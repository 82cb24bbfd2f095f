"""`livesegment doctor` as a user runs it, on a healthy machine and on broken ones."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from parts import FunctionSegmenter

from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions

KEY = "s3cret-key-0123456789"


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    result = subprocess.run(
        [sys.executable, "-m", "livesegment", "doctor", *arguments],
        env={**kept, "LIVESEGMENT_API_KEY": KEY, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert KEY not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result


def findings(result: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    report = json.loads(result.stdout)
    assert report["ok"] == (result.returncode == 0)
    for finding in report["findings"]:
        assert set(finding) == {"name", "state", "text", "advice", "area"}
        assert finding["advice"] or finding["state"] == "ok"
    return {finding["name"]: finding for finding in report["findings"]}


def test_a_healthy_machine_is_lines_of_one_width_and_calls_nobody() -> None:
    result = run()
    assert result.returncode == 0, result.stdout
    lines = result.stdout.splitlines()
    starts = {line[:6].strip() for line in lines}
    assert starts <= {"ok", "warn", ""}
    named = {line[6:24].strip(): line for line in lines if line[:6].strip()}
    for name in ("python", "opencv", "opencv package", "built-in model", "codec h264", "fonts"):
        assert name in named
    assert named["display"].startswith("warn")
    assert "DISPLAY is not set" in named["display"]
    assert all(line[24:].startswith("-> ") for line in lines if not line[:6].strip())
    assert "none was asked" in named["endpoint"]


def test_json_says_the_same_to_programs_and_a_refused_key_is_exit_code_4(tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text("another-key\n")
    options = ServeOptions(port=0, api_key_file=str(keys))
    with EmbeddedServer(FunctionSegmenter(lambda _: 1), options) as server:
        result = run("--json", "--endpoint", server.url, "--model", "any/1")
    assert result.returncode == 4, result.stdout
    found = findings(result)
    assert found["key"]["state"] == "fail"
    assert found["key"]["area"] == "endpoint"
    assert found["connection"]["state"] == "ok"
    assert found["opencv"]["state"] == "ok"


def fake_package(folder: Path, name: str, *requirements: str) -> None:
    """Make a folder look as if a package had been installed in it."""
    info = folder / f"{name.replace('-', '_')}-4.10.0.84.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 4.10.0.84"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requirements]
    (info / "METADATA").write_text("\n".join(lines) + "\n")


def test_two_packages_of_opencv_are_a_failure_with_its_repair(tmp_path: Path) -> None:
    fake_package(tmp_path, "opencv-python-headless")
    result = run("--json", PYTHONPATH=_path(tmp_path))
    found = findings(result)["opencv package"]
    assert result.returncode == 1
    assert found["state"] == "fail"
    assert "opencv-python-headless 4.10.0.84" in found["text"]
    assert "pip uninstall opencv-python opencv-python-headless" in found["advice"]
    assert "pip install opencv-python'" in found["advice"]


def test_extras_are_said_with_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    requirements = (
        "numpy>=1",
        "numpy>=1; extra == 'there'",
        "no-such-package[x]<9,>=1; extra == 'missing'",
        "pytest; extra == 'test'",
    )
    fake_package(tmp_path, "livesegment", *requirements)
    result = run("--json", PYTHONPATH=_path(tmp_path))
    found = findings(result)
    assert result.returncode == 0
    assert found["extra there"]["text"] == "numpy installed"
    assert found["extra missing"]["text"] == "not installed: no-such-package"
    assert "pip install 'livesegment[missing]'" in found["extra missing"]["advice"]
    assert "extra test" not in found


@pytest.mark.parametrize(
    ("loader", "text", "advice"),
    [
        (
            "raise ImportError('libGL.so.1: cannot open shared object file')",
            "libGL.so.1",
            "apt-get install libgl1 libglib2.0-0",
        ),
        ("", "no OpenCV in it", "pip install opencv-python"),
    ],
)
def test_an_opencv_that_cannot_be_used_is_a_line_and_the_rest_is_looked_at(
    tmp_path: Path, loader: str, text: str, advice: str
) -> None:
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text(loader)
    result = run("--json", PYTHONPATH=_path(tmp_path))
    found = findings(result)
    assert result.returncode == 1
    assert found["opencv"]["state"] == "fail"
    assert text in found["opencv"]["text"]
    assert advice in found["opencv"]["advice"]
    assert found["python"]["state"] == "ok"
    assert found["fonts"]["text"].startswith("Latin")
    for name in ("built-in model", "display", "codecs", "cameras", "endpoint"):
        assert found[name]["text"] == "not looked at: it needs opencv"


def test_a_display_that_does_not_answer_is_a_line() -> None:
    found = findings(run("--json", DISPLAY=":4093"))
    assert found["display"]["state"] == "warn"
    assert ":4093" in found["display"]["text"]


def test_a_screen_is_said_with_its_size(screen: dict[str, str]) -> None:
    found = findings(run("--json", DISPLAY=screen["DISPLAY"]))
    assert found["display"]["state"] == "ok"
    assert found["display"]["text"] == "800x600 pixels"


def test_a_wrong_option_is_a_usage_error() -> None:
    result = run("--endpoint", "http://127.0.0.1:9")
    assert result.returncode == 2
    assert "--model" in result.stderr


def _path(folder: Path) -> str:
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
