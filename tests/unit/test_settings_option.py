"""One description of an option, and everything that comes from it."""

import json
import pickle
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from livesegment import (
    AnnotateOptions,
    ApiKey,
    EndpointOptions,
    EventOptions,
    ExportedFramesOptions,
    KeyframeOptions,
    LayoutOptions,
    LiveOptions,
    ModelFileOptions,
    OptionsError,
    OverlayOptions,
    PartOptions,
)
from livesegment.cli.app import run
from livesegment.cli.help import help_text
from livesegment.cli.line import read_line
from livesegment.settings.commands import AnnotateCommand, LiveCommand, ServeCommand
from livesegment.settings.group import all_options
from livesegment.settings.monitor import CAMERA_LISTS, camera_tables, file_tables
from livesegment.settings.rule import Rule
from livesegment.settings.schema import json_schema
from livesegment.settings.web import TlsOptions
from livesegment.web.controls import drawn_controls

SAMPLES = Path(__file__).parents[2] / "samples"


def appearances(flag: str, key: str, control: str) -> dict[str, bool]:
    """Tell where an option shows itself."""
    table, _, name = key.partition(".")
    tables = json_schema()["properties"]
    try:
        read_line(LiveCommand, [flag, "0.5"])
        is_read = True
    except OptionsError:
        is_read = False
    return {
        "flag": is_read,
        "help": flag in help_text("live", LiveCommand, ""),
        "key": name in file_tables()[table],
        "schema": name in tables[table]["properties"],
        "page": control in {each["name"] for each in drawn_controls()},
    }


def test_without_its_description_an_option_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    option = ("--opacity", "overlay.opacity", "opacity")
    assert set(appearances(*option).values()) == {True}
    described = dict(OverlayOptions.__dataclass_fields__)
    del described["opacity"]
    monkeypatch.setattr(OverlayOptions, "__dataclass_fields__", described)
    assert set(appearances(*option).values()) == {False}


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: LiveOptions(mask_ttl_s=0), "mask_ttl_s is a number above 0 to 60 seconds, not 0"),
        (
            lambda: LiveOptions(max_frames=1.5),
            "max_frames is a whole number of frames, 1 or more, not 1.5",
        ),
        (lambda: LiveOptions(max_memory="7d"), "max_memory is a size such as 600MB or 1.5GB, not"),
        (
            lambda: PartOptions(start_s=-1),
            "start_s is a time in seconds or as HH:MM:SS, such as 90",
        ),
        (lambda: PartOptions(start_s=float("nan")), "start_s is a time in seconds or as HH:MM:SS"),
        (
            lambda: PartOptions("1:00", "0:59.9"),
            "end_s is after start_s: 00:00:59.900 is not after",
        ),
        (lambda: PartOptions(end_s=0), "end_s is after start_s: 00:00:00 is not after 00:00:00"),
        (lambda: PartOptions(rotate=45), "rotate is one of 90, 180, 270, not 45"),
        (lambda: PartOptions(fps=0), "fps is a number above 0 to 1000 frames a second, not 0"),
        (
            lambda: LayoutOptions((640, 481)),
            "size is a width and a height in pixels such as 1280x720, both even and from 2 to",
        ),
        (lambda: LiveOptions(smooth=1), "smooth is true or false, not 1"),
        (lambda: LiveOptions(align="wrap"), "align is one of warp, delay, paste, not the text"),
        (lambda: OverlayOptions(opacity=float("nan")), "opacity is a number from 0 to 1, not nan"),
        (
            lambda: EndpointOptions(max_in_flight=257),
            "max_in_flight is a whole number from 1 to 256",
        ),
        (
            lambda: EndpointOptions(confidence="worst"),
            "confidence is a number from 0 to 100, or best or default, which an endpoint may know,"
            " not the text 'worst'",
        ),
        (lambda: EndpointOptions(endpoint="http://a"), "endpoint needs model, slug/version"),
        (
            lambda: AnnotateOptions(export=("coco",), split=1.0),
            "split is a number from 0.01 to 0.99, not 1.0",
        ),
        (lambda: AnnotateOptions(split=0.8), "split divides what is exported: give export"),
        (lambda: AnnotateOptions(report=("-",)), "report names a file, and - is none"),
        (lambda: KeyframeOptions(every=2, budget=9), "every and budget both say how many calls"),
        (
            lambda: ExportedFramesOptions(export_uncertain=0),
            "export_uncertain is a whole number, 1 or more, not 0",
        ),
        (
            lambda: ExportedFramesOptions(export_every=2, export_changed=True),
            "export_every and export_changed both say which frames are exported: give one of them",
        ),
        (
            lambda: AnnotateOptions(exported=ExportedFramesOptions(export_every=2)),
            "export_every says which frames export writes: name a format with it",
        ),
        (
            lambda: LiveOptions(background="#12345"),
            "background is blur, a colour such as '#203040' (in quotes), or the path of a picture",
        ),
        (lambda: LiveOptions(web="x"), "web is made by WebOptions(...), not the text 'x'"),
        (lambda: LiveOptions(events=None), "events is made by EventOptions(...), not None"),
        (lambda: LiveOptions(publish="rtsp://a"), "publish is a list"),
        (lambda: AnnotateOptions(table=" "), "table is the path of a file, not the text ' '"),
        (lambda: AnnotateOptions(report=["a.json", 1]), "report is a list, each the path of a fi"),
        (lambda: LiveOptions(publish=["srt://a/KEY"]), "publish is a list, each an address, rtsp:"),
        (lambda: EventOptions(rules=["person > 5%"]), "rules is a list, each a Rule, not ['person"),
        (
            lambda: EventOptions(mqtt_pictures=6),
            "mqtt_pictures is a number from 0 to 5 pictures a second, not 6",
        ),
        (lambda: EventOptions(mqtt_commands="x"), "mqtt_commands is true or false, not"),
        (lambda: EventOptions(notify=["TOKEN"]), "notify is a list, each an address as Apprise"),
        (lambda: EventOptions(quiet_hours="at night"), "quiet_hours is two times of the day, such"),
        (lambda: EndpointOptions(api_key="k"), "api_key is an ApiKey"),
        (
            lambda: LiveOptions(currency=f"E{'U' * 12}"),
            "currency is a currency such as EUR, up to 12",
        ),
        (lambda: LiveOptions(price_per_call=float("inf")), "price_per_call is a number from 0 to"),
        (lambda: EndpointOptions(class_names=("", " ")), "class_names is names such as car,person"),
        (
            lambda: EndpointOptions(class_names=["car"]),
            "class_names names the classes of model: the",
        ),
        (
            lambda: EndpointOptions(prompt=["a", "A"]),
            "prompt is phrases such as car,person: up to 16",
        ),
        (
            lambda: EndpointOptions(prompt=["a"], model="a/1"),
            "prompt asks a model that takes phrases",
        ),
        (
            lambda: EndpointOptions(prompt=["a"], class_names=["a"]),
            "prompt names the classes: leave",
        ),
        (
            lambda: EndpointOptions(prompt=["a"], endpoint="builtin"),
            "endpoint builtin finds people",
        ),
        (lambda: EndpointOptions(class_names=[1]), "class_names is names such as car,person in"),
        (lambda: ModelFileOptions(input_size=(0, 8)), "input_size is a width and a height in pix"),
        (lambda: ModelFileOptions(mean=(0, 1)), "mean is three numbers such as 0.485,0.456,0.40"),
        (lambda: ModelFileOptions(std=(1, 0, 1)), "std is three numbers above 0 such as 0.229,0"),
        (lambda: ModelFileOptions(scale=0), "scale is a number above 0, not 0"),
        (
            lambda: ModelFileOptions(preset="imagenet", std=(1, 1, 1)),
            "preset says std already: give one of them",
        ),
        (lambda: EndpointOptions(device="gpu"), "device is one of auto, cpu, cuda, coreml, openv"),
        (
            lambda: EndpointOptions(model="a/1", device="cuda"),
            "device is about a model that runs here: leave it out, or name model_file",
        ),
        (
            lambda: EndpointOptions(file=ModelFileOptions(bgr=True)),
            "bgr is about a model file: name it with model_file",
        ),
        (
            lambda: EndpointOptions(model="a/1", file=ModelFileOptions("a.onnx")),
            "model_file and model both say which model: give one of them",
        ),
        (lambda: TlsOptions(key="a"), "key belongs to a certificate: name it with certificate"),
        (
            lambda: TlsOptions(certificate="a", is_made=True),
            "is_made makes a certificate, and certificate names one: give one of them",
        ),
        (
            lambda: LiveOptions(hide=[[(0, 0), (1, 1)]]),
            "hide is a list, each a zone of at least three corners in shares of the picture, from",
        ),
        (
            lambda: LiveOptions(hide=[[(0, 0), (0.5, 0.5), (1, 1)]]),
            "hide is a list, each a zone of",
        ),
        (lambda: LiveOptions(hide=[[(2, 2), (3, 2), (3, 3)]]), "hide is a list, each a zone of at"),
        # Around a corner of the picture, and beside it.
        (lambda: LiveOptions(hide=[[(-1, 0.5), (0.5, -1), (-1, -1)]]), "hide is a list, each a"),
        (lambda: Rule("x", "bogus"), "rule 'x': it is about one of coverage, count, camera"),
        (lambda: Rule("x", class_name="a", above="0.5"), "rule 'x': its shares and times are num"),
        (lambda: Rule("x", class_name="a", count_above=1.5), "rule 'x': its counts are whole"),
        (
            lambda: Rule("x", class_name="a", count_above=1, above=0.5),
            "rule 'x': it counts: 'above', 'below' and 'hysteresis' are about a share",
        ),
        (lambda: Rule(5), "rule '5': its name and its class are texts"),
    ],
)
def test_a_python_program_is_told_in_its_own_words(make: object, sentence: str) -> None:
    with pytest.raises(OptionsError, match=f"^{re.escape(sentence)}"):
        make()  # type: ignore[operator]


def test_a_python_program_may_give_a_path_as_one() -> None:
    options = LiveOptions(record=Path("a.mp4"), stats=Path("folder", "b.json"))
    assert (options.record, options.stats) == ("a.mp4", str(Path("folder", "b.json")))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--mask-ttl 0", "--mask-ttl is a number above 0 to 60 seconds, not 0"),
        ("--mask-ttl abc", "--mask-ttl is a number above 0 to 60 seconds, not 'abc'"),
        ("--max-memory 5", "--max-memory is a size such as 600MB or 1.5GB, not 5"),
        ("--max-frames 1.5", "--max-frames is a whole number of frames, 1 or more, not 1.5"),
        ("--notify TOKEN", "--notify is an address as Apprise takes it, such as ntfy://HOST/TOPIC"),
        ("--quiet-hours 22-7", "--quiet-hours is two times of the day, such as 22:00-07:00, not"),
        ("--currency 5EUR", "--currency is a currency such as EUR, up to 12 letters or signs, not"),
        ("--price-per-call -1", "--price-per-call is a number from 0 to 10000, not -1"),
        ("--web a:99999", "--web is HOST:PORT, such as 127.0.0.1:8080, with a port from 0 to"),
        ("--publish http://a/KEY", "--publish is an address, rtsp://, rtmp:// or udp://HOST:PORT,"),
        ("--publish udp://KEY", "--publish is an address, rtsp://, rtmp:// or udp://HOST:PORT,"),
        ("--publish rtsp://", "--publish is an address, rtsp://, rtmp:// or udp://HOST:PORT,"),
        ("--publish --mirror", "--publish takes a value, URL"),
        ("--style neon", "--style is one of fill, outline, blur, cutout, not 'neon'"),
        ("--in-flight many", "--in-flight is a whole number from 1 to 256 requests, or auto, not"),
        ("--confidence bets", "--confidence is a number from 0 to 100, or best or default, which"),
        ("--model /", "--model is written slug/version, such as my-model/3, or as one word"),
        ("--web-key a --web", "--web-key belongs to a certificate: name it with --web-cert"),
        ("--web-tls --web-cert a --web", "--web-tls makes a certificate, and --web-cert names one"),
        ("--web-tls", "--web-tls is about a page: give --web"),
        ("--web-cert a", "--web-cert is about a page: give --web"),
        ("browser: --loop", "--loop begins a source again at its end, and browser: has none"),
        ("--segment 5", "--segment divides a recording: name it with --record FILE.mp4"),
        (f"--record a.mp4 --segment 1 --keep {'9' * 400}GB", "--keep is a size such as 20GB"),
        (
            "--background #12345g",
            "--background is blur, a colour such as '#203040' (in quotes), or",
        ),
        ("--redact ,", "--redact is a list of class names, such as person,car, none of"),
        ("--class-names no.txt", "--class-names is names such as car,person in the order of the"),
        (f"--class-names {'a,' * 256}", "--class-names is names such as car,person in the order"),
        (
            "--input-size 640",
            "--input-size is a width and a height in pixels such as 512x512, each",
        ),
        ("--mean 0.5", "--mean is three numbers such as 0.485,0.456,0.406, not 0.5"),
        ("--std 1,nan,1", "--std is three numbers above 0 such as 0.229,0.224,0.225, not '1,nan"),
        ("--device gpu", "--device is one of auto, cpu, cuda, coreml, openvino, directml, not"),
        ("--device cuda --model a/1", "--device is about a model that runs here: leave it out, or"),
        ("--letterbox", "--letterbox is about a model file: name it with --model-file"),
        ("--model-file a.onnx --endpoint builtin", "--model-file is a file, which is run here: le"),
        ("--model m/a.ONNX --endpoint http://a", "--model is a file, which is run here: leave --e"),
        (
            "--prompt car,,cup",
            "--prompt is phrases such as car,person: up to 16, none of them empty",
        ),
        (f"--prompt {','.join(map(str, range(17)))}", "--prompt is phrases such as car,person: up"),
        ("--mask-tl 3", "there is no option --mask-tl: did you mean --mask-ttl?"),
        ("--mask", "there is no option --mask: did you mean --masks?"),
        ("--mask-ttl", "--mask-ttl takes a value, S"),
        ("--mask-ttl --mirror", "--mask-ttl takes a value, S"),
        ("--mirror=yes", "--mirror takes no value"),
        ("--help=yes", "--help takes no value"),
        ("--hlep", "there is no option --hlep: did you mean --help?"),
        ("0 1", "one argument too many: '1'"),
        ("--mqtt-pictures x", "--mqtt-pictures is a number from 0 to 5 pictures a second, not"),
        ("--hide 0,0", "--hide is a zone of at least three corners in shares of the picture, from"),
        ("--hide=", "--hide is a zone of at least three corners"),
        ("--hide left", "--hide is a list of corners in shares of the picture, such as"),
        ("--hide=nan,0", "--hide is a zone of at least three corners"),
        ("--rule person", "--rule 'person', character 1: a rule begins with a class"),
    ],
)
def test_a_command_line_is_told_in_its_own_words(line: str, sentence: str) -> None:
    with pytest.raises(OptionsError, match=f"^{re.escape(sentence)}"):
        read_line(LiveCommand, line.split())


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "--start 1:99",
            "--start is a time in seconds or as HH:MM:SS, such as 90, 1:30 or 00:01:3",
        ),
        ("--start=-1", "--start is a time in seconds or as HH:MM:SS"),
        ("--end 1e3", "--end is a time in seconds or as HH:MM:SS"),
        ("--start 10 --end 0:10", "--end is after --start: 00:00:10 is not after 00:00:10"),
        ("--rotate 45", "--rotate is one of 90, 180, 270, not 45"),
        ("--size 0x480", "--size is a width and a height in pixels such as 1280x720, both even"),
        ("--size 641x480", "--size is a width and a height in pixels such as 1280x720, both even"),
        ("--fps 0", "--fps is a number above 0 to 1000 frames a second, not 0"),
        ("--side-by-side=yes", "--side-by-side takes no value"),
    ],
)
def test_a_part_that_cannot_be_is_told_in_its_own_words(line: str, sentence: str) -> None:
    with pytest.raises(OptionsError, match=f"^{re.escape(sentence)}"):
        read_line(AnnotateCommand, ["clip.mp4", "-o", "out.mp4", *line.split()])


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90", 90), ("1:30", 90), ("0:01:30.5", 90.5), ("100:00:00", 360_000), (" 7.25 ", 7.25)],
)
def test_a_time_is_written_in_seconds_or_as_a_timecode(written: str, seconds: float) -> None:
    read, _ = read_line(AnnotateCommand, ["clip.mp4", "-o", "out.mp4", "--start", written])
    assert read.options.part.start_s == seconds


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--style", "a\nb"], r", not 'a\nb'"),
        (["--style", "x" * 99], f", not '{'x' * 60}...'"),
        (["--a\nb"], r"no option '--a\nb'"),
        (["0", "a\nb"], r"too many: 'a\nb'"),
        (["--rule", "person > 5%\nor"], r"--rule 'person > 5%\nor', character 13: "),
    ],
)
def test_a_sentence_is_one_line_whatever_was_written(words: list[str], shown: str) -> None:
    with pytest.raises(OptionsError, match=re.escape(shown) + "[^\n]*$"):
        read_line(LiveCommand, words)


def test_numbers_and_paths_of_other_libraries_are_read_and_long_numbers_too() -> None:
    options = LiveOptions(
        max_frames=np.int64(5),  # type: ignore[arg-type]
        mask_ttl_s=np.float32(0.5),  # type: ignore[arg-type]
        record=Path("a.mp4"),  # type: ignore[arg-type]
        duration_s=10**400,
    )
    assert (options.max_frames, options.mask_ttl_s, options.record) == (5, 0.5, "a.mp4")
    assert options.duration_s == float("inf")
    command, _ = read_line(LiveCommand, ["--max-frames", "5.00", "--fps-limit", "5000"])
    assert (command.options.max_frames, command.options.fps_limit) == (5, 5000)


def test_options_and_inputs_are_mixed_and_values_may_begin_with_a_dash() -> None:
    words = "a.mp4 -o out --api-key -abc b.mp4 --export coco --export png -v --no-legend -- -c.mp4"
    command, given = read_line(AnnotateCommand, words.split())
    assert command.inputs == ("a.mp4", "b.mp4", "-c.mp4")
    assert command.output == "out"
    assert command.options.endpoint.api_key == ApiKey("-abc")
    assert command.options.export == ("coco", "png")
    assert command.log.verbose
    assert not command.options.overlay.legend
    assert "--api-key" in given
    assert "--codec" not in given
    with pytest.raises(OptionsError, match="the option --output is missing"):
        read_line(AnnotateCommand, ["a.mp4"])
    with pytest.raises(OptionsError, match="the argument INPUT is missing"):
        read_line(AnnotateCommand, ["-o", "out"])


def test_an_option_may_have_another_flag_and_is_told_by_the_one_that_was_written() -> None:
    for flag in ("--class-names", "--classes"):
        command, _ = read_line(ServeCommand, ["--model-file", "a.onnx", flag, "a,b"])
        assert command.class_names == ("a", "b")
        with pytest.raises(OptionsError, match=f"^{flag} needs --model-file$"):
            read_line(ServeCommand, [flag, "a,b"])


def test_a_model_whose_name_is_a_files_is_one() -> None:
    for words in ("--model models/x.onnx", "--model-file models/x.onnx"):
        command, _ = read_line(LiveCommand, words.split())
        options = command.options.endpoint
        assert options.model_path == "models/x.onnx"
        assert options.is_in_process
        assert not options.is_builtin
    assert not EndpointOptions(model="models/onnx").is_in_process
    assert EndpointOptions().is_in_process


def test_the_preset_is_in_the_order_of_the_models_channels() -> None:
    for bgr in (False, True):
        scale, mean, std = ModelFileOptions("a.onnx", preset="imagenet", bgr=bgr).normalisation
        assert scale == 1 / 255
        assert sorted(mean, reverse=not bgr) == list(mean)
        assert mean[0] == (0.406 if bgr else 0.485)
        assert std[0] == (0.225 if bgr else 0.229)


def test_classes_add_up_and_secrets_come_from_the_environment_and_stay_out_of_sight() -> None:
    secrets = {"LIVESEGMENT_WEBHOOK_SECRET": "s-1", "LIVESEGMENT_MQTT_PASSWORD": "p-1"}
    words = "--redact person --redact car,dog --api-key k-1 --webhook http://a/?t=k-2"
    words += " --publish rtmp://a/k-5 --publish -"
    command, _ = read_line(LiveCommand, words.split(), secrets)
    options = command.options
    assert options.redact.classes == {"person", "car", "dog"}
    assert options.events.webhook_secret == ApiKey("s-1")
    assert options.events.mqtt_password == ApiKey("p-1")
    assert options.publish == ("rtmp://a/k-5", "-")
    for secret in ("s-1", "p-1", "k-1", "k-2", "k-5"):
        assert secret not in repr(command)
    with pytest.raises(OptionsError) as caught:
        read_line(LiveCommand, ["--publish", "http://u:k-6@host/k-6"])
    assert "k-6" not in str(caught.value)
    with pytest.raises(OptionsError) as caught:
        read_line(LiveCommand, ["--webhook", "ftp://u:k-3@host"])
    assert "k-3" not in str(caught.value)
    with pytest.raises(OptionsError) as caught:
        EventOptions(webhook="ftp://u:k-4@host")
    assert "k-4" not in str(caught.value)


def test_zones_to_hide_add_up() -> None:
    words = ["--hide", "0,0 0.5,0 0.5,1", "--hide=-0.1,0 1,0 1,1 0,1"]
    command, _ = read_line(LiveCommand, words)
    first = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0))
    assert command.options.hide == (first, ((-0.1, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    again, _ = read_line(AnnotateCommand, ["a.mp4", "-o", "b.mp4", *words])
    assert again.options.hide == command.options.hide


def test_ten_options_stand_first_in_help_and_all_others_under_a_heading() -> None:
    text = help_text("live", LiveCommand, "")
    headings = re.findall(r"(?m)^([A-Z][a-z ]+):$", text)
    assert headings[:2] == ["Arguments", "Most used"]
    assert {"Source", "Model", "Picture", "Keep", "Events", "Privacy"} <= set(headings)
    assert sum(each.is_common for each in all_options(LiveCommand)) == 10
    for each in all_options(LiveCommand):
        if each.flag is not None:
            assert len(re.findall(rf"(?m)^  (-v, )?{each.given_as}[ ,]", text)) == 1, each


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("command", ["live", "completion"])
def test_help_fits_the_terminal(
    command: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run([command, "-h"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= min(columns, 100)
    assert text.count("\n\n") > 3, "paragraphs stay apart"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("live sa", ["sample:", "saved.mp4"]),
        ("live", ["sample:", "pattern:", "browser:", "clip.mp4", "saved.mp4"]),
        ("annotate pat", ["pattern:"]),
        ("annotate clip.mp4 sav", ["saved.mp4"]),
    ],
)
def test_bash_completes_what_is_shipped_beside_files(
    line: str, completed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    for name in ("clip.mp4", "saved.mp4"):
        (tmp_path / name).touch()
    words = ["livesegment", *line.split(), *([""] if " " not in line else [])]
    ask = f"COMP_WORDS=({' '.join(map(repr, words))}); COMP_CWORD={len(words) - 1}"
    ask += "; _shtab_livesegment; printf '%s\\n' \"${COMPREPLY[@]}\""
    ran = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert sorted(ran.stdout.split()) == sorted(completed)


def test_what_is_no_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for word, shown in (("", "''"), ("--verison", "--verison: did you mean --version?")):
        assert run([word]) == 2
        assert f" {shown} (see livesegment --help)" in capsys.readouterr().err
    assert run(["predict"]) == 2
    assert "livesegment: the argument IMAGE_OR_URL is missing" in capsys.readouterr().err


def uncommented(text: str) -> str:
    return re.sub(r"(?m)^# (?=\[|\w+(\.\w+)? = )", "", text)


def test_the_sample_shows_every_key_there_is() -> None:
    document = tomllib.loads(uncommented((SAMPLES / "monitor.toml").read_text(encoding="utf-8")))
    cameras = document.pop("camera")
    shown = {f"{table}.{key}" for table, keys in document.items() for key in keys}
    for camera in cameras:
        for name in CAMERA_LISTS:
            shown |= {f"{name}.{key}" for each in camera.pop(name, []) for key in each}
        shown |= {f"camera.{key}" for key in camera if key not in camera_tables()}
        shown |= {f"{table}.{key}" for table in camera_tables() for key in camera.get(table, {})}
    # instead of another one, and named beside it
    either = {
        "rule.below",
        "rule.count_below",
        "endpoint.api_key_env",
        "endpoint.preset",
        "endpoint.prompt",
    }
    known = {f"{table}.{key}" for table, keys in file_tables().items() for key in keys}
    assert shown == known - either
    text = (SAMPLES / "monitor.toml").read_text(encoding="utf-8")
    assert all(key.partition(".")[2] in text for key in either)


def test_the_sample_is_what_its_schema_says_and_the_schema_what_the_program_says() -> None:
    text = (SAMPLES / "monitor.toml").read_text(encoding="utf-8")
    assert text.startswith("#:schema ./monitor.schema.json\n")
    written = json.loads((SAMPLES / "monitor.schema.json").read_text(encoding="utf-8"))
    assert written == json_schema(), "write it anew: python tests/generate.py"
    jsonschema.Draft202012Validator.check_schema(written)
    jsonschema.validate(tomllib.loads(text), written)
    jsonschema.validate(tomllib.loads(uncommented(text)), written)
    for wrong in ("[picture]\nmask_ttl = 0", "[picture]\nmask_tl = 1", 'picture = "warp"'):
        document = tomllib.loads(f'{wrong}\n[[camera]]\nname = "a"\nsource = 0')
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, written)


def test_a_wrong_setting_travels_between_processes() -> None:
    with pytest.raises(OptionsError) as caught:
        LiveOptions(mask_ttl_s=0)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
