"""Videos as cameras and phones write them: with sound, in all colours, with pixels of any shape."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from livesegment.frame import Image

TONE_HZ = 440
SOUND_RATE = 48_000

# (kr, kb) of ITU-R BT.601, BT.709 and BT.2020, by their code point in ITU-T H.273.
_LUMA = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


def colour_chart(width: int = 256, height: int = 64) -> Image:
    """Return 16 greys from black to white above eight colours, BGR."""
    chart = np.zeros((height, width, 3), np.uint8)
    chart[: height // 2] = np.repeat(np.arange(16) * 17, width // 16)[None, :, None]
    colours = [(0, 0, 255), (0, 255, 0), (255, 0, 0), (40, 200, 230)]
    colours += [(230, 200, 40), (120, 60, 180), (0, 0, 0), (255, 255, 255)]
    chart[height // 2 :] = np.repeat(np.array(colours, np.uint8), width // 8, axis=0)[None]
    return chart


def chart_error(image: Image) -> int:
    """Return by how much the middle of the worst field of a chart is off, of 255."""
    height, width = image.shape[:2]
    error = np.abs(image.astype(int) - colour_chart(width, height)).max(axis=2)
    greys = error[height // 4, width // 32 :: width // 16]
    colours = error[height * 3 // 4, width // 16 :: width // 8]
    return int(max(greys.max(), colours.max()))


def coded(
    image: Image, *, matrix: int = 1, full_range: bool = False, bits: int = 8
) -> av.VideoFrame:
    """Code a BGR picture by the formulas of the standards, with 4:2:0 chroma.

    Args:
        image: Of even size.
        matrix: Code point in ITU-T H.273: 1, 6 or 9.
        full_range: Use 0 to 255 instead of 16 to 235.
        bits: 8 or 10.
    """
    kr, kb = _LUMA[matrix]
    blue, green, red = np.moveaxis(image / 255, 2, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    top, step = 2**bits - 1, 2 ** (bits - 8)
    scale = (top, 0, top) if full_range else (219 * step, 16 * step, 224 * step)
    planes = [scale[0] * luma + scale[1]]
    planes += [scale[2] * each[::2, ::2] + 128 * step for each in chroma]
    frame = av.VideoFrame(image.shape[1], image.shape[0], "yuv420p" if bits == 8 else "yuv420p10le")
    for plane, values in zip(frame.planes, planes, strict=True):
        numbers = np.clip(np.rint(values), 0, top).astype(np.uint8 if bits == 8 else "<u2")
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : numbers.shape[1] * numbers.itemsize] = numbers.view(np.uint8)
        plane.update(rows.tobytes())
    return frame


def write_recording(
    path: Path,
    pictures: Sequence[av.VideoFrame | Image],
    times_s: Sequence[float],
    *,
    codec: str = "libx264",
    options: Mapping[str, str] | None = None,
    tags: Mapping[str, object] | None = None,
    sounds: Sequence[tuple[str, float, float]] = (),
    language: str | None = None,
    title: str | None = None,
    muxer: Mapping[str, str] | None = None,
) -> Path:
    """Write a video, lossless unless `options` say otherwise, with tones beside it.

    Args:
        path: Its suffix decides the container.
        pictures: One for each time.
        times_s: In seconds, to 1 ms.
        codec: Encoder.
        options: Of the encoder.
        tags: Attributes of the codec context: colours, `sample_aspect_ratio`.
        sounds: For each stream of sound its codec, and when it begins and ends, in seconds.
        language: Of all of them.
        title: Of the whole.
        muxer: Options of the container.
    """
    frames = [p if isinstance(p, av.VideoFrame) else coded(p) for p in pictures]
    if options is None:
        options = {"qp": "0", "preset": "veryfast", "bf": "2"} if codec == "libx264" else {}
    with av.open(str(path), "w", container_options=dict(muxer or {})) as container:
        container.metadata.update({"title": title} if title else {})
        stream = container.add_stream(codec, rate=25, options=dict(options))
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = frames[0].format.name
        stream.codec_context.time_base = Fraction(1, 1000)
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        added = []
        for sound, *_ in sounds:
            added.append(container.add_stream(sound, rate=SOUND_RATE))
            added[-1].layout = "mono"
            if language:
                added[-1].metadata["language"] = language
        packets = []
        for frame, time_s in zip(frames, times_s, strict=True):
            frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
            packets += stream.encode(frame)
        packets += stream.encode()
        for tone, (_, begin_s, end_s) in zip(added, sounds, strict=True):
            packets += _tone(tone, begin_s, end_s)
        packets.sort(key=lambda packet: packet.dts * packet.time_base)
        container.mux(packets)
    return path


def _tone(stream: "av.AudioStream", begin_s: float, end_s: float) -> "list[av.Packet]":
    count = round((end_s - begin_s) * SOUND_RATE)
    wave = 0.3 * np.sin(2 * np.pi * TONE_HZ * np.arange(count) / SOUND_RATE)
    whole = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], "flt", "mono")
    whole.sample_rate, whole.pts = SOUND_RATE, round(begin_s * SOUND_RATE)
    whole.time_base = Fraction(1, SOUND_RATE)
    resampler = av.AudioResampler(stream.format.name, "mono", SOUND_RATE, stream.frame_size or 1024)
    packets = []
    for frame in [*resampler.resample(whole), *resampler.resample(None)]:
        packets += stream.encode(frame)
    return packets + stream.encode()
