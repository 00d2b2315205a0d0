"""The built-in tools as models see them."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tui_chat.core.tool import Effect, Tool
from tui_chat.tools.command import DEFAULT_LIMIT_S, MAX_LIMIT_S


def fingerprint_of(*texts: str) -> str:
    """Return a hash of everything that a permission depends on."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _tool(name: str, effect: Effect, description: str, required: tuple[str, ...], **properties: Any) -> Tool:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    schema_json = json.dumps(schema, separators=(",", ":"))
    return Tool(name, description, schema_json, effect, fingerprint=fingerprint_of(name, description, schema_json))


def _text(description: str) -> dict[str, str]:
    return {"type": "string", "description": description}


def _number(description: str) -> dict[str, str | int]:
    return {"type": "integer", "minimum": 1, "description": description}


BUILT_IN: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        _tool(
            "fetch_url",
            Effect.NETWORK,
            "Fetch a page or a text file by https and return its text.",
            ("url",),
            url=_text("The https address."),
        ),
        _tool(
            "list_files",
            Effect.READ,
            "List files below a folder of the working folder; files that git ignores are left out.",
            (),
            path=_text("The folder; the working folder itself if not given."),
            pattern=_text("A pattern such as *.py or src/*.c; all files if not given."),
        ),
        _tool(
            "read_file",
            Effect.READ,
            "Read a text file of the working folder, as numbered lines, or look at an image.",
            ("path",),
            path=_text("The file, relative to the working folder."),
            first=_number("The first line to read; 1 if not given."),
            count=_number("How many lines to read."),
        ),
        _tool(
            "run_command",
            Effect.EXECUTE,
            "Run a shell command in the working folder and return its output. It gets no input and no terminal,"
            f" and is stopped after {DEFAULT_LIMIT_S} seconds unless timeout_s says otherwise.",
            ("command",),
            command=_text("The command line, for sh."),
            timeout_s=_number(f"Seconds after which it is stopped, up to {MAX_LIMIT_S}."),
        ),
        _tool(
            "search_files",
            Effect.READ,
            "Search files below a folder with a regular expression of Python; returns matching lines.",
            ("regex",),
            regex=_text("The regular expression."),
            path=_text("The folder; the working folder itself if not given."),
            pattern=_text("Which files to search, such as *.py; all if not given."),
        ),
    )
}
"""By name, in the order in which they are sent."""
