"""Loads the settings from their layers: flags over environment over file over defaults.

Invalid values are reported and skipped; nothing here keeps the program from starting.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_origin

from tui_chat import paths
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.core.provider_presets import PRESETS
from tui_chat.plugins import PROVIDERS, plugins
from tui_chat.settings.check import InvalidValue, fit, read
from tui_chat.settings.toml_file import TomlFile, read_toml
from tui_chat.settings.values import (
    TOOL_VERDICTS,
    BudgetSettings,
    ChatSettings,
    McpSettings,
    Origin,
    PriceSettings,
    Problem,
    Profile,
    ProviderSettings,
    ServeSettings,
    Settings,
    SyncSettings,
    ToolSettings,
    UiSettings,
    setting_fields,
    variable_of,
)

T = TypeVar("T")
TABLES: dict[str, type] = {
    "ui": UiSettings,
    "chat": ChatSettings,
    "serve": ServeSettings,
    "sync": SyncSettings,
    "budget": BudgetSettings,
    "tools": ToolSettings,
    "providers": ProviderSettings,
    "profiles": Profile,
    "prices": PriceSettings,
    "mcp": McpSettings,
}


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Load the settings. `flags` are by dotted name, such as `default_model`; `None` is not given."""
    environ = os.environ if environ is None else environ
    file = paths.config_file() if file is None else file
    loader = _SettingsLoader(file, read_toml(file), environ, flags or {})
    return loader.settings()


class _SettingsLoader:
    def __init__(self, file: Path, toml: TomlFile, environ: Mapping[str, str], flags: Mapping[str, Any]) -> None:
        self._file = file
        self._toml = toml
        self._environ = environ
        self._flags = {name: value for name, value in flags.items() if value is not None}
        self._origins: dict[str, Origin] = {}
        self._problems = list(toml.problems)

    def settings(self) -> Settings:
        tree = self._toml.tree
        top = setting_fields(Settings).keys()
        self._report_unknown((), tree, top | TABLES.keys() | {"keys", "aliases"})
        providers = self._providers()
        made = self._fields(Settings, (), {name: value for name, value in tree.items() if name in top}, {})
        made = made._replace(
            ui=self._fields(UiSettings, ("ui",), self._table(("ui",)), {}),
            chat=self._fields(ChatSettings, ("chat",), self._table(("chat",)), {}),
            serve=self._fields(ServeSettings, ("serve",), self._table(("serve",)), {}),
            sync=self._fields(SyncSettings, ("sync",), self._table(("sync",)), {}),
            budget=self._budget(),
            tools=self._tools(),
            providers=providers,
            profiles=self._each("profiles", Profile),
            mcp=self._each("mcp", McpSettings),
            prices=self._prices(),
            aliases=self._aliases(),
            keys=self._keys(),
            file=self._file,
        )
        made = _without_aliases(made)
        if "data_dir" not in self._origins:
            made = made._replace(data_dir=paths.data_dir())
        return made._replace(origins=self._origins, problems=tuple(self._problems))

    def _providers(self) -> dict[str, ProviderSettings]:
        tables = self._table(("providers",))
        made: dict[str, ProviderSettings] = {}
        for name in (*PRESETS, *(name for name in tables if name not in PRESETS)):
            preset = PRESETS.get(name)
            variables = dict(preset.field_variables) if preset else {}
            path = ("providers", name)
            provider = self._fields(ProviderSettings, path, self._table(path), variables)
            if provider.kind and provider.kind not in PRESETS and provider.kind not in plugins(PROVIDERS):
                self._report(
                    f"{provider.kind} is no known kind{did_you_mean(provider.kind, PRESETS)}",
                    (*path, "kind"),
                )
                provider = provider._replace(kind="")
            made[name] = provider._replace(kind=provider.kind or _kind_of(name, provider))
        return made

    def _budget(self) -> BudgetSettings:
        made = self._fields(BudgetSettings, ("budget",), self._table(("budget",)), {})
        if made == BudgetSettings():
            return made
        from tui_chat.core.budget import parse_limit  # late: most have no limits, and the first screen shows none

        for name in setting_fields(BudgetSettings):
            try:
                parse_limit(getattr(made, name))
            except ValueError as error:
                self._report(str(error), ("budget", name))
                made = made._replace(**{name: ""})
        return made

    def _tools(self) -> ToolSettings:
        made = self._fields(ToolSettings, ("tools",), self._table(("tools",)), {})
        for rule, verdict in made.rules.items():
            if verdict not in TOOL_VERDICTS:
                self._report(
                    f"it wants {', '.join(TOOL_VERDICTS[:-1])} or {TOOL_VERDICTS[-1]}", ("tools", "rules", rule)
                )
        return made._replace(
            rules={rule: verdict for rule, verdict in made.rules.items() if verdict in TOOL_VERDICTS}
        )

    def _prices(self) -> dict[str, PriceSettings]:
        made = self._each("prices", PriceSettings)
        for name, price in made.items():
            if price.price is None:
                self._report("it wants input and output, or free = true", ("prices", name))
        return {name: price for name, price in made.items() if price.price is not None}

    def _each(self, table: str, kind: type[T]) -> dict[str, T]:
        return {
            name: self._fields(kind, (table, name), self._table((table, name)), {}) for name in self._table((table,))
        }

    def _aliases(self) -> dict[str, str]:
        made: dict[str, str] = {}
        for name, value in self._table(("aliases",)).items():
            if not isinstance(value, str) or not all(value.partition("/")) or "/" in name or not name.strip():
                self._report('it wants provider/model, such as fast = "groq/llama"', ("aliases", name))
            else:
                made[name] = value
                self._origins[f"aliases.{name}"] = self._in_file(("aliases", name))
        return made

    def _keys(self) -> dict[str, tuple[str, ...]]:
        made: dict[str, tuple[str, ...]] = {}
        for name, value in self._table(("keys",)).items():
            expected = () if value is False else value
            try:
                made[name] = () if expected == () else fit(expected, tuple[str, ...], name)
            except InvalidValue:
                self._report("it wants a key, a list of keys, or false for none", ("keys", name))
            else:
                self._origins[f"keys.{name}"] = self._in_file(("keys", name))
        return made

    def _fields(
        self, kind: type[T], path: tuple[str, ...], table: Mapping[str, Any], variables: Mapping[str, str]
    ) -> T:
        """Return one table's values, each from the first layer that has a valid one."""
        fields = setting_fields(kind)
        if path:
            self._report_unknown(path, table, fields)
        values: dict[str, Any] = {}
        for name, (expected, about) in fields.items():
            dotted = ".".join((*path, name))
            own = variables.get(name) or about.variable
            layers: list[tuple[Origin, Any, Callable[..., Any]]] = []
            if dotted in self._flags:
                layers.append((Origin("flag", _flag(dotted)), self._flags[dotted], _as_given))
            for variable in (own, "" if get_origin(expected) is Mapping else variable_of(dotted)):
                if variable and (text := self._environ.get(variable, "").strip()):
                    layers.append((Origin("environment", variable), text, read))
            if name in table:
                layers.append((self._in_file((*path, name)), table[name], fit))
            for origin, value, check in layers:
                try:
                    values[name] = check(value, expected, name, about.least, about.most)
                except InvalidValue as wants:
                    in_file = origin.kind == "file"
                    self._problems.append(
                        Problem(
                            f"{dotted}: {wants}",
                            str(self._file) if in_file else origin.place,
                            self._toml.line((*path, name)) if in_file else None,
                            dotted,
                        )
                    )
                else:
                    self._origins[dotted] = origin
                    break
        return kind(**values)

    def _table(self, path: tuple[str, ...]) -> Mapping[str, Any]:
        """Return the table at a path; anything else there is reported once and counts as empty."""
        found = self._toml.tree
        for depth, name in enumerate(path, start=1):
            found = found.get(name, {})
            if not isinstance(found, Mapping):
                self._report("it must be a table, with its own settings below it", path[:depth])
                return {}
        return found

    def _report_unknown(self, path: tuple[str, ...], table: Mapping[str, Any], known: Iterable[str]) -> None:
        known = list(known)
        for name in table:
            if name not in known:
                self._report(f"unknown setting{did_you_mean(name, known)}", (*path, name))

    def _report(self, sentence: str, path: tuple[str, ...]) -> None:
        dotted = ".".join(path)
        problem = Problem(f"{dotted}: {sentence}", str(self._file), self._toml.line(path), dotted)
        if problem not in self._problems:
            self._problems.append(problem)

    def _in_file(self, path: tuple[str, ...]) -> Origin:
        return Origin("file", f"{self._file}:{self._toml.line(path)}")


def _without_aliases(settings: Settings) -> Settings:
    """Return the settings with the models that their aliases mean."""
    aliases = settings.aliases
    if not aliases:
        return settings
    return settings._replace(
        default_model=aliases.get(settings.default_model, settings.default_model),
        profiles={
            name: profile._replace(model=aliases.get(profile.model, profile.model))
            for name, profile in settings.profiles.items()
        },
    )


def _kind_of(name: str, provider: ProviderSettings) -> str:
    """Return the kind of a provider whose settings have none: its own name, if that is one."""
    if name in PRESETS:
        return name
    return name if not provider.base_url and name in plugins(PROVIDERS) else "openai"


def _flag(dotted: str) -> str:
    return f"--{'model' if dotted == 'default_model' else dotted.replace('_', '-')}"


def _as_given(value: Any, expected: Any, name: str, least: float | None, most: float | None) -> Any:
    return read(value, expected, name, least, most) if isinstance(value, str) else value
