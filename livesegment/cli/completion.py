"""`livesegment completion`."""

from collections.abc import Collection

from livesegment.cli.outcome import DONE, print_result
from livesegment.settings.commands import CompletionCommand


def run(command: CompletionCommand, _: Collection[str]) -> int:
    """Print what makes a shell complete commands, options and their values.

    bash: livesegment completion bash > ~/.local/share/bash-completion/completions/livesegment

    zsh: livesegment completion zsh > FOLDER/_livesegment, where $fpath has FOLDER

    fish: livesegment completion fish > ~/.config/fish/completions/livesegment.fish
    """
    from livesegment.cli.app import summaries
    from livesegment.cli.help import completion

    print_result(completion(summaries(), command.shell))
    return DONE
