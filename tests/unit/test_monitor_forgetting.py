"""Cameras that are gone, and what a broker still says of them."""

import json
from pathlib import Path

import pytest
from broker import Broker, look
from conftest import need_package
from waiting import wait_until

from livesegment.events.broker_address import BrokerAddress
from livesegment.events.home_assistant import Device
from livesegment.monitor.config import MonitorConfig, read_config
from livesegment.monitor.forgetting import Forgetting
from livesegment.settings.rule import with_outages
from livesegment.state import state_folder

need_package("paho.mqtt.client", extra="monitor")
from livesegment.events.mqtt import MqttPublisher  # noqa: E402 - it cannot be imported without


def config(folder: Path, broker: Broker, *names: str) -> MonitorConfig:
    path = folder / "cameras.toml"
    text = f'[events]\nmqtt = "mqtt://anna:s3cret@127.0.0.1:{broker.port}/house"\n'
    path.write_text(text + "".join(f'[[camera]]\nname="{each}"\nsource="a"\n' for each in names))
    path.chmod(0o600)
    return read_config(path)


def tell(broker: Broker, *names: str) -> None:
    """Have the broker told of cameras."""
    for name in names:
        address = BrokerAddress("127.0.0.1", broker.port, prefix="house")
        with MqttPublisher(address, name, with_outages([]), Device("1")):
            look(broker, lambda late, name=name: late.said(f"house/{name}/availability"))


def test_cameras_that_went_while_no_monitor_ran_are_forgotten(
    broker: Broker, tmp_path: Path
) -> None:
    path = tmp_path / "state" / "mqtt.json"
    tell(broker, "yard", "gate", "a_b")
    with Forgetting(path) as forgetting:
        forgetting.keep_to(config(tmp_path, broker, "yard", "gate", "a.b"))
    assert "s3cret" not in path.read_text()
    with Forgetting(path) as forgetting:
        # Topics know no dots: what is told of one is told of the other.
        forgetting.keep_to(config(tmp_path, broker, "yard", "a_b"))
        wait_until(lambda: not json.loads(path.read_text())["gone"], "the camera to be forgotten")
        late = look(broker, lambda late: late.said("house/yard/availability"))
        assert not [topic for topic in late.payloads if "gate" in topic]
        assert late.said("house/a_b/availability")
        forgetting.keep_to(config(tmp_path, broker, "a_b"))
        wait_until(lambda: not json.loads(path.read_text())["gone"], "the camera to be forgotten")
        late = look(broker, lambda late: late.said("house/a_b/availability"))
        assert not [topic for topic in late.payloads if "yard" in topic]


def test_without_brokers_nothing_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text('[[camera]]\nname = "a"\nsource = "pattern:"\n')
    with Forgetting(tmp_path / "state" / "mqtt.json") as forgetting:
        forgetting.keep_to(read_config(path))
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "HOME": "/h"}, "/var/lib/a"),
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/livesegment"),
        ({"STATE_DIRECTORY": "", "HOME": "/h"}, "/h/.local/state/livesegment"),
    ],
)
def test_each_configuration_remembers_where_the_system_says(
    environment: dict[str, str], folder: str
) -> None:
    one, other = (state_folder(Path(each, "c.toml"), environment) for each in ("/a", "/b"))
    assert one.parent == other.parent == Path(folder)
    assert one != other
