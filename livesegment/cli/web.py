"""The page's address and token, for the commands that have a page."""

import secrets
import sys

from livesegment.options import ApiKey, WebOptions, is_this_machine, web_address, web_token

DEFAULT_ADDRESS = "127.0.0.1:8080"


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
