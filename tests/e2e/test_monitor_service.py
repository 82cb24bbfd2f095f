"""A monitor under a service manager: notices, health and figures of a real one."""

import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest
from conftest import need_package
from monitored import monitored, until
from waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="monitor needs a Unix system")

CAMERA = '[[camera]]\nname = "yard"\nsource = "pattern:160x120@15"\n'


class Manager:
    """The end of the socket that systemd would have."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0"))
        self._socket.settimeout(30)

    def until(self, line: str) -> list[str]:
        """Return the notices up to the next one with a line."""
        seen: list[str] = []

        def came() -> bool:
            seen.append(self._socket.recv(4096).decode())
            return line in seen[-1].split("\n")

        wait_until(came, line, pause_s=0)
        return seen

    def close(self) -> None:
        self._socket.close()


def figures(url: str) -> dict[str, float]:
    """Return the sums of all samples by name."""
    parser = need_package("prometheus_client.parser", extra="monitor")
    sums: dict[str, float] = {}
    for family in parser.text_string_to_metric_families(httpx.get(f"{url}/metrics").text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    return sums


@pytest.mark.parametrize("place", ["file", "abstract"])
def test_a_service_manager_is_told_of_start_life_reload_and_end(tmp_path: Path, place: str) -> None:
    if place == "abstract" and sys.platform != "linux":
        pytest.skip("sockets without a file are Linux's own")
    address = str(tmp_path / "notify") if place == "file" else f"@livesegment-{tmp_path.name}"
    manager = Manager(address)
    try:
        environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}
        with monitored(tmp_path, CAMERA, **environment) as monitor:
            assert "STATUS=watching 1 camera" in manager.until("READY=1")[-1]
            manager.until("WATCHDOG=1")
            monitor.program.send_signal(signal.SIGHUP)
            assert "MONOTONIC_USEC=" in manager.until("RELOADING=1")[-1]
            manager.until("READY=1")
            manager.until("WATCHDOG=1")
            assert monitor.ended(by=signal.SIGTERM) == 130
            manager.until("STOPPING=1")
    finally:
        manager.close()


@pytest.mark.needs_package("prometheus_client", extra="monitor")
def test_a_monitor_is_alive_ready_and_counts(tmp_path: Path) -> None:
    with monitored(tmp_path, CAMERA) as monitor:
        monitor.until_runs("yard")
        assert httpx.get(f"{monitor.url}/healthz").status_code == 200
        until(lambda: httpx.get(f"{monitor.url}/readyz").status_code == 200)
        until(lambda: figures(monitor.url).get("livesegment_masks_received_total", 0) > 0)
        before = figures(monitor.url)
        assert before["livesegment_frames_captured_total"] > 0
        assert before["livesegment_round_trip_seconds_count"] > 0
        assert before["livesegment_process_ends_total"] == 0
        monitor.kill("yard")
        until(lambda: figures(monitor.url)["livesegment_process_ends_total"] == 1)
        monitor.until_runs("yard")
        after = figures(monitor.url)
        # What was counted goes on from process to process.
        for name in ("livesegment_frames_captured_total", "livesegment_round_trip_seconds_count"):
            assert after[name] >= before[name]
