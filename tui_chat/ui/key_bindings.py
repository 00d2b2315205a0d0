"""The table of keys with the user's own choices in it: what is bound where, what a key is called, what is wrong."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, key_to_character

from tui_chat.core.fuzzy import did_you_mean
from tui_chat.ui.keymap import KEYS, Key, Scope, label_of, names_of
from tui_chat.ui.terminal.textual_private import replace_bindings

_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_SPELLINGS = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "/": "slash",
    "\\": "backslash",
    "?": "question_mark",
    "[": "left_square_bracket",
    "]": "right_square_bracket",
    "{": "left_curly_bracket",
    "}": "right_curly_bracket",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    ":": "colon",
    ";": "semicolon",
    ".": "full_stop",
    "-": "minus",
    "_": "underscore",
    "=": "equals_sign",
    "!": "exclamation_mark",
    "@": "at",
    "#": "number_sign",
    "$": "dollar_sign",
    "%": "percent_sign",
    "^": "circumflex_accent",
    "&": "ampersand",
    "*": "asterisk",
    "|": "vertical_line",
    "~": "tilde",
    "`": "grave_accent",
    "'": "apostrophe",
    '"': "quotation_mark",
    " ": "space",
}
_NAMED = (
    {key.value for key in Keys if "+" not in key.value and "<" not in key.value}
    | set(_SPELLINGS.values())
    | {"space", "plus", "comma"}
)
_TOGETHER = (
    *((scope, Scope.CHAT, Scope.APP) for scope in (Scope.PROMPT, Scope.PANE, Scope.QUEUE)),
    (Scope.LIBRARY, Scope.APP),
)
"""Scopes that work at the same time, the nearest first."""


def spelled(key: str) -> str:
    """A key as Textual names it, however a person wrote it: `Ctrl+R`, `Esc`, `?`."""
    if key == "+":
        return "plus"
    *modifiers, last = key.strip().split("+") if key.strip() else [key]
    modifiers = [modifier.strip().lower() for modifier in modifiers]
    last = last.strip() or last
    if len(last) > 1 or modifiers:
        last = last.lower()
    return "+".join([*modifiers, _SPELLINGS.get(last, last)])


def is_known(key: str) -> bool:
    """Whether there is such a key."""
    *modifiers, last = key.split("+")
    return all(modifier in _MODIFIERS for modifier in modifiers) and (len(last) == 1 or last in _NAMED)


def types(key: str) -> bool:
    """Whether the key writes a character."""
    character = key_to_character(key)
    return character is not None and character.isprintable()


def _goes_first(key: Key, pressed: str) -> bool:
    """Whether it works over dialogs too, as leaving must; a letter never does, for there one writes."""
    return key.id in ("app.quit", "app.interrupt") and not types(pressed)


class Keyboard:
    """What to press for each action."""

    def __init__(self, chosen: Mapping[str, Sequence[str]], table: Sequence[Key] = KEYS) -> None:
        """`chosen` are the user's own keys by the action's id; none for an action that shall have none."""
        self._table = table
        self._chosen = {name: tuple(dict.fromkeys(map(spelled, keys))) for name, keys in chosen.items()}

    def keys_of(self, key: Key) -> tuple[str, ...]:
        """What to press for it."""
        return self._chosen.get(key.id, key.keys)

    @cached_property
    def _by_id(self) -> Mapping[str, tuple[str, ...]]:
        return {key.id: self.keys_of(key) for key in self._table}

    def __call__(self, action_id: str) -> str:
        """The key's name, or nothing where the action has none."""
        keys = self._by_id.get(action_id, ())
        return label_of(keys[0]) if keys else ""

    def all_of(self, action_id: str) -> str:
        """Its keys' names."""
        return names_of(self._by_id.get(action_id, ()))

    def bind(self, node: DOMNode, scope: Scope) -> None:
        """Let the keys of a scope work there, and none that Textual or a former table had there."""
        bound = [
            Binding(pressed, key.action, key.label, show=False, id=key.id, priority=_goes_first(key, pressed))
            for key in self._table
            if key.scope is scope
            for pressed in self.keys_of(key)
        ]
        replace_bindings(node, bound)

    def in_prompt(self) -> dict[str, str]:
        """What each key runs while a prompt is written: its own keys, then those around that write nothing."""
        found: dict[str, str] = {}
        for scope, prefix in ((Scope.PROMPT, ""), (Scope.CHAT, "screen."), (Scope.APP, "app.")):
            for key in self._table:
                for pressed in self.keys_of(key) if key.scope is scope else ():
                    if scope is Scope.PROMPT or not types(pressed):
                        found.setdefault(pressed, prefix + key.action)
        return found

    def problems(self) -> list[tuple[str, str]]:
        """What is wrong with the user's own keys: pairs of an action's id and a sentence."""
        known = {key.id: key for key in self._table}
        found = [
            (name, f"there is no action {name!r}{did_you_mean(name, known)}")
            for name in self._chosen
            if name not in known
        ]
        for name, keys in self._chosen.items():
            found += [
                (name, f"there is no key {key!r}{did_you_mean(key.rpartition('+')[2], _NAMED)}")
                for key in keys
                if not is_known(key)
            ]
        for scopes in _TOGETHER:
            found += [problem for problem in self._taken_twice(scopes) if problem not in found]
        return found

    def _taken_twice(self, scopes: Sequence[Scope]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        taken: dict[str, Key] = {}
        for key in sorted(self._table, key=lambda key: scopes.index(key.scope) if key.scope in scopes else 9):
            for pressed in self.keys_of(key) if key.scope in scopes else ():
                other = taken.setdefault(pressed, key)
                if other is not key and (key.id in self._chosen or other.id in self._chosen):
                    name = key.id if key.id in self._chosen else other.id
                    found.append((name, f"{label_of(pressed)} is the key of both {other.id} and {key.id}"))
        return found
