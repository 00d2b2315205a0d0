"""Formats the settings: rows with values and origins, without secrets; and the commented starter file."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tui_chat.core.error import SettingsError
from tui_chat.core.provider_presets import PRESETS
from tui_chat.settings.api_keys import KeyRing
from tui_chat.settings.find_setting import value_text
from tui_chat.settings.values import (
    BudgetSettings,
    ChatSettings,
    McpSettings,
    PriceSettings,
    Profile,
    ProviderSettings,
    ServeSettings,
    SettingInfo,
    Settings,
    SyncSettings,
    ToolSettings,
    UiSettings,
    setting_fields,
)

_MASK = "…"
NAMED_EXAMPLES = (
    ("providers", "work", ProviderSettings),
    ("profiles", "review", Profile),
    ("prices", '"work/large"', PriceSettings),
    ("mcp", "git", McpSettings),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as `config show` prints it."""

    name: str
    value: str
    origin: str


def rows(settings: Settings, keys: KeyRing) -> list[Row]:
    """Return every setting with a value; for providers, profiles and prices only what is set or found."""
    model, why = keys.model()
    made = [Row("default_model", model, str(why))]
    made += [row for row in _of(settings, settings, ()) if row.name != "default_model"]
    made += [*_of(settings, settings.ui, ("ui",)), *_of(settings, settings.chat, ("chat",))]
    made += _of(settings, settings.serve, ("serve",))
    made += _of(settings, settings.sync, ("sync",))
    made += _of(settings, settings.budget, ("budget",))
    made += _of(settings, settings.tools, ("tools",))
    for name, provider in settings.providers.items():
        made += [row for row in _of(settings, provider, ("providers", name)) if row.origin != "default"]
        if source := keys.source(name):
            made.append(Row(f"providers.{name}.api_key", _key(keys, name, source.kind), str(source)))
    tables: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("profiles", settings.profiles),
        ("prices", settings.prices),
        ("mcp", settings.mcp),
    )
    for table, values in tables:
        for name, value in values.items():
            made += [row for row in _of(settings, value, (table, name)) if row.origin != "default"]
    for name, ref in settings.aliases.items():
        made.append(Row(f"aliases.{name}", ref, str(settings.origin(f"aliases.{name}"))))
    for name, bound in settings.keys.items():
        made.append(Row(f"keys.{name}", ", ".join(bound) or "none", str(settings.origin(f"keys.{name}"))))
    return made


def _key(keys: KeyRing, name: str, kind: str) -> str:
    """Return the key masked; a command is not run to show it."""
    if kind != "environment":
        return _MASK
    try:
        found = keys.find(name)
    except SettingsError:
        return f"{_MASK} (no usable key)"
    return found.masked if found else _MASK


def _of(settings: Settings, value: object, path: tuple[str, ...]) -> Iterator[Row]:
    for name in setting_fields(type(value)):
        dotted = ".".join((*path, name))
        yield Row(dotted, _shown(name, getattr(value, name)), str(settings.origin(dotted)))


def _shown(name: str, value: Any) -> str:
    """Return a value as text without secrets: values of headers, arguments of commands, passwords in URLs."""
    if name in ("headers", "env"):
        return ", ".join(f"{header}: {_MASK}" for header in value)
    if name == "rules":
        return ", ".join(f"{rule}: {verdict}" for rule, verdict in value.items())
    if name in ("api_key_cmd", "key_cmd", "password_cmd"):
        return f"{value[0]} {_MASK}" if value else ""
    if name in ("base_url", "url"):
        return address_without_secrets(value)
    return value_text(value)


def address_without_secrets(url: str) -> str:
    """Return a URL without its login and the values of its query, which may be keys."""
    if not any(mark in url for mark in "@?#"):
        return url
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
    except ValueError:
        return _MASK
    _, at, host = parts.netloc.rpartition("@")
    names = [name for name, equals, _ in (pair.partition("=") for pair in parts.query.split("&")) if equals]
    query = "&".join(f"{name}={_MASK}" for name in names) or (_MASK if parts.query else "")
    shown = parts._replace(
        netloc=f"{_MASK}@{host}" if at else host, query=query, fragment=_MASK if parts.fragment else ""
    )
    return urlunsplit(shown) if "://" in url else urlunsplit(shown).removeprefix("//")


def starter_file() -> str:
    """Return a settings file in which everything is a comment: each setting, its purpose, its default."""
    lines = [
        "# Settings of tui-chat. Every line is a comment: remove the # before a setting that you want to change.",
        "# Keys are not written here: they come from the environment, or from a command (api_key_cmd).",
        "",
        *_about(Settings, Settings()),
        "[ui]",
        *_about(UiSettings, UiSettings()),
        "[chat]",
        *_about(ChatSettings, ChatSettings()),
        "[serve]",
        *_about(ServeSettings, ServeSettings()),
        "[sync]",
        *_about(SyncSettings, SyncSettings()),
        "[budget]",
        *_about(BudgetSettings, BudgetSettings()),
        "[tools]",
        *_about(ToolSettings, ToolSettings()),
        "[aliases]",
        "# A short name of a model, for -m, /model and profiles.",
        '#fast = "groq/llama-3.3-70b-versatile"',
        "",
        "[keys]",
        "# An action's id, as the help names it, with its key, several keys, or false for none.",
        '#"reply.retry" = "ctrl+r"',
        "",
        f"# Known by name, set by their variables alone: {', '.join(PRESETS)}.",
    ]
    for table, name, kind in NAMED_EXAMPLES:
        lines += [f"#[{table}.{name}]", *_about(kind, kind())]
    return "\n".join(lines).rstrip() + "\n"


def _about(kind: type, defaults: object) -> Iterator[str]:
    for name, (_, about) in setting_fields(kind).items():
        variable = f" (environment: {about.variable})" if about.variable else ""
        yield f"# {about.description[:1].upper()}{about.description[1:]}.{variable}"
        yield f"#{name} = {_example(about, getattr(defaults, name))}"
    yield ""


def _example(about: SettingInfo, default: Any) -> str:
    return about.example or toml_value(default)


def toml_value(value: Any) -> str:
    """Return a plain value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | Path):
        return json.dumps(str(value))
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml_value(one)}" for key, one in value.items()) + " }"
    raise TypeError(f"no setting is a {type(value).__name__}")
