"""What endpoint, model and names may not be together."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livesegment.settings.endpoint import EndpointOptions

BUILTIN = "builtin"

Mistake = tuple[bool, str, tuple[str, ...]]
"""Whether it was made; a sentence with options in braces; their names, the one to blame first."""


def mistakes(options: "EndpointOptions") -> Iterator[Mistake]:
    """Yield what may be wrong, each after what it takes for granted."""
    yield from _of_file(options)
    yield (
        options.device != "auto" and not options.is_in_process,
        "{device} is about a model that runs here: leave it out, or name {model_file}",
        ("device", "model_file"),
    )
    is_builtin, has_model = options.endpoint == BUILTIN, options.model is not None
    has_prompt, has_names = options.prompt is not None, options.class_names is not None
    yield (
        is_builtin and has_model,
        "{endpoint} builtin has its own model: leave {model} out",
        ("model", "endpoint"),
    )
    yield (
        is_builtin and has_prompt,
        "{endpoint} builtin finds people and nothing else: leave {prompt} out",
        ("prompt", "endpoint"),
    )
    yield (
        options.endpoint is not None and not (is_builtin or has_model or has_prompt),
        "{endpoint} needs {model}, slug/version of the model to ask for at that address",
        ("endpoint", "model"),
    )
    yield (
        has_model and has_prompt,
        "{prompt} asks a model that takes phrases: leave {model} out",
        ("prompt", "model"),
    )
    yield (
        has_names and has_prompt,
        "{prompt} names the classes: leave {class_names} out",
        ("class_names", "prompt"),
    )
    yield (
        has_names and options.is_builtin,
        "{class_names} names the classes of {model}: the built-in model has names of its own",
        ("class_names", "model"),
    )


def _of_file(options: "EndpointOptions") -> Iterator[Mistake]:
    about, is_file = options.file.about_the_file, options.model_path is not None
    yield (
        about is not None and not is_file,
        f"{{{about}}} is about a model file: name it with {{model_file}}",
        (about or "model_file", "model_file"),
    )
    given = "model" if options.file.model_file is None else "model_file"
    yield (
        is_file and options.endpoint is not None,
        f"{{{given}}} is a file, which is run here: leave {{endpoint}} out",
        (given, "endpoint"),
    )
    yield (
        is_file and given == "model_file" and options.model is not None,
        "{model_file} and {model} both say which model: give one of them",
        ("model_file", "model"),
    )
    yield (
        is_file and options.prompt is not None,
        f"{{{given}}} is a file, which is run here: leave {{prompt}} out",
        (given, "prompt"),
    )
