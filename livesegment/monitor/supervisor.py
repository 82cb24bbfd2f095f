"""Watches many cameras at once."""

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from livesegment.errors import OptionsError
from livesegment.events.phone_trial import try_phones
from livesegment.monitor.call_ledger import CallLedger
from livesegment.monitor.camera_feed import CameraFeed
from livesegment.monitor.config import MonitorConfig
from livesegment.monitor.config_file import ConfigFile
from livesegment.monitor.coordinator import Coordinator
from livesegment.monitor.forgetting import Forgetting
from livesegment.monitor.keeper import Keeper, changed_controls, initial_controls, same_run
from livesegment.monitor.page_editor import PageEditor
from livesegment.resource import Resource
from livesegment.review.reading import Places
from livesegment.review.review import Review
from livesegment.settings.monitor import BudgetOptions, CameraOptions
from livesegment.state import REVIEW
from livesegment.web.event_log import EventLog
from livesegment.web.page_server import PageServer
from livesegment.web.phone_routes import Phones

logger = logging.getLogger(__name__)

_PULSE_S = 1.0


class ServiceNotices(Resource):
    """Sends notices; does nothing where no service manager asked for them.

    Args:
        environment: Where a service manager says what it wants.

    Attributes:
        pulse_s: Seconds between two signs of life, at most half of what the watchdog allows.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        # A socket may have no file: its name begins with a zero, which is written as @.
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._socket = None
        if name.startswith(("@", "/")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            # A full queue must not hold up the cameras.
            self._socket.setblocking(False)
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID", f"{os.getpid()}") == f"{os.getpid()}"
        self._is_watched = watchdog_us.isdecimal() and is_ours
        self.pulse_s = min(_PULSE_S, int(watchdog_us) / 2e6) if self._is_watched else _PULSE_S

    def ready(self, status: str) -> None:
        """Say that everything has started, and what goes on in a few words."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` says that it is done."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that files are being finished."""
        self._send("STOPPING=1", "STATUS=finishing files")

    def alive(self) -> None:
        """Give a sign of life to the watchdog, if there is one."""
        if self._is_watched:
            self._send("WATCHDOG=1")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()

    def _send(self, *lines: str) -> None:
        if self._socket is not None:
            # Watching goes on without its manager; one that misses signs of life acts on that.
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)


class Supervisor:
    """Keeps a process for each camera and shows them on a page, until it is told to stop.

    Args:
        config: What to watch.
        file: Where that comes from; it is read again by `reload`, and changed by the page.
        state: Folder of what is remembered from one start to the next.
        ledger: Remembers the calls from one start to the next; None: nobody does.
    """

    def __init__(
        self,
        config: MonitorConfig,
        file: ConfigFile,
        state: Path,
        ledger: CallLedger | None = None,
    ) -> None:
        self._config = config
        self._file = file
        self._state = state
        self._forgetting = Forgetting(state / "mqtt.json")
        self._review = Review(state / REVIEW)
        self._page_url: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        budget = config.budget
        self._coordinator = Coordinator(budget.in_flight or 1, budget.calls_per_hour, ledger=ledger)
        self._is_stopping = self._is_reloading = False
        self._keepers: dict[str, Keeper] = {}
        self._feeds: dict[str, CameraFeed] = {}
        self._shown: tuple[CameraFeed, ...] = ()
        self._beat_at_s: float | None = None

    def run(self) -> None:
        """Watch until `stop` is called.

        Raises:
            OptionsError: If the page's address or port cannot be had.
        """
        asyncio.run(self._run())

    def stop(self) -> None:
        """Ask `run` to end, once all files are finished; from any thread or signal handler."""
        self._is_stopping = True
        self._wake()

    def reload(self) -> None:
        """Ask for the configuration to be read again; from any thread or signal handler."""
        self._is_reloading = True
        self._wake()

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            # Closed: the run is over, and there is nobody to wake.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._changed.set)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        page = PageServer(
            lambda: self._shown,
            self._config.web,
            beat=lambda: self._beat_at_s,
            editor=PageEditor(self._file, on_saved=self.reload),
            review=self._review,
            phones=Phones(
                lambda: len(self._config.notify), lambda: try_phones(self._config.notify)
            ),
            takes_any_port=self._file.is_to_be_made,
        )
        try:
            page.start()
        except OptionsError as error:
            where = f"[web] in {self._file.path.name} says where the page is"
            raise OptionsError(f"{error}; {where}") from error
        if self._config.web.port not in {0, page.port}:
            self._file.first_port = page.port
            logger.warning("port %d is taken: the page has another one", self._config.web.port)
        # A link is for other machines, if it leads there.
        self._page_url = [*page.urls_elsewhere, page.url][0]
        for sentence in page.announcement():
            logger.info("%s", sentence)
        if self._config.cameras:
            _say_budget(self._config.budget)
        notices = ServiceNotices()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                pulse = self._tasks.create_task(self._pulse(notices), name="pulse")
                await self._apply(self._config)
                notices.ready(self._in_words())
                while not self._is_stopping:
                    if self._is_reloading:
                        self._is_reloading = False
                        notices.reloading()
                        await self._reload()
                        notices.ready(self._in_words())
                        continue
                    await self._changed.wait()
                    self._changed.clear()
                notices.stopping()
                await asyncio.gather(*(keeper.stop() for keeper in self._keepers.values()))
                pulse.cancel()
        finally:
            notices.close()
            self._coordinator.close()
            self._forgetting.close()
            for feed in self._feeds.values():
                feed.close()
            self._review.stop()
            await asyncio.to_thread(page.close)
            self._review.close()

    async def _pulse(self, notices: ServiceNotices) -> None:
        """Show that this loop goes round, to whoever watches over this process."""
        while True:
            self._beat_at_s = time.monotonic()
            notices.alive()
            await asyncio.sleep(notices.pulse_s)

    def _in_words(self) -> str:
        count = len(self._config.cameras)
        return f"watching {count} camera{'' if count == 1 else 's'}"

    async def _reload(self) -> None:
        try:
            config = await asyncio.to_thread(self._file.config)
        except OptionsError as error:
            logger.warning("the new configuration is not used, the old one goes on: %s", error)
            return
        for warning in config.warnings:
            logger.warning("%s", warning)
        if config.web != self._config.web:
            logger.warning("another [web] takes effect when the monitor is started again")
        await self._apply(config)
        logger.info("the configuration was read again")

    async def _apply(self, config: MonitorConfig) -> None:
        """Start, stop and restart cameras until they are those of a configuration.

        Cameras that have not changed are not touched; where only controls have, a camera goes on
        with these.
        """
        wanted = {camera.name: camera for camera in config.cameras}
        going = []
        for name, keeper in self._keepers.items():
            camera = wanted.get(name)
            if camera is None or not same_run(keeper.config, camera):
                going.append(keeper)
            elif keeper.config != camera:
                self._feeds[name].change(changed_controls(keeper.config, camera))
                keeper.config = camera
        await asyncio.gather(*(keeper.stop("starting") for keeper in going))
        for keeper in going:
            del self._keepers[keeper.config.name]
        for name in self._feeds.keys() - wanted.keys():
            self._coordinator.forget(name)
            self._feeds.pop(name).close()
        is_first = bool(config.cameras) and not self._config.cameras
        if config.budget != self._config.budget or is_first:
            _say_budget(config.budget)
        self._config = config
        self._review.keep_to(Places.of(camera.name, camera.options) for camera in config.cameras)
        self._coordinator.change(config.budget.in_flight or 1, config.budget.calls_per_hour)
        for camera in config.cameras:
            self._start(camera, config.budget)
        self._shown = tuple(self._feeds[name] for name in wanted)
        self._forgetting.keep_to(config)

    def _start(self, camera: CameraOptions, budget: BudgetOptions) -> None:
        name = camera.name
        feed = self._feeds.get(name)
        if feed is None:
            feed = CameraFeed(
                name,
                camera.title or name,
                initial_controls(camera),
                budget.price_per_call,
                tell=lambda: self._on_keeper(name, Keeper.send_orders),
                try_now=lambda: self._on_keeper(name, Keeper.try_now),
                events=EventLog(review=self._review, camera=name),
            )
            self._feeds[name] = feed
        feed.price_per_call, feed.currency = budget.price_per_call, budget.currency
        if name not in self._keepers:
            feed.title = camera.title or name
            feed.set_controls(initial_controls(camera))
            keeper = self._keepers[name] = Keeper(
                camera,
                feed,
                self._coordinator,
                page_url=self._link(name),
                switches=self._state / "switches" / f"{name}.json",
                told=self._state / "told" / f"{name}.json",
            )
            self._tasks.create_task(keeper.run(), name=f"keeper {name}")

    def _link(self, name: str) -> str | None:
        """Return the address at which the page shows a camera, as `page/place.js` reads it."""
        return None if self._page_url is None else f"{self._page_url.rstrip('/')}/#camera={name}"

    def _on_keeper(self, name: str, do: Callable[[Keeper], None]) -> None:
        """Have a camera told what the page wants; from any thread."""

        def tell() -> None:
            keeper = self._keepers.get(name)
            if keeper is not None:
                do(keeper)

        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tell)


def _say_budget(budget: BudgetOptions) -> None:
    # Each call is billed.
    limit = "any number of" if budget.calls_per_hour is None else f"{budget.calls_per_hour}"
    logger.info(
        "%d requests in flight for all cameras, %s calls an hour; [budget] changes it",
        budget.in_flight or 1,
        limit,
    )
