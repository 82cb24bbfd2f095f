"""A monitor's configuration: what it means, and each mistake in it with its line."""

import re
from pathlib import Path

import pytest

from livesegment import OptionsError, RedactOptions
from livesegment.monitor.config import MonitorConfig, read_config
from livesegment.monitor.config_tables import ConfigMistakes
from livesegment.monitor.toml_lines import key_lines
from livesegment.settings.monitor import CameraOptions, file_tables

SAMPLE = Path(__file__).parents[2] / "samples" / "monitor.toml"
CAMERA = '[[camera]]\nname = "a"\nsource = "pattern:"\n'


@pytest.fixture
def read(tmp_path: Path):
    """Return a reader of texts, with an environment of its own."""

    def read_text(text: str, *, mode: int = 0o600, **environment: str) -> MonitorConfig:
        path = tmp_path / "cameras.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return read_config(path, environment)

    return read_text


@pytest.fixture
def mistakes(read):
    """Return a reader of texts that gives (line, text) of each mistake."""

    def read_mistakes(text: str, **environment: str) -> list[tuple[int, str]]:
        with pytest.raises(ConfigMistakes) as caught:
            read(text, **environment)
        return [(each.line, each.text) for each in caught.value.mistakes]

    return read_mistakes


def test_a_camera_needs_only_a_name_and_a_source(read) -> None:
    config = read(CAMERA)
    [camera] = config.cameras
    assert (camera.name, camera.title, camera.source) == ("a", None, "pattern:")
    assert camera.options.endpoint.is_builtin
    assert camera.options.wait_for_source
    assert not camera.options.window
    assert camera.options.record is None
    assert (config.budget.in_flight, config.budget.calls_per_hour) == (1, None)
    assert (config.web.host, config.web.port, config.web.token) == ("127.0.0.1", 8080, None)


def test_each_camera_is_published_where_its_own_table_says(read) -> None:
    more = '[[camera]]\nname = "b"\nsource = 0\npublish = ["rtsp://u:${PASSWORD}@h/b"]\n'
    config = read(CAMERA + more, PASSWORD="a/b")
    assert [each.options.publish for each in config.cameras] == [(), ("rtsp://u:a%2Fb@h/b",)]
    assert "a%2Fb" not in repr(config)
    assert (
        "'publish' holds a secret" in read(more.replace("${PASSWORD}", "x"), mode=0o644).warnings[0]
    )


def test_tables_hold_for_all_cameras_and_a_camera_may_say_otherwise(read, tmp_path: Path) -> None:
    config = read(
        f"""
        [endpoint]
        url = "http://127.0.0.1:9001"
        model = "x/1"
        max_side = 320
        [overlay]
        style = "blur"
        classes = [" person "]
        [picture]
        align_budget_ms = 4
        fps_limit = 15
        [record]
        folder = "{tmp_path}"
        keep = "20GB"
        [budget]
        in_flight = 8
        calls_per_hour = 7200
        [[camera]]
        name = "a"
        source = 0
        [[camera]]
        name = "b"
        source = "/dev/video1"
        endpoint = {{ model = "y/2", in_flight = 2 }}
        overlay.style = "fill"
        picture.align = "paste"
        [camera.record]
        on = false
        [[camera]]
        name = "c"
        source = "pattern:"
        endpoint.url = "builtin"
        record.keep = "7d"
        """
    )
    first, second, third = (camera.options for camera in config.cameras)
    assert config.cameras[0].source == "0"
    assert (first.endpoint.model, first.endpoint.max_in_flight) == ("x/1", None)
    assert (second.endpoint.model, second.endpoint.max_in_flight) == ("y/2", 2)
    assert second.endpoint.max_side == 320
    assert third.endpoint.is_builtin
    assert [each.overlay.style for each in (first, second, third)] == ["blur", "fill", "blur"]
    assert first.overlay.classes == {"person"}
    assert [each.align for each in (first, second, third)] == ["warp", "paste", "warp"]
    assert first.align_budget_ms == 4
    assert first.record == str(tmp_path / "a.mp4")
    assert (first.segment_minutes, first.keep) == (10, "20GB")
    assert second.record is None
    assert third.keep == "7d"
    assert (config.budget.in_flight, config.budget.calls_per_hour) == (8, 7200)


def test_a_camera_has_a_file_or_an_endpoint_whatever_the_others_have(read, tmp_path: Path) -> None:
    for name in ("m.onnx", "n.tflite"):
        (tmp_path / name).touch()
    config = read(
        f"""
        [endpoint]
        model_file = "{tmp_path}/m.onnx"
        input_size = "64x32"
        mean = [1, 2, 3]
        [[camera]]
        name = "a"
        source = 0
        [[camera]]
        name = "b"
        source = 1
        endpoint = {{ url = "http://127.0.0.1:9", model = "a/1" }}
        [[camera]]
        name = "c"
        source = 2
        endpoint.url = "builtin"
        [[camera]]
        name = "d"
        source = 3
        endpoint.model = "{tmp_path}/n.tflite"
        """
    )
    first, second, third, fourth = (camera.options.endpoint for camera in config.cameras)
    assert first.model_path == f"{tmp_path}/m.onnx"
    assert (first.file.input_size, first.file.mean) == ((64, 32), (1.0, 2.0, 3.0))
    assert (second.model_path, second.file.mean, second.model) == (None, None, "a/1")
    assert third.is_builtin
    assert fourth.model_path == f"{tmp_path}/n.tflite"
    assert config.budget.in_flight == 1 + 4 + 1 + 1


def test_a_camera_looks_for_what_it_is_told_whatever_the_others_ask(read) -> None:
    config = read(
        """
        [endpoint]
        url = "http://127.0.0.1:9"
        model = "a/1"
        class_names = ["car", "person"]
        [[camera]]
        name = "a"
        source = 0
        [[camera]]
        name = "b"
        source = 1
        endpoint.prompt = "cup, plate"
        [[camera]]
        name = "c"
        source = 2
        endpoint.url = "builtin"
        """
    )
    first, second, third = (camera.options.endpoint for camera in config.cameras)
    assert (first.model, first.class_names) == ("a/1", ("car", "person"))
    assert (second.asked, second.class_names) == ("prompt cup, plate", None)
    assert third.is_builtin


MISTAKES = {
    "an unknown table": ("[endpont]\n", 4, r"unknown key 'endpont': did you mean 'endpoint'\?"),
    "an unknown key": (
        '[endpoint]\nmodle = "x/1"\n',
        5,
        r"unknown key 'modle' in \[endpoint\]: did you mean 'model'\?",
    ),
    "a key of another table": (
        '[[camera]]\nname = "b"\nsource = 0\nmodel = "x/1"\n',
        7,
        r"unknown key 'model' in \[camera\]: write endpoint.model",
    ),
    "a wrong type": (
        '[overlay]\n\nopacity = "0.5"\n',
        6,
        r"overlay.opacity is a number from 0 to 1, not the text '0.5'",
    ),
    "a number for yes or no": (
        "[picture]\nsmooth = 1\n",
        5,
        r"picture.smooth is true or false, not 1",
    ),
    "yes for a number": ("[web]\nport = true\n", 5, r"web.port is a whole number from 0 to 65535"),
    "a number out of range": (
        "[endpoint]\nconfidence = 101",
        5,
        r"endpoint.confidence is a number from 0 to 100, or best or default, .* not 101",
    ),
    "no number at all": ("[overlay]\nopacity = nan", 5, "overlay.opacity is a number from 0 to 1"),
    "zero where it is too little": (
        "[picture]\nmask_ttl = 0",
        5,
        "picture.mask_ttl is a number above 0 to 60 seconds, not 0",
    ),
    "none of the choices": (
        '[picture]\nalign = "wrap"',
        5,
        "picture.align is one of warp, delay, paste, not the text 'wrap'",
    ),
    "a list of no names": (
        "[overlay]\nclasses = [1]",
        5,
        "overlay.classes is a list of class names",
    ),
    "no address": (
        '[endpoint]\nurl = "localhost:9001"',
        5,
        "endpoint.url is 'builtin' or an address that begins with http:// or https://",
    ),
    "an address without a model": (
        '[endpoint]\nurl = "http://localhost:9001"',
        5,
        "endpoint.url needs endpoint.model, slug/version",
    ),
    "a model for the built-in one": (
        '[endpoint]\nurl = "builtin"\nmodel = "x/1"',
        6,
        "leave endpoint.model out",
    ),
    "a model of two words": (
        '[endpoint]\nmodel = "x y"',
        5,
        "endpoint.model is written slug/version, such as my-model/3, or as one word, .* 'x y'",
    ),
    "a hosted model without a key": (
        '[endpoint]\nmodel = "x/1"',
        5,
        "https://segment.roboflow.com wants an API key: no key given: set LIVESEGMENT_API_KEY",
    ),
    "a camera's hosted model without a key": (
        'endpoint.url = "https://any.roboflow.com"\nendpoint.model = "word"',
        5,
        "https://any.roboflow.com wants an API key: no key given: set LIVESEGMENT_API_KEY",
    ),
    "a model file that is not there": (
        '[endpoint]\nmodel_file = "/no/such.onnx"',
        5,
        "there is no model file /no/such.onnx",
    ),
    "what is about a model file without one": (
        '[endpoint]\nmodel = "x/1"\nmean = [1, 2, 3]',
        6,
        "endpoint.mean is about a model file: name it with endpoint.model_file",
    ),
    "a model file and an endpoint": (
        '[endpoint]\nurl = "http://a"\nmodel = "x.onnx"',
        6,
        "endpoint.model is a file, which is run here: leave endpoint.url out",
    ),
    "two keys": (
        '[endpoint]\nmodel = "x/1"\napi_key = "k"\napi_key_env = "HOME"',
        7,
        "endpoint.api_key and endpoint.api_key_env say the same",
    ),
    "a key that the environment lacks": (
        '[endpoint]\nmodel = "x/1"\napi_key_env = "NO_SUCH_KEY"',
        6,
        "the environment has no variable NO_SUCH_KEY",
    ),
    "a password that the environment lacks": (
        '[[camera]]\nname = "b"\nsource = "rtsp://u:${NO_SUCH_PASSWORD}@host/"',
        6,
        "the environment has no variable NO_SUCH_PASSWORD",
    ),
    "a folder below a file": (
        '[events]\nfolder = "/etc/passwd/folder"',
        5,
        "^the folder /etc/passwd/folder cannot be made: /etc/passwd is no folder",
    ),
    "a folder that is a file": ('[events]\nfolder = "/etc/passwd"', 5, "^/etc/passwd is no folder"),
    "a recording to nowhere": ("[record]\non = true", 5, "a recording needs a 'folder'"),
    "neither size nor age": (
        '[record]\nkeep = "20"',
        5,
        "record.keep is a size such as 20GB or an age such as 7d, not the text '20'",
    ),
    "a page for everybody": (
        '[web]\nhost = "0.0.0.0"',
        5,
        "a page on 0.0.0.0 can be seen from other machines and needs a token: web.token",
    ),
    "a token that is short": ('[web]\ntoken = "abc"', 5, "has at least 8 characters"),
    "a token that only looks and is short": (
        '[web]\ntoken = "12345678"\nview_token = "abc"',
        6,
        "only looks has at least 8 characters",
    ),
    "a token that only looks without one that changes": (
        '[web]\nview_token = "12345678"',
        5,
        r"a token that only looks \(web.view_token, or LIVESEGMENT_WEB_VIEW_TOKEN\) needs one",
    ),
    "one token for both": (
        '[web]\ntoken = "12345678"\nview_token = "12345678"',
        6,
        r"differ from the one that changes something too \(web.token, or LIVESEGMENT_WEB_TOKEN",
    ),
    "no calls": ("[budget]\ncalls_per_hour = 0", 5, "a whole number of calls, 1 or more, not 0"),
    "a value for a table": ('picture = "warp"', 1, "'picture' is a table, written"),
    "a name twice": ('[[camera]]\nname = "A"\nsource = 1', 5, "two cameras are called 'A'"),
    "a name for no file": (
        '[[camera]]\nname = "a/b"\nsource = 1',
        5,
        "camera.name is made of letters",
    ),
    "a camera without a name": ("[[camera]]\nsource = 1", 4, "a camera needs a 'name'"),
    "a camera without a source": ('[[camera]]\nname = "b"', 4, "a camera needs a 'source'"),
    "a source that is none": (
        '[[camera]]\nname = "b"\nsource = -1',
        6,
        "camera.source is a camera's",
    ),
    "a stream to nowhere": (
        '[[camera]]\nname = "b"\nsource = 0\npublish = ["rtsp://a", "http://b/KEY"]',
        7,
        "camera.publish is a list, each an address, rtsp://, rtmp:// or udp://HOST:PORT, or - for"
        " standard output$",
    ),
    "a stream to what is no terminal's": (
        '[[camera]]\nname = "b"\nsource = 0\npublish = ["-"]',
        7,
        "camera.publish leads to addresses: a camera has no stdout",
    ),
    "a key within a camera's table": (
        '[[camera]]\nname = "b"\nsource = 0\n[camera.record]\nkep = "1GB"',
        8,
        r"unknown key 'kep' in \[record\]: did you mean 'keep'\?",
    ),
    "a pattern that is none": (
        '[[camera]]\nname = "b"\n\nsource = "pattern:banana"',
        7,
        "^'pattern:banana' is not of the form pattern:640x480@30",
    ),
    "a pattern that is too large": (
        '[[camera]]\nname = "b"\nsource = "pattern:9999x100"',
        6,
        "^a pattern has 16 to 4096 pixels a side",
    ),
    "a camera of more digits than there are": (
        f"[[camera]]\nname = 'b'\nsource = {'9' * 900}",
        6,
        "^camera.source is a camera's number",
    ),
    "a zone of two corners": (
        "[[camera.rule]]\nclass = 'x'\nabove = 5\nzone = [[0, 0], [1, 1]]",
        4,
        "^rule 'x above 5%': a zone has at least three corners",
    ),
    "a zone of two corners, one of them twice": (
        "[[camera.rule]]\nclass = 'x'\nabove = 5\nzone = [[0, 0], [1, 1], [0.0, 0.0]]",
        4,
        "^rule 'x above 5%': its zone has no area",
    ),
    "a zone of corners in one line": (
        "[[camera.rule]]\nclass = 'x'\nabove = 5\nzone = [[0, 0.1], [0.3, 0.4], [0.6, 0.7]]",
        4,
        "^rule 'x above 5%': its zone has no area",
    ),
    "a key of two lines": ('"a\\nb" = 1', 4, r"unknown key 'a\\nb' in"),
    "a key within braces": (
        '[[camera]]\nname = "b"\nsource = 0\n\nendpoint = { max_size = 3 }',
        8,
        r"unknown key 'max_size' in \[endpoint\]: did you mean 'max_side'\?",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_told_with_its_line(mistakes, name: str) -> None:
    text, line, sentence = MISTAKES[name]
    if line == 1:
        [(found, said)] = mistakes(text + "\n" + CAMERA)
    else:
        [(found, said)] = mistakes(CAMERA + text)
    assert found == line
    assert re.search(sentence, said), said


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(read) -> None:
    with pytest.raises(ConfigMistakes) as caught:
        read('[overlay]\nopacity = 2\nstyl = "fill"\n[budget]\nin_flight = 0\n')
    header, *lines = str(caught.value).splitlines()
    assert header == "cameras.toml has 4 mistakes:"
    places = [int(line.removeprefix("cameras.toml:").partition(":")[0]) for line in lines]
    assert places == [1, 2, 3, 5]
    assert "no camera" in lines[0]


def test_a_text_that_is_no_toml_is_told_with_its_line(mistakes) -> None:
    [(line, said)] = mistakes("[web]\nport = 80 80\n")
    assert line == 2
    assert said.startswith("this is no TOML: expected newline")
    assert mistakes('[web]\nhost = "')[0][0] == 2
    assert mistakes("[camera]\nname = 'a'") == [
        (1, "a camera is written in double brackets, [[camera]]")
    ]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="cannot be read: no such file"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(OptionsError, match="is no text in UTF-8"):
        read_config(tmp_path / "bytes.toml")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[" * 5000, "nested more than 100 deep"),
        ("[" * 5000 + "]" * 5000, "nested more than 100 deep"),
        ("{a = " * 5000 + "1" + "}" * 5000, "nested more than 100 deep"),
        ("[\n" * 101 + "]" * 101, "nested more than 100 deep"),
        ("{" + ".".join("a" * 5000) + " = 1}", "nested more than 100 deep"),
        ("{'a' . 1.1." * 40 + "b = {" * 40, "nested more than 100 deep"),
        ("9" * 5000, "more than 1000 digits"),
        ("-0x" + "f" * 5000, "more than 1000 digits"),
        ("2026-01-01T00:00:00." + "9" * 5000, "more than 1000 digits"),
    ],
)
def test_what_is_too_deep_or_too_long_to_be_read_is_told_with_its_line(
    mistakes, value: str, said: str
) -> None:
    [(line, text)] = mistakes(f"# [[[ 1 {'9' * 2000}\n[budget]\nin_flight = {value}\n{CAMERA}")
    assert line == 3 + 100 * ("\n" in value)
    assert said in text
    assert len(text) < 100


ODD_VALUES = (
    "9" * 900,
    f"[{'9' * 900}, 1, 1]",
    f"[[0, 0], [1, {'9' * 900}], [1, 1]]",
    f'"{"9" * 5000}"',
    f'"{"[" * 5000}"',
    "[[nan, 0], [1, 1], [0, 1]]",
)


def test_a_value_of_thousands_of_digits_or_brackets_is_told_in_a_short_sentence(read) -> None:
    begin = {
        "camera": '[[camera]]\nname = "a"\nsource = 0\n[[camera]]\n',
        "rule": f"{CAMERA}[[camera.rule]]\n",
    }
    said = []
    for table, keys in file_tables().items():
        for value in ODD_VALUES:
            every = "".join(f"{key} = {value}\n" for key in keys)
            with pytest.raises(ConfigMistakes) as caught:
                read(begin.get(table, f"{CAMERA}[{table}]\n") + every)
            said += [each.text for each in caught.value.mistakes]
    assert max(map(len, said)) < 520


def test_brackets_and_digits_in_words_are_no_nesting_and_no_number(read) -> None:
    name = "[{" * 300 + "9" * 2000
    assert read(f'[endpoint]\nmodel = "x/1"\nurl = "http://127.0.0.1/{name}"\n{CAMERA}').cameras
    assert read(f"# {name}\n{CAMERA}").cameras


def camera(config: MonitorConfig) -> CameraOptions:
    [only] = config.cameras
    return only


def test_keys_and_passwords_come_from_the_environment(read) -> None:
    text = (
        '[endpoint]\nmodel = "x/1"\napi_key = "${MY_KEY}"\n'
        '[[camera]]\nname = "a"\nsource = "rtsp://${USER}:${PASSWORD}@host/${PATH}"\n'
    )
    environment = {"MY_KEY": "k-1", "USER": "anna", "PASSWORD": "p@ss/w:rd", "PATH": "a/b"}
    only = camera(read(text, mode=0o644, **environment))
    assert only.options.endpoint.api_key is not None
    assert only.options.endpoint.api_key.reveal() == "k-1"
    # What a password holds is part of the address as a password only.
    assert only.source == "rtsp://anna:p%40ss%2Fw%3Ard@host/a/b"
    assert read(text, mode=0o644, **environment).warnings == ()
    by_name = '[endpoint]\nmodel = "x/1"\napi_key_env = "MY_KEY"\n' + CAMERA
    assert camera(read(by_name, MY_KEY="k-2")).options.endpoint.api_key.reveal() == "k-2"
    usual = '[endpoint]\nmodel = "x/1"\n' + CAMERA
    assert camera(read(usual, LIVESEGMENT_API_KEY="k-3")).options.endpoint.api_key.reveal() == "k-3"
    assert read(CAMERA, LIVESEGMENT_WEB_TOKEN="12345678").web.token.reveal() == "12345678"
    both = {"LIVESEGMENT_WEB_TOKEN": "12345678", "LIVESEGMENT_WEB_VIEW_TOKEN": "87654321"}
    assert read(CAMERA, **both).web.view_token.reveal() == "87654321"


def test_a_cameras_own_key_goes_before_that_of_all(read) -> None:
    text = '[endpoint]\nmodel = "x/1"\napi_key_env = "ALL"\n' + CAMERA + 'endpoint.api_key = "own"'
    assert camera(read(text, ALL="all")).options.endpoint.api_key.reveal() == "own"


def test_secrets_in_a_file_that_others_can_read_are_warned_of_and_never_shown(read) -> None:
    text = (
        '[endpoint]\nmodel = "x/1"\napi_key = "geheim-1"\n[web]\ntoken = "geheim-22"\n'
        'view_token = "geheim-33"\n'
        '[[camera]]\nname = "a"\nsource = "rtsp://u:geheim-3@host/"\n'
        '[[camera]]\nname = "b"\nsource = "rtsp://host/"\n'
    )
    config = read(text, mode=0o644)
    assert [warning.split(" holds")[0] for warning in config.warnings] == [
        "cameras.toml:3: 'api_key'",
        "cameras.toml:5: 'token'",
        "cameras.toml:6: 'view_token'",
        "cameras.toml:9: 'source'",
    ]
    assert "geheim" not in repr(config)
    assert read(text, mode=0o600).warnings == ()
    with pytest.raises(ConfigMistakes) as caught:
        read(text.replace('"geheim-1"', "5").replace('"geheim-22"', '"ge"') + "endpoint = 3\n")
    assert "ge'" not in str(caught.value)
    assert "geheim" not in str(caught.value)
    with pytest.raises(ConfigMistakes) as caught:
        read(text.replace('"geheim-33"', '"geheim-22"'))
    assert "geheim" not in str(caught.value)


def test_equal_texts_make_equal_cameras_so_that_a_reload_leaves_them_alone(read) -> None:
    text = '[endpoint]\nmodel = "x/1"\napi_key = "k"\n' + CAMERA
    more = text + '[[camera]]\nname = "b"\nsource = 0\n'
    assert camera(read(text)) == read(more).cameras[0]
    assert camera(read(text)) != camera(read(text.replace('"k"', '"l"')))


def test_the_sample_is_fine_and_so_is_everything_in_it_that_is_commented_out(
    read, tmp_path: Path
) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    assert len(read(text).cameras) == 2
    written = re.sub(r"(?m)^# (?=\[|\w+(\.\w+)? = )", "", text)
    written = written.replace("/var/lib/livesegment", str(tmp_path))
    (tmp_path / "model.onnx").touch()
    secrets = {
        "LIVESEGMENT_WEB_TOKEN": "12345678",
        "LIVESEGMENT_WEB_VIEW_TOKEN": "87654321",
        "LIVESEGMENT_API_KEY": "k",
        "DOOR_PASSWORD": "p",
        "RECORDER_PASSWORD": "p",
        "LIVESEGMENT_WEBHOOK_SECRET": "s",
        "LIVESEGMENT_MQTT_PASSWORD": "p",
        "NTFY_PASSWORD": "p",
    }
    config = read(written, **secrets)
    assert [each.name for each in config.cameras] == ["scene", "small", "door", "yard"]
    assert config.cameras[3].options.endpoint.file.letterbox
    assert config.cameras[2].options.endpoint.model == "my-other-model/1"
    assert config.cameras[2].options.keep == "7d"


def test_lines_are_found_whatever_values_look_like() -> None:
    text = '''# a comment = 1
title = "x # no comment"
[a."b c"]
list = [1,
  2, { e = "}" , f = """m
[no.table]
k = 1 """ }]
'quoted key' = 'it'
[[camera]]
[[camera.zone]]
id = 1979-05-27T07:32:00Z
[[camera.zone]]
id = 2
[[camera]]
zone = [{ id = 3 }]
'''
    lines = key_lines(text)
    assert lines["title",] == 2
    assert lines["a", "b c"] == 3
    assert lines["a", "b c", "list", 1] == 5
    assert lines["a", "b c", "list", 2, "f"] == 5
    assert lines["a", "b c", "quoted key"] == 8
    assert lines["camera", 0, "zone", 1, "id"] == 13
    assert lines["camera", 1, "zone", 0, "id"] == 15
    assert ("no", "table") not in lines


def test_classes_are_hidden_for_all_cameras_or_for_one_otherwise(read) -> None:
    config = read(
        """
        [redact]
        classes = [" person "]
        style = "black"
        [[camera]]
        name = "a"
        source = 0
        [[camera]]
        name = "b"
        source = 1
        redact = { classes = ["person", "car"], unmasked = "blur" }
        picture.align = "paste"
        """
    )
    first, second = (camera.options for camera in config.cameras)
    assert first.redact == RedactOptions(frozenset({"person"}), "black", "withhold")
    assert first.align == "delay"
    assert second.redact == RedactOptions(frozenset({"person", "car"}), "black", "blur")
    assert second.align == "paste"


@pytest.mark.parametrize(
    ("table", "mistake"),
    [
        ('classes = [""]', "redact.classes is a list of class names"),
        ('classes = ["person", " "]', "none of them empty"),
        ('classes = "person"', "redact.classes is a list of class names"),
        ('style = "black"', "'redact' needs 'classes', the names of those to hide"),
        ('class = ["person"]', "unknown key 'class' in [redact]: did you mean 'classes'?"),
        ('classes = ["x"]\nstyle = "blurred"', "redact.style is one of pixelate, black"),
    ],
)
def test_a_redaction_that_would_hide_nothing_is_a_mistake(
    mistakes, table: str, mistake: str
) -> None:
    texts = [text for _, text in mistakes(f"[redact]\n{table}\n{CAMERA}")]
    assert any(mistake in text for text in texts), texts


def test_a_background_is_for_all_cameras_or_for_one_and_its_file_is_there(read, mistakes) -> None:
    config = read(
        """
        picture.background = "#203040"
        [[camera]]
        name = "a"
        source = 0
        [[camera]]
        name = "b"
        source = 1
        picture.background = "blur"
        overlay.style = "outline"
        """
    )
    first, second = (camera.options for camera in config.cameras)
    assert (first.background, first.align, first.overlay.shown) == ("#203040", "delay", False)
    assert (second.background, second.align, second.overlay.shown) == ("blur", "delay", True)
    for written, mistake in (
        ("/no/such.png", "there is no background /no/such.png"),
        ("#20304", "picture.background is blur, a colour such as '#203040' (in quotes), or"),
    ):
        texts = [text for _, text in mistakes(f'picture.background = "{written}"\n{CAMERA}')]
        assert any(mistake in text for text in texts), texts
