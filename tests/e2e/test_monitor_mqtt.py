"""A monitor and its broker, on which somebody switches what may be switched."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from broker import Broker, Home
from conftest import need_package
from monitored import monitored

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="monitor needs a Unix system")

need_package("paho.mqtt.client", extra="monitor")

RULE = '[[camera.rule]]\nname = "Ball, seen"\nclass = "ball"\nabove = 0\nfor = 0\n'


def test_home_assistant_has_its_cameras_and_what_it_switches_stays_so(
    need_tool: Callable[[str], str], tmp_path: Path
) -> None:
    broker = Broker(need_tool("mosquitto"), tmp_path)
    broker.start()
    shared = (
        f'[events]\nmqtt = "mqtt://127.0.0.1:{broker.port}/h"\nmqtt_commands = true\n'
        f'[record]\nfolder = "{tmp_path}"\n'
    )
    one = '[[camera]]\nname = "a"\ntitle = "Yard"\nsource = "pattern:64x48@10"\n'
    other = '[[camera]]\nname = "b"\nsource = "pattern:64x48@10"\nrecord.on = false\n'
    rule = "h/a/Ball_seen"
    home = Home(broker.port)
    try:
        with monitored(tmp_path, shared + one + RULE + other) as monitor:
            told = ("h/a/event_picture", "h/a/picture", "h/a/class__ball/share", "h/b/availability")
            for wanted in told:
                home.wait_for(lambda wanted=wanted: wanted in home.payloads)
            shown = cv2.imdecode(np.frombuffer(home.payloads["h/a/event_picture"], np.uint8), 1)
            assert shown.shape == (48, 64, 3)
            camera = home.entities()["homeassistant/camera/livesegment_a/picture/config"]
            assert camera["device"]["name"] == "Yard"
            assert camera["device"]["configuration_url"] == f"{monitor.url}/#camera=a"
            assert {f"switch {name}" for name in ("Recording", "Ball, seen rule")} <= home.ids()
            home.wait_for(lambda: home.said(f"{rule}/state") == "ON")
            for topic in (f"{rule}/enabled", "h/a/recording"):
                home.say(f"{topic}/set", "OFF")
                home.wait_for(lambda topic=topic: home.said(topic) == "OFF")
            home.wait_for(lambda: home.said(f"{rule}/state") == "OFF")
            before = sorted(tmp_path.glob("a_*.mp4"))
            assert before
            pictures = len(home.texts("h/a/picture"))
            # What is there no more disappears; what is left is as it was switched.
            monitor.config.write_text(f"web.port = 0\n{shared}{one}")
            monitor.program.send_signal(signal.SIGHUP)
            home.wait_for(lambda: not any("Ball, seen" in each for each in home.ids()))
            home.wait_for(lambda: not any("livesegment_b" in each for each in home.entities()))
            home.wait_for(lambda: home.texts("h/a/availability") == ["online", "offline", "online"])
            home.wait_for(lambda: len(home.texts("h/a/picture")) > pictures)
            monitor.said("a: recording was switched off over MQTT, and still is")
            assert home.texts("h/a/recording")[2:] == ["OFF"]
            assert sorted(tmp_path.glob("a_*.mp4")) == before
    finally:
        home.close()
        broker.kill()
    assert {"camera None", "switch Recording", "sensor ball share"} <= home.ids()
