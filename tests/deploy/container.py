"""An image made by a Dockerfile's instructions, and a container of it as a compose file says.

It is what a container engine does, in the kernel's words: `unshare`, `chroot`, `mount`, `setpriv`.
"""

import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.debian import PATH, Mounts, Root, how_pip_reaches_packages
from dockerfile import Stage, Step, read_dockerfile
from waiting import wait_until


@dataclass(slots=True)
class Image:
    """What a Dockerfile makes.

    Attributes:
        root: Its files.
        stage: The last one.
        environment: What programs find.
        folder: Where they are started.
    """

    root: Root
    stage: Stage
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    folder: str = "/"

    def step(self, word: str) -> Step:
        """Return the instruction with a word that holds."""
        found = self.stage.last(word)
        assert found is not None, f"the Dockerfile has no {word}"
        return found

    @property
    def user(self) -> str:
        """Who runs its programs."""
        return self.step("USER").text


def sent_context(checkout: Path, ignoring: Path, to: Path) -> None:
    """Copy what a build may copy from, as a .dockerignore says that ignores all but some names."""
    lines = [line for line in ignoring.read_text().splitlines() if line and line[0] != "#"]
    kept = [line[1:] for line in lines if line.startswith("!")]
    left = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    assert sorted(lines) == sorted(["*", *(f"!{e}" for e in kept), *(f"**/{e}" for e in left)])
    for name in kept:
        if (checkout / name).is_dir():
            shutil.copytree(checkout / name, to / name, ignore=shutil.ignore_patterns(*left))
        else:
            to.mkdir(exist_ok=True)
            shutil.copy(checkout / name, to / name)


def build(dockerfile: Path, release: str, base: Path, context: Path, work: Path) -> Image:
    """Do what a Dockerfile says.

    Args:
        dockerfile: Its file.
        release: Of Debian.
        base: A tar file of what its stages begin with.
        context: What it copies from.
        work: A folder for what it makes.
    """
    made: dict[str, Image] = {}
    image = None
    stages = read_dockerfile(dockerfile.read_text(), {"DEBIAN": release})
    for number, stage in enumerate(stages):
        assert stage.base == f"debian:{release}-slim"
        image = Image(Root(work / f"stage-{number}", base), stage)
        _Building(image, context, made).do()
        made[stage.name or str(number)] = image
    assert image is not None
    return image


class _Building:
    """Does the instructions of one stage."""

    def __init__(self, image: Image, context: Path, made: Mapping[str, Image]) -> None:
        self._image = image
        self._context = context
        self._made = made
        self._arguments: dict[str, str] = {}

    def do(self) -> None:
        """Do them all; those that only say how it is to be run are left to who runs it."""
        for step in self._image.stage.steps:
            doing = getattr(self, f"_{step.word.lower()}", None)
            if doing is not None:
                doing(step)

    def _arg(self, step: Step) -> None:
        name, _, value = step.text.partition("=")
        self._arguments[name] = value

    def _env(self, step: Step) -> None:
        name, _, value = step.text.partition("=")
        self._image.environment[name] = value

    def _workdir(self, step: Step) -> None:
        self._image.root.inside(step.text).mkdir(parents=True, exist_ok=True)
        self._image.folder = step.text

    def _copy(self, step: Step) -> None:
        *sources, to = step.text.split()
        origin = self._context
        if "from" in step.options:
            origin = self._made[step.options["from"]].root.folder
        target = self._image.root.inside(to)
        for name in sources:
            source = origin / name.lstrip("/")
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)

    def _run(self, step: Step) -> None:
        mounts = Mounts()
        reaching = how_pip_reaches_packages(mounts)
        environment = {**self._image.environment, **self._arguments, **reaching}
        folder = self._image.folder
        self._image.root.run(step.command, environment, mounts, folder=folder)


class Container:
    """A container of an image, run as a service of a compose file.

    Args:
        image: What is run.
        service: What compose.yaml says of it.
        folder: That of compose.yaml; its volumes are kept in there too.

    Attributes:
        pid: Its first process, as this machine numbers it.
    """

    def __init__(self, image: Image, service: Mapping[str, Any], folder: Path) -> None:
        self._image = image
        self._service = service
        self._folder = folder
        self._environment = dict(image.environment)
        for line in (folder / str(service["env_file"])).read_text().splitlines():
            name, equals, value = line.partition("=")
            if equals and not name.startswith("#"):
                self._environment[name] = value
        self._mounts = Mounts(memory=list(service["tmpfs"]))
        for volume in service["volumes"]:
            name, path, *options = str(volume).split(":")
            self._mounts.shared[path] = self._volume(name, path)
            if options == ["ro"]:
                self._mounts.read_only.add(path)
        self._program: subprocess.Popen[str] | None = None
        self.pid = 0

    def _volume(self, name: str, path: str) -> Path:
        """Return a volume's folder; a new one begins as the image's own folder does."""
        volume = self._folder / name
        if not name.startswith(".") and not volume.exists():
            subprocess.run(["cp", "-a", self._image.root.inside(path), volume], check=True)
        return volume

    def volume(self, path: str) -> Path:
        """Return where what lies at a path in there lies on this machine."""
        return self._mounts.shared[path]

    def _as_user(self) -> list[str]:
        """Return what takes away from a program what the compose file says."""
        assert self._service["cap_drop"] == ["ALL"]
        assert self._service["security_opt"] == ["no-new-privileges:true"]
        return [
            *("/usr/bin/setpriv", f"--reuid={self._image.user}", f"--regid={self._image.user}"),
            *("--init-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
            *("/usr/bin/env", "-C", self._image.folder),
        ]

    def _command(self, *arguments: str) -> list[str]:
        entry = self._image.step("ENTRYPOINT").command
        return self._image.root.command(
            [*entry, *(arguments or self._image.step("CMD").command)],
            self._environment,
            self._mounts,
            wrapper=self._as_user(),
            own_network=True,
            is_read_only=bool(self._service["read_only"]),
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run its program with other arguments, and wait for its end."""
        return subprocess.run(
            self._command(*arguments), capture_output=True, text=True, timeout=120, check=False
        )

    def start(self, log: Path) -> None:
        """Start it."""
        with log.open("w") as file:
            self._program = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stderr=file, stdout=file, text=True
            )
        wait_until(self._is_inside, "a container")

    def _is_inside(self) -> bool:
        """Tell whether its first process takes the image for the whole machine."""
        assert self._program is not None
        assert self._program.poll() is None, "it has ended"
        outer = self._program.pid
        for child in Path(f"/proc/{outer}/task/{outer}/children").read_text().split():
            self.pid = int(child)
            with suppress(OSError):
                return Path(f"/proc/{child}/root").readlink() == self._image.root.folder
        return False

    def execute(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run something else in it."""
        space = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--ipc", "--uts"]
        space += ["--root", "--wd=/"]
        return subprocess.run(
            [*space, *self._as_user(), *command],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def until_healthy(self, patience_s: float = 60) -> None:
        """Wait until its check of health says that it is well."""
        check = self._image.step("HEALTHCHECK").command
        wait_until(lambda: self.execute(*check).returncode == 0, "health", patience_s, pause_s=0.5)

    def stop(self, signal_number: int, patience_s: float) -> int:
        """Send its first process a signal; return its exit code."""
        assert self._program is not None
        subprocess.run(["kill", f"-{signal_number}", str(self.pid)], check=True)
        return self._program.wait(patience_s)

    def kill(self) -> None:
        """End it, in any case."""
        if self._program is not None:
            self._program.kill()
            self._program.wait()
