"""What each command of the program takes: its arguments, and the groups of options it has."""

from dataclasses import dataclass
from typing import Literal

from livesegment.settings.annotate import AnnotateOptions
from livesegment.settings.endpoint import Device, EndpointOptions
from livesegment.settings.group import Settings, option, option_of, same_as, section
from livesegment.settings.kinds import choice, flag, several
from livesegment.settings.live import BROWSER, LiveOptions
from livesegment.settings.model_file import ModelFileOptions
from livesegment.settings.overlay import OverlayOptions
from livesegment.settings.serve import ServeOptions
from livesegment.settings.text_kinds import path, text
from livesegment.settings.web import TlsOptions, WebOptions, web_address
from livesegment.settings.zone import Polygon

LogFormat = Literal["text", "json"]

_PROGRAM, _OUTPUT = "Program", "Output"
_PAGE = WebOptions()
_SHIPPED = ("sample:", "pattern:")


def _checked_address(text: str) -> str:
    web_address(text)
    return text


@dataclass(frozen=True, slots=True)
class LogOptions(Settings):
    """What the program says on stderr.

    Attributes:
        log_format: For people, or a JSON object a line.
        verbose: Whether it says more.
    """

    log_format: LogFormat = option(
        "text",
        choice(("text", "json")),
        "How messages on stderr are written: for people, or a JSON object a line.",
        flag="--log-format",
        group=_PROGRAM,
    )
    verbose: bool = option(
        False, flag(), "Say more on stderr.", flag="--verbose", short="-v", group=_PROGRAM
    )


@dataclass(frozen=True, slots=True)
class LiveCommand(Settings):
    """`livesegment live`.

    Attributes:
        source: As `open_live_source` takes it.
        web: HOST:PORT of the page; None: there is none.
        exit_at_end: Whether the run ends with its source also where a person watches.
        profile: Whether a table on stderr says at the end where the time went.
        tls: By which certificate the page is served, if it is.
        options: What to show and keep.
        log: What is said on stderr.
    """

    source: str = option(
        "0",
        path(
            "SOURCE",
            "a camera, a file, an address, sample:, pattern: or browser:",
            words=(*_SHIPPED, BROWSER),
        ),
        "Camera number or device, video file, image, folder, URL; 'browser:' is the camera of who"
        " opens the page, 'sample:' shows a person, 'pattern:' a drawn scene,"
        " 'pattern:640x480@30?latency=300' with masks 300 ms late.",
        flag="SOURCE",
    )
    web: str | None = option(
        None,
        text(
            "[HOST:PORT]",
            "HOST:PORT, such as 127.0.0.1:8080, with a port from 0 to 65535",
            _checked_address,
            # A source is none of these: a URL has slashes, `pattern:` no port.
            r"^(\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+):[0-9]{1,5}$",
        ),
        f"Show a page with the picture, on {_PAGE.host}:{_PAGE.port} unless told otherwise.",
        flag="--web",
        group="Page",
        is_common=True,
        implied=f"{_PAGE.host}:{_PAGE.port}",
    )
    exit_at_end: bool = option(
        False,
        flag(),
        "End with the video; else its last picture stays in the window where stderr is a terminal.",
        flag="--exit-at-end",
        group="End",
    )
    profile: bool = option(
        False,
        flag(),
        "Say at the end where the time went: each stage's ms a frame, of the clock and of the CPU.",
        flag="--profile",
        group=_PROGRAM,
    )
    tls: TlsOptions = section(TlsOptions)
    options: LiveOptions = section(LiveOptions)
    log: LogOptions = section(LogOptions)

    def check(self) -> None:
        """Check that what is said of a page has one, and of a source that it can do that."""
        about = "is_made" if self.tls.is_made else "certificate"
        self.require(
            not self.tls.is_wanted or self.page_address is not None,
            f"{{{about}}} is about a page: give {{web}}",
            about,
            "web",
        )
        self.require(
            self.source != BROWSER or not self.options.loop,
            f"{{loop}} begins a source again at its end, and {BROWSER} has none",
            "loop",
        )

    @property
    def page_address(self) -> str | None:
        """HOST:PORT of the page; None: there is none."""
        if self.web is None and self.source == BROWSER:
            return option_of(LiveCommand, "web").implied
        return self.web


@dataclass(frozen=True, slots=True)
class AnnotateCommand(Settings):
    """`livesegment annotate`.

    Attributes:
        inputs: Videos, images, folders, globs.
        output: Video, image or folder.
        dry_run: Whether only to say what it would take.
        count: Whether that counts the frames that would otherwise be guessed.
        cluster: Where Ray does it; None: this process does.
        profile: Whether a table on stderr says at the end where the time went.
        options: What to write.
        log: What is said on stderr.
    """

    inputs: tuple[str, ...] = option(
        ...,
        several(
            path("INPUT", "the path of a video, an image or a folder, or a glob", words=_SHIPPED)
        ),
        "Videos, images, folders, globs, 'sample:'.",
        flag="INPUT",
    )
    output: str = option(
        ...,
        path("OUTPUT", "the path of a video, an image or a folder"),
        "Video (.mp4), image or folder; a folder with several inputs; - is standard output.",
        flag="--output",
        short="-o",
        group=_OUTPUT,
        is_common=True,
    )
    dry_run: bool = option(
        False,
        flag(),
        "Say how many calls and hours it would take.",
        flag="--dry-run",
        group="Many files",
        is_common=True,
    )
    count: bool = option(
        False,
        flag(),
        "With --dry-run: read the inputs and count their frames, in place of a guess.",
        flag="--count",
        group="Many files",
    )
    cluster: str | None = option(
        None,
        text("local|ADDRESS", "local, or the address of a cluster"),
        "Have Ray do it: started here, or auto, HOST:PORT, ray://HOST:PORT.",
        flag="--cluster",
        group="Many files",
    )
    profile: bool = same_as(LiveCommand, "profile")
    options: AnnotateOptions = section(AnnotateOptions)
    log: LogOptions = section(LogOptions)

    def check(self) -> None:
        """Check that what is to be measured happens here, and what is to be counted for whom."""
        self.require(
            self.dry_run or not self.count,
            "{count} goes with {dry_run}: without it every frame is counted as it is written",
            "count",
            "dry_run",
        )
        self.require(
            self.cluster is None or not self.profile,
            "{profile} measures this process, and {cluster} has others do the work: give one of"
            " them",
            "profile",
            "cluster",
        )


@dataclass(frozen=True, slots=True)
class PredictCommand(Settings):
    """`livesegment predict`.

    Attributes:
        image: The picture to segment.
        save: Image file to write; None: none.
        overwrite: Whether to replace it.
        json: Whether a terminal gets the reply as JSON too, as a pipe or a file does.
        endpoint: Which model to ask.
        overlay: How masks are drawn.
        log: What is said on stderr.
    """

    image: str = option(
        ...,
        path("IMAGE_OR_URL", "the path or the address of an image"),
        "The picture to segment.",
        flag="IMAGE_OR_URL",
    )
    save: str | None = option(
        None,
        path("OUT.jpg", "the path of an image"),
        "Write the annotated picture.",
        flag="--save",
        group=_OUTPUT,
        is_common=True,
    )
    overwrite: bool = option(
        False, flag(), "Replace existing outputs.", flag="--overwrite", group=_OUTPUT
    )
    json: bool = option(
        False,
        flag(),
        "Write the reply to stdout as JSON on a terminal too, in place of a table of its classes.",
        flag="--json",
        group=_OUTPUT,
    )
    endpoint: EndpointOptions = section(EndpointOptions)
    overlay: OverlayOptions = section(OverlayOptions)
    log: LogOptions = section(LogOptions)


@dataclass(frozen=True, slots=True)
class ServeCommand(Settings):
    """`livesegment serve`.

    Attributes:
        class_names: As `EndpointOptions.class_names`.
        device: As `EndpointOptions.device`.
        file: The model's file, and how pictures are put into it; without one, the person model.
        options: How it is served.
        log: What is said on stderr.
    """

    class_names: tuple[str, ...] | None = same_as(
        EndpointOptions, "class_names", aliases=("--classes",)
    )
    device: Device = same_as(EndpointOptions, "device")
    file: ModelFileOptions = section(ModelFileOptions)
    options: ServeOptions = section(ServeOptions)
    log: LogOptions = section(LogOptions)

    def check(self) -> None:
        """Check that what is said of a model file has one."""
        about = "class_names" if self.class_names is not None else self.file.about_the_file
        self.require(
            about is None or self.file.model_file is not None,
            f"{{{about}}} needs {{model_file}}",
            *(about or "model_file", "model_file"),
        )


@dataclass(frozen=True, slots=True)
class MonitorCommand(Settings):
    """`livesegment monitor`.

    Attributes:
        config: The configuration; None: the usual one, which may not be there yet.
        check_only: Whether only to say every mistake in it.
        test_notify: Whether only to send a message to each of the phones in it.
        schema: Whether only to print the JSON Schema of such files.
        log: What is said on stderr.
    """

    config: str | None = option(
        None,
        path("CONFIG.toml", "the path of a file"),
        "The cameras, and what they share; without it ~/.config/livesegment/cameras.toml, or that"
        " of a service in $STATE_DIRECTORY.",
        flag="CONFIG.toml",
    )
    check_only: bool = option(
        False,
        flag(),
        "Say every mistake in the file, with its line.",
        flag="--check",
        group="Configuration",
    )
    test_notify: bool = option(
        False,
        flag(),
        "Send a message to each address in events.notify, and say which took it.",
        flag="--test-notify",
        group="Configuration",
    )
    schema: bool = option(
        False,
        flag(),
        "Print the JSON Schema of such files, by which editors complete them.",
        flag="--schema",
        group="Configuration",
    )
    log: LogOptions = section(LogOptions)


@dataclass(frozen=True, slots=True)
class DoctorCommand(Settings):
    """`livesegment doctor`.

    Attributes:
        json: Whether the findings are written as JSON.
        endpoint: Which endpoint is looked at.
        log: What is said on stderr.
    """

    json: bool = option(
        False, flag(), "Write the findings to stdout as JSON.", flag="--json", group=_OUTPUT
    )
    endpoint: EndpointOptions = section(EndpointOptions)
    log: LogOptions = section(LogOptions)


@dataclass(frozen=True, slots=True)
class BenchCommand(Settings):
    """`livesegment bench`.

    Attributes:
        source: As `open_source` takes it: what pictures are sent.
        price_per_call: What a call costs; None: not known.
        currency: Of what; None: it is not said.
        json: Whether what was measured is written as JSON.
        hide: What is hidden of the pictures that are sent.
        endpoint: What is measured; its `max_calls` is 60 without a word.
        log: What is said on stderr.
    """

    source: str = option(
        "pattern:1280x720",
        path("SOURCE", "a camera, a file, an address, sample: or pattern:", words=_SHIPPED),
        "Whose pictures are sent: a camera, a file, an address, 'sample:'.",
        flag="SOURCE",
    )
    price_per_call: float | None = same_as(
        LiveOptions,
        "price_per_call",
        help="What a call costs, to say what an hour does.",
        group=_OUTPUT,
        key=None,
    )
    currency: str | None = same_as(LiveOptions, "currency", group=_OUTPUT, key=None)
    json: bool = option(
        False, flag(), "Write what was measured to stdout as JSON.", flag="--json", group=_OUTPUT
    )
    hide: tuple[Polygon, ...] = same_as(LiveOptions, "hide")
    endpoint: EndpointOptions = section(EndpointOptions)
    log: LogOptions = section(LogOptions)


@dataclass(frozen=True, slots=True)
class CompletionCommand(Settings):
    """`livesegment completion`.

    Attributes:
        shell: Whose completion to print.
    """

    shell: Literal["bash", "zsh", "fish"] = option(
        ..., choice(("bash", "zsh", "fish")), "Whose completion to print.", flag="SHELL"
    )
