"""`livesegment monitor`, as a user runs it: nothing that happens to one camera stops another."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from monitored import CountingEndpoint, is_gone, monitored, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="monitor needs a Unix system")

A = '[[camera]]\nname = "a"\nsource = "pattern:160x120@15"\n'
B = '[[camera]]\nname = "b"\ntitle = "The yard"\nsource = "pattern:160x120@15"\n'
PLAIN = "[overlay]\nlegend = false\nopacity = 1.0\n"


def shown_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def write_video(path: Path, frames: int) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), 10 * number % 256, np.uint8))
    writer.release()


def test_a_camera_that_is_killed_or_hangs_is_back_and_the_other_is_undisturbed(
    tmp_path: Path,
) -> None:
    with CountingEndpoint() as endpoint, monitored(tmp_path, endpoint.toml + A + B) as monitor:
        monitor.until_runs("a", "b")
        until(lambda: all(each["figures"]["calls"] for each in monitor.cameras().values()))
        before = monitor.cameras()
        os.kill(monitor.pid("a"), signal.SIGKILL)
        monitor.said("a: its process was ended by SIGKILL")
        second = monitor.pid("a", 1)
        until(lambda: monitor.cameras()["a"]["state"] == "running")
        os.kill(second, signal.SIGSTOP)
        monitor.said("a: its process gave no sign of life")
        monitor.pid("a", 2)
        after = monitor.until_runs("a", "b")
        assert is_gone(second)
        assert len(monitor.pids("b")) == 1
        # What was counted goes on from process to process.
        for name in ("a", "b"):
            assert after[name]["figures"]["calls"] > before[name]["figures"]["calls"] > 0
        assert [each["name"] for each in after.values()] == ["a", "b"]
        assert after["b"]["title"] == "The yard"
        assert after["a"]["history"][0] == before["a"]["history"][0]


def test_pictures_come_and_controls_act_on_them_also_after_a_restart(tmp_path: Path) -> None:
    with CountingEndpoint() as endpoint:
        text = endpoint.toml + PLAIN + A
        with monitored(tmp_path, text) as monitor:
            monitor.until_runs("a")
            # Everything is one class, drawn opaque: a picture of one colour.
            until(lambda: monitor.picture("a").std(axis=(0, 1)).max() < 3)
            monitor.change("a", show_overlay=False)
            until(lambda: monitor.picture("a").std(axis=(0, 1)).max() > 10)
            os.kill(monitor.pid("a"), signal.SIGKILL)
            monitor.pid("a", 1)
            monitor.until_runs("a")
            assert monitor.picture("a").std(axis=(0, 1)).max() > 10
            assert not monitor.cameras()["a"]["controls"]["show_overlay"]
            monitor.change("a", show_overlay=True)
            until(lambda: monitor.picture("a").std(axis=(0, 1)).max() < 3)


def test_ctrl_c_finishes_the_recordings(tmp_path: Path) -> None:
    text = f'[record]\nfolder = "{tmp_path}"\nsegment = 1\n' + A + B
    with monitored(tmp_path, text) as monitor:
        monitor.until_runs("a", "b")
        pids = [monitor.pid("a"), monitor.pid("b")]
        assert monitor.ended(by=signal.SIGTERM) == 130
        assert all(map(is_gone, pids))
    assert [line for line in monitor.lines if line.endswith(": stopped")] != []
    assert not any("Traceback" in line for line in monitor.lines)
    for name in ("a", "b"):
        [path] = tmp_path.glob(f"{name}_*.mp4")
        assert shown_frames(path) > 0


def test_a_reload_leaves_alone_what_has_not_changed(tmp_path: Path) -> None:
    with monitored(tmp_path, A + B) as monitor:
        monitor.until_runs("a", "b")
        good = monitor.config.read_text()
        monitor.config.write_text(good + "[budgt]\n[[camera]]\n")
        monitor.program.send_signal(signal.SIGHUP)
        monitor.said("the new configuration is not used, the old one goes on")
        monitor.said(r"cameras.toml:\d+: unknown key 'budgt': did you mean 'budget'\?")
        monitor.said(r"cameras.toml:\d+: a camera needs a 'name'")
        other = good.replace('"The yard"\n', '"The garden"\npicture.align = "paste"\n')
        more = '[[camera]]\nname = "c"\nsource = "pattern:64x48@15"\n'
        monitor.config.write_text(other.replace(A, "") + more)
        monitor.program.send_signal(signal.SIGHUP)
        monitor.said("the configuration was read again")
        said = monitor.until_runs("b", "c")
        assert list(said) == ["b", "c"]
        assert (said["b"]["title"], said["b"]["controls"]["align"]) == ("The garden", "paste")
        assert is_gone(monitor.pid("a"))
        assert len(monitor.pids("b")) == 2
        monitor.config.write_text(monitor.config.read_text() + A)
        monitor.program.send_signal(signal.SIGHUP)
        monitor.said("the configuration was read again", times=2)
        monitor.until_runs("a", "b", "c")
        assert (len(monitor.pids("a")), len(monitor.pids("b")), len(monitor.pids("c"))) == (2, 2, 1)


def test_nothing_is_left_of_a_monitor_that_is_killed(tmp_path: Path) -> None:
    text = f'[record]\nfolder = "{tmp_path}"\n' + A + B
    with monitored(tmp_path, text) as monitor:
        monitor.until_runs("a", "b")
        pids = [monitor.pid("a"), monitor.pid("b")]
        monitor.ended(by=signal.SIGKILL)
        until(lambda: all(map(is_gone, pids)))
    for name in ("a", "b"):
        [path] = tmp_path.glob(f"{name}_*.mp4")
        assert shown_frames(path) > 0


def test_all_cameras_together_never_ask_for_more_than_the_budget(tmp_path: Path) -> None:
    cameras = A + B + A.replace('"a"', '"c"')
    budget = "[budget]\nin_flight = 2\ncalls_per_hour = 14400\n"
    with CountingEndpoint(latency_s=0.3) as endpoint:
        with monitored(tmp_path, endpoint.toml + budget + cameras) as monitor:
            monitor.until_runs("a", "b", "c")
            for number in range(2):
                os.kill(monitor.pid("a", number), signal.SIGKILL)
                monitor.pid("a", number + 1)
            made = len(endpoint.times)
            until(lambda: len(endpoint.times) >= made + 20)
            figures = [each["figures"]["calls"] for each in monitor.cameras().values()]
            assert min(figures) > 0
        times = endpoint.times
        # Four calls a second, of which four may come at once, and as late as a lease lasts.
        assert len(times) <= 4 + 4 * (times[-1] - times[0] + 6)
        # Those of a process that was killed are still under way here.
        assert endpoint.most <= 2 + 2


def test_a_refusing_endpoint_is_told_and_the_picture_goes_on(tmp_path: Path) -> None:
    secrets = {"DOOR_KEY": "geheim-1", "DOOR_PASSWORD": "geheim-2"}
    with CountingEndpoint() as endpoint:
        endpoint.status = 401
        lost = '[[camera]]\nname = "b"\nsource = "rtsp://anna:${DOOR_PASSWORD}@127.0.0.1:9/cam"\n'
        text = endpoint.toml + 'api_key_env = "DOOR_KEY"\n' + A + lost
        with monitored(tmp_path, text, **secrets) as monitor:
            monitor.until_runs("a")
            until(lambda: monitor.cameras()["a"]["endpoint"] == "trouble")
            until(lambda: monitor.cameras()["b"]["state"] == "waiting")
            monitor.said(r"b: .*rtsp://127.0.0.1:9/cam.*; waiting for it")
            said = monitor.cameras()
            commands = [
                Path(f"/proc/{monitor.pid(name)}/cmdline").read_bytes() for name in ("a", "b")
            ]
            endpoint.status = 200
            until(lambda: monitor.cameras()["a"]["endpoint"] == "answering")
            assert (len(monitor.pids("a")), len(monitor.pids("b"))) == (1, 1)
    everything = f"{said} {commands} {monitor.lines}"
    assert "geheim" not in everything


def test_an_endpoint_that_wants_patience_is_left_alone_until_the_page_asks(tmp_path: Path) -> None:
    with CountingEndpoint() as endpoint:
        endpoint.status, endpoint.retry_after = 429, "600"
        with monitored(tmp_path, endpoint.toml + A) as monitor:
            monitor.until_runs("a")
            monitor.said("a: the endpoint asks to wait 10 min: waiting")
            until(lambda: monitor.cameras()["a"]["endpoint"] == "trouble")
            text = monitor.cameras()["a"]["endpoint_text"]
            assert "the endpoint asks to wait 10 min, tried again in 10 min" in text
            refused = len(endpoint.times)
            endpoint.status, endpoint.retry_after = 200, None
            monitor.retry("a")
            until(lambda: monitor.cameras()["a"]["endpoint"] == "answering")
            assert monitor.cameras()["a"]["figures"]["errors"] == refused


def test_a_source_that_is_not_there_is_complained_of_once_and_tried_until_it_is(
    tmp_path: Path,
) -> None:
    late = A.replace("pattern:160x120@15", "late.mp4")
    with CountingEndpoint() as endpoint, monitored(tmp_path, endpoint.toml + late + B) as monitor:
        monitor.said("a: .*late.mp4")
        later = re.compile(r"late.mp4.*; it is started again in ([2-9]|\d\d) s")
        until(lambda: later.search(monitor.cameras()["a"]["state_text"]))
        assert sum("late.mp4" in line for line in monitor.lines) == 1
        write_video(tmp_path / "part.mp4", frames=25)
        (tmp_path / "part.mp4").rename(tmp_path / "late.mp4")
        monitor.said("a: runs now")
        until(lambda: monitor.cameras()["a"]["state_text"] == "it has come to its end")
        assert monitor.cameras()["a"]["state"] == "stopped"
        assert len(monitor.pids("b")) == 1


def test_a_check_says_what_is_wrong_or_that_all_is_fine(tmp_path: Path) -> None:
    def checked(text: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "cameras.toml").write_text(text)
        command = [sys.executable, "-m", "livesegment", "monitor", "--check", "cameras.toml"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    fine = checked(A + B)
    assert (fine.returncode, fine.stdout) == (0, "cameras.toml is fine: 2 cameras\n")
    wrong = checked(A + 'surce = "x"\n[overlay]\nopacity = 7\n')
    assert wrong.returncode == 2
    assert wrong.stderr.splitlines() == [
        "livesegment: cameras.toml has 2 mistakes:",
        "cameras.toml:4: unknown key 'surce' in [camera]: did you mean 'source'?",
        "cameras.toml:6: overlay.opacity is a number from 0 to 1, not 7",
    ]
