"""Debian from nothing in a folder, and programs that are run in it; needs root.

How packages are reached is this machine's own matter: what apt and pip are told here, they are told
in there.
"""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RELEASES = {"bookworm": "12", "trixie": "13"}
"""Those that are tried, with their numbers."""

_DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
_REACHING = re.compile(r"Acquire::(https?|Check-Date|Check-Valid-Until|Retries)\b.*")


def make_debian(release: str, file: Path) -> None:
    """Write the least Debian there is into a tar file: that which slim images are made of."""
    settings = file.with_suffix(".conf")
    told = _output("apt-config", "dump").splitlines()
    settings.write_text("".join(f"{each}\n" for each in told if _REACHING.fullmatch(each)))
    start = ["mmdebstrap", "--variant=minbase", f"--aptopt={settings}", release, str(file)]
    made = subprocess.run(
        [*start, *_repositories(release)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert made.returncode == 0, made.stderr


def _repositories(release: str) -> list[str]:
    """Return the lines of a sources.list for a release, from this machine's for its own."""
    [own] = re.findall(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)
    listed = _output(
        "apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(RELEASE)", "Origin: Debian"
    )
    found = sorted({tuple(line.split()[1:]) for line in listed.splitlines()})
    # What else is listed, such as another release's packages, is not for this one.
    lines = [
        f"deb {address} {suite.replace(own, release)} main"
        for address, suite in found
        if suite == own or suite.startswith(f"{own}-")
    ]
    assert lines, "apt has no repository of Debian here"
    return lines


@dataclass(slots=True)
class Mounts:
    """What of other places is seen in a folder.

    Attributes:
        shared: What is seen there: paths in it, each with one of this machine.
        read_only: Which of these paths are not written to.
        memory: Paths that are kept in memory.
    """

    shared: dict[str, Path] = field(default_factory=dict)
    read_only: set[str] = field(default_factory=set)
    memory: list[str] = field(default_factory=list)


def how_pip_reaches_packages(mounts: Mounts) -> dict[str, str]:
    """Return the environment in which pip finds what it finds here, and mount the files for it."""
    environment = {}
    lines = _output(sys.executable, "-m", "pip", "config", "list").splitlines()
    # What the environment says goes before what files say.
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):
        name, _, quoted = line.partition("=")
        value = str(ast.literal_eval(quoted))
        for number, word in enumerate(value.split()):
            path = Path(urlsplit(word).path if word.startswith("file:") else word)
            if not path.is_absolute() or not path.exists():
                continue
            if path.is_file():
                inside = f"/mnt/{name.rpartition('.')[2]}-{number}"
                value = value.replace(word, inside)
            else:
                # An index has its files beside it.
                path = path if "find-links" in name else path.parent
                inside = str(path)
            mounts.shared[inside] = path
            mounts.read_only.add(inside)
        environment[f"PIP_{name.rpartition('.')[2].upper().replace('-', '_')}"] = value
    return environment


class Root:
    """A folder that programs take for the whole machine.

    Args:
        folder: Empty, or not there yet.
        base: A tar file of `make_debian`.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-xpf", base, "-C", folder, "--numeric-owner"], check=True)
        shutil.copyfile("/etc/resolv.conf", folder / "etc/resolv.conf")

    def inside(self, path: str) -> Path:
        """Return where a path of it is on this machine."""
        return self.folder / path.lstrip("/")

    def command(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        mounts: Mounts,
        *,
        wrapper: Sequence[str] = (),
        own_network: bool = False,
        is_read_only: bool = False,
    ) -> list[str]:
        """Return what starts a program in it, as the first process of a machine of its own.

        Args:
            arguments: The program, and what it is told.
            environment: All of it.
            mounts: What else is seen in there.
            wrapper: What starts the program in there, such as `setpriv`.
            own_network: Whether it has none but with itself.
            is_read_only: Whether nothing can be written but what is mounted.
        """
        for path, shared in mounts.shared.items():
            if not shared.is_dir():
                self.inside(path).parent.mkdir(parents=True, exist_ok=True)
                self.inside(path).touch()
                continue
            self.inside(path).mkdir(parents=True, exist_ok=True)
        lines = list(self._mounting(mounts, is_read_only=is_read_only))
        if own_network:
            lines.append("ip link set lo up")
        variables = [f"{name}={value}" for name, value in environment.items()]
        start = [shutil.which("chroot") or "chroot", str(self.folder)]
        start += ["/usr/bin/env", "-i", *variables, *wrapper, *arguments]
        lines.append(f"exec {shlex.join(start)}")
        spaces = ["--mount", "--pid", "--ipc", "--uts", *(["--net"] if own_network else [])]
        script = "\n".join(["set -eu", *lines])
        return ["unshare", *spaces, "--fork", "--kill-child", "/bin/sh", "-c", script]

    def _mounting(self, mounts: Mounts, *, is_read_only: bool) -> list[str]:
        root, at = shlex.quote(str(self.folder)), lambda path: shlex.quote(str(self.inside(path)))
        lines = [
            f"mount --bind {root} {root}",
            f"mount -t proc proc {at('/proc')}",
            f"mount -t tmpfs -o mode=755 tmpfs {at('/dev')}",
            f"mkdir {at('/dev/shm')}",
            f"mount -t tmpfs -o mode=1777 tmpfs {at('/dev/shm')}",
            f"ln -s /proc/self/fd {at('/dev/fd')}",
        ]
        for name in _DEVICES:
            device = at(f"/dev/{name}")
            lines += [f"touch {device}", f"mount --bind /dev/{name} {device}"]
        for path in mounts.memory:
            lines.append(f"mount -t tmpfs -o mode=1777,nosuid,nodev,noexec tmpfs {at(path)}")
        for path, shared in mounts.shared.items():
            lines.append(f"mount --bind {shlex.quote(str(shared))} {at(path)}")
            if path in mounts.read_only:
                lines.append(f"mount -o remount,bind,ro {at(path)}")
        if is_read_only:
            lines.append(f"mount -o remount,bind,ro {root}")
        return lines

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        mounts: Mounts,
        *,
        folder: str = "/",
        timeout_s: float = 1800,
    ) -> str:
        """Run a program in it as root, with this machine's network; return what it says.

        Raises:
            AssertionError: If it fails.
        """
        wrapper = ["/usr/bin/env", "-C", folder]
        given = {"PATH": PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **environment}
        done = subprocess.run(
            self.command(arguments, given, mounts, wrapper=wrapper),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout


def _output(*command: str) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout
