"""Starts Ray on this machine, or joins a cluster; Ray's own talk stays out of the terminal."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from livesegment.address import shown_text, why_unreachable
from livesegment.errors import ClusterError, MissingExtra

LOCAL = "local"

_REACH_S = 5.0
_OBJECT_STORE_BYTES = 80 * 2**20  # Ray's minimum: what goes through it is a few kB a file


def import_ray() -> Any:
    """Return the package ray.

    Raises:
        MissingExtra: If it is not installed.
    """
    # Read as ray is imported: a program must not report on its user unasked.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        return import_module("ray")
    except ImportError:
        raise MissingExtra(
            "--cluster needs Ray: install it with pip install 'livesegment[cluster]'"
        ) from None


@contextmanager
def ray_session(address: str, processors: int) -> Iterator[Any]:
    """Connect to Ray; a program that has done so itself keeps its own connection.

    Args:
        address: `local` starts Ray on this machine, to be ended again; `auto`, `host:port` or
            `ray://host:port` joins a cluster.
        processors: What a local one is to have; so many tasks run at once.

    Yields:
        The package ray.

    Raises:
        MissingExtra: If Ray is not installed.
        ClusterError: If the cluster cannot be joined.
    """
    ray = import_ray()
    if ray.is_initialized():
        yield ray
        return
    _check_reachable(address)
    # On a thread of its own, so that a Ctrl-C waits until it has started: broken off in the middle,
    # it would leave processes behind. That thread lives as long as what it starts, since Linux ends
    # the children of a thread with it.
    with ThreadPoolExecutor(1, thread_name_prefix="ray") as thread:
        try:
            thread.submit(_connect, ray, address, processors).result()
            _take_back_sigterm()
            yield ray
        finally:
            thread.submit(ray.shutdown).result()


def _connect(ray: Any, address: str, processors: int) -> None:
    settings: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if address == LOCAL:
        settings |= {
            "num_cpus": processors,
            "include_dashboard": False,
            "object_store_memory": _OBJECT_STORE_BYTES,
            "_node_ip_address": "127.0.0.1",
        }
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    try:
        with _silent_stderr():
            ray.init(address=address, **settings)
    except Exception as error:  # noqa: BLE001 - Ray raises nearly everything here
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        if address == LOCAL:
            raise ClusterError(f"cannot start Ray: {reason}") from None
        raise ClusterError(
            f"cannot join the cluster {shown_text(address)}: {reason} (one that asks for a token"
            " wants RAY_AUTH_MODE=token set here)"
        ) from None


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Drop what Ray's core, which knows nothing of Python's streams, writes as it connects."""
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _check_reachable(address: str) -> None:
    """Find out in seconds what Ray takes minutes for.

    Raises:
        ClusterError: If nothing answers.
    """
    try:
        parts = urlsplit(address if "://" in address else f"ray://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return  # Ray says what is wrong with it
    if host is None or port is None:
        return
    reason = why_unreachable(host, port, _REACH_S)
    if reason is not None:
        raise ClusterError(f"cannot join the cluster {shown_text(address)}: {reason.lower()}")


def _take_back_sigterm() -> None:
    """Have Python handle SIGTERM again as before, for which Ray's core sets an abort."""
    before = signal.getsignal(signal.SIGTERM)
    if before is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)
