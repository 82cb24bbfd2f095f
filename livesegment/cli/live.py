"""`livesegment live`."""

import sys
from collections.abc import Collection
from dataclasses import replace

from livesegment.cli.logs import set_up_logging
from livesegment.cli.memory import check_address_space
from livesegment.cli.outcome import DONE
from livesegment.cli.profile import profile_said
from livesegment.settings import ApiKey, LiveOptions, WebOptions
from livesegment.settings.commands import LiveCommand
from livesegment.settings.group import option_of
from livesegment.settings.live import BROWSER
from livesegment.settings.option import from_environment
from livesegment.settings.web import TlsOptions, is_this_machine, web_address


def run(command: LiveCommand, given: Collection[str]) -> int:
    """Show a camera or a video with its segmentation, live.

    Keys: q or Esc quit, space pause, s snapshot, a warp, delay or paste, o l h overlay, legend and
    HUD, [ ] opacity, 1-4 style, r ask the endpoint at once though it wants to be left alone, ?
    or F1 show these in the window.
    """
    set_up_logging(command.log)
    check_address_space()
    options = command.options
    options = options.settled(lambda option: option.given_as in given)
    options = replace(options, stay_at_end=_is_watched(command))
    if command.source == BROWSER:
        # Who looks is at the page, and the program often on a machine without a display.
        options = replace(options, window=False)
    if (address := command.page_address) is not None:
        options = replace(options, web=web_options(address, command.tls))
    _show(command.source, options, with_profile=command.profile)
    return DONE


def _is_watched(command: LiveCommand) -> bool:
    """Tell whether a person is there who looks at the last picture and then quits."""
    options = command.options
    ends_itself = command.exit_at_end or options.loop
    ends_itself = ends_itself or options.duration_s is not None or options.max_frames is not None
    return options.window and not ends_itself and sys.stderr.isatty()


def web_options(text: str, tls: TlsOptions | None = None) -> WebOptions:
    """Return where the page is and its tokens; one that is made up here is shown once, on stderr.

    Args:
        text: HOST:PORT.
        tls: By which certificate it is served; None: by none.

    Raises:
        OptionsError: If it is not written so, or a token of the environment cannot be one.
    """
    host, port = web_address(text)
    token: ApiKey | None = from_environment(option_of(WebOptions, "token"))
    if token is None and not is_this_machine(host):
        import secrets  # here, because it takes its time

        token = ApiKey(secrets.token_urlsafe(18))
        # Not through the log, which may be kept in a file.
        print(f"livesegment: log in to the page with this token: {token.reveal()}", file=sys.stderr)
    view_token = from_environment(option_of(WebOptions, "view_token"))
    return WebOptions(host, port, token, view_token, tls or TlsOptions())


def _show(source: str, options: LiveOptions, *, with_profile: bool) -> None:
    from livesegment.live.on_page import run_with_page  # here, because it takes its time
    from livesegment.opencv import use_half_of_the_cores

    use_half_of_the_cores()
    with profile_said(wanted=with_profile):
        # A profile is said too, and what a run takes without any output may be what is asked.
        run_with_page(source, options, must_be_seen=not with_profile)
