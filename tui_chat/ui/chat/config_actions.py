"""Change the settings from inside: what is seen at once, and what is in force from the next start."""

from dataclasses import replace
from functools import partial
from typing import Any

from tui_chat.core.error import SettingsError
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.settings.find_setting import find_setting, value_of, value_text
from tui_chat.settings.values import Origin, Settings
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.output_actions import OutputActions
from tui_chat.ui.messages import ThemeChosen

_LIVE = ("ui.theme", "ui.measure", "ui.enter_sends", "ui.notify", "ui.prompt_keys")
"""Settings that hold at once."""


class ConfigActions:
    def __init__(self, chat: ChatView, output: OutputActions) -> None:
        self._chat = chat
        self._output = output

    async def config(self, words: str = "") -> None:
        """Show all settings; with a name that one, with a value too set it."""
        name, _, value = words.partition(" ")
        if not name:
            self._open("")
            return
        try:
            setting = find_setting(name)
            if value:
                self._chat.notify(self._save(setting.name, self._checked(name, value.strip())))
            else:
                self._open(setting.name)
        except SettingsError as error:
            self._chat.notify_warning(f"{error.message[:1].upper()}{error.message[1:]}.")

    def edit_file(self) -> None:
        """Open the settings file in the user's editor."""
        file = self._chat.context.settings.file
        if file.exists():
            self._output.open_file(str(file), None)
            self._chat.notify("Changed settings are in force from the next start.")
        else:
            self._chat.notify("There is no settings file yet; `tui-chat config init` writes one.")

    def _open(self, name: str) -> None:
        from tui_chat.ui.dialogs.config import ConfigHost, ConfigScreen

        chat = self._chat
        themes = ["auto", *sorted(chat.app.available_themes)]
        host = ConfigHost(
            lambda: chat.context.settings,
            self._save,
            {name: partial(self._apply, name) for name in ("ui.theme", "ui.measure")},
            {"ui.theme": themes},
        )
        chat.app.push_screen(ConfigScreen(chat.keys, host, name))

    def _checked(self, name: str, text: str) -> Any:
        """Return the value; raise `SettingsError` for one that the app cannot use."""
        themes = ("auto", *self._chat.app.available_themes)
        if name == "ui.theme" and text not in themes:
            raise SettingsError(f"there is no theme {text!r}{did_you_mean(text, themes)}")
        return find_setting(name).read(text)

    def _save(self, name: str, value: Any) -> str:
        """Write a setting, apply it, and return its result."""
        chat = self._chat
        settings = chat.context.settings
        chat.context.save_setting(name, value)
        before = settings.origin(name)
        chat.context = replace(chat.context, settings=_with(settings, name, value))
        self._apply(name, value)
        shown = f"{name} = {value_text(value) or 'empty'} · saved"
        if before.kind in ("environment", "flag"):
            return f"{shown}; {before.place} overrides it at the next start."
        return f"{shown}." if name in _LIVE else f"{shown}; in force from the next start."

    def _apply(self, name: str, value: Any) -> None:
        """Show a value at once where that is possible."""
        match name:
            case "ui.theme":
                self._chat.app.post_message(ThemeChosen(value))
            case "ui.measure":
                self._chat.pane.set_measure(value)
            case "ui.enter_sends":
                self._chat.prompt.enter_sends = value
            case "ui.prompt_keys":
                self._chat.prompt.use_vi(value == "vi")
                self._chat.show_mode()


def _with(settings: Settings, name: str, value: Any) -> Settings:
    table, _, key = name.rpartition(".")
    origins = {**settings.origins, name: Origin("file", str(settings.file))}
    if not table:
        return settings._replace(**{key: value}, origins=origins)
    if "." in table:  # of a provider or a profile, which are read at the start
        return settings
    changed = value_of(settings, table)._replace(**{key: value})
    return settings._replace(**{table: changed}, origins=origins)
