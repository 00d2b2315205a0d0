"""Finds what other packages add to the program, by entry point. Loads a plug-in only when it is needed."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tui_chat.core.error import ChatError, SettingsError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PROVIDERS, TOOLS, FORMATS = "tui_chat.providers", "tui_chat.tools", "tui_chat.formats"
GROUPS: Mapping[str, str] = {PROVIDERS: "provider", TOOLS: "tools", FORMATS: "format"}
"""What each group of entry points adds."""
OFF_VARIABLE = "TUI_CHAT_NO_PLUGINS"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point of another package."""

    group: str
    name: str
    package: str
    """The package with its version."""
    entry: "EntryPoint"

    @property
    def description(self) -> str:
        return f"{GROUPS[self.group]} {self.name} of {self.package}"

    def check(self) -> None:
        """Import it. Raises `SettingsError`."""
        _imported(self)


@cache
def plugins(group: str) -> Mapping[str, Plugin]:
    """Return the plug-ins of a group by name; none where the environment switches them off."""
    if os.environ.get(OFF_VARIABLE):
        return {}
    from importlib.metadata import entry_points

    found: dict[str, Plugin] = {}
    for entry in entry_points(group=group):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "an unknown package"
        found.setdefault(entry.name, Plugin(group, entry.name, package, entry))
    return found


def load(plugin: Plugin, *arguments: object) -> Any:
    """Return what the entry point names: a format, or a provider or toolbox made with the arguments.

    Raises `SettingsError`.
    """
    value = _imported(plugin)
    return value if plugin.group == FORMATS else call(plugin, value, *arguments)


def call(plugin: Plugin, function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function of the plug-in returns. Raises `SettingsError` for a fault in it."""
    try:
        return function(*arguments)
    except ChatError:
        raise
    except Exception as fault:
        raise _broken(plugin, fault) from fault


def _imported(plugin: Plugin) -> Any:
    try:
        return plugin.entry.load()
    except Exception as fault:
        raise _broken(plugin, fault) from fault


def _broken(plugin: Plugin, fault: Exception) -> SettingsError:
    sentence = f"the {plugin.description} cannot be used: {type(fault).__name__}: {fault}"
    return SettingsError(sentence, detail="plugin")
