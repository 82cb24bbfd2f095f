"""`predict` prints what a reader of the documentation can use."""

import base64
import contextlib
import http.server
import io
import json
import os
import re
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from odd_endpoint import OddEndpoint, raw
from PIL import Image

from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply

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


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Return what `predict` shows on a terminal of 40 columns, without what colours it."""
    pty = pytest.importorskip("pty", reason="terminals are POSIX's")
    main, side = pty.openpty()
    shown = b""

    def read() -> None:
        nonlocal shown
        with contextlib.suppress(OSError):  # its other end is closed
            while piece := os.read(main, 65_536):
                shown += piece

    reader = threading.Thread(target=read)
    reader.start()
    with subprocess.Popen(
        [sys.executable, "-m", "livesegment", "predict", *arguments],
        stdout=side,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "40", **environment},
    ) as program:
        os.close(side)
        assert program.wait(60) == 0
    reader.join(60)
    os.close(main)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode().replace("\r\n", "\n"))


def test_a_terminal_shows_classes_and_their_shares_the_background_last(photo: Path) -> None:
    ids = np.zeros((360, 640), np.uint8)
    ids[:90, :320], ids[90:99, :64], ids[300, :9] = 2, 1, 3
    names = {0: "background", 1: "猫", 2: "[bold]person[/]", 3: "ant", 4: "nobody"}
    reply = json.dumps(flat_reply(Mask(ids, names))).encode()
    with OddEndpoint(lambda _: raw("200 OK", reply)).serving() as url:
        ask = (str(photo), "--endpoint", url, "--model", "any/1")
        table = [re.split("  +", line.strip("■ ")) for line in on_a_terminal(*ask).splitlines()]
        assert table == [
            ["class", "share"],
            ["[bold]person[/]", "12.5 %"],
            ["猫", "0.2 %"],
            ["ant", "< 0.1 %"],
            ["background", "87.2 %"],
        ]
        # A terminal that lacks letters is no reason to fail.
        assert "?  0.2 %" in re.sub("  +", "  ", on_a_terminal(*ask, PYTHONIOENCODING="ascii"))
        written = json.loads(on_a_terminal(*ask, "--json"))
        assert written["class_map"]["1"] == "猫"
        assert "instances" not in written


def test_instances_are_counted_where_the_model_tells_them_apart(photo: Path) -> None:
    def box(x: int, name: str) -> dict[str, object]:
        corners = [(x, 10), (x + 64, 10), (x + 64, 46), (x, 46)]
        return {
            **{"x": x + 32, "y": 28, "width": 64, "height": 36, "confidence": 0.75},
            **{"class": name, "class_id": ["car", "dog"].index(name), "detection_id": str(x)},
            "points": [{"x": x, "y": y} for x, y in corners],
        }

    found = [box(0, "car"), box(100, "car"), box(200, "car"), box(300, "dog")]
    reply = json.dumps({"predictions": found, "image": {"width": 640, "height": 360}}).encode()
    with OddEndpoint(lambda _: raw("200 OK", reply)).serving() as url:
        ask = (str(photo), "--endpoint", url, "--model", "any/1")
        table = [re.split("  +", line.strip("■ ")) for line in on_a_terminal(*ask).splitlines()]
        instances = json.loads(predict(*ask).stdout)["instances"]
    assert [(line[0], *line[2:]) for line in table] == [
        ("class", "instances"),
        ("car", "3"),
        ("dog", "1"),
        ("background",),
    ]
    assert sorted(each["class"] for each in instances) == ["car", "car", "car", "dog"]
    assert {each["confidence"] for each in instances} == {0.75}


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
