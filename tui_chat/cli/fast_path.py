"""Reads the command line where it plainly asks for the app: typer takes as long to load as the app to start.

Whatever is not plain is left to typer, so that help, completion and what is said to a mistake stay its own.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tui_chat.cli.context import GlobalFlags
from tui_chat.core.launch_options import LaunchOptions

SWITCHES = {"-c": "latest", "--continue": "latest", "--demo": "demo", "--debug": "debug"}
VALUES = {
    "-m": "model",
    "--model": "model",
    "-s": "system",
    "--system": "system",
    "-p": "profile",
    "--profile": "profile",
    "--conversation": "conversation",
    "--data-dir": "data_dir",
    "--config": "config",
}
_COMPLETION = "_COMPLETE"


def parse_app_args(words: Sequence[str], environ: Mapping[str, str]) -> tuple[GlobalFlags, LaunchOptions] | None:
    """What is asked of the app; `None` when anything else may be meant."""
    found: dict[str, str] = {}
    rest = list(words)
    if any(name.endswith(_COMPLETION) for name in environ):
        return None
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.partition("=")
        if word in SWITCHES:
            field, value = SWITCHES[word], "yes"
        elif name.startswith("--") and has_value and name in VALUES:
            field = VALUES[name]
        elif word in VALUES and rest:
            field, value = VALUES[word], rest.pop(0)
        else:
            return None
        if field in found or not value or value.startswith("-"):
            return None
        found[field] = value
    places = {field: Path(found[field]) for field in ("data_dir", "config") if field in found}
    if any(place.exists() and not os.access(place, os.R_OK) for place in places.values()):
        return None
    wanted = LaunchOptions(
        found.get("model"), found.get("system"), found.get("profile"), "latest" in found, found.get("conversation")
    )
    return GlobalFlags("demo" in found, places.get("data_dir"), places.get("config"), "debug" in found), wanted
