"""Make sample.mp4: a person who moves before a scene, seen by a camera that moves too.

    pip install livesegment scikit-image
    python make_sample.py

Both photographs are in the public domain and come with scikit-image; README.md says whose they
are. The clip is a closed loop: its last picture leads to its first.
"""

import math
import time

import cv2
import numpy as np
import skimage.data

from livesegment.frame import Frame
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources import SAMPLE_FILE

WIDTH, HEIGHT = 640, 360
FPS, SECONDS = 30, 8

# The person in the photograph of 512x512, roughly; GrabCut finds the exact edge.
OUTLINE = [
    (22, 512), (28, 440), (24, 390), (42, 290), (70, 240), (118, 215), (112, 185), (132, 155),
    (168, 150), (150, 105), (152, 60), (182, 22), (225, 10), (270, 22), (300, 55), (303, 95),
    (285, 130), (268, 150), (300, 185), (306, 225), (340, 250), (356, 300), (362, 345),
    (400, 338), (450, 360), (488, 405), (500, 450), (512, 470), (512, 512),
]  # fmt: skip

WAIST = (200, 512)


def disc(diameter):
    """Return a round structuring element."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))


def cut_out(photograph):
    """Return the person's opacity, float32 (H, W), 0 to 1 with soft edges.

    Source: Rother, Kolmogorov, Blake: GrabCut, ACM Transactions on Graphics 23, 2004.
    """
    height, width = photograph.shape[:2]
    inside = np.zeros((height, width), np.uint8)
    cv2.fillPoly(inside, [np.array(OUTLINE)], 255)
    # She goes on beyond the right and lower border: eroding must not begin there.
    beyond = cv2.copyMakeBorder(inside, 0, 40, 0, 40, cv2.BORDER_REPLICATE)
    certain = cv2.erode(beyond, disc(41))[:height, :width]
    marks = np.full((height, width), cv2.GC_BGD, np.uint8)
    marks[cv2.dilate(inside, disc(25)) > 0] = cv2.GC_PR_BGD
    marks[inside > 0] = cv2.GC_PR_FGD
    marks[certain > 0] = cv2.GC_FGD
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(photograph, marks, None, *models, 6, cv2.GC_INIT_WITH_MASK)
    person = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = cv2.morphologyEx(person, cv2.MORPH_OPEN, disc(7))
    person = cv2.morphologyEx(person, cv2.MORPH_CLOSE, disc(9))
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(person)
    largest = 1 + statistics[1:, cv2.CC_STAT_AREA].argmax()
    person = cv2.erode((labels == largest).astype(np.float32), disc(3))
    return cv2.GaussianBlur(person, (0, 0), 1.2)


def placed(picture, centre, scale, angle, target):
    """Return a picture of WIDTH x HEIGHT with `centre` of `picture` at `target`, scaled, turned."""
    matrix = cv2.getRotationMatrix2D(centre, angle, scale)
    matrix[:, 2] += np.subtract(target, centre)
    return cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)


def compose(scene, person, opacity, turn):
    """Return one picture; `turn` goes from 0 to 1 once through the clip."""
    phase = 2 * math.pi * turn
    camera = 325 + 38 * math.sin(phase), 235 + 10 * math.sin(2 * phase)
    scene_scale = 1.3 + 0.06 * math.cos(phase)
    # So near that the helmet in her arm, of which models think this and that, is out of sight.
    target = WIDTH / 2 - 130 * math.sin(phase + 0.5), HEIGHT + 132 + 5 * math.cos(4 * phase)
    scale, angle = 0.88 + 0.04 * math.sin(2 * phase), 4 * math.sin(3 * phase)
    back = placed(scene, camera, scene_scale, 0.8 * math.sin(2 * phase), (WIDTH / 2, HEIGHT / 2))
    front = placed(person * opacity[:, :, None], WAIST, scale, angle, target)
    cover = placed(opacity, WAIST, scale, angle, target)[:, :, None]
    return np.clip(back * (1 - cover) + front + 0.5, 0, 255).astype(np.uint8)


def main():
    """Write the sample of the package."""
    person = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    scene = cv2.cvtColor(skimage.data.rocket(), cv2.COLOR_RGB2BGR)
    opacity = cut_out(person)
    path = SAMPLE_FILE
    with VideoFileSink(path, fps=FPS, overwrite=True, quality=65, preset="slow") as video:
        for index in range(FPS * SECONDS):
            image = compose(scene, person, opacity, index / (FPS * SECONDS))
            frame = Frame(image, index, index / FPS, time.monotonic())
            video.write(Annotated(frame, None, image))
        video.commit()
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
