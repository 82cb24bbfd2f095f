"""What a broker says of a camera to Home Assistant, which is acted here on a real broker."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from broker import Broker, Home, look
from conftest import need_package
from events import event
from marked import marked, shown_in
from parts import frame
from waiting import wait_until

from livesegment.events.broker_address import BrokerAddress
from livesegment.events.home_assistant import Device
from livesegment.events.switches import Switches, rule_switch
from livesegment.events.topics import CameraTopics
from livesegment.mask import Mask
from livesegment.output import Shown, Wants
from livesegment.settings import ApiKey
from livesegment.settings.rule import Rule, with_outages
from livesegment.settings.rule_text import parse_rule

need_package("paho.mqtt.client", extra="monitor")
from livesegment.events.mqtt import Announced, MqttPublisher  # noqa: E402
from livesegment.events.mqtt_forgetting import forget_camera  # noqa: E402
from livesegment.events.mqtt_kept import SeenClasses  # noqa: E402
from livesegment.events.mqtt_view import MqttView, seen_classes  # noqa: E402

ODD = "Tür + 'side' / #1"
QUEUE = "queue, 5 o'clock"
RULES = with_outages(
    [
        Rule(ODD, class_name="person", above=0.05),
        parse_rule("car < 1% named gate"),
        Rule(QUEUE, class_name="person", count_above=3),
    ]
)
DEVICE = Device("1.2", "Front yard, ä", "http://192.168.1.9:8080")

# home-assistant.io/integrations: what an entity of each kind needs, what else it may say, and of
# what has only certain values, which.
COMMON = {"name", "unique_id", "availability_topic", "device", "origin", "icon", "entity_category"}
ATTRIBUTES = {"json_attributes_topic"}
KINDS: dict[str, tuple[set[str], set[str]]] = {
    "camera": ({"topic"}, ATTRIBUTES),
    "image": ({"image_topic"}, {"content_type", *ATTRIBUTES}),
    "sensor": (
        {"state_topic"},
        {"device_class", "options", "state_class", "unit_of_measurement"}
        | {"suggested_display_precision", *ATTRIBUTES},
    ),
    "binary_sensor": (
        {"state_topic"},
        {"device_class", "payload_on", "payload_off", *ATTRIBUTES},
    ),
    "switch": ({"command_topic"}, {"state_topic", "payload_on", "payload_off", *ATTRIBUTES}),
}
VALUES: dict[tuple[str, str], set[str]] = {
    ("sensor", "device_class"): {"enum"},
    ("sensor", "state_class"): {"measurement"},
    ("binary_sensor", "device_class"): {"problem"},
    ("sensor", "entity_category"): {"diagnostic"},  # a sensor is none of "config"
    ("binary_sensor", "entity_category"): {"diagnostic"},
    ("switch", "entity_category"): {"config"},
}
DEVICE_KEYS = {"identifiers", "name", "manufacturer", "model", "sw_version", "configuration_url"}


@pytest.fixture
def home(broker: Broker) -> Iterator[Home]:
    """Return who listens to it from the beginning."""
    home = Home(broker.port)
    yield home
    home.close()


def address(broker: Broker, **fields: Any) -> BrokerAddress:
    return BrokerAddress("127.0.0.1", broker.port, **fields)


def test_everything_that_is_described_is_as_documented_and_is_told(
    broker: Broker, home: Home
) -> None:
    password, user = marked("broker"), "cam"
    where = address(broker, user=user, password=ApiKey(password), prefix="house/cams")
    topics = CameraTopics("front yard ä", "house/cams")
    announced = Announced(has_pictures=True, is_recorded=True, switches=Switches())
    seen = SeenClasses({"person": 0.25, "très+#/ odd": 0.0}, {"person": 2, "très+#/ odd": 0})
    with MqttPublisher(where, "front yard ä", RULES, DEVICE, announced=announced) as mqtt:
        for number, rule in enumerate(RULES):
            mqtt.put(event(number, rule=rule.name))
        mqtt.note_coverage({ODD: 0.125, "gate": None})
        mqtt.note_counts({QUEUE: 4})
        mqtt.note_classes(seen)
        mqtt.show(b"\xff\xd8jpeg", is_of_event=True)
        home.wait_for(lambda: any(topic.endswith("/picture") for topic in home.payloads))
        home.wait_for(lambda: topics.availability in home.payloads)
        entities = home.entities()
        for topic, said in entities.items():
            _, kind, *ids, _ = topic.split("/")
            # homeassistant/<component>/<node_id>/<object_id>/config
            assert [bool(re.fullmatch(r"[a-zA-Z0-9_-]+", each)) for each in ids] == [True, True]
            needed, known = KINDS[kind]
            assert needed <= said.keys() <= needed | known | COMMON, topic
            assert {"unique_id", "availability_topic", "device", "origin", "name"} <= said.keys()
            for key in said.keys() & {key for of, key in VALUES if of == kind}:
                assert said[key] in VALUES[kind, key]
            assert said["device"].keys() == DEVICE_KEYS
            assert said["origin"]["name"] == "livesegment"
            if kind != "camera":  # that is called as its device
                assert "icon" in said or "device_class" in said
            for key in (key for key in said if key.endswith("topic") and key != "command_topic"):
                assert said[key] in home.payloads, f"{topic}: nothing is said on {said[key]}"
                assert said[key].startswith(f"{topics.base}/")
                assert not set("+#") & set(said[key])
    unique = {(topic.split("/")[1], each["unique_id"]) for topic, each in entities.items()}
    assert len(unique) == len(entities)
    assert {each["device"]["identifiers"][0] for each in entities.values()} == {topics.node}
    assert {each["device"]["configuration_url"] for each in entities.values()} == {DEVICE.page_url}
    assert home.ids() == {
        "camera None",
        "image Last event",
        "sensor Endpoint circuit",
        *(f"binary_sensor {name}" for name in (ODD, "gate", QUEUE, "camera", "endpoint")),
        f"sensor {QUEUE} count",
        *(f"sensor {name} coverage" for name in (ODD, "gate")),
        *(f"sensor {name} {what}" for name in seen.shares for what in ("share", "count")),
        *(f"switch {name}" for name in ("Recording", f"{ODD} rule", "gate rule", f"{QUEUE} rule")),
    }
    assert not shown_in({"MQTT": repr(home.messages).encode()}, (password,))


def test_what_a_rule_counts_is_a_number_and_its_events_say_the_same(
    broker: Broker, home: Home
) -> None:
    topic = CameraTopics("yard", "livesegment").rule_count(QUEUE)
    with MqttPublisher(address(broker), "yard", RULES, DEVICE) as mqtt:
        for noted, told in ((2, "2"), (None, "None"), (0, "0")):
            mqtt.note_counts({QUEUE: noted})
            home.wait_for(lambda told=told: home.said(topic) == told)
        mqtt.put(event(1, rule=QUEUE, subject="count", count=4, counted="instances"))
        home.wait_for(lambda: home.said(topic) == "4")
        [number] = [each for each in home.entities().values() if each["name"] == f"{QUEUE} count"]
    assert (number["state_topic"], number["state_class"]) == (topic, "measurement")


def test_what_there_is_no_more_disappears_and_what_there_is_stays(broker: Broker) -> None:
    with MqttPublisher(address(broker), "other", RULES, DEVICE) as mqtt:
        mqtt.put(event(1, rule="gate"))
        look(broker, lambda late: late.said("livesegment/other/availability") == "online")
    old = MqttPublisher(
        address(broker), "yard", RULES, DEVICE, announced=Announced(switches=Switches())
    )
    with old:
        old.put(event(2, rule="gate"))
        old.note_classes(SeenClasses({"person": 0.5, "car": 0.0}))
        look(broker, lambda late: late.said("livesegment/yard/class__car/share"))
    left = with_outages([parse_rule("dog > 2% named dog")])
    with MqttPublisher(address(broker), "yard", left, DEVICE) as new:
        home = Home(broker.port)
        # A class that the model may still have is there until its first answer.
        home.wait_for(lambda: home.said("livesegment/yard/gate/state") == "")
        home.wait_for(lambda: "sensor car share" in home.ids())
        new.note_classes(SeenClasses({"person": 0.5}))
        home.wait_for(lambda: home.said("livesegment/yard/class__car/share") == "")
        home.close()
        late = look(broker, lambda late: late.said("livesegment/other/gate/event"))
    mine = {topic: each for topic, each in late.entities().items() if "livesegment_yard" in topic}
    assert {each["name"] for each in mine.values()} == {
        *("dog", "dog coverage", "camera", "endpoint", "Endpoint circuit", "person share")
    }
    assert not [topic for topic in late.payloads if topic.startswith("livesegment/yard/gate")]
    # Those of another camera are none of its business.
    assert any("livesegment_other/gate" in topic for topic in late.entities())


def test_a_description_that_is_far_too_long_is_none_of_ours_and_holds_up_nothing(
    broker: Broker, home: Home
) -> None:
    flood = {f"{number}_topic": f"livesegment/yard/{number}" for number in range(3000)}
    for entity in ("flood", "class__flood__share"):
        topic = f"homeassistant/sensor/livesegment_yard/{entity}/config"
        home.say(topic, json.dumps({"name": entity, **flood}), retain=True)
    with MqttPublisher(address(broker), "yard", RULES, DEVICE) as mqtt:
        home.wait_for(lambda: home.said("livesegment/yard/availability") == "online")
        mqtt.note_classes(SeenClasses({"person": 0.5}))
        mqtt.put(event(1, rule="gate"))
        home.wait_for(lambda: home.texts("yard/events"))
    assert "livesegment/yard/2999" not in home.payloads
    assert {"sensor flood", "sensor class__flood__share"} <= home.ids()


def test_classes_of_a_model_that_names_only_what_it_found_stay(broker: Broker) -> None:
    announced = Announced(classes_grow=True)
    for name in ("person", "car"):
        with MqttPublisher(address(broker), "yard", [], DEVICE, announced=announced) as mqtt:
            mqtt.note_classes(SeenClasses({name: 0.5}))
            topic = f"livesegment/yard/class__{name}/share"
            late = look(broker, lambda late, topic=topic: late.said(topic))
    assert {"sensor person share", "sensor car share"} <= late.ids()


def test_a_camera_that_is_gone_is_forgotten_whole_and_no_other_one(broker: Broker) -> None:
    for name in ("yard", "yard2"):
        announced = Announced(has_pictures=True, switches=Switches())
        with MqttPublisher(address(broker), name, RULES, DEVICE, announced=announced) as mqtt:
            mqtt.put(event(1, rule="gate"))
            mqtt.note_classes(SeenClasses({"person": 0.5}))
            mqtt.show(b"\xff\xd8jpeg", is_of_event=True)
            look(
                broker, lambda late, name=name: late.said(f"livesegment/{name}/class__person/share")
            )
    assert forget_camera(address(broker), "yard", threading.Event())
    late = look(broker, lambda late: late.said("livesegment/yard2/availability"))
    assert not [each for each in late.payloads if re.search(r"[_/]yard/", each)]
    assert "image Last event" in late.ids()


def test_a_broker_that_is_away_forgets_nothing_and_holds_up_nothing(broker: Broker) -> None:
    broker.kill()
    assert not forget_camera(address(broker), "yard", threading.Event(), patience_s=0.2)


def test_commands_switch_and_are_remembered_and_kept_ones_are_not_obeyed(
    broker: Broker, home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    base, gate = "livesegment/yard", "livesegment/yard/gate/enabled"
    home.say(f"{base}/recording/set", "OFF", retain=True)
    path = tmp_path / "state" / "yard.json"
    switches = Switches(path)
    announced = Announced(is_recorded=True, switches=switches)
    with MqttPublisher(address(broker), "yard", RULES, DEVICE, announced=announced):
        home.wait_for(lambda: home.said(f"{base}/recording") == "ON")
        home.wait_for(lambda: home.said(f"{base}/availability") == "online")
        wait_until(lambda: "a retained command is not obeyed" in caplog.text, "a warning")
        for odd in ("", "off", "OFF ", "\0", "1" * 100_000):
            home.say(f"{gate}/set", odd)
        for odd in ("redact", "hide", "camera/enabled", "x/enabled", "recording/x"):
            home.say(f"{base}/{odd}/set", "OFF")
        home.say(f"{gate}/set", "OFF")
        home.wait_for(lambda: home.said(gate) == "OFF")
        assert switches.is_on("recording")
        home.say(f"{base}/recording/set", "OFF")
        home.wait_for(lambda: home.said(f"{base}/recording") == "OFF")
        home.say(f"{gate}/set", "ON")
        home.wait_for(lambda: home.said(gate) == "ON")
    assert not switches.is_on("recording")
    assert switches.is_on(rule_switch("gate"))
    assert json.loads(path.read_text()) == {"off": ["recording"]}
    assert not Switches(path).is_on("recording")


def test_without_being_allowed_nothing_is_switched(broker: Broker, home: Home) -> None:
    with MqttPublisher(
        address(broker), "yard", RULES, DEVICE, announced=Announced(is_recorded=True)
    ):
        home.wait_for(lambda: home.said("livesegment/yard/availability") == "online")
    assert not [each for each in home.ids() if each.startswith("switch")]
    assert not [topic for topic in home.payloads if topic.endswith(("/enabled", "/recording"))]


@pytest.mark.parametrize("text", ["", "[]", '{"off": 1}', '{"off": [1, {}]}', "[" * 5000])
def test_a_spoiled_memory_switches_nothing_off(tmp_path: Path, text: str) -> None:
    path = tmp_path / "yard.json"
    path.write_text(text)
    switches = Switches(path)
    assert switches.is_on("recording")
    switches.turn("recording", on=False)
    assert not Switches(path).is_on("recording")


def shown(brightness: int) -> Shown:
    """Return a frame that is black, with a picture that is not: as redaction leaves it."""
    mask = Mask(np.zeros((48, 64), np.uint8), {0: "background", 1: "person"})
    return Shown(frame(0), mask, mask, np.full((480, 1280, 3), brightness, np.uint8))


def test_a_few_pictures_a_second_are_published_and_one_of_each_event(
    broker: Broker, home: Home
) -> None:
    now = [100.0]
    announced = Announced(has_pictures=True)
    base = "livesegment/yard"

    def bright(topic: str) -> float:
        data = home.payloads.get(f"{base}/{topic}")
        return 0.0 if data is None else float(cv2.imdecode(np.frombuffer(data, np.uint8), 1).mean())

    with (
        MqttPublisher(address(broker), "yard", RULES, DEVICE, announced=announced) as mqtt,
        MqttView(mqtt, 2.0, lambda: now[0]) as view,
    ):
        wait_until(lambda: view.is_waiting, "the broker")
        assert view.wants is Wants.SHOWN
        view.on_frame(shown(50))
        home.wait_for(lambda: bright("picture") == pytest.approx(50, abs=2))
        assert (view.wants, view.is_waiting) == (Wants.FRAMES, False)
        now[0] += 0.49
        assert view.wants is Wants.FRAMES
        now[0] += 0.02
        assert (view.wants, view.is_waiting) == (Wants.SHOWN, False)
        view.on_frame(shown(100))
        home.wait_for(lambda: bright("picture") == pytest.approx(100, abs=2))
        assert bright("event_picture") == 0
        mqtt.put(event(1, rule="gate"))
        # At once, though no other picture is due.
        assert (view.wants, view.is_waiting) == (Wants.SHOWN, True)
        view.on_frame(shown(150))
        home.wait_for(lambda: bright("event_picture") == pytest.approx(150, abs=2))
        mqtt.put(event(1, "end", rule="gate"))
        assert (view.wants, view.is_waiting) == (Wants.FRAMES, False)
    data = np.frombuffer(home.payloads[f"{base}/picture"], np.uint8)
    assert cv2.imdecode(data, 1).shape == (240, 640, 3)
    # Nobody who comes later sees the place as it was at some time, but at the last event.
    late = look(broker, lambda late: late.said(f"{base}/availability"))
    assert f"{base}/event_picture" in late.payloads
    assert f"{base}/picture" not in late.payloads


def test_without_pictures_none_is_made(broker: Broker, home: Home) -> None:
    with MqttPublisher(address(broker), "yard", RULES, DEVICE) as mqtt, MqttView(mqtt, 0) as view:
        home.wait_for(lambda: home.said("livesegment/yard/availability") == "online")
        mqtt.put(event(1, rule="gate"))
        assert (view.wants, view.is_waiting) == (Wants.FRAMES, False)
    assert not [each for each in home.ids() if each.startswith(("camera", "image"))]


def test_shares_are_of_the_picture_and_counts_of_what_the_model_told_apart() -> None:
    names = {0: "background", 1: "car", 2: "person", 3: "car"}
    ids, things = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint16)
    ids[:10], things[:10, :20], things[:10, 20:] = 1, 1, 2
    ids[20:30, :20], things[20:30, :20] = 3, 700
    answer = Mask(ids, names, instance_ids=things)
    moved = Mask(np.roll(ids, 5, 0), names)
    seen = seen_classes(moved, answer)
    assert seen.shares == {"car": pytest.approx(0.375), "person": 0.0}
    assert seen.counts == {"car": 3, "person": 0}
    assert seen_classes(moved, moved).counts is None
