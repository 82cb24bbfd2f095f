"""The page's address and token, for the commands that have a page."""

import re
import secrets
import sys
from collections.abc import Sequence

from livesegment.settings import ApiKey, WebOptions, is_this_machine, web_address, web_token

DEFAULT_ADDRESS = "127.0.0.1:8080"

# A source is none of these: a URL has slashes, `pattern:` no port.
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+):[0-9]{1,5}")


def with_address(arguments: Sequence[str]) -> list[str]:
    """Return a command line with an address after each `--web` that stands without one.

    Typer has no options whose value may be left out.
    """
    completed: list[str] = []
    for number, argument in enumerate(arguments):
        following = arguments[number + 1] if number + 1 < len(arguments) else ""
        is_alone = argument == "--web" and not _ADDRESS.fullmatch(following)
        completed.append(f"--web={DEFAULT_ADDRESS}" if is_alone else argument)
    return completed


def web_options(text: str) -> WebOptions:
    """Return where the page is and its token; one that is made up here is shown once, on stderr.

    Args:
        text: HOST:PORT.

    Raises:
        OptionsError: If it is not written so, or the token of the environment is too short.
    """
    host, port = web_address(text)
    token = web_token()
    if token is None and not is_this_machine(host):
        token = ApiKey(secrets.token_urlsafe(18))
        # Not through the log, which may be kept in a file.
        print(f"livesegment: log in to the page with this token: {token.reveal()}", file=sys.stderr)
    return WebOptions(host, port, token)
