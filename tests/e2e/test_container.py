"""The container of samples/deploy, as far as its files tell; `tests/deploy` builds and runs it."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, Home
from conftest import need_package
from dockerfile import Stage, read_dockerfile

from livesegment import ApiKey
from livesegment.cli.app import run

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "samples" / "deploy"
README = (DEPLOY / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="containers are of Linux")


def stages() -> list[Stage]:
    return read_dockerfile((DEPLOY / "Dockerfile").read_text())


def services() -> dict[str, Any]:
    yaml = need_package("yaml", extra="test")
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def test_a_shell_understands_every_command_of_the_dockerfile() -> None:
    commands = [step.command for stage in stages() for step in stage.steps if step.word == "RUN"]
    assert len(commands) > 3
    for command in commands:
        subprocess.run([command[0], "-n", *command[1:]], check=True, timeout=10)


def test_what_is_copied_is_sent_and_is_there() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    build, last = stages()
    for step in build.steps:
        for name in step.text.split()[:-1] if step.word == "COPY" else ():
            assert (ROOT / name).exists()
            assert f"!{name}" in ignored
    assert {each.options.get("from") for each in last.steps if each.word == "COPY"} == {build.name}


def test_a_dockerfile_with_a_mistake_is_none() -> None:
    for text in ("RUN true", "FROM a\nRNU true", "FROM a\nRUN true \\\n", "FROM a\nHEALTHCHECK x"):
        with pytest.raises(ValueError, match=r"unknown|ends within|without a command"):
            read_dockerfile(text)


def test_every_service_has_no_rights_and_no_file_system_to_write_into() -> None:
    assert services().keys() == {"monitor", "mosquitto"}
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in service


def test_image_and_compose_file_mean_the_same_folders_port_and_sources() -> None:
    monitor, image = services()["monitor"], stages()[-1]
    said = {each.word: each for each in image.steps}
    assert said["USER"].text not in {"root", "0"}
    mounted = [str(each).split(":")[1] for each in monitor["volumes"]]
    assert mounted == said["VOLUME"].command
    assert said["ENV"].text.removeprefix("STATE_DIRECTORY=") in mounted
    assert said["WORKDIR"].text in mounted
    assert monitor["ports"] == [f"127.0.0.1:8080:{said['EXPOSE'].text}"]
    assert f":{said['EXPOSE'].text}/healthz" in said["HEALTHCHECK"].command[-1]
    build = monitor["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")


def test_what_the_readme_prepares_is_a_configuration_with_its_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "samples" / "deploy"
    shutil.copytree(DEPLOY, folder)
    [steps] = re.findall(r"```sh\n(cd samples/deploy\b.*?)^docker", README, re.M | re.S)
    subprocess.run(["bash", "-euc", steps], cwd=tmp_path, check=True, timeout=10)
    secrets = folder / services()["monitor"]["env_file"]
    assert secrets.stat().st_mode & 0o077 == 0
    commands = [step.text for step in stages()[-1].steps if step.word == "RUN"]
    [made] = re.findall(r"printf.*?(?= >/var/lib/livesegment)", "\n".join(commands), re.S)
    (tmp_path / "state").mkdir()
    with (tmp_path / "state" / "cameras.toml").open("w") as config:
        subprocess.run(["sh", "-c", made], stdout=config, check=True, timeout=10)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert run(["monitor", "--check"]) == 2
    assert "token" in capsys.readouterr().err
    name, _, value = secrets.read_text().strip().partition("=")
    monkeypatch.setenv(name, value)
    assert run(["monitor", "--check"]) == 0


def test_the_broker_lets_in_who_has_the_password(
    tmp_path: Path, need_tool: Callable[[str], str]
) -> None:
    need_package("paho.mqtt.client", extra="monitor")
    from livesegment.events.broker_address import BrokerAddress
    from livesegment.events.home_assistant import Device
    from livesegment.events.mqtt import MqttPublisher

    config = (DEPLOY / "mosquitto.conf").read_text().replace("/mosquitto/data", str(tmp_path))
    lines = [line for line in config.splitlines() if not line.startswith(("listener", "log_dest"))]
    broker = Broker(need_tool("mosquitto"), tmp_path, "user root", *lines)
    [command] = re.findall(r"(mosquitto_passwd .*)", README)
    program, *options, _ = command.replace("/mosquitto/data", str(tmp_path)).split()
    subprocess.run([need_tool(program), *options, "a-password"], check=True, timeout=10)
    broker.start()
    try:
        address = BrokerAddress(
            "127.0.0.1", broker.port, user="cams", password=ApiKey("a-password")
        )
        with MqttPublisher(address, "yard", [], Device("1")) as mqtt:
            home = Home(broker.port, "cams", "a-password")
            home.wait_for(lambda: home.said("livesegment/yard/availability") == "online")
            home.close()
            assert mqtt.connections == 1
        with socket.create_connection(("127.0.0.1", broker.port), 10) as nobody:
            nobody.sendall(b"\x10\x0f\0\4MQTT\4\2\0\x3c\0\3who")  # CONNECT, without a name
            assert nobody.recv(4) == b"\x20\2\0\5"  # CONNACK: not authorised
    finally:
        broker.kill()
