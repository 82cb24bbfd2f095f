"""A monitor's file: where it is when nobody names one, and how it is written."""

import codecs
import hmac
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from livesegment.errors import ChangedMeanwhile, OptionsError, OutputNotWritable, system_words
from livesegment.monitor.config import (
    MonitorConfig,
    checked_config,
    is_missing,
    is_private,
    read_config,
)
from livesegment.monitor.toml_text import written

_MOST_BYTES = 2**20
_MODE_OF_NEW = 0o600  # sources hold passwords
_FIRST_LINES = """\
# Cameras for `livesegment monitor`, which changes them on its page; they may be changed here too:
# comments stay, and `livesegment monitor --check` says every mistake with its line.
# samples/monitor.toml shows every key.

[record]
on = false  # each camera may say true
folder = {recordings}
keep = "20GB"

[events]
folder = {events}
keep = "5GB"
"""
_PORT_LINES = """
[web]
port = {port}  # the usual one was taken when this file was made
"""
"""Of a file that is made for the first camera: nobody is asked for folders on the page."""


def usual_config(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the file of a monitor to which none is named; it may not be there yet.

    `$STATE_DIRECTORY/cameras.toml` under systemd, else `livesegment/cameras.toml` in the folder of
    the XDG Base Directory Specification, `~/.config`.
    """
    state = environment.get("STATE_DIRECTORY", "").partition(os.pathsep)[0]
    if state:
        return Path(state) / "cameras.toml"
    given = environment.get("XDG_CONFIG_HOME", "")
    home = Path(environment.get("HOME", "")) / ".config"
    return (Path(given) if given.startswith("/") else home) / "livesegment" / "cameras.toml"


def first_text(environment: Mapping[str, str] = os.environ, port: int | None = None) -> str:
    """Return the text of a file that is made for somebody who has none.

    Recordings lie in `$STATE_DIRECTORY`, else in the folder of the XDG specification for data.

    Args:
        environment: Where these are said.
        port: Where the page is; None: where it usually is.
    """
    base = Path(environment.get("STATE_DIRECTORY", "").partition(os.pathsep)[0])
    if base == Path():
        given = environment.get("XDG_DATA_HOME", "")
        home = Path(environment.get("HOME", "")) / ".local" / "share"
        base = (Path(given) if given.startswith("/") else home) / "livesegment"
    recordings, events = (written(str(base / each)) for each in ("recordings", "events"))
    text = _FIRST_LINES.format(recordings=recordings, events=events)
    return text if port is None else text + _PORT_LINES.format(port=port)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file is to become.

    Attributes:
        text: All of it.
        revision: The file that it was made from.
        config: What it says.
        before: What that says; None where nothing is to become another.
    """

    text: str = field(repr=False)  # it holds passwords
    revision: str
    config: MonitorConfig
    before: MonitorConfig | None = None


class ConfigFile:
    """The file of a monitor that runs.

    Args:
        path: Where it is.
        environment: What `${NAME}` stands for in it.
        may_be_empty: Whether it may have no camera, or not be there: until it is, once.

    Attributes:
        path: Where it is.
        first_port: Where the page is by a file that is made; None: where it usually is.
    """

    def __init__(
        self,
        path: Path,
        environment: Mapping[str, str] = os.environ,
        *,
        may_be_empty: bool = False,
    ) -> None:
        self.path = path
        self._environment = environment
        self.may_be_empty = may_be_empty
        self.first_port: int | None = None
        self._was_there = False
        self._lock = threading.Lock()
        # A file with a short secret in it could be guessed by a bare hash.
        self._key = secrets.token_bytes(32)

    @property
    def is_to_be_made(self) -> bool:
        """Whether there is none yet, and it is made for the first camera."""
        return self.may_be_empty and is_missing(self.path)

    def config(self) -> MonitorConfig:
        """Return what it says; raises as `read_config` does."""
        if is_missing(self.path) and self._was_there:
            raise self._gone()  # whoever moves it does not want all cameras to end
        config = read_config(self.path, self._environment, may_be_empty=self.may_be_empty)
        self._was_there = not is_missing(self.path)
        return config

    def read(self) -> Draft:
        """Return it as it is.

        Raises:
            ConfigMistakes: If it has mistakes.
            OptionsError: If it cannot be read, or is far larger than such files are.
        """
        content = self._content()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise OptionsError(f"{self.path} is no text in UTF-8") from error
        return Draft(text, self._revision(content), self._checked(text))

    def draft(self, change: Callable[[str], str], revision: str | None = None) -> Draft:
        """Return it with a change, not written yet; raises as `read` does, also for the new text.

        Args:
            change: Returns another text for the text that there is.
            revision: The file that the change is made for; None: whatever there is.

        Raises:
            ChangedMeanwhile: If the file is another one.
        """
        before = self.read()
        if revision is not None and revision != before.revision:
            raise self._changed_meanwhile()
        text = change(before.text or first_text(self._environment, self.first_port))
        if len(text.encode()) > _MOST_BYTES - len(codecs.BOM_UTF8):
            raise OptionsError(f"{self.path.name} would be larger than 1 MB: nothing was saved")
        return Draft(text, before.revision, self._checked(text), before.config)

    def write(self, draft: Draft) -> None:
        """Make it what a draft says, whole or not at all; what it was is kept beside it.

        Raises:
            ChangedMeanwhile: If it has changed since the draft was made.
            OutputNotWritable: If it cannot be written.
        """
        with self._lock:
            before = self._content()
            if self._revision(before) != draft.revision:
                raise self._changed_meanwhile()
            mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
            try:
                if (reason := self.why_not_writable()) is not None:
                    raise OutputNotWritable(reason)
                self._replace(before, mark + draft.text.encode())
            except OSError as error:
                reason = system_words(error)
                raise OutputNotWritable(
                    f"{self.path} cannot be written, nothing was saved: {reason}"
                ) from error

    def _gone(self) -> OptionsError:
        return OptionsError(f"{self.path} is not there any more")

    def _changed_meanwhile(self) -> ChangedMeanwhile:
        """Return the error of a change that was made for another file than that which is there."""
        return ChangedMeanwhile(
            f"{self.path.name} was changed meanwhile, by hand or on another page: nothing was"
            " saved; look at what it says now"
        )

    def why_not_writable(self) -> str | None:
        """Return why nothing could be saved, in a sentence; None: it could."""
        path = self.path.resolve()
        there = next(each for each in path.parents if each.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            what = f"{there}"
        elif path.exists() and not os.access(path, os.W_OK):
            what = "it"  # a new file could take its place, but who made it so wants none
        else:
            return None
        return f"{self.path} can be changed by hand only: {what} is not to be written by this user"

    def _content(self) -> bytes:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError as error:
            if self.may_be_empty and not self._was_there:
                return b""
            raise self._gone() from error
        except OSError as error:
            reason = system_words(error)
            raise OptionsError(f"{self.path} cannot be read: {reason}") from error
        self._was_there = True
        if len(content) > _MOST_BYTES:
            raise OptionsError(f"{self.path} is larger than 1 MB, and is changed by hand only")
        return content

    def _revision(self, content: bytes) -> str:
        return hmac.new(self._key, content, "sha256").hexdigest()

    def _checked(self, text: str) -> MonitorConfig:
        try:
            private = is_private(self.path.stat())
        except OSError:
            private = True
        return checked_config(
            text,
            self.path.name,
            self._environment,
            is_private=private,
            may_be_empty=self.may_be_empty,
        )

    def _replace(self, before: bytes, content: bytes) -> None:
        path = self.path.resolve()  # what a link leads to, and not the link
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        like = path.stat() if path.exists() else None
        part = _written(path.with_name(f"{path.name}.part"), content, like)
        try:
            if like is not None:
                backup = path.with_name(f"{path.name}.backup")
                _written(path.with_name(f"{backup.name}.part"), before, like).replace(backup)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _written(part: Path, content: bytes, like: os.stat_result | None) -> Path:
    """Return a file once all of it is on the disk, read by nobody who may not read another."""
    part.unlink(missing_ok=True)
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE_OF_NEW)
    try:
        with os.fdopen(number, "wb") as file:
            if like is not None:
                own = os.fstat(number)
                if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
                    os.fchown(number, like.st_uid, like.st_gid)
                os.fchmod(number, like.st_mode & 0o777)
            file.write(content)
            file.flush()
            os.fsync(number)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return part
