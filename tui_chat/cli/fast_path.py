"""Fast path: parse argv without typer when it only opens the app. Importing typer takes as long as starting the app.

It knows the few options that people type; anything else, help, completion and errors are left to typer.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tui_chat.cli.context import GlobalOptions
from tui_chat.core.launch_options import LaunchOptions

FLAGS = {"-c": "latest", "--continue": "latest", "--demo": "demo", "--temp": "temporary"}
MODEL = ("-m", "--model")
DATA_DIR = "--data-dir"
_COMPLETION = "_COMPLETE"


def parse_app_args(args: Sequence[str], environ: Mapping[str, str]) -> tuple[GlobalOptions, LaunchOptions] | None:
    """Return the options the app is to open with; `None` if typer has to parse the arguments."""
    if any(name.endswith(_COMPLETION) for name in environ):
        return None
    flags: list[str] = []
    model: str | None = None
    folder: str | None = None
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word in FLAGS and FLAGS[word] not in flags:
            flags.append(FLAGS[word])
        elif word in MODEL and model is None and rest and rest[0] and not rest[0].startswith("-"):
            model = rest.pop(0)
        elif word == DATA_DIR and folder is None and rest and rest[0] and not rest[0].startswith("-"):
            folder = rest.pop(0)
        else:
            return None
    return GlobalOptions("demo" in flags, Path(folder) if folder else None), LaunchOptions(
        model, latest="latest" in flags, temporary="temporary" in flags
    )
