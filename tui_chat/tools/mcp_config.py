"""The settings of one MCP server, the text of its consent, and the names of its tools on every wire."""

import hashlib
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tui_chat.core.tool import ToolServer
from tui_chat.tools.definitions import fingerprint_of

MAX_NAME = 64
"""Of a tool on the OpenAI wire, which has the shortest names."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_INVALID = re.compile(r"[^a-zA-Z0-9_-]")


class ServerUnusable(Exception):
    """A server cannot be started or reached; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class McpConfig:
    """One server: a command, or a URL."""

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    tools: tuple[str, ...] = ()
    """The tools of the server that are offered, by their own names; empty for all."""
    timeout_s: float = 60.0
    start_timeout_s: float = 20.0

    @property
    def server(self) -> ToolServer:
        """The server as the user consents to it; values of variables and headers are not part of it."""
        parts = [shlex.join(self.command)] if self.command else [self.url]
        parts += [f"in {self.cwd}"] if self.cwd else []
        parts += [f"with {name}" for name in sorted(self.env)] + [f"sending {name}" for name in sorted(self.headers)]
        return ToolServer(self.name, "\n".join(parts), fingerprint_of(self.name, *parts), self._warning)

    @property
    def _warning(self) -> str:
        runner = Path(self.command[0]).name if self.command else ""
        pinned = any(re.search(r"(?<=.)@\d|==\d", word) for word in self.command[1:])
        if runner in ("npx", "uvx", "bunx", "pnpx") and not pinned:
            return f"{runner} runs whatever version is newest: name a version, such as package@1.2.3"
        return ""

    def expanded(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return variables or headers with `${NAME}` taken from the environment. Raises for one that is not set."""
        return {name: self._expand(value) for name, value in values.items()}

    def _expand(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            name, default = found[1], found[2]
            if (known := os.environ.get(name, default)) is None:
                raise ServerUnusable(f"The variable {name}, which the MCP server {self.name} needs, is not set.")
            return known

        return _VARIABLE.sub(value, text)

    def check(self) -> None:
        """Raise unless the settings can work."""
        if bool(self.command) == bool(self.url):
            raise ServerUnusable(f"The MCP server {self.name} needs a command or a url.")
        if self.url:
            parts = urlsplit(self.url)
            is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
            if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
                raise ServerUnusable(f"The address of the MCP server {self.name} must start with https.")


def wire_name(server: str, tool: str) -> str:
    """Return the name by which a model calls a tool: valid everywhere, and the same at every start."""
    whole = f"{server}__{tool}"
    valid = _INVALID.sub("_", whole)
    if valid == whole and len(valid) <= MAX_NAME:
        return valid
    mark = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{valid[: MAX_NAME - 9]}_{mark}"
