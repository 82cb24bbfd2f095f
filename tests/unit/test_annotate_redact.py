"""Nothing of a redacted class is in what annotating writes."""

import zipfile
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from masks import PICTURES
from privacy import CLASS_NAME, Shot, entering_shots, pattern_shots, seen_pixels

from livesegment import (
    AnnotateOptions,
    EndpointOptions,
    Frame,
    KeyframeOptions,
    Mask,
    OptionsError,
    OverlayOptions,
    RedactOptions,
    Segmenter,
    annotate,
)
from livesegment.errors import OutputExists
from livesegment.export import export_path
from livesegment.frame import Image
from livesegment.settings import EXPORTS
from livesegment.sources.pattern import CLASS_MAP

PLAIN = OverlayOptions(opacity=0, legend=False)
CODED = 40
"""What a codec may make of black."""


class Truth(Segmenter):
    """Knows the true masks, of pictures of 192x144."""

    def __init__(self, shots: list[Shot]) -> None:
        self._shots = shots
        self.calls = 0

    def segment(self, frame: Frame) -> Mask:
        self.calls += 1
        return Mask(self._shots[frame.index].class_ids, CLASS_MAP, frame.index)


def read_alpha(path: Path) -> list[Image]:
    """Return the pictures of a file that has alpha, BGRA."""
    with av.open(str(path)) as container:
        return [each.to_ndarray(format="bgra") for each in container.decode(video=0)]


def write_images(folder: Path, shots: list[Shot], suffix: str = ".png") -> Path:
    folder.mkdir()
    for index, shot in enumerate(shots):
        cv2.imwrite(str(folder / f"{index:03}{suffix}"), shot.image)
    return folder


def read_images(folder: Path) -> list[Image]:
    return [cv2.imread(str(path)) for path in sorted(folder.iterdir())]


def read_video(path: Path) -> list[Image]:
    with av.open(str(path)) as container:
        return [each.to_ndarray(format="bgr24") for each in container.decode(video=0)]


def options(style: str = "black", unmasked: str = "withhold", **fields: object) -> AnnotateOptions:
    redact = RedactOptions(frozenset({CLASS_NAME}), style, unmasked)
    return AnnotateOptions(overlay=PLAIN, redact=redact, **fields)


def test_a_video_of_every_frame_shows_all_but_the_class(tmp_path: Path) -> None:
    shots = pattern_shots(12)
    images = write_images(tmp_path / "in", shots)
    annotate(images, tmp_path / "out.mp4", segmenter=Truth(shots), options=options())
    written = read_video(tmp_path / "out.mp4")
    assert len(written) == 12
    for image, shot in zip(written, shots, strict=True):
        assert seen_pixels(image, shot.class_ids, CODED) == 0
        assert seen_pixels(shot.image, shot.class_ids, CODED) > 300
        elsewhere = np.abs(image.astype(int) - shot.image)[shot.class_ids != 1]
        assert np.median(elsewhere) < 10


@pytest.mark.parametrize("output", ["out", "out.mov"])
def test_what_is_cut_out_holds_nothing_of_the_class_in_colour_where_alpha_is_0_either(
    tmp_path: Path, output: str
) -> None:
    shots = pattern_shots(4)
    images = write_images(tmp_path / "in", shots)
    wanted = replace(
        options(endpoint=EndpointOptions(max_calls=3)),
        overlay=OverlayOptions(style="cutout", legend=False),
    )
    annotate(images, tmp_path / output, segmenter=Truth(shots), options=wanted)
    if output == "out":
        files = sorted((tmp_path / "out").iterdir())
        written = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in files]
    else:
        written = read_alpha(tmp_path / output)
    tolerance = 0 if output == "out" else CODED
    assert len(written) == 4
    for image, shot in zip(written[:3], shots, strict=False):
        assert image.shape[2] == 4
        assert seen_pixels(image[:, :, :3], shot.class_ids, tolerance) == 0
        away = cv2.dilate(np.minimum(shot.class_ids, 1), np.ones((9, 9))) == 0
        assert image[away].max() <= tolerance  # of the room there is nothing at all
        assert image[:, :, :3].max() > 100  # what else is drawn is there
    assert written[3][:, :, :3].max() <= tolerance  # no mask, so it is withheld


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".ppm"])
def test_exported_pictures_are_not_the_files_themselves(tmp_path: Path, suffix: str) -> None:
    shots = pattern_shots(3)
    images = write_images(tmp_path / "in", shots, suffix)
    out = tmp_path / "out"
    if suffix == ".ppm":
        out = tmp_path / "out.mp4"
    annotate(images, out, segmenter=Truth(shots), options=options(export=EXPORTS))
    for kind, place in PICTURES.items():
        exported = read_images(export_path(kind, tmp_path / "out") / place)
        assert len(exported) == 3
        for image, shot in zip(exported, shots, strict=True):
            assert seen_pixels(image, shot.class_ids, CODED if suffix == ".jpg" else 0) == 0
    found = [file for file in tmp_path.rglob("*.jpg") if file.parent.name != "images"]
    assert all(file.parent in {images, out} for file in found)
    with zipfile.ZipFile(tmp_path / "out.cvat.zip") as archive:
        assert not [name for name in archive.namelist() if name.endswith(".jpg")]


def test_without_redaction_exported_pictures_are_the_files_themselves(tmp_path: Path) -> None:
    shots = pattern_shots(1)
    images = write_images(tmp_path / "in", shots)
    plain = AnnotateOptions(overlay=PLAIN, export=("yolo",))
    annotate(images, tmp_path / "out", segmenter=Truth(shots), options=plain)
    copied = tmp_path / "out.yolo" / "images" / "000.png"
    assert copied.read_bytes() == (images / "000.png").read_bytes()


def test_between_keyframes_who_comes_and_goes_unasked_is_hidden(tmp_path: Path) -> None:
    # In sight from frame 3 to 9, while only 0 and 12 are asked about.
    coming = entering_shots(10, 3, (105, 105, 105))
    shots = [*coming, *entering_shots(3, 9, (0, 0, 0))]
    truth = Truth(shots)
    wanted = options(keyframes=KeyframeOptions(every=12))
    images = write_images(tmp_path / "in", shots)
    annotate(images, tmp_path / "out", segmenter=truth, options=wanted)
    assert truth.calls == 2
    written = read_images(tmp_path / "out")
    for image, shot in zip(written, shots, strict=True):
        assert seen_pixels(image, shot.class_ids) == 0
    shares = [
        (image == shot.image).all(axis=2).mean() for image, shot in zip(written, shots, strict=True)
    ]
    assert min(shares[:3]) == 1.0
    assert 0.3 < shares[5] < 1


def test_between_keyframes_a_moving_class_is_hidden(tmp_path: Path) -> None:
    shots = pattern_shots(18)
    images = write_images(tmp_path / "in", shots)
    wanted = options(keyframes=KeyframeOptions(every=6))
    annotate(images, tmp_path / "out", segmenter=Truth(shots), options=wanted)
    for image, shot in zip(read_images(tmp_path / "out"), shots, strict=True):
        assert seen_pixels(image, shot.class_ids) == 0


@pytest.mark.parametrize("unmasked", ["withhold", "blur"])
def test_frames_without_a_mask_are_hidden_whole(
    tmp_path: Path, unmasked: str, caplog: pytest.LogCaptureFixture
) -> None:
    shots = pattern_shots(5)
    images = write_images(tmp_path / "in", shots)
    wanted = options("pixelate", unmasked, endpoint=EndpointOptions(max_calls=2), export=("yolo",))
    with caplog.at_level("WARNING"):
        annotate(images, tmp_path / "out", segmenter=Truth(shots), options=wanted)
    whole = 0
    for image, shot in zip(read_images(tmp_path / "out"), shots, strict=True):
        if unmasked == "withhold":
            whole += not image.any()
        else:
            whole += not (image == shot.image).all(axis=2)[shot.class_ids == 0].mean() > 0.05
    assert whole == 3
    assert "3 of 5 frames" in caplog.text
    assert len(list((tmp_path / "out.yolo" / "images").iterdir())) == 2


def test_an_output_that_shows_more_is_not_taken_for_complete(tmp_path: Path) -> None:
    shots = pattern_shots(2)
    images, truth = write_images(tmp_path / "in", shots), Truth(shots)
    out = tmp_path / "out"
    annotate(images, out, segmenter=truth, options=AnnotateOptions(overlay=PLAIN))
    with pytest.raises(OutputExists):
        annotate(images, out, segmenter=truth, options=options())
    annotate(images, out, segmenter=truth, options=options(overwrite=True))
    again = annotate(images, out, segmenter=truth, options=options())
    assert again.files[0].outcome == "already complete"
    assert seen_pixels(read_images(out)[0], shots[0].class_ids) == 0


def test_a_class_that_the_model_does_not_have_ends_it_before_anything_is_written(
    tmp_path: Path,
) -> None:
    shots = pattern_shots(2)
    images = write_images(tmp_path / "in", shots)
    wanted = AnnotateOptions(redact=RedactOptions(frozenset({"bal"})), export=("yolo",))
    with pytest.raises(OptionsError, match="the model has no class 'bal' to redact"):
        annotate(images, tmp_path / "out", segmenter=Truth(shots), options=wanted)
    left = [path for path in tmp_path.rglob("*") if path.suffix in {".png", ".jpg"}]
    assert sorted(left) == sorted(images.iterdir())


def test_masks_of_an_earlier_run_are_not_trusted() -> None:
    with pytest.raises(OptionsError, match="kept_masks has masks that may have been carried"):
        options(kept_masks="masks.mkv")
