"""Networks that LiteRT, formerly TensorFlow Lite, computes on the processor."""

import importlib
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from livesegment.segmenters.runtimes.base import (
    Array,
    Network,
    Tensor,
    cannot,
    clean_metadata,
    shown_shape,
)

_STDERR = 2  # its file descriptor
_MOST_FILES, _LONGEST_FILE = 16, 2**18


class LiteRTNetwork(Network):
    """Runs a TFLite file with LiteRT; quantized outputs are given as the real numbers they mean.

    Args:
        path: A .tflite file.
        threads: How many threads it may use.

    Raises:
        OptionsError: If LiteRT cannot read it as a model.
        ImportError: If LiteRT is not installed.
    """

    device = "the processor, with LiteRT"

    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        # An interpreter is not thread-safe.
        self._lock = threading.Lock()
        runtime = importlib.import_module("ai_edge_litert.interpreter")
        try:
            with _quiet_stderr():
                self._interpreter = runtime.Interpreter(
                    model_content=path.read_bytes(), num_threads=threads
                )
                self._interpreter.allocate_tensors()
        except (OSError, RuntimeError, ValueError) as error:
            raise cannot(f"{path} is not a TFLite model that LiteRT can run", error) from error
        self._taken = self._interpreter.get_input_details()
        self._given = self._interpreter.get_output_details()
        self.inputs = tuple(map(_tensor, self._taken))
        self.outputs = tuple(each["name"] for each in self._given)
        self.metadata = clean_metadata(packed_texts(path))

    def run(self, blob: Array) -> dict[str, Array]:
        """Compute every output."""
        try:
            with self._lock:
                self._take(blob)
                self._interpreter.invoke()
                return {
                    each["name"]: _real(self._interpreter.get_tensor(each["index"]), each)
                    for each in self._given
                }
        except (RuntimeError, ValueError) as error:
            raise cannot(
                f"LiteRT cannot run {self._path} on {shown_shape(blob)} {blob.dtype}", error
            ) from error

    def close(self) -> None:
        """Release the network."""
        self._interpreter = None

    def _take(self, blob: Array) -> None:
        first = self._taken[0]
        if tuple(first["shape"]) != blob.shape:
            self._interpreter.resize_tensor_input(first["index"], blob.shape, strict=True)
            self._interpreter.allocate_tensors()
            self._taken = self._interpreter.get_input_details()
        self._interpreter.set_tensor(first["index"], blob)


def is_installed() -> bool:
    """Tell whether LiteRT is there and can be loaded."""
    try:
        importlib.import_module("ai_edge_litert.interpreter")
    except ImportError:
        return False
    return True


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep LiteRT from writing what it is made of to stderr, which nothing else turns off.

    What other threads write there in these milliseconds is lost as well.
    """
    try:
        kept = os.dup(_STDERR)
    except OSError:  # It is closed.
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


def _tensor(details: Any) -> Tensor:
    signature = details.get("shape_signature")
    sizes = details["shape"] if signature is None or not len(signature) else signature
    shape = tuple(int(each) if each > 0 else None for each in sizes)
    return Tensor(details["name"], shape, np.dtype(details["dtype"]))


def _real(values: Array, details: Any) -> Array:
    scale, zero = details["quantization"]
    if not scale:
        return values
    real: Array = (values.astype(np.float32) - zero) * np.float32(scale)
    return real


def packed_texts(path: Path) -> dict[str, str]:
    """Return the text files that are packed into a model, such as labels.txt, by their names.

    Source: TensorFlow Lite Metadata; associated files are a ZIP at the end of the model.
    """
    texts = {}
    try:
        with zipfile.ZipFile(path) as packed:
            for each in packed.infolist()[:_MOST_FILES]:
                if each.filename.endswith(".txt") and each.file_size <= _LONGEST_FILE:
                    with packed.open(each) as file:
                        content = file.read(_LONGEST_FILE)
                    texts[each.filename] = content.decode("utf-8", "replace")
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        pass  # Most files have none.
    return texts
