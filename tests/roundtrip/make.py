"""Exports to be read by other tools, and what these are to find in them.

`python tests/roundtrip/make.py FOLDER` writes each format twice, whole and divided, and
`truth.npz`, `truth.json` beside them. Scripts beside this one read them, each in an environment
that has the other tool and not livesegment.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from masks import NAMES, SCENES

from livesegment.export import Origin, Split, export_path, open_exporter
from livesegment.frame import Frame, Image
from livesegment.mask import ClassIds, Mask
from livesegment.settings import EXPORTS
from livesegment.sinks.base import Annotated

SIZE = (160, 120)
ODD_NAMES = {3: "a: b", 4: "# $1", 5: "$image", 8: '</Label> & "it\'s"', 9: "ACE: 'n0|'\\"}
INSTANCES = "instances"


def masks() -> dict[str, Mask]:
    """Return masks of one size, each with something that is easily got wrong."""
    names = NAMES | ODD_NAMES
    made = {each: Mask(_resized(ids), names) for each, ids in SCENES.items()}
    stripes = np.zeros(SIZE[::-1], np.uint8)
    for place, class_id in enumerate((*ODD_NAMES, 255)):
        stripes[:, 20 * place : 20 * place + 15] = class_id
    made["odd names and void"] = Mask(stripes, names)
    ids, instances = np.zeros((2, *SIZE[::-1]), np.uint16)
    for number, (x, y, class_id) in enumerate([(40, 40, 1), (70, 45, 1), (110, 80, 2)], 1):
        disc = np.zeros(ids.shape, np.uint8)
        cv2.circle(disc, (x, y), 25, 1, -1)
        ids[disc > 0], instances[disc > 0] = class_id, number
    ids[100:] = 7
    instances[100:] = 0
    made[INSTANCES] = Mask(
        ids.astype(np.uint8), names, instance_ids=instances, confidences=(0.9, 0.8, 0.6)
    )
    certainty = np.full(SIZE[::-1], 204, np.uint8)
    made["certainty"] = Mask(_resized(SCENES["several"]), names, certainty=certainty)
    return made


def _resized(ids: ClassIds) -> ClassIds:
    return Mask(ids).resized(SIZE).class_ids


def _picture(ids: ClassIds, index: int) -> Image:
    """Return a picture that shows the mask, so that one sees whether both belong together."""
    image = np.full((*ids.shape, 3), 40, np.uint8)
    for class_id in np.unique(ids)[1:].tolist():
        image[ids == class_id] = (200, 40 * class_id % 256, 90 + 10 * index)
    return cv2.GaussianBlur(image, (5, 5), 0)


def main(folder: Path) -> None:
    """Write everything."""
    made = masks()
    (folder / "divided").mkdir(parents=True, exist_ok=True)
    origin = Origin("clip.mp4", "model/3", "40")
    for kind in EXPORTS:
        for split in (None, Split(0.7, seed=1)):
            output = folder / ("divided" if split else "") / "clip.mp4"
            path = export_path(kind, output, is_divided=split is not None)
            with open_exporter(kind, path, "clip", split=split, origin=origin) as exporter:
                for index, mask in enumerate(made.values()):
                    image = _picture(mask.class_ids, index)
                    frame = Frame(image, index, index / 25, 0.0)
                    exporter.write(Annotated(frame, mask, image, scene=index // 2))
                exporter.commit()
    scenes = {scene: sum(index // 2 == scene for index in range(len(made))) for scene in range(9)}
    held_back = Split(0.7, seed=1).validation({each: n for each, n in scenes.items() if n})
    truth = {
        "names": NAMES | ODD_NAMES | {254: "class 254"},
        "val": [index for index in range(len(made)) if index // 2 in held_back],
        "instances": [*made].index(INSTANCES),
        "certainty": [*made].index("certainty"),
    }
    (folder / "truth.json").write_text(json.dumps(truth))
    np.savez(
        folder / "truth.npz",
        ids=np.stack([mask.class_ids for mask in made.values()]),
        instances=made[INSTANCES].instance_ids,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
