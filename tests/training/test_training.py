"""The command that makes the networks of `motion/`; needs the environment that README.md names."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.motion.network import Network
from livesegment.motion.refine import Refiner

ROOT = Path(__file__).parents[2]


def train(folder: Path) -> str:
    sizes = ["--scenes", "2", "--steps", "3", "--jobs", "1"]
    command = [sys.executable, "tests/training/train.py", "--work", str(folder)]
    command += ["--to", str(folder), *sizes]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=True
    )
    return done.stdout


def test_both_networks_are_made_from_nothing_and_only_what_lacks_is_made_again(
    tmp_path: Path,
) -> None:
    assert "drawn" in train(tmp_path)
    refiner, fuser = tmp_path / "edge_refiner.npz", tmp_path / "side_fuser.npz"
    assert fuser.exists()
    first = refiner.read_bytes()

    with np.load(refiner) as arrays:
        aligner = MaskAligner(refiner=Refiner(Network(dict(arrays))))
    random = np.random.default_rng(0)
    wide = random.integers(0, 255, (90, 200, 3), np.uint8)
    truth = np.zeros((90, 160), np.uint8)
    truth[30:60, 40:80] = 1
    for index in range(3):
        aligner.observe(Frame(np.ascontiguousarray(wide[:, index : index + 160]), index, index, 0))
    carried = aligner.align(Mask(truth, {}, 0))
    assert carried is not None
    assert carried.frame_index == 2

    (tmp_path / "edge_3.npz").unlink()
    again = train(tmp_path)
    assert "drawn" not in again
    assert "watched" not in again
    assert refiner.read_bytes() == first
