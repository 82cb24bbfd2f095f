"""A few hostile files through every source; `python tests/fuzz/media.py` tries hundreds."""

import subprocess
import sys
from pathlib import Path

import pytest
from kinds import KINDS

SCRIPT = Path(__file__).parent / "media.py"
SERVED = [name for name, kind in KINDS.items() if kind.ends_after_s]
PICTURES = ["webp", "png", "palette", "jpeg", "bmp", "tiff", "folder", "masks", "journal"]
FILMS = [name for name in KINDS if name not in SERVED and name not in PICTURES]


@pytest.mark.skipif(sys.platform != "linux", reason="each command is forked, and weighed")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kinds", [FILMS, PICTURES, SERVED], ids=["films", "pictures", "served"])
def test_no_file_brings_a_command_down(kinds: list[str], tmp_path: Path) -> None:
    tried = subprocess.run(
        [sys.executable, str(SCRIPT), "--seeds", "1", "--only", ",".join(kinds)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "0 failures" in tried.stdout
