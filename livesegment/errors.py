"""The errors livesegment raises.

Everything raised on purpose is a :class:`LiveSegmentError`; its text is one sentence for a person::

    LiveSegmentError
    ├── OptionsError (ValueError)       an option is out of range or contradicts another
    │   └── ChangedMeanwhile            what was to be changed is not what it was
    ├── MissingExtra (ImportError)      an optional package is not installed
    ├── OutOfMemory (MemoryError)       the system gives no more memory, or no more threads
    ├── ClusterError                    it cannot be joined, or loses its machines
    ├── SourceError
    │   ├── SourceNotFound              it cannot be opened
    │   └── SourceLost *                it was open, then broke
    ├── EndpointError
    │   ├── EndpointUnreachable *       refused, reset, no such host
    │   ├── EndpointTimeout *
    │   ├── AuthenticationFailed        401, 403
    │   ├── ModelNotFound               404
    │   ├── PaymentRequired             402
    │   ├── EndpointBusy *
    │   │   ├── RateLimited *           429
    │   │   └── ServerFailed *          502, 503, 504
    │   ├── RequestRefused              any other status: 400, 413, 423, 500, ...
    │   └── BadReply                    an answer that is no segmentation
    └── SinkError
        ├── OutputExists
        ├── JournalMismatch             the journal beside an output is another run's
        │   └── JournalInUse            that run is under way
        ├── OutputNotWritable           folder missing, no permission, disk full
        │   └── ReaderGone              nobody reads standard output any more
        └── DisplayUnavailable          no screen, or an OpenCV without windows

``*``: retryable, the same request may succeed a little later. `Backoff` reads nothing else; once
an endpoint has given masks, `annotate/asking.py` tries a few other errors again as well.
"""

import errno
import re
from typing import ClassVar


class LiveSegmentError(Exception):
    """Base of every error that livesegment raises on purpose."""


class OptionsError(LiveSegmentError, ValueError):
    """An option is out of range or contradicts another one."""


class ChangedMeanwhile(OptionsError):
    """What was to be changed is not what it was any more: somebody else has changed it."""


class MissingExtra(LiveSegmentError, ImportError):
    """An optional package is needed and not installed."""


class OutOfMemory(LiveSegmentError, MemoryError):
    """The system gives no more memory, or no more threads: the machine is full, or a limit is."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "the system gives no more memory or threads: use a larger machine, or raise the "
            "limit (ulimit -v, ulimit -u, or a container's)"
        )


SHORTAGES = frozenset((errno.ENOMEM, errno.EAGAIN))
"""What libraries say, as numbers of the system's, where memory or threads are lacking."""


# `std::bad_alloc` is all that C++ says, and a library that finds no room is an ImportError.
_SAID = re.compile(
    r"bad_alloc|insufficient memory|failed to map segment|cannot allocate memory"
    r"|failed to allocate memory|can't start new thread|pthread_create failed",
    re.IGNORECASE,
)


def system_words(error: OSError) -> str:
    """Return what the system says of a file or folder, as it stands within a sentence."""
    return (error.strerror or type(error).__name__).lower()


def tells_of_memory(error: BaseException | None) -> bool:
    """Tell whether an error, or what led to it, is that memory or threads are lacking."""
    while error is not None:
        if isinstance(error, OSError):
            is_shortage = error.errno in SHORTAGES
        else:
            is_shortage = isinstance(error, MemoryError) or bool(_SAID.search(str(error)))
        if is_shortage:
            return True
        error = error.__cause__ or error.__context__
    return False


class ClusterError(LiveSegmentError):
    """A cluster cannot be joined, or does not get through with its work."""


class SourceError(LiveSegmentError):
    """Pictures cannot be read."""

    retryable: ClassVar[bool] = False


class SourceNotFound(SourceError):
    """The source cannot be opened."""


class SourceLost(SourceError):
    """The source was open and broke before its end."""

    retryable = True


class EndpointError(LiveSegmentError):
    """A call to a segmentation endpoint failed.

    Attributes:
        in_short: What kind of failure it is, in words that have room on a picture.
        url: The address that was called, without its query (which carries the key).
        status: HTTP status of the answer; None where there was no answer.
        attempts: Calls made for this frame so far, this one included.
    """

    retryable: ClassVar[bool] = False
    in_short: ClassVar[str] = "the endpoint fails"

    def __init__(
        self, message: str, *, url: str = "", status: int | None = None, attempts: int = 1
    ) -> None:
        super().__init__(message)
        self.url = url
        self.status = status
        self.attempts = attempts


class EndpointUnreachable(EndpointError):
    """Nothing answers at the address."""

    retryable = True
    in_short = "the endpoint cannot be reached"


class EndpointTimeout(EndpointError):
    """The endpoint did not answer in time."""

    retryable = True
    in_short = "the endpoint does not answer in time"


class AuthenticationFailed(EndpointError):
    """The endpoint does not accept the key."""

    in_short = "the endpoint does not accept the key"


class ModelNotFound(EndpointError):
    """The endpoint has no such model or version."""

    in_short = "the endpoint has no such model"


class PaymentRequired(EndpointError):
    """The account's credits are used up."""

    in_short = "the account's credits are used up"


class EndpointBusy(EndpointError):
    """The endpoint asks for patience.

    Attributes:
        retry_after_s: Seconds that the endpoint asks to wait; None where it does not say.
    """

    retryable = True
    in_short = "the endpoint is busy"

    def __init__(
        self,
        message: str,
        *,
        url: str = "",
        status: int | None = None,
        attempts: int = 1,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, url=url, status=status, attempts=attempts)
        self.retry_after_s = retry_after_s


class RateLimited(EndpointBusy):
    """The endpoint asks for fewer calls."""

    in_short = "the endpoint asks for fewer calls"


class ServerFailed(EndpointBusy):
    """The endpoint is overloaded or restarting."""

    in_short = "the endpoint is overloaded or restarts"


class RequestRefused(EndpointError):
    """The endpoint answers, but not to this request."""

    in_short = "the endpoint refuses the request"


class BadReply(EndpointError):
    """The answer is not a segmentation."""

    in_short = "the endpoint answers no segmentation"


class SinkError(LiveSegmentError):
    """An output cannot be written or shown."""


class OutputExists(SinkError):
    """The output is there already and may not be replaced."""


class JournalMismatch(SinkError):
    """The journal beside an output belongs to another input or model, or to a run under way."""


class JournalInUse(JournalMismatch):
    """Another run has the journal open: it may be over a little later."""


class OutputNotWritable(SinkError):
    """The output cannot be created or written further."""


class ReaderGone(OutputNotWritable):
    """Nobody reads standard output any more: a person's doing, who need not be told."""


class DisplayUnavailable(SinkError):
    """There is no screen to open a window on."""
