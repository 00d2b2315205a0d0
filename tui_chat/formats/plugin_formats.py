"""Formats of other packages, for import and export. One that cannot be used is reported in the log and skipped."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import SettingsError
from tui_chat.plugins import FORMATS, Plugin, call, load, plugins

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exporter:
    """A format that conversations are written in; attached files are in it by name only."""

    plugin: Plugin
    suffix: str
    """Of its files, without the dot."""
    write: Callable[[Conversation], str]

    @property
    def name(self) -> str:
        return self.plugin.name

    def text(self, conversation: Conversation) -> str:
        """Return the conversation in this format. Raises `SettingsError`, whatever the plug-in raises."""
        return str(call(self.plugin, self.write, conversation))


def loaded_formats() -> Iterator[tuple[Plugin, Any]]:
    """Yield each format of a plug-in with its object."""
    for plugin in plugins(FORMATS).values():
        try:
            yield plugin, load(plugin)
        except SettingsError as error:
            _log.warning("%s", error.message)


def exporters() -> tuple[Exporter, ...]:
    """Return the formats of plug-ins that can be written."""
    found = (_exporter(plugin, loaded) for plugin, loaded in loaded_formats())
    return tuple(exporter for exporter in found if exporter is not None)


def exporter_named(name: str) -> Exporter | None:
    """Return that format of a plug-in; `None` if there is none that can be written. Raises `SettingsError`."""
    plugin = plugins(FORMATS).get(name)
    return None if plugin is None else _exporter(plugin, load(plugin))


def _exporter(plugin: Plugin, loaded: Any) -> Exporter | None:
    write = getattr(loaded, "write", None)
    suffix = str(getattr(loaded, "suffix", "") or plugin.name).lstrip(".")
    return Exporter(plugin, suffix, write) if callable(write) else None
