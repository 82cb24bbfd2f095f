"""Events on a real MQTT broker that is killed and comes back."""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker import Broker, Gate, Listener, free_port
from conftest import need_package
from events import event
from tls import self_signed
from waiting import wait_until

from livesegment import ApiKey, OptionsError
from livesegment.events.broker_address import BrokerAddress
from livesegment.events.home_assistant import Device
from livesegment.settings.rule import with_outages
from livesegment.settings.rule_text import parse_rule

need_package("paho.mqtt.client", extra="monitor")
from livesegment.events.mqtt import MqttPublisher  # noqa: E402 - it cannot be imported without

DEVICE = Device("1.2")
RULES = with_outages([parse_rule("person > 5% named door")])


@pytest.fixture
def broker(need_tool: Callable[[str], str], tmp_path: Path) -> Iterator[Broker]:
    """Return a broker that is not started."""
    broker = Broker(need_tool("mosquitto"), tmp_path)
    yield broker
    broker.kill()


@pytest.fixture
def gate(broker: Broker) -> Iterator[Gate]:
    """Return the publisher's way to the broker, shut."""
    gate = Gate(broker.port)
    yield gate
    gate.close()


def publisher(port: int, lost: list[int] | None = None, **options: float) -> MqttPublisher:
    on_lost = (lambda _: None) if lost is None else lost.append
    address = BrokerAddress.parse(f"mqtt://127.0.0.1:{port}")
    return MqttPublisher(address, "front yard", RULES, DEVICE, on_lost, **options)


def test_home_assistant_is_told_all_it_needs_and_keeps_it(broker: Broker) -> None:
    broker.start()
    first = Listener(broker.port)
    with publisher(broker.port):
        first.wait_for(lambda: first.texts("/availability"))
        late = Listener(broker.port)
        late.wait_for(lambda: len(late.messages) >= 10)
        late.close()
    first.close()
    assert all(retained for _, _, retained in late.messages)
    configs = {
        topic: json.loads(text) for topic, text, _ in late.messages if topic.endswith("/config")
    }
    node = "livesegment_front_yard"
    assert sorted(configs) == [
        f"homeassistant/binary_sensor/{node}/camera/config",
        f"homeassistant/binary_sensor/{node}/door/config",
        f"homeassistant/binary_sensor/{node}/endpoint/config",
        f"homeassistant/sensor/{node}/door_coverage/config",
        f"homeassistant/sensor/{node}/endpoint_circuit/config",
    ]
    for topic, config in configs.items():
        # homeassistant/<component>/[<node_id>/]<object_id>/config
        assert re.fullmatch(r"homeassistant/(binary_)?sensor(/[a-zA-Z0-9_-]+){2}/config", topic)
        # A device needs an identifier and a unique_id, the origin a name.
        assert config["device"]["identifiers"] == [node]
        assert config["device"]["name"] == "front yard"
        assert config["origin"]["name"] == "livesegment"
        assert config["availability_topic"] == "livesegment/front_yard/availability"
        assert config["state_topic"].startswith("livesegment/front_yard/")
    assert len({config["unique_id"] for config in configs.values()}) == 5
    door = configs[f"homeassistant/binary_sensor/{node}/door/config"]
    assert (door["payload_on"], door["payload_off"]) == ("ON", "OFF")
    assert door["name"] == "door"
    coverage = configs[f"homeassistant/sensor/{node}/door_coverage/config"]
    assert coverage["unit_of_measurement"] == "%"
    assert coverage["state_class"] == "measurement"
    assert configs[f"homeassistant/binary_sensor/{node}/camera/config"]["device_class"] == "problem"


def test_events_states_and_coverage_come_and_the_goodbye_at_the_end(broker: Broker) -> None:
    broker.start()
    listener = Listener(broker.port)
    with publisher(broker.port) as mqtt:
        listener.wait_for(lambda: listener.texts("/availability") == ["online"])
        mqtt.put(event(1))
        listener.wait_for(lambda: listener.texts("door/state") == ["OFF", "ON"])
        mqtt.note_coverage({"door": 0.12345})
        listener.wait_for(lambda: listener.texts("door/coverage") == ["12.3"])
        mqtt.note_coverage({"door": 0.12301})  # the same to a tenth of a percent
        mqtt.note_coverage({"door": None})
        mqtt.note_circuit("open")
        listener.wait_for(lambda: listener.texts("yard/circuit") == ["closed", "open"])
        mqtt.note_circuit("half open")
        listener.wait_for(lambda: listener.texts("yard/circuit")[2:] == ["half open"])
        mqtt.put(event(1, "end"))
    listener.wait_for(lambda: listener.texts("/availability") == ["online", "offline"])
    listener.close()
    assert [json.loads(text) for text in listener.texts("yard/events")] == [
        json.loads(event(1).as_json()),
        json.loads(event(1, "end").as_json()),
    ]
    assert listener.texts("door/state") == ["OFF", "ON", "OFF"]
    assert listener.texts("door/coverage") == ["12.3", "None"]
    assert json.loads(listener.texts("door/event")[-1])["kind"] == "end"


def test_every_event_arrives_in_order_although_the_broker_is_killed(
    broker: Broker, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    broker.start()
    gate.open()
    lost: list[int] = []
    listener = Listener(broker.port)
    with caplog.at_level(logging.WARNING), publisher(gate.port, lost) as mqtt:
        mqtt.put(event(1))
        listener.wait_for(lambda: len(listener.ids()) == 1)
        broker.kill()
        listener.close()
        gate.shut()
        for number in range(2, 30):
            mqtt.put(event(number))
        mqtt.note_coverage({"door": 0.5})
        broker.start()
        after = Listener(broker.port)
        gate.open()
        after.wait_for(lambda: len(set(after.ids())) == 28)
        # A broker that was killed has forgotten what it retained.
        after.wait_for(lambda: after.texts("door/coverage") == ["50.0"])
        after.wait_for(lambda: "online" in after.texts("/availability"))
        assert len(after.texts("/config")) >= 4
    after.close()
    assert list(dict.fromkeys(after.ids())) == [event(number).id for number in range(2, 30)]
    assert after.texts("door/state")[0] == "ON"
    assert lost == []
    assert sum("the connection is lost" in message for message in caplog.messages) == 1


def test_what_does_not_fit_while_the_broker_is_away_is_counted(broker: Broker, gate: Gate) -> None:
    lost: list[int] = []
    with publisher(gate.port, lost, capacity=10) as mqtt:
        for number in range(25):
            mqtt.put(event(number))
        assert sum(lost) == 15
        broker.start()
        listener = Listener(broker.port)
        gate.open()
        listener.wait_for(lambda: len(listener.ids()) == 10)
    listener.close()
    assert listener.ids() == [event(number).id for number in range(15, 25)]
    assert sum(lost) == 15


def test_what_waits_when_it_is_closed_is_counted_at_once() -> None:
    lost: list[int] = []
    mqtt = publisher(free_port(), lost)
    for number in range(3):
        mqtt.put(event(number))
    mqtt.close()
    mqtt.put(event(4))
    mqtt.close()
    assert sum(lost) == 4


def test_the_last_will_of_a_killed_program_is_seen(broker: Broker) -> None:
    broker.start()
    listener = Listener(broker.port)
    program = (
        "import sys\n"
        "from livesegment.events.broker_address import BrokerAddress\n"
        "from livesegment.events.mqtt import MqttPublisher\n"
        f"address = BrokerAddress.parse('mqtt://127.0.0.1:{broker.port}/house')\n"
        "from livesegment.events.home_assistant import Device\n"
        "MqttPublisher(address, 'yard', [], Device('1')); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, env={**os.environ}
    ) as child:
        listener.wait_for(lambda: ("house/yard/availability", "online", False) in listener.messages)
        child.kill()
        listener.wait_for(lambda: listener.texts("house/yard/availability")[-1] == "offline")
    listener.close()


def test_a_broker_that_hangs_does_not_hold_up_the_end_and_sees_the_last_will(
    broker: Broker,
) -> None:
    broker.start()
    listener = Listener(broker.port)
    lost: list[int] = []
    mqtt = publisher(broker.port, lost, grace_s=0.1)
    listener.wait_for(lambda: listener.texts("/availability") == ["online"])
    broker.freeze()
    mqtt.put(event(1))
    mqtt.close()
    assert sum(lost) == 1
    broker.thaw()
    listener.wait_for(lambda: listener.texts("/availability")[-1] == "offline")
    listener.close()


def test_a_password_is_used_and_never_shown(
    need_tool: Callable[[str], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(
        [need_tool("mosquitto_passwd"), "-b", "-c", str(passwords), "cam", "s3cret/word"],
        check=True,
        capture_output=True,
    )
    broker = Broker(
        need_tool("mosquitto"), tmp_path, "allow_anonymous false", f"password_file {passwords}"
    )
    if os.geteuid() == 0:
        # Started by root it would become a user who cannot read the file.
        broker.configure("user root")
    broker.start()
    try:
        listener = Listener(broker.port, "cam", "s3cret/word")
        url = f"mqtt://cam@127.0.0.1:{broker.port}"
        with caplog.at_level(logging.DEBUG):
            address = BrokerAddress.parse(url, ApiKey("wrong"))
            with MqttPublisher(address, "yard", RULES, DEVICE):
                said(caplog, "not authorized")
            inline = f"mqtt://cam:s3cret%2Fword@127.0.0.1:{broker.port}"
            for right in (
                BrokerAddress.parse(url, ApiKey("s3cret/word")),
                BrokerAddress.parse(inline),
            ):
                listener.messages.clear()
                with MqttPublisher(right, "yard", RULES, DEVICE):
                    listener.wait_for(lambda: listener.texts("/availability") == ["online"])
                listener.wait_for(lambda: "offline" in listener.texts("/availability"))
        listener.close()
    finally:
        broker.kill()
    assert "s3cret" not in caplog.text + repr(right)
    assert "wrong" not in caplog.text


# paho-mqtt leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_over_tls_the_brokers_certificate_is_checked(
    need_tool: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    key, certificate = self_signed(need_tool("openssl"), tmp_path, 1)
    lines = [f"certfile {certificate}", f"keyfile {key}", "allow_anonymous true"]
    broker = Broker(need_tool("mosquitto"), tmp_path, *lines)
    if os.geteuid() == 0:
        broker.configure("user root")
    broker.start()
    address = BrokerAddress.parse(f"mqtts://127.0.0.1:{broker.port}")
    lost: list[int] = []
    try:
        with caplog.at_level(logging.INFO), MqttPublisher(address, "yard", [], DEVICE, lost.append):
            said(caplog, "its certificate is not trusted (self-signed certificate)")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with (
            caplog.at_level(logging.INFO),
            MqttPublisher(address, "yard", [], DEVICE, lost.append) as mqtt,
        ):
            mqtt.put(event(1))
            said(caplog, "connected to mqtts://127.0.0.1")
    finally:
        broker.kill()
    assert lost == []


def said(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until something was logged."""
    wait_until(lambda: text in caplog.text, text)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://broker", ("broker", 1883, False, "livesegment")),
        ("mqtts://[::1]:8000/house/cams/", ("::1", 8000, True, "house/cams")),
        ("mqtts://broker", ("broker", 8883, True, "livesegment")),
    ],
)
def test_an_address_says_where_the_broker_is(url: str, expected: tuple) -> None:
    address = BrokerAddress.parse(url)
    assert (address.host, address.port, address.uses_tls, address.prefix) == expected


@pytest.mark.parametrize(
    "url",
    [
        "broker",
        "http://broker",
        "mqtt://",
        "mqtt://u:hidden@broker:99999",
        "mqtt://b/a+b",
        "mqtt://u:hidden@broker?x=hidden",
        "mqtt://" + "a" * 64 + ".b",
    ],
)
def test_what_is_no_address_is_said_without_its_password(url: str) -> None:
    with pytest.raises(OptionsError, match="--mqtt") as caught:
        BrokerAddress.parse(url)
    assert "hidden" not in str(caught.value)
