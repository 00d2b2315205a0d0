"""Finds a setting by its dotted name: its type, its value, and what a text for it means. Reads no file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from tui_chat.core.error import SettingsError
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.settings.check import InvalidValue, read
from tui_chat.settings.load import TABLES
from tui_chat.settings.values import SettingInfo, Settings, setting_fields, variable_of

_NAMED = ("providers", "profiles", "prices", "mcp")
"""Tables of tables, each with a name of the user's own."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting that a text can set."""

    name: str
    """Dotted, such as `ui.theme`."""
    kind: Any
    """Its type, as it is annotated."""
    info: SettingInfo

    @property
    def choices(self) -> Sequence[str]:
        """The only values it takes; empty where it takes others."""
        if self.kind is bool:
            return ("true", "false")
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def variables(self) -> Sequence[str]:
        """The environment variables that set it, the strongest first."""
        return tuple(filter(None, (self.info.variable, variable_of(self.name))))

    def read(self, text: str) -> Any:
        """Return the value that a text means; raise `SettingsError` with what is expected."""
        try:
            key = self.name.rpartition(".")[2]
            return read(text, self.kind, key, self.info.least, self.info.most)
        except InvalidValue as wants:
            raise SettingsError(f"{self.name}: {wants}") from None


def all_settings() -> list[Setting]:
    """Return every setting that has a name of its own, in the order of the README."""
    tables = {"": Settings, **{name: kind for name, kind in TABLES.items() if name not in _NAMED}}
    return [setting for table, kind in tables.items() for setting in _in_table(table, kind)]


def find_setting(name: str) -> Setting:
    """Return the setting of that name, also of a provider or a profile; raise `SettingsError` if there is none."""
    table, _, key = name.rpartition(".")
    first, _, own = table.partition(".")
    if first in _NAMED and own and "." not in own:
        known = {setting.name: setting for setting in _in_table(table, TABLES[first])}
    else:
        known = {setting.name: setting for setting in all_settings()}
    if name in known:
        return known[name]
    if name.startswith("keys.") or name == "keys" or (first in TABLES and key in setting_fields(TABLES[first])):
        raise SettingsError(f"{name} is a table; `tui-chat config edit` opens the file")
    raise SettingsError(f"there is no setting {name!r}{did_you_mean(name, known)}")


def value_of(settings: Settings, name: str) -> Any:
    value: Any = settings
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value


def value_text(value: Any) -> str:
    """Return a value as it is typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value)


def _in_table(table: str, kind: type) -> list[Setting]:
    return [
        Setting(f"{table}.{name}" if table else name, hint, info)
        for name, (hint, info) in setting_fields(kind).items()
        if get_origin(hint) is not Mapping
    ]
