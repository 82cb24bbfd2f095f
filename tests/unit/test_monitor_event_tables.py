"""What a monitor's configuration says about events."""

from pathlib import Path

import pytest

from livesegment import ApiKey, Rule
from livesegment.monitor.config import MonitorConfig, read_config
from livesegment.monitor.config_tables import ConfigMistakes

CAMERA = '[[camera]]\nname = "door"\nsource = "pattern:"\n'
HIDE = "[[camera.hide]]\n"
RULE = '[[camera.rule]]\nclass = "person"\nabove = 5\n'


def read(folder: Path, text: str, **environment: str) -> MonitorConfig:
    path = folder / "cameras.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return read_config(path, environment)


def test_a_rule_and_all_that_is_told_of_it(tmp_path: Path) -> None:
    text = f"""
        [events]
        folder = "{tmp_path}"
        pre = 3
        post = 4.5
        keep = 200
        camera_lost = 30
        webhook = "https://example.org/hook"
        webhook_secret = "${{SECRET}}"
        mqtt = "mqtt://cam@192.168.1.5/house"
        {CAMERA}
        [[camera.rule]]
        name = "porch"
        class = "person"
        above = 5
        for = 2
        zone = [[0, 0], [1, 0], [1, 0.5]]
        hysteresis = 1
        cooldown = 30
        [[camera.rule]]
        class = "car"
        below = 0.5
    """
    config = read(tmp_path, text, SECRET="abc", LIVESEGMENT_MQTT_PASSWORD="pw")
    events = config.cameras[0].options.events
    assert events.rules == (
        Rule(
            "porch",
            class_name="person",
            above=0.05,
            for_s=2.0,
            zone=((0.0, 0.0), (1.0, 0.0), (1.0, 0.5)),
            hysteresis=0.01,
            cooldown_s=30.0,
        ),
        Rule("car below 0.5%", class_name="car", below=0.005),
        Rule("camera", "camera", for_s=30.0),
    )
    assert events.camera == "door"
    assert events.jsonl == str(tmp_path / "door.jsonl")
    assert events.clips == str(tmp_path / "door")
    assert (events.pre_s, events.post_s, events.keep_clips) == (3.0, 4.5, "200")
    assert (events.webhook_secret, events.mqtt_password) == (ApiKey("abc"), ApiKey("pw"))
    assert "192.168" not in repr(events)


def test_without_rules_and_places_nothing_is_noticed(tmp_path: Path) -> None:
    assert not read(tmp_path, CAMERA).cameras[0].options.events.are_wanted


def test_a_camera_may_be_told_of_elsewhere_and_without_clips(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    own = f'events = {{ folder = "{tmp_path}/b", clips = false }}\n'
    config = read(tmp_path, f'[events]\nfolder = "{tmp_path}"\npost = 9\n{CAMERA}{own}')
    events = config.cameras[0].options.events
    assert (events.jsonl, events.clips) == (str(tmp_path / "b" / "door.jsonl"), None)
    assert events.post_s == 9


def test_zones_that_are_hidden_are_each_cameras_own(tmp_path: Path) -> None:
    zones = f"{HIDE}zone = [[0, 0], [0.5, 0], [0.5, 1]]\n{HIDE}zone = [[1, 0], [1, 1], [0.9, 1]]\n"
    other = CAMERA.replace("door", "yard")
    first, second = read(tmp_path, CAMERA + zones + other).cameras
    assert first.options.hide == (
        ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0)),
        ((1.0, 0.0), (1.0, 1.0), (0.9, 1.0)),
    )
    assert second.options.hide == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (HIDE + "zone = [[0, 0], [1, 0]]", 5, "hide.zone is a zone of at least three corners"),
        (HIDE + "zone = [[0, 0], [1, 0], [2, 0]]", 5, "hide.zone is a zone of at least three"),
        (HIDE + "zone = 5", 5, "hide.zone is a list of corners in shares of the picture"),
        (HIDE + "zones = []", 5, "unknown key 'zones' in [hide]: did you mean 'zone'?"),
        (HIDE, 4, "'hide' needs a 'zone'"),
        ("[camera.hide]\nzone = []", 4, "a zone to hide is written in double brackets"),
        ("[[hide]]\nzone = []", 4, "unknown key 'hide'"),
        (RULE.replace("5", "500"), 6, "rule.above is a number from 0 to 100 percent, not 500"),
        (RULE + "below = 2", 4, "rule 'person above 5%': it has either 'above' or 'below'"),
        (
            RULE + "zone = [[0, 0], [1]]",
            7,
            "rule.zone is a list of corners in shares of the picture",
        ),
        (RULE + "zone = [[0, 0], [1, 0]]", 4, "a zone has at least three corners"),
        (RULE + "hysteresis = 7", 4, "the hysteresis is from 0% to 5%"),
        (RULE + "fro = 7", 7, "unknown key 'fro' in [rule]: did you mean 'for'?"),
        (RULE + RULE, 4, "rules 'person above 5%' and 'person above 5%' need different names"),
        ("rule = 3", 4, "a rule is written in double brackets, [[camera.rule]]"),
        ('events.mqtt = "hidden"', 4, "events.mqtt is an address, mqtt://[USER@]HOST"),
        (
            'events.keep = "lots"',
            4,
            "events.keep is a number of clips such as 200, a size such as 5GB",
        ),
        ("events.clips = true", 4, "clips need a 'folder'"),
        ('events.folder = "/etc/passwd/x"', 4, "the folder /etc/passwd/x cannot be made"),
    ],
)
def test_a_mistake_is_said_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigMistakes) as caught:
        read(tmp_path, CAMERA + text)
    [mistake] = caught.value.mistakes
    assert mistake.line == line
    assert said in mistake.text
    assert "hidden" not in str(caught.value)


def test_cameras_that_topics_cannot_tell_apart_are_a_mistake_where_a_broker_is_told(
    tmp_path: Path,
) -> None:
    text = '[[camera]]\nname = "a.b"\nsource = "a"\n[[camera]]\nname = "a_b"\nsource = "b"\n'
    assert len(read(tmp_path, text).cameras) == 2
    with pytest.raises(ConfigMistakes) as caught:
        read(tmp_path, f'events.mqtt = "mqtt://broker"\n{text}')
    assert [each.text for each in caught.value.mistakes] == [
        "MQTT topics call the cameras 'a.b' and 'a_b' the same: give one another name"
    ]
    assert caught.value.mistakes[0].line == 6
