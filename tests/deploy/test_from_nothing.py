"""The container and the README's commands on Debian from nothing.

Debian's packages and Python's come from where this machine gets its own. Takes minutes.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest
import yaml
from conftest import skip_or_fail
from deploy.container import Container, Image, build, sent_context
from deploy.debian import PATH, RELEASES, Mounts, Root, how_pip_reaches_packages, make_debian
from waiting import wait_until

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "samples" / "deploy"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHECKOUT = "/root/livesegment"
TRY, LIVE = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[:2]

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(sys.platform != "linux", reason="Debian is tried on Linux"),
]


@pytest.fixture(scope="module", params=list(RELEASES), ids=list(RELEASES.values()))
def release(request: pytest.FixtureRequest) -> str:
    """Return the name of a release."""
    return str(request.param)


@pytest.fixture(scope="module")
def debian(release: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tar file of Debian from nothing."""
    if os.geteuid() != 0:
        skip_or_fail("only root makes a Debian in a folder")
    for program in ("apt-get", "ip", "mmdebstrap", "nsenter", "setpriv", "unshare"):
        if shutil.which(program) is None:
            skip_or_fail(f"this test needs the program {program}")
    file = tmp_path_factory.mktemp(release) / "debian.tar"
    make_debian(release, file)
    return file


@pytest.fixture(scope="module")
def image(release: str, debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Return what the Dockerfile makes."""
    work = tmp_path_factory.mktemp("image")
    sent_context(ROOT, DEPLOY / "Dockerfile.dockerignore", work / "context")
    yield build(DEPLOY / "Dockerfile", release, debian, work / "context", work)
    shutil.rmtree(work)


@pytest.fixture
def container(image: Image, tmp_path: Path) -> Iterator[Container]:
    """Return a container as compose.yaml has it, with README's own steps done before."""
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder)
    [steps] = re.findall(
        r"```sh\n(cd samples/deploy\b.*?)^docker", (folder / "README.md").read_text(), re.M | re.S
    )
    here = steps.replace("cd samples/deploy", f"cd {folder}")
    subprocess.run(["bash", "-euc", here], check=True, timeout=60)
    service = yaml.safe_load((folder / "compose.yaml").read_text())["services"]["monitor"]
    container = Container(image, service, folder)
    yield container
    container.kill()


def test_what_it_begins_with_is_fine_and_so_is_the_sample(container: Container) -> None:
    checked = container.run("monitor", "--check")
    assert checked.stdout == "cameras.toml is fine: 0 cameras\n", checked.stderr
    watch_the_sample(container)
    checked = container.run("monitor", "--check")
    assert checked.stdout == "cameras.toml is fine: 2 cameras\n", checked.stderr


def watch_the_sample(container: Container, more: str = "") -> None:
    """Have it watch the cameras of samples/monitor.toml, with more at its end."""
    sample = (DEPLOY.parent / "monitor.toml").read_text()
    sample = sample.replace('host = "127.0.0.1"', 'host = "0.0.0.0"')
    (container.volume("/var/lib/livesegment") / "cameras.toml").write_text(sample + more)


def test_the_container_writes_into_its_volumes_alone_is_well_and_finishes_what_it_records(
    container: Container, tmp_path: Path
) -> None:
    recordings = container.volume("/recordings")
    watch_the_sample(
        container,
        '[record]\nfolder = "."\nsegment = 1\n[events]\nnotify = ["json://127.0.0.1:9/nobody"]\n',
    )
    log = tmp_path / "log"
    container.start(log)
    try:
        container.until_healthy()
        assert container.execute("/usr/bin/id", "-un").stdout == "livesegment\n"
        rights = container.execute("/bin/cat", "/proc/1/status").stdout
        assert set(re.findall(r"^Cap\w+:\t(\w+)", rights, re.M)) == {"0" * 16}
        assert "NoNewPrivs:\t1" in rights
        for place in ("/opt/livesegment/x", "/etc/x", "/x"):
            assert "Read-only" in container.execute("/usr/bin/touch", place).stderr
        wait_until(lambda: list(recordings.rglob("*.mp4*")), "a recording", 60)
        # The page is of the token that README has made.
        assert "401" in fetched(container, "/api/cameras")
        wait_until(lambda: "200" in fetched(container, "/readyz"), "every camera", 60)
        assert '"notify 1 (json)","is_told":false' in container.execute(*TEST_PHONES).stdout
    except BaseException:
        print(log.read_text())
        raise
    assert container.stop(signal.SIGTERM, 30) == 130
    for each in recordings.rglob("*.mp4*"):
        with av.open(str(each)) as file:
            assert next(file.decode(video=0)).width in (320, 640)
    assert list(container.volume("/var/lib/livesegment").rglob("calls"))


TEST_PHONES = (
    "/opt/livesegment/bin/python",
    "-c",
    "import os, urllib.request as r\n"
    "token = os.environ['LIVESEGMENT_WEB_TOKEN']\n"
    "headers = {'Content-Type': 'application/json', 'Authorization': f'Bearer {token}'}\n"
    "address = 'http://127.0.0.1:8080/api/notify/test'\n"
    "print(r.urlopen(r.Request(address, b'{}', headers)).read().decode())",
)


def fetched(container: Container, path: str) -> str:
    """Return with what status a path of the page is answered, asked from within."""
    code = (
        "import sys, urllib.request as r, urllib.error as e\n"
        "try: print(r.urlopen('http://127.0.0.1:8080' + sys.argv[1]).status)\n"
        "except e.HTTPError as error: print(error.code)"
    )
    return container.execute("/opt/livesegment/bin/python", "-c", code, path).stdout


@pytest.fixture(scope="module")
def installed(debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """Return a Debian with a checkout in which the README's first command was run."""
    root = Root(tmp_path_factory.mktemp("readme"), debian)
    checkout = root.inside(CHECKOUT)
    listed = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).split("\0"):
        if name and (ROOT / name).exists():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name, follow_symlinks=False)
    with_packages(root, "/bin/bash", "-c", TRY)
    yield root
    shutil.rmtree(root.folder)


def with_packages(root: Root, *command: str) -> str:
    """Run a program in a checkout that may ask for Python's packages."""
    mounts = Mounts()
    return root.run(command, how_pip_reaches_packages(mounts), mounts, folder=CHECKOUT)


def test_the_first_command_of_the_readme_leaves_a_whole_video(installed: Root) -> None:
    frames = []
    for path in (installed.inside(CHECKOUT) / "annotated.mp4", ROOT / "samples" / "sample.mp4"):
        with av.open(str(path)) as file:
            frames.append(sum(1 for _ in file.decode(video=0)))
    assert frames[0] == frames[1] > 100


def test_the_parts_keep_their_contracts_with_what_was_installed(installed: Root) -> None:
    with_packages(
        installed, ".venv/bin/pip", "install", "-q", "hypothesis", "pytest", "pytest-timeout"
    )
    said = with_packages(installed, ".venv/bin/pytest", "-q", "tests/contracts")
    assert " passed" in said


def test_the_second_command_of_the_readme_opens_a_window_or_says_what_it_lacks(
    installed: Root, screen: dict[str, str], need_tool: Callable[[str], str]
) -> None:
    mounts = Mounts(shared={"/tmp/.X11-unix": Path("/tmp/.X11-unix")})
    environment = {"DISPLAY": screen["DISPLAY"], "HOME": "/root", "PATH": PATH}
    start = ["/usr/bin/env", "-C", CHECKOUT]
    command = installed.command(["/bin/bash", "-c", LIVE], environment, mounts, wrapper=start)
    find = [need_tool("xdotool"), "search", "--onlyvisible", "--name", "^livesegment - "]
    with running(command) as program:
        wait_until(
            lambda: (
                program.poll() is not None
                or subprocess.run(find, env=screen, capture_output=True).returncode == 0
            ),
            "a window",
            90,
        )
        assert program.poll() is None, program.communicate()[0]
    # Where something is missing, Qt would but end the process.
    installed.run(["dpkg", "--purge", "--force-depends", "libsm6"], {}, Mounts())
    with running(command) as program:
        said, _ = program.communicate(timeout=90)
    assert program.returncode == 5
    assert "livesegment: OpenCV's windows need libSM.so.6: run 'apt-get install libsm6'" in said


@contextmanager
def running(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a program to the end of the block."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        yield program
        program.kill()
