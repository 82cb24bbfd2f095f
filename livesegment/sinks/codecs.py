"""Codecs and containers of the videos that are written, and the settings of each."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import av
from av.codec.codec import UnknownCodecError

from livesegment.errors import OptionsError
from livesegment.settings import CODECS, Codec


@dataclass(frozen=True, slots=True)
class Coding:
    """How pictures are coded and packed.

    Attributes:
        container: Name of libavformat's muxer.
        codec: Name of libavcodec's encoder.
        pixel_format: Pixel format of the coded pictures.
        ticks_per_s: Resolution of the container's timestamps.
        codec_options: Options of the encoder.
        container_options: Options of the muxer.
        keyframe_s: Seconds from one keyframe to the next; None leaves it to the encoder.
        smallest_side: Fewest lines and columns that the encoder takes.
        shorter: The options that differ where it looks fewer pictures ahead, by their number.
    """

    container: str
    codec: str
    pixel_format: str
    ticks_per_s: int
    codec_options: Mapping[str, str] = field(default_factory=dict)
    container_options: Mapping[str, str] = field(default_factory=dict)
    keyframe_s: float | None = None
    smallest_side: int = 1
    shorter: Callable[[int], Mapping[str, str]] | None = None

    def options_for(self, frame_size: tuple[int, int]) -> dict[str, str]:
        """Return the options of the encoder for pictures of a size, (width, height) in pixels."""
        ahead = max(_LEAST_AHEAD, _PIXELS_AHEAD // (frame_size[0] * frame_size[1]))
        options = dict(self.codec_options)
        if self.shorter is not None and ahead < _AHEAD:
            options.update(self.shorter(ahead))
        return options


# Pictures that x264 looks ahead at its preset veryfast. Each takes 2.7 bytes a pixel: 22 MB at 4K.
_AHEAD, _LEAST_AHEAD = 10, 2
_PIXELS_AHEAD = 20_800_000

DEFAULT_QUALITY = 75

_LAMBDA = 118  # libavcodec's unit of `global_quality`, a step of the quantiser
_CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
VIDEO_SUFFIXES = tuple(_CONTAINERS)
"""Suffixes of the video files that can be written."""

_TAKES: dict[str, tuple[Codec, ...]] = {
    "mp4": ("h264", "vp9", "av1"),
    "mov": ("h264", "prores"),
    "matroska": CODECS,
    "webm": ("vp9", "av1"),
}
# Matroska counts in milliseconds; 90 kHz is exact for 24, 25, 30, 50, 60 and 30000/1001 frames/s.
_LIVE_TICKS_PER_S = 90_000
_TICKS_PER_S = {"mp4": 90_000, "mov": 90_000, "matroska": 1000, "webm": 1000}

# avoid_negative_ts would move the first picture to 0; frag_discont puts it at its own time.
_AVX_512F = 13  # as OpenCV numbers what processors can do
_AVX2 = "SSE2Fast,LZCNT,SSSE3,SSE4.2,AVX,FMA3,BMI1,BMI2,AVX2"  # all that one with AVX-512 has

_FRAGMENTED = {
    "movflags": "+frag_keyframe+empty_moov+default_base_moof+frag_discont",
    "avoid_negative_ts": "disabled",
    "flush_packets": "1",
}
_CLUSTERED = {"cluster_time_limit": "1000", "flush_packets": "1"}
# Sound may begin before 0 with samples that only prepare the decoder; shifting it to 0 would shift
# the pictures with it.
_WHOLE = {
    "movflags": "+faststart",
    "avoid_negative_ts": "disabled",
    "movie_timescale": "90000",  # or a start after 0 would be rounded to 1 ms
}
_WHOLE_CLUSTERED = {**_CLUSTERED, "cues_to_front": "1", "avoid_negative_ts": "disabled"}


@dataclass(frozen=True, slots=True)
class _Encoder:
    """One encoder.

    Attributes:
        name: As libavcodec calls it.
        best: Its crf, or whatever `rate` means, at quality 100.
        worst: Likewise at quality 0.
        speed: Its option for speed; "": it has one speed.
        usual: Speed for files.
        quick: Speed for live recording.
        options: Its other options.
        smallest_side: Fewest lines and columns that it takes.
        rate: Its option for quality.
        pixel_format: Pixel format of what it codes.
        clear_format: The same with alpha; None: it has none.
    """

    name: str
    best: int
    worst: int
    speed: str
    usual: str
    quick: str
    options: Mapping[str, str] = field(default_factory=dict)
    smallest_side: int = 1
    rate: str = "crf"
    pixel_format: str = "yuv420p"
    clear_format: str | None = None


# Without pictures that refer to later ones, decoding order is display order: no player needs an
# edit list to put the first picture at its time, and variable frame rates keep their last duration.
# AV1 hides such pictures inside its packets, so there they do no harm.
_ENCODERS: dict[Codec, tuple[_Encoder, ...]] = {
    "h264": (
        _Encoder(
            "libx264", 10, 50, "preset", "veryfast", "ultrafast", {"bf": "0", "forced-idr": "1"}
        ),
    ),
    "vp9": (
        _Encoder(
            "libvpx-vp9",
            20,
            63,
            "cpu-used",
            "8",
            "8",
            {"deadline": "realtime", "row-mt": "1", "lag-in-frames": "0", "auto-alt-ref": "0"},
            clear_format="yuva420p",
        ),
    ),
    "av1": (
        # Version 4.1 of SVT-AV1 waits for ever on pictures of 640x18.
        _Encoder("libsvtav1", 18, 63, "preset", "9", "10", smallest_side=32),
        _Encoder(
            "libaom-av1",
            18,
            63,
            "cpu-used",
            "8",
            "9",
            {"usage": "realtime", "row-mt": "1", "lag-in-frames": "0"},
        ),
    ),
    "prores": (
        # Of the pixel format it makes the profile: 422 HQ or 4444.
        _Encoder(
            "prores_ks",
            _LAMBDA,
            16 * _LAMBDA,
            "",
            "",
            "",
            {"vendor": "apl0"},
            rate="global_quality",
            pixel_format="yuv422p10le",
            clear_format="yuva444p10le",
        ),
    ),
}


# Files that can say how much of each pixel is there, and programs that read it: browsers take the
# WebM, editing programs the MOV. MP4 cannot say it of any codec here.
_CLEAR = {("webm", "vp9"), ("matroska", "vp9"), ("mov", "prores"), ("matroska", "prores")}


def usual_codec(path: Path, *, alpha: bool = False) -> Codec:
    """Return the codec that a file of this name has unless another one is asked for.

    Args:
        path: Its suffix says it.
        alpha: Whether how much of each pixel is there is to be kept, where the name allows it.
    """
    container = _CONTAINERS.get(path.suffix.lower())
    if container == "mov" and alpha:
        return "prores"
    return "vp9" if container == "webm" else "h264"


def video_keeps_alpha(path: Path, codec: str) -> bool:
    """Tell whether a video of this name and codec can say how much of each pixel is there."""
    return (_CONTAINERS.get(path.suffix.lower()), codec) in _CLEAR


def coding_for(
    path: Path,
    codec: str,
    *,
    quality: int,
    speed: str | None = None,
    fragmented: bool = False,
    alpha: bool = False,
) -> Coding:
    """Return how to code a video of this name.

    Quality is one scale for all codecs. It maps to the encoder's constant rate factor on a straight
    line: at 100, 75, 50 and 1 that is 10, 20, 30 and 50 for H.264, 20, 31, 42 and 63 for VP9, 18,
    29, 40 and 63 for AV1. On 720p of people the structural similarity is 0.990 for all three at
    75, with 2.5, 1.5 and 1.1 Mbit/s; below 50, VP9 and AV1 look better and H.264 is smaller. Of
    ProRes it is the quantiser: 1, 5, 8 and 16.

    Args:
        path: Its suffix chooses the container.
        codec: One of `CODECS`.
        quality: 1 (small) to 100 (hardly to be told from the original).
        speed: The encoder's own word for its speed; None: one that keeps up with annotating.
        fragmented: Playable at any moment while it is written.
        alpha: Code how much of each pixel is there too, where `video_keeps_alpha`.

    Raises:
        OptionsError: If the name is none of a video, or the container cannot hold the codec, or
            there is no encoder for it, or the quality is out of range.
    """
    container = _CONTAINERS.get(path.suffix.lower())
    if container is None:
        suffixes = ", ".join(VIDEO_SUFFIXES)
        raise OptionsError(f"{path} cannot be written: a video's name ends in {suffixes}")
    if codec not in CODECS:
        raise OptionsError(f"--codec is one of {', '.join(CODECS)}, not '{codec}'")
    if not 1 <= quality <= 100:
        raise OptionsError(f"--quality is a number from 1 to 100, not {quality}")
    _check_fits(path, container, codec)
    encoder = _find_encoder(codec)
    alpha = alpha and video_keeps_alpha(path, codec)
    crf = _rate(encoder, quality)
    looks_ahead = encoder.name == "libx264" and not (fragmented or speed)
    speed = speed or (encoder.quick if fragmented else encoder.usual)
    return Coding(
        container=container,
        codec=encoder.name,
        pixel_format=(alpha and encoder.clear_format) or encoder.pixel_format,
        ticks_per_s=_TICKS_PER_S[container],
        codec_options={
            **({encoder.speed: speed} if encoder.speed else {}),
            encoder.rate: str(crf),
            **encoder.options,
            **(_repeatable() if encoder.name == "libx264" else {}),
        },
        container_options=_container_options(container, fragmented=fragmented),
        keyframe_s=1.0 if fragmented else 2.0,
        smallest_side=encoder.smallest_side,
        shorter=partial(_shorter, crf) if looks_ahead else None,
    )


def in_fragments(coding: Coding) -> Coding:
    """Return the same coding in a file that is playable at any moment while it is written."""
    return replace(coding, container_options=_container_options(coding.container, fragmented=True))


def live_coding(
    container: str, *, quality: int, keyframe_s: float, speed: str | None = None
) -> Coding:
    """Return how to code pictures that are watched while they are made: H.264 without delay.

    Args:
        container: Name of libavformat's muxer.
        quality: 1 (small) to 100, as of files.
        keyframe_s: Seconds from one keyframe to the next.
        speed: The encoder's own word for its speed; None: that of files.

    Raises:
        OptionsError: If there is no encoder for H.264.
    """
    encoder = _find_encoder("h264")
    return Coding(
        container=container,
        codec=encoder.name,
        pixel_format=encoder.pixel_format,
        ticks_per_s=_LIVE_TICKS_PER_S,
        codec_options={
            encoder.speed: speed or encoder.usual,
            encoder.rate: str(_rate(encoder, quality)),
            "tune": "zerolatency",
            "g": "100000",  # keyframes are asked for by time
            **encoder.options,
        },
        keyframe_s=keyframe_s,
        smallest_side=encoder.smallest_side,
    )


def _rate(encoder: _Encoder, quality: int) -> int:
    return round(encoder.worst - (encoder.worst - encoder.best) * quality / 100)


def _shorter(crf: int, ahead: int) -> Mapping[str, str]:
    """Return what has libx264 look fewer pictures ahead, at about the same quality.

    The less it sees of what a block is needed for later, the coarser it codes it: five clips by
    0.4 to 1.7 dB with 3 pictures and by 1.0 to 3.2 with one, where a step of the rate factor is
    half a dB. At the same signal-to-noise ratio files are 0.5 to 7% larger with 3, and 3 to 11%
    with one.
    """
    finer = round(3 * (_AHEAD - ahead) / (_AHEAD - _LEAST_AHEAD))
    return {"rc-lookahead": str(ahead), "weightp": "none", "crf": str(max(1, crf - finer))}


def _repeatable() -> dict[str, str]:
    """Return what makes libx264 give the same file for the same pictures.

    Its AVX-512 code for the lookahead's tree of macroblocks reads memory that was not written: of a
    hundred files of the same pictures a few had other blocks. With AVX2 none of 666 had.
    """
    import cv2  # here: whoever only asks for the suffixes needs none

    return {"x264-params": f"asm={_AVX2}"} if cv2.checkHardwareSupport(_AVX_512F) else {}


def keeps_pixel_aspect(coding: Coding) -> bool:
    """Tell whether a file of this coding can say that its pixels are not square.

    PyAV has no way to say so to the muxer of Matroska and WebM; H.264 says it by itself.
    """
    return coding.container in {"mp4", "mov"} or coding.codec == _ENCODERS["h264"][0].name


def _check_fits(path: Path, container: str, codec: Codec) -> None:
    if codec in _TAKES[container]:
        return
    choices = " or ".join(f"--codec {other}" for other in _TAKES[container])
    suffix = ".mov" if codec == "prores" else ".mkv" if container == "mov" else ".mp4"
    raise OptionsError(
        f"{path} cannot hold {codec}: choose {choices}, or a name that ends in {suffix}"
    )


def _find_encoder(codec: Codec) -> _Encoder:
    for encoder in _ENCODERS[codec]:
        try:
            av.Codec(encoder.name, "w")
        except UnknownCodecError:
            continue
        if encoder.name == "libsvtav1":
            # It writes a page about itself on stderr unless told not to; errors are raised anyway.
            os.environ.setdefault("SVT_LOG", "0")
        return encoder
    raise OptionsError(
        f"the installed PyAV has no encoder for {codec}: install its wheel with "
        "'pip install --force-reinstall --only-binary av av', or choose another --codec"
    )


def _container_options(container: str, *, fragmented: bool) -> Mapping[str, str]:
    if container in {"matroska", "webm"}:
        return _CLUSTERED if fragmented else _WHOLE_CLUSTERED
    return _FRAGMENTED if fragmented else _WHOLE
