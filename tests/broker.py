"""An MQTT broker that comes and goes, who listens to it, and the way there."""

import asyncio
import json
import random
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from conftest import need_package


def free_port() -> int:
    """Return a port of this machine that nobody listens on.

    It is below those that systems hand out by themselves, for connections too: one of these may be
    in use by the time that it is wanted.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Broker:
    """A real mosquitto, which forgets everything when it is killed."""

    def __init__(self, program: str, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self._file = folder / "mosquitto.conf"
        own = [f"listener {self.port} 127.0.0.1", "log_type all", "log_dest stderr"]
        self._file.write_text("\n".join([*own, *(lines or ["allow_anonymous true"])]) + "\n")
        self._program = program
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def configure(self, line: str) -> None:
        """Add a line to its configuration, before it is started."""
        self._file.write_text(f"{self._file.read_text()}{line}\n")

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._file)], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if line.rstrip().endswith("running"):
                # Somebody has to read on, or it hangs when the pipe is full.
                self._reader = threading.Thread(target=self._process.stderr.read)
                self._reader.start()
                return
        raise AssertionError("".join(said))

    def freeze(self) -> None:
        """Let it hang."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it as a power cut does. May be called twice."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            if self._reader is not None:
                self._reader.join()
            assert process.stderr is not None
            process.stderr.close()


class Listener:
    """A subscriber of everything on a broker."""

    def __init__(self, port: int, user: str | None = None, password: str | None = None) -> None:
        self.messages: list[tuple[str, str, bool]] = []  # topic, text, whether it was retained
        self.payloads: dict[str, bytes] = {}  # the newest of each topic
        self.pictures: list[bytes] = []
        self._changed = threading.Condition()
        paho = need_package("paho.mqtt.client", extra="monitor")
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        subscribed = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = self._take
        if user is not None:
            self._client.username_pw_set(user, password)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert subscribed.wait(10)

    def _take(self, _: object, __: object, message: Any) -> None:
        with self._changed:
            text = message.payload.decode(errors="replace")  # pictures are no text
            self.messages.append((message.topic, text, message.retain))
            self.payloads[message.topic] = message.payload
            if message.payload.startswith(b"\xff\xd8"):
                self.pictures.append(message.payload)
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until a condition of the messages is met."""
        with self._changed:
            assert self._changed.wait_for(condition, 30), self.messages

    def texts(self, ending: str) -> list[str]:
        """Return what came for topics that end so."""
        return [text for topic, text, _ in self.messages if topic.endswith(ending)]

    def ids(self) -> list[str]:
        """Return the ids of the events that came."""
        return [json.loads(text)["id"] for text in self.texts("/events")]

    def rules(self) -> list[str]:
        """Return the rules that the events that came were of."""
        return [json.loads(text)["rule"] for text in self.texts("/events")]

    def say(self, topic: str, text: str, *, retain: bool = False) -> None:
        """Publish something, and wait until the broker has it."""
        self._client.publish(topic, text, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()


class Home(Listener):
    """Reads what Home Assistant reads: what a broker has kept, and what it says from then on."""

    def entities(self) -> dict[str, dict[str, Any]]:
        """Return what is described, by its topic; what was taken back is not."""
        return {
            topic: json.loads(payload)
            for topic, payload in self.payloads.items()
            if topic.startswith("homeassistant/") and payload
        }

    def ids(self) -> set[str]:
        """Return the kinds of the entities, each with its name."""
        return {f"{topic.split('/')[1]} {each['name']}" for topic, each in self.entities().items()}

    def said(self, topic: str) -> str | None:
        """Return what was said last on a topic."""
        payload = self.payloads.get(topic)
        return None if payload is None else payload.decode()


def look(broker: Broker, condition: Callable[[Home], object]) -> Home:
    """Return what somebody finds who comes later, once a condition is met."""
    late = Home(broker.port)
    late.wait_for(lambda: condition(late))
    # Messages come in order: before this one comes all that the broker has kept.
    late.say("done", "yes")
    late.wait_for(lambda: late.said("done"))
    late.close()
    return late


class Gate:
    """A port that leads to another one while it is open, and hangs up on everybody else."""

    def __init__(self, to_port: int) -> None:
        self.port = free_port()
        self._to_port = to_port
        self._is_open = False
        self._ends: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._lead, "127.0.0.1", self.port))

    def open(self) -> None:
        """Let everybody through."""
        self._is_open = True

    def shut(self) -> None:
        """Cut every connection, and let nobody through."""
        self._do(self._cut())

    def close(self) -> None:
        """End it."""
        self.shut()
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _cut(self) -> None:
        self._is_open = False
        for end in list(self._ends):
            end.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            if not self._is_open:
                raise ConnectionRefusedError
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.transport.abort()
            return
        self._ends.add(far_writer)
        if not self._is_open:
            far_writer.transport.abort()
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
