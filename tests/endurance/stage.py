"""What a long run is made of: cameras, an endpoint, `live` and `monitor`, and who looks at them."""

import json
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from broker import Broker
from cameras import Camera, has_rtsp_server
from clips import serve_handler
from monitored import Monitored, followed, monitored
from watching import AllStreams, Endpoint

NAMES = ("c0", "c1", "c2", "c3")
KILLED = "c3"
"""The only camera whose process is killed, so that the others live through it all."""

# Events of seconds, files of seconds, few of which are kept: an hour does what a day would do.
_BLINK_S = 2
_SEGMENT_MINUTES = 0.1
_KEEP, _KEEP_CLIPS = "1MB", 10
_RULE = {"name": "crossing", "class": "left", "above": 5, "for": 0.2}
_OWN = {
    "c0": "smooth = true",
    "c1": 'align = "paste"',
    "c2": 'align = "delay"\n[camera.redact]\nclasses = ["right"]',
    "c3": "",
}


def configuration(
    sources: Mapping[str, str], folder: Path, endpoint: str, hook: str, mqtt: str
) -> str:
    """Return the monitor's file."""
    rule = "".join(f"{key} = {json.dumps(value)}\n" for key, value in _RULE.items())
    cameras = "".join(
        f'[[camera]]\nname = "{name}"\nsource = "{source}"\n'
        f"[[camera.rule]]\n{rule}[camera.picture]\n{_OWN[name]}\n"
        for name, source in sources.items()
    )
    return (
        f'[endpoint]\nurl = "{endpoint}"\nmodel = "any/1"\napi_key = "a-key"\n'
        f'[record]\nfolder = "{folder}"\nsegment = {_SEGMENT_MINUTES}\nkeep = "{_KEEP}"\n'
        f'[events]\nfolder = "{folder}"\nclips = true\npre = 1\npost = 1\nkeep = {_KEEP_CLIPS}\n'
        f'camera_lost = 2\nendpoint_failing = 2\nwebhook = "{hook}"\n{mqtt}{cameras}'
    )


def live_arguments(source: str, endpoint: str, hook: str, mqtt: str) -> list[str]:
    """Return the command line of `live`."""
    return [
        *("live", source, "--no-window", "--web", "127.0.0.1:0", "--wait-for-source"),
        *("--endpoint", endpoint, "--model", "any/1", "--smooth"),
        *("--record", "live.mp4", "--segment", str(_SEGMENT_MINUTES), "--keep", _KEEP),
        *("--masks", "live.mkv", "--events", "live.jsonl", "--stats", "live.json"),
        *("--rule", "left > 5% for 0.2s named crossing", "--webhook", hook),
        *("--clips", "live-clips", "--pre", "1", "--post", "1", "--keep-clips", str(_KEEP_CLIPS)),
        *(["--mqtt", mqtt] if mqtt else []),
    ]


class _Hook(BaseHTTPRequestHandler):
    """Takes every event."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Stage:
    """Everything under way.

    Attributes:
        live: A run of `live`.
        monitor: A run of `monitor`.
        servers: The cameras by name; live's is `live`.
        endpoint: What both ask.
        broker: Where both tell events; None: the machine has no mosquitto.
    """

    def __init__(self, folder: Path, size: str, fps: int, latency_ms: float) -> None:
        self._shape = (size, fps)
        self._is_well_kept = ExitStack()
        self.endpoint = Endpoint(latency_ms, "--blink-s", str(_BLINK_S), "--size", *size.split("x"))
        first = "rtsp" if has_rtsp_server() else "mjpeg"
        kinds = dict(zip(("live", *NAMES), ("mjpeg", first, "mjpeg", "hls", "mjpeg"), strict=True))
        self.servers: dict[str, Camera] = {}
        for name, kind in kinds.items():
            own = folder / f"{name}-server"
            own.mkdir()
            self.servers[name] = Camera(kind, own)
        mosquitto = shutil.which("mosquitto")
        self.broker = Broker(mosquitto, folder) if mosquitto else None
        self._folder = folder

    def __enter__(self) -> "Stage":
        with ExitStack() as stack:
            stack.enter_context(self.endpoint)
            for server in self.servers.values():
                stack.callback(server.kill)
                server.start(*self._shape)
            if self.broker is not None:
                stack.callback(self.broker.kill)
                self.broker.start()
            hook, _ = stack.enter_context(serve_handler(_Hook))
            mqtt = "" if self.broker is None else f"mqtt://127.0.0.1:{self.broker.port}"
            self.monitor = stack.enter_context(self._monitor(hook, mqtt))
            self.live = stack.enter_context(self._live(hook, mqtt))
            for each in (self.monitor, self.live):
                stack.enter_context(AllStreams(each.url))
            self._is_well_kept = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_well_kept.close()

    def _monitor(self, hook: str, mqtt: str) -> AbstractContextManager[Monitored]:
        sources = {name: self.servers[name].url for name in NAMES}
        line = f'mqtt = "{mqtt}/many"\n' if mqtt else ""
        text = configuration(sources, self._folder, self.endpoint.url, hook, line)
        return monitored(self._folder, text)

    def _live(self, hook: str, mqtt: str) -> AbstractContextManager[Monitored]:
        arguments = live_arguments(self.servers["live"].url, self.endpoint.url, hook, mqtt)
        return followed(arguments, self._folder / "live.mp4")

    def processes(self) -> dict[str, tuple[int, int]]:
        """Return number and masks of every process that is watched, by name."""
        masks = self.masks()
        pids = {name: self.monitor.pids(name)[-1] for name in NAMES}
        both = {"live": self.live.program.pid, "monitor": self.monitor.program.pid}
        return {name: (pid, masks.get(name, 0)) for name, pid in {**both, **pids}.items()}

    def states(self) -> dict[str, dict[str, object]]:
        """Return what both pages say of every camera; live's is `live`."""
        [of_live] = self.live.cameras().values()
        return {"live": of_live, **self.monitor.cameras()}

    def masks(self) -> dict[str, int]:
        """Return the masks that each camera got so far."""
        return {name: each["figures"]["masks_received"] for name, each in self.states().items()}

    def start_camera(self, name: str) -> None:
        """Start a camera's server again."""
        self.servers[name].start(*self._shape)
