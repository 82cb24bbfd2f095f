"""Draws scenes and trains the edge refiner and the side fuser on them, from nothing.

    python tests/training/train.py --work DIR --to DIR

It may be broken off at any time and goes on with what `--work` holds: a file for each scene, one
for the examples found in it in each round, the weights of each round, and a training's state every
minute. Scenes are kept as pictures and masks: with other features, or other sizes of the network,
take a new `--work` and the same `--drawn`.
"""

import argparse
import math
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from functools import cache, partial
from multiprocessing.pool import Pool
from pathlib import Path

# One thread a process: numpy's BLAS reads this when it is first imported.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import cv2

sys.path.insert(0, str(Path(__file__).parent))

import examples
import side_examples
from scenes import Scene
from shape import EARLIER
from store import Example, read_scene, write_examples, write_scene
from textures import Pictures

SIDE_SEEDS = 10_000
"""The side fuser's scenes begin here: it sees what the edge refiner decides of new ones."""

HELD_OUT = 11
"""Every eleventh scene is not trained with."""

ROUNDS = {"edge_1": 2500, "edge_2": 4000, "edge_3": 20_000}
"""Steps of the edge refiner's rounds; each watches with the weights of the one before."""

SIDES = "sides"
SIDE_STEPS = 6000

Watch = Callable[..., list[Example]]

load_pictures = cache(Pictures.load)


def draw(pictures: Path | None, to: Path, seed: int) -> None:
    """Draw a scene, every other one with all that makes footage hard."""
    path = to / f"{seed}.npz"
    # Another process may draw into the same folder.
    if not path.exists():
        scene = Scene(seed, load_pictures(pictures), hard=seed % 2 == 1)
        frames = [scene.frame(t) for t in range(40 if seed % 3 == 0 else 22)]
        write_scene(path, [packed for packed, _ in frames], [truth for _, truth in frames])


def look(watch: Watch, weights: Path | None, drawn: Path, to: Path, seed: int) -> None:
    """Write the examples that are found in a scene."""
    shots = read_scene(drawn / f"{seed}.npz")
    write_examples(to / f"{seed}.npz", watch(shots, seed, weights) if shots else [])


def on_all(
    pool: Pool, what: str, do: Callable[[Path, int], None], folder: Path, seeds: range
) -> None:
    """Make what lacks of a folder of files named by the scenes' seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    lacking = [seed for seed in seeds if not (folder / f"{seed}.npz").exists()]
    for done, _ in enumerate(pool.imap_unordered(partial(do, folder), lacking), 1):
        if done % 20 == 0 or done == len(lacking):
            print(f"{what}: {done} of {len(lacking)}", flush=True)


class Training:
    """One run of the command, or the rest of one."""

    def __init__(self, options: argparse.Namespace, pool: Pool) -> None:
        self._options = options
        self._pool = pool
        self._work: Path = options.work
        self._drawn: Path = options.drawn or self._work / "scenes"
        self._edge = range(options.scenes)
        self._side = range(SIDE_SEEDS, SIDE_SEEDS + math.ceil(options.scenes / 3))

    def draw(self) -> None:
        """Draw all scenes."""
        for seeds in (self._edge, self._side):
            self._draw(seeds)

    def edge_refiner(self) -> Path:
        """Return the file of the last round's weights."""
        weights: Path | None = None
        for number, name in enumerate(ROUNDS):
            to = self._work / f"{name}.npz"
            if not to.exists():
                self._look(name, examples.watch, weights, self._edge)
                # What the untrained one led to is no longer met in the third round.
                self._learn(name, list(ROUNDS)[max(0, number - 1) : number + 1], weights)
            weights = to
        assert weights is not None
        return weights

    def side_fuser(self, edge_refiner: Path) -> Path:
        """Return the file of its weights."""
        to = self._work / f"{SIDES}.npz"
        if not to.exists():
            self._look(SIDES, side_examples.watch, edge_refiner, self._side)
            self._learn(SIDES, [SIDES], None)
        return to

    def _draw(self, seeds: range) -> None:
        on_all(self._pool, "drawn", partial(draw, self._options.pictures), self._drawn, seeds)

    def _look(self, name: str, watch: Watch, weights: Path | None, seeds: range) -> None:
        self._draw(seeds)
        task = partial(look, watch, weights, self._drawn)
        on_all(self._pool, f"watched for {name}", task, self._work / name, seeds)

    def _learn(self, name: str, folders: list[str], start: Path | None) -> None:
        # The processes that draw and watch need no PyTorch.
        import torch
        from learn import Plan, learn

        # More threads would wait for each other longer than they work, beside other processes.
        torch.set_num_threads(1)
        seeds = self._side if name == SIDES else self._edge
        training = [
            self._work / folder / f"{seed}.npz"
            for folder in folders
            for seed in seeds
            if seed % HELD_OUT
        ]
        held_out = [self._work / name / f"{seed}.npz" for seed in seeds if seed % HELD_OUT == 0]
        rounds = {SIDES: SIDE_STEPS} if name == SIDES else ROUNDS
        in_all = sum(rounds.values())
        share = rounds[name] / in_all
        plan = Plan(
            steps=max(1, round((self._options.steps or in_all) * share)),
            seconds=self._options.minutes * 60 * share,
            seed=self._options.seed,
            start=start,
            earlier=None if name == SIDES else EARLIER,
        )
        learn(training, held_out, plan, self._work / f"{name}.npz")


def run(options: argparse.Namespace, pool: Pool) -> None:
    """Do all that has not been done."""
    training = Training(options, pool)
    if options.only == "scenes":
        training.draw()
        return
    refiner = options.refiner or training.edge_refiner()
    made = {"edge_refiner": refiner}
    if options.only != "edge_refiner":
        made["side_fuser"] = training.side_fuser(refiner)
    options.to.mkdir(parents=True, exist_ok=True)
    for name, path in made.items():
        if options.only in (None, name):
            (options.to / f"{name}.npz").write_bytes(path.read_bytes())
            print(f"wrote {options.to / name}.npz", flush=True)


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of what is not finished")
    parser.add_argument("--to", type=Path, required=True, help="folder of the weights")
    parser.add_argument("--drawn", type=Path, help="folder of the scenes; WORK/scenes")
    parser.add_argument("--pictures", type=Path, help="folder that sources.py made, to draw with")
    parser.add_argument("--scenes", type=int, default=600, help="how many; a third more for sides")
    parser.add_argument("--only", choices=("scenes", "edge_refiner", "side_fuser"))
    parser.add_argument("--refiner", type=Path, help="a trained edge refiner, to train the other")
    parser.add_argument("--steps", type=int, help="of a network's training, in all its rounds")
    parser.add_argument("--minutes", type=float, default=1e6, help="likewise, if they are fewer")
    parser.add_argument("--jobs", type=int, default=2, help="processes that draw and watch")
    parser.add_argument("--seed", type=int, default=0, help="of the training, not of the scenes")
    options = parser.parse_args()
    if not 0 < options.scenes < 9000:
        parser.error("--scenes: seeds from 9000 are for comparing")
    # New processes, which are kept: files may be edited while it runs.
    with multiprocessing.get_context("spawn").Pool(options.jobs, _prepare) as pool:
        run(options, pool)


if __name__ == "__main__":
    main()
