"""`predict` prints what a reader of the documentation can use."""

import base64
import http.server
import io
import json
import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

SAMPLE = Path(__file__).parents[2] / "samples" / "sample.mp4"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    with av.open(str(SAMPLE)) as container:
        image = next(container.decode(video=0)).to_ndarray(format="bgr24")
    cv2.imwrite(str(tmp_path / "photo.jpg"), image)
    return tmp_path / "photo.jpg"


def predict(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "livesegment", "predict", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_the_reply_is_the_documented_json_with_the_person_in_it(photo: Path) -> None:
    reply = json.loads(predict(str(photo)).stdout)
    assert reply["image"] == {"width": 640, "height": 360}
    assert reply["class_map"] == {"0": "background", "1": "person"}
    mask = np.asarray(Image.open(io.BytesIO(base64.b64decode(reply["segmentation_mask"]))))
    assert mask.shape == (360, 640)
    assert set(np.unique(mask)) == {0, 1}
    assert 0.1 < mask.mean() < 0.5


def test_save_writes_the_annotated_picture(photo: Path) -> None:
    saved = photo.with_name("annotated.png")
    predict(str(photo), "--save", str(saved), "--style", "cutout", "--opacity", "1", "--no-legend")
    drawn, before = cv2.imread(str(saved)), cv2.imread(str(photo))
    assert drawn is not None
    assert before is not None
    changed = (drawn != before).any(axis=2)
    assert 0.5 < changed.mean() < 0.95


@pytest.mark.skipif(sys.platform != "linux", reason="mounts the folder read-only")
def test_a_folder_that_is_read_only_is_said_before_anything_is_asked(photo: Path) -> None:
    folder = photo.parent / "disk"
    folder.mkdir()
    folder.chmod(0o555)
    if os.geteuid() == 0:  # whom permissions do not stop
        mount = 'mount --bind -o ro "$0" "$0" && exec "$@"'
        before = ["unshare", "-m", "sh", "-c", mount, str(folder)]
        if subprocess.run([*before, "true"], capture_output=True, check=False).returncode:
            pytest.skip("root may not mount here")
    else:
        before = []
    command = ["predict", str(photo), "--save", str(folder / "annotated.png")]
    ran = subprocess.run(
        [*before, sys.executable, "-m", "livesegment", *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (5, ""), ran.stderr
    (said,) = ran.stderr.splitlines()
    assert said.startswith("livesegment: cannot write")
    assert str(folder) in said


def test_an_image_by_its_address_is_fetched(photo: Path) -> None:
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(photo.parent))
    handler.log_message = lambda *arguments: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        reply = json.loads(predict(f"http://127.0.0.1:{server.server_port}/photo.jpg").stdout)
        server.shutdown()
        thread.join()
    assert reply["image"] == {"width": 640, "height": 360}
