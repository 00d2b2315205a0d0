"""The settings: a list to change them in, with what each is for. Does not know where they are kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui_chat.core.clean import clean_line
from tui_chat.core.error import SettingsError
from tui_chat.core.fuzzy import LEAST_SHARE, best_matches
from tui_chat.settings.find_setting import Setting, all_settings, value_of, value_text
from tui_chat.settings.values import Settings
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import hint_content, hint_line
from tui_chat.ui.keymap import Scope
from tui_chat.ui.widgets.row_list import RowList

_VALUE_CELLS = 28
_DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class ConfigHost:
    """What the list of settings may do."""

    settings: Callable[[], Settings]
    save: Callable[[str, Any], str]
    """Writes a setting and applies it; returns a sentence. Raises `SettingsError`."""
    preview: Mapping[str, Callable[[Any], object]]
    """Shows a value while it is being chosen, by the name of the setting."""
    choices: Mapping[str, Sequence[str]]
    """Values to choose from, where the type does not have them all."""


class ConfigScreen(ModalScreen[None]):
    """All settings; Enter opens one, Enter again saves its value."""

    CSS_PATH = "dialog.tcss"
    SCOPE = Scope.PICKER

    box = query_one(Input)
    rows = query_one(OptionList)
    heading = query_one(".title", Static)
    about = query_one("#about", Static)

    def __init__(self, keys: Keyboard, actions: ConfigHost, name: str = "") -> None:
        """`name` is the setting to open at once."""
        super().__init__()
        self._keys = keys
        self._actions = actions
        self._opened = name
        self._all = all_settings()
        self._editing: Setting | None = None
        self._found: list[str] = []
        """The names of settings, or the values of one, in the order they are shown."""
        self._highlighted = name
        self._saved = ("", "")
        """The setting that was changed last, and its result."""

    def compose(self) -> ComposeResult:
        yield Static("", markup=False, classes="title")
        yield Input(compact=True)
        yield RowList(compact=True)
        yield Static("", markup=False, id="about", classes="hint")
        yield Static("", markup=False, id="keys", classes="hint")

    def on_mount(self) -> None:
        self._keys.bind(self, Scope.PICKER)
        self._keys.bind(self.box, Scope.PICKER, Input.BINDINGS)
        self.box.cursor_blink = False
        self.rows.can_focus = False  # a click on the list leaves what is typed to the search line
        self.box.focus()
        if found := next((setting for setting in self._all if setting.name == self._opened), None):
            self._edit(found)
        else:
            self._list()

    # The list, and one setting

    def _list(self) -> None:
        self._editing = None
        self.heading.update(Content(f"Settings · {clean_line(str(self._actions.settings().file))}"))
        self._ask("Type to filter")

    def _edit(self, setting: Setting) -> None:
        self._editing, self._highlighted = setting, setting.name
        self.heading.update(Content(setting.name))
        is_free = not self._choices
        self._ask("Type to filter" if self._choices else "Type a value", self._value(setting) if is_free else "")

    def _ask(self, placeholder: str, text: str = "") -> None:
        choose = "change" if self._editing is None else "save"
        steps = [("picker.choose", choose), ("picker.up picker.down", "move"), ("picker.close", self._close_label)]
        self.query_one("#keys", Static).update(hint_content(hint_line(self._keys, *steps)))
        self.box.placeholder = placeholder
        with self.box.prevent(Input.Changed):
            self.box.value = text
        self.box.cursor_position = len(text)
        self._show()

    @property
    def _close_label(self) -> str:
        return "close" if self._editing is None or self._opened else "back"

    @property
    def _choices(self) -> Sequence[str]:
        if self._editing is None:
            return ()
        return self._actions.choices.get(self._editing.name) or self._editing.choices

    def _value(self, setting: Setting) -> str:
        return value_text(value_of(self._actions.settings(), setting.name))

    def _show(self) -> None:
        """Show the rows that match what is typed."""
        typed = self.box.value.strip()
        if self._editing is None:
            by_name = {f"{one.name} {one.info.description}": one for one in self._all}
            rows = [by_name[words] for words in _fitting(typed, by_name)]
            self._found = [setting.name for setting in rows]
            self.rows.set_options(Option(self._row(setting)) for setting in rows)
            at = self._found.index(self._highlighted) if not typed and self._highlighted in self._found else 0
        else:
            self._found = fitting = _fitting(typed, self._choices)
            self.rows.set_options(Option(Content(clean_line(value))) for value in fitting)
            present = self._value(self._editing)
            at = fitting.index(present) if not typed and present in fitting else 0
        self.rows.display = bool(self._found) or self._editing is None
        self.rows.highlighted = at if self._found else None
        self._describe()

    @property
    def _name_cells(self) -> int:
        return max(len(setting.name) for setting in self._all) + 2

    def _row(self, setting: Setting) -> Content:
        value = clean_line(self._value(setting)) or "–"
        value = value if len(value) <= _VALUE_CELLS else f"{value[: _VALUE_CELLS - 1]}…"
        default = clean_line(value_text(value_of(_DEFAULTS, setting.name)))
        is_default = self._actions.settings().origin(setting.name).kind == "default"
        note = "" if is_default else f"  default {default}" if default not in ("", ".") else "  set"
        style = "" if is_default else "bold"
        return Content.assemble(f"{setting.name:<{self._name_cells}}", (value, style), (note, "dim"))

    def _describe(self, problem: str = "") -> None:
        """Show what the setting is for, or what is wrong with its value."""
        setting = self._editing
        if setting is None:
            at = self.rows.highlighted
            setting = next((one for one in self._all if at is not None and one.name == self._found[at]), None)
        if problem:
            self.about.update(Content.styled(problem, "$text-error"))
        elif setting is None:
            self.about.update(Content("No setting matches."))
        elif self._editing is None and setting.name == self._saved[0]:
            self.about.update(Content.styled(self._saved[1], "$text-success"))
        else:
            origin = self._actions.settings().origin(setting.name)
            text = setting.info.description
            where = "" if origin.kind == "default" else f" Set in {clean_line(str(origin))}."
            variable = f" Variable {setting.variables[0]}." if setting.variables else ""
            self.about.update(Content(f"{text[:1].upper()}{text[1:]}.{where}{variable}{self._whole_value(setting)}"))

    def _whole_value(self, setting: Setting) -> str:
        """Return the value of a setting if its row cuts it."""
        value = clean_line(self._value(setting))
        room = min(_VALUE_CELLS, self.rows.scrollable_content_region.width - self._name_cells)
        return f"\n{value}" if self._editing is None and len(value) > room else ""

    # Choosing

    @on(Input.Changed)
    def typed(self) -> None:
        if self not in self.app.screen_stack:  # its widgets are being removed
            return
        self._show()
        if self._editing is not None and not self._choices:
            self._check(self.box.value)

    def _check(self, text: str) -> None:
        """Preview a value that is typed, or show why it is none."""
        setting = self._editing
        if setting is None:
            return
        try:
            value = setting.read(text)
        except SettingsError as error:
            self._describe(f"{error.message}.")
        else:
            self._preview(value)

    def _preview(self, value: Any) -> None:
        if self._editing is not None and (show := self._actions.preview.get(self._editing.name)) is not None:
            show(value)

    def action_choose(self) -> None:
        """Open the highlighted setting, or save the value."""
        at = self.rows.highlighted
        if self._editing is None:
            if at is not None and self._found:
                self._edit(next(setting for setting in self._all if setting.name == self._found[at]))
            return
        self._save(self._found[at] if self._choices and at is not None and self._found else self.box.value)

    def _save(self, text: str) -> None:
        setting = self._editing
        assert setting is not None
        if self._choices and text not in self._choices:
            self._describe(f"{setting.name}: choose one of the list.")
            return
        try:
            sentence = self._actions.save(setting.name, setting.read(text))
        except SettingsError as error:
            self._describe(f"{error.message}.")
            return
        self._opened, self._saved = "", (setting.name, sentence)
        self._list()

    def action_move(self, how: str) -> None:
        """Move the highlight; the focus stays in the line that is typed."""
        getattr(self.rows, f"action_{how}")()

    async def action_dismiss(self, result: object = None) -> None:
        """Go back to the list without a change, or close it."""
        if self._editing is None or self._opened:
            self.dismiss(None)
        else:
            self._show_saved()
            self._list()

    def on_unmount(self) -> None:
        self._show_saved()

    def _show_saved(self) -> None:
        """End the preview of a value that was not saved."""
        if self._editing is not None:
            self._preview(value_of(self._actions.settings(), self._editing.name))

    @on(OptionList.OptionHighlighted)
    def moved(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index >= len(self._found) or not self.is_current:
            return
        if self._editing is None:
            self._highlighted = self._found[event.option_index]
            self._describe()
        else:
            self._preview(self._editing.read(self._found[event.option_index]))

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        # A click may be handled after a key that has narrowed the list.
        if event.option in self.rows.options:
            self.rows.highlighted = event.option_index
            self.action_choose()


def _fitting(typed: str, texts: Iterable[str]) -> list[str]:
    """Return the texts that match what is typed, the best first; all of them while nothing is typed."""
    return [text for _, text in best_matches(typed, texts, str, LEAST_SHARE)]
