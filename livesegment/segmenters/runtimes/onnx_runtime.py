"""Networks that ONNX Runtime computes, on the processor or on what it has a provider for."""

import importlib
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from livesegment.errors import MissingExtra, OptionsError
from livesegment.segmenters.runtimes.base import (
    Array,
    Network,
    Tensor,
    cannot,
    clean_metadata,
    shown_shape,
)

_PROCESSOR = "CPUExecutionProvider"

_PROVIDERS = {
    "cpu": (_PROCESSOR, "the processor"),
    "cuda": ("CUDAExecutionProvider", "an NVIDIA GPU (CUDA)"),
    "directml": ("DmlExecutionProvider", "the GPU (DirectML)"),
    "openvino": ("OpenVINOExecutionProvider", "Intel's OpenVINO"),
    "coreml": ("CoreMLExecutionProvider", "Apple's CoreML"),
}

_INSTALL = {
    "cpu": "pip install 'livesegment[onnx]'",
    "cuda": "pip uninstall onnxruntime, then pip install onnxruntime-gpu",
    "directml": "pip uninstall onnxruntime, then pip install onnxruntime-directml, on Windows",
    "openvino": "pip uninstall onnxruntime, then pip install onnxruntime-openvino",
    "coreml": "pip install 'livesegment[onnx]', on a Mac",
}
"""All of them are one module: the package that was installed last is the one that is there."""

_UNASKED = ("cuda", "directml", "openvino")
"""In place of the processor where they are there: who has one installed its package for it.

CoreML comes with every package for the Mac, and takes only a part of most models.
"""

_DTYPES = {
    "float": "f4",
    "float16": "f2",
    "double": "f8",
    "uint8": "u1",
    "int8": "i1",
    "uint16": "u2",
    "int16": "i2",
    "int32": "i4",
    "int64": "i8",
}
_FATAL_ONLY = 4


class OnnxRuntimeNetwork(Network):
    """Runs an ONNX file with ONNX Runtime.

    Args:
        path: A .onnx file.
        device: `auto`, or a device of `_PROVIDERS`.
        threads: How many threads of the processor it may use.

    Raises:
        MissingExtra: If ONNX Runtime is not installed, or not for this device.
        OptionsError: If it cannot read the file as a model, or not run it on this device.
    """

    def __init__(self, path: Path, device: str, threads: int) -> None:
        self._path = path
        runtime = _import(device)
        provider, name = _PROVIDERS[_choose(device, runtime.get_available_providers())]
        session = _open(runtime, path, provider, threads)
        # It goes back to the processor where libraries of the device are missing.
        if provider not in session.get_providers():
            if device != "auto":
                raise OptionsError(
                    f"ONNX Runtime cannot use the device {device} here: its driver or libraries are"
                    " missing"
                )
            _, name = _PROVIDERS["cpu"]
        self._session = session
        self.device = f"{name}, with ONNX Runtime"
        self.inputs = tuple(_tensor(each) for each in session.get_inputs())
        self.outputs = tuple(each.name for each in session.get_outputs())
        self.metadata = clean_metadata(session.get_modelmeta().custom_metadata_map)

    def run(self, blob: Array) -> dict[str, Array]:
        """Compute every output; several threads may do so at once."""
        try:
            outputs = self._session.run(None, {self.inputs[0].name: blob})
        except Exception as error:
            raise cannot(
                f"ONNX Runtime cannot run {self._path} on {shown_shape(blob)} {blob.dtype}", error
            ) from error
        return dict(zip(self.outputs, outputs, strict=True))

    def close(self) -> None:
        """Release the network."""
        self._session = None


def is_installed() -> bool:
    """Tell whether ONNX Runtime is there and can be loaded."""
    try:
        _import("cpu")
    except MissingExtra:
        return False
    return True


def _import(device: str) -> Any:
    try:
        # A package that was taken away can leave its empty folder, which is imported all the same.
        runtime = importlib.import_module("onnxruntime")
        runtime.InferenceSession  # noqa: B018
    except (ImportError, AttributeError):
        wanted = "cpu" if device == "auto" else device
        install = _INSTALL[wanted].removeprefix("pip uninstall onnxruntime, then ")
        raise MissingExtra(f"the device {wanted} needs ONNX Runtime: {install}") from None
    return runtime


def _choose(device: str, available: list[str]) -> str:
    if device == "auto":
        there = (each for each in _UNASKED if _PROVIDERS[each][0] in available)
        return next(there, "cpu")
    if _PROVIDERS[device][0] not in available:
        raise MissingExtra(
            f"this ONNX Runtime does not have the device {device}: {_INSTALL[device]}"
        )
    return device


def _open(runtime: Any, path: Path, provider: str, threads: int) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait for work would otherwise keep their cores busy, which the picture needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = list(dict.fromkeys((provider, _PROCESSOR)))
    # It prints what libraries are missing, where replies and figures may be written.
    with redirect_stdout(StringIO()):
        if provider != _PROCESSOR and hasattr(runtime, "preload_dlls"):
            runtime.preload_dlls()  # CUDA's, as NVIDIA's packages bring them
        try:
            return runtime.InferenceSession(path, options, providers=providers)
        except Exception as error:
            raise cannot(f"{path} is not an ONNX model that ONNX Runtime can run", error) from error


def _tensor(node: Any) -> Tensor:
    kind = node.type.removeprefix("tensor(").removesuffix(")")
    shape = (each if isinstance(each, int) and each > 0 else None for each in node.shape)
    return Tensor(node.name, tuple(shape), np.dtype(_DTYPES.get(kind, "f4")))
