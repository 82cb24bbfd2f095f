"""The same work by clients that others publish; `peers.py` runs it in environments that have them.

    python peer_work.py WORK URL CLIP FRAMES

It knows nothing of livesegment, and prints one line of JSON: frames, seconds of wall and CPU, and
the most memory held in MB. `annotators` draws instead, and prints for each number of classes the
milliseconds of CPU of a picture and how many `cv2.addWeighted` of the frame that is.
"""

import base64
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

MODEL = "canned/1"
IN_FLIGHT = 8
SIZE = (1280, 720)
PICTURES = 6
CLASSES = (1, 4, 20)


def client(url, at_once=1):
    from inference_sdk import InferenceConfiguration, InferenceHTTPClient

    configuration = InferenceConfiguration(
        max_concurrent_requests=at_once, api_key_transport="header"
    )
    opened = InferenceHTTPClient(api_url=url, api_key="none")
    return opened.select_api_v0().configure(configuration)


def some(clip, frames):
    import cv2

    capture = cv2.VideoCapture(clip)
    for _ in range(frames):
        is_read, image = capture.read()
        if not is_read:
            return
        yield image


def sdk_stream(url, clip, frames):
    """The generator of pictures and replies, one call after the other."""
    stream = client(url).infer_on_stream(clip, model_id=MODEL)
    for _ in range(frames):
        next(stream)


def sdk_batch(url, clip, frames):
    """Lists of pictures with as many requests at once as the endpoint has places."""
    asked, waiting = client(url, IN_FLIGHT), []
    for image in some(clip, frames):
        waiting.append(image)
        if len(waiting) == 4 * IN_FLIGHT:
            asked.infer(waiting, model_id=MODEL)
            waiting = []
    if waiting:
        asked.infer(waiting, model_id=MODEL)


def sdk_call(url, images, frames):
    """One call after the other, of pictures that are there."""
    asked = client(url)
    for image in images[:frames]:
        ids_of(asked.infer(image, model_id=MODEL))


def roboflow_call(url, images, frames):
    """The other package's call, which opens a connection for each."""
    os.environ["SEMANTIC_SEGMENTATION_URL"] = url
    from roboflow.models.semantic_segmentation import SemanticSegmentationModel

    model = SemanticSegmentationModel("none", f"any/{MODEL}")
    for image in images[:frames]:
        ids_of(model.predict(image[..., ::-1])[0].json())


def process_video(url, clip, frames):
    """Supervision's pipeline with the SDK's client as its model, drawn and written."""
    import supervision as sv

    asked, annotator = client(url), sv.MaskAnnotator()

    def annotate(image, index):
        return annotator.annotate(image, detections(asked.infer(image, model_id=MODEL)))

    with tempfile.TemporaryDirectory() as folder:
        sv.process_video(clip, str(Path(folder) / "out.mp4"), annotate, max_frames=frames)


def ids_of(reply):
    """Return the class of each pixel, which a semantic reply has as a picture."""
    import cv2
    import numpy as np

    png = np.frombuffer(base64.b64decode(reply["segmentation_mask"]), np.uint8)
    return cv2.imdecode(png, cv2.IMREAD_UNCHANGED)


def detections(reply):
    """Return a semantic reply as supervision has it, a mask for each class that was found."""
    return of_ids(ids_of(reply))


def of_ids(ids):
    import numpy as np
    import supervision as sv

    found = np.unique(ids)
    found = found[found > 0]
    masks = ids == found[:, None, None]
    return sv.Detections(sv.mask_to_xyxy(masks), mask=masks, class_id=found.astype(int))


def annotators(rounds):
    """Draw scenes that change from picture to picture, without the making of the masks."""
    import cv2
    import numpy as np
    import supervision as sv

    cv2.setNumThreads(1)
    said = {"opencv": cv2.__version__}
    for classes in CLASSES:
        scenes = [scene(number, classes) for number in range(PICTURES)]
        drawn = [(image, of_ids(ids)) for image, ids in scenes]
        kinds = {"masks": sv.MaskAnnotator(), "outlines": sv.PolygonAnnotator()}
        spent = {name: [] for name in kinds}
        units = {name: [] for name in kinds}
        target = np.zeros_like(scenes[0][0])
        for number in range(rounds):
            image, found = drawn[number % PICTURES]
            other = drawn[(number + 1) % PICTURES][0]
            for name, annotator in kinds.items():
                began_s = time.thread_time()
                cv2.addWeighted(image, 0.5, other, 0.5, 0, dst=target)
                unit_s = time.thread_time() - began_s
                began_s = time.thread_time()
                annotator.annotate(image.copy(), found)
                spent_s = time.thread_time() - began_s
                spent[name].append(1000 * spent_s)
                units[name].append(spent_s / unit_s)
        said[classes] = {
            name: [statistics.median(spent[name]), statistics.median(units[name])] for name in kinds
        }
    return said


def scene(number, classes):
    """Return a picture and ids of areas all over it, half of them clear if there is one class."""
    import cv2
    import numpy as np

    random = np.random.default_rng(number)
    noise = random.integers(0, 256, (45, 80, 3), np.uint8)
    image = cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC)
    coarse = random.permutation(np.arange(60) % max(2, classes)).reshape(6, 10).astype(np.uint8)
    if classes > 1:
        coarse += 1
    width, height = SIZE
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    wave = np.sin(rows / 23) + np.sin(columns / 17)
    x, y = (columns + 20 * wave) * 10 / width, (rows + 20 * wave) * 6 / height
    return image, cv2.remap(coarse, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)


WORKS = {
    each.__name__: each for each in (sdk_stream, sdk_batch, sdk_call, roboflow_call, process_video)
}


def most_memory_mb():
    """Return the most that this process ever held; getrusage would count what started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main():
    name, url, clip, frames = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    if name == "annotators":
        print(json.dumps(annotators(frames)))
        return
    if name in ("sdk_call", "roboflow_call"):
        clip = list(some(clip, frames))
    WORKS[name](url, clip, 2)  # what is imported and connected once
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    WORKS[name](url, clip, frames)
    said = {
        "frames": frames,
        "wall_s": time.perf_counter() - wall_s,
        "cpu_s": time.process_time() - cpu_s,
        "memory_mb": most_memory_mb(),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
