"""The table of keys with the user's own keys in it: binds them, names them, and checks the user's choices."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.keys import Keys, key_to_character

from tui_chat.core.fuzzy import did_you_mean
from tui_chat.ui.keymap import KEYS, Key, Scope, label_of, names_of, numbered
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
    *(
        (scope, Scope.CHAT, Scope.APP)
        for scope in (Scope.PROMPT, Scope.PANE, Scope.HOME, Scope.OUTLINE, Scope.QUEUE, Scope.APPROVAL)
    ),
    (Scope.LIBRARY, Scope.APP),
)
"""Scopes that work at the same time, the nearest first."""
_ALONE = (Scope.FIND, Scope.PICKER, Scope.TREE, Scope.COMPARE, Scope.OUTPUT, Scope.USAGE, Scope.HELP)
"""Scopes whose keys hide those of the screen below; only the keys that work over dialogs work as well."""
_OVER_DIALOGS = ("app.quit", "app.interrupt", "app.help")


def spelled(key: str) -> str:
    """Return Textual's name of a key that a person wrote as `Ctrl+R`, `Esc` or `?`."""
    if key == "+":
        return "plus"
    *modifiers, last = key.strip().split("+") if key.strip() else [key]
    modifiers = [modifier.strip().lower() for modifier in modifiers]
    last = last.strip() or last
    if len(last) > 1 or modifiers:
        last = last.lower()
    return "+".join([*modifiers, _SPELLINGS.get(last, last)])


def is_known(key: str) -> bool:
    *modifiers, last = key.split("+")
    return all(modifier in _MODIFIERS for modifier in modifiers) and (len(last) == 1 or last in _NAMED)


def types(key: str) -> bool:
    character = key_to_character(key)
    return character is not None and character.isprintable()


def _goes_first(key: Key, pressed: str) -> bool:
    """Return whether it works over dialogs too, like quitting; a letter never does, because dialogs have inputs."""
    return key.id in _OVER_DIALOGS and not types(pressed)


class Keyboard:
    def __init__(self, chosen: Mapping[str, Sequence[str]], table: Sequence[Key] = KEYS) -> None:
        """`chosen` are the user's own keys by the action's id; an empty sequence for an action without a key."""
        self._table = table
        self._chosen = {name: tuple(dict.fromkeys(map(spelled, keys))) for name, keys in chosen.items()}

    def keys_of(self, key: Key) -> tuple[str, ...]:
        return self._chosen.get(key.id, key.keys)

    @cached_property
    def _by_id(self) -> Mapping[str, tuple[str, ...]]:
        return {key.id: self.keys_of(key) for key in self._table}

    def __call__(self, action_id: str) -> str:
        """Return the name of the action's first key; empty if it has none."""
        keys = self._by_id.get(action_id, ())
        return label_of(keys[0]) if keys else ""

    def all_of(self, action_id: str) -> str:
        """Return the names of the action's keys."""
        return names_of(self._by_id.get(action_id, ()))

    def each_of(self, action_id: str) -> list[str]:
        """Return the name of each of the action's keys."""
        return [label_of(key) for key in self._by_id.get(action_id, ())]

    def label(self, action_id: str) -> str:
        """Return the word or two that hints use for an action."""
        return next(key.label for key in self._table if key.id == action_id)

    def bind(self, node: DOMNode, scope: Scope, under: Iterable[BindingType] = ()) -> None:
        """Replace the bindings of a node with the keys of a scope.

        `under` are bindings that the node keeps for other keys, such as those that edit a line.
        """
        bound = [
            Binding(pressed, action, key.label, show=False, id=key.id, priority=_goes_first(key, pressed))
            for key in self._table
            if key.scope is scope
            for pressed, action in numbered(key, self.keys_of(key))
        ]
        taken = {binding.key for binding in bound}
        bound += [binding for binding in Binding.make_bindings(under) if binding.key not in taken]
        replace_bindings(node, bound)

    def in_prompt(self) -> dict[str, str]:
        """Return the action of each key in the prompt: the prompt's own keys, then others that write no character."""
        found: dict[str, str] = {}
        for scope, prefix in ((Scope.PROMPT, ""), (Scope.CHAT, "screen."), (Scope.APP, "app.")):
            for key in self._table:
                for pressed, action in numbered(key, self.keys_of(key)) if key.scope is scope else ():
                    if scope is Scope.PROMPT or not types(pressed):
                        found.setdefault(pressed, prefix + action)
        return found

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong with the user's own keys: pairs of an action's id and a sentence."""
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
            together = [key for scope in scopes for key in self._table if key.scope is scope]
            found += [problem for problem in self._taken_twice(together) if problem not in found]
        for scope in _ALONE:
            together = [key for key in self._table if key.scope is scope or key.id in _OVER_DIALOGS]
            found += [problem for problem in self._taken_twice(together) if problem not in found]
        return found

    def _taken_twice(self, keys: Iterable[Key]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        taken: dict[str, Key] = {}
        for key in keys:
            for pressed in self.keys_of(key):
                other = taken.setdefault(pressed, key)
                if other is not key and (key.id in self._chosen or other.id in self._chosen):
                    name = key.id if key.id in self._chosen else other.id
                    found.append((name, f"{label_of(pressed)} is the key of both {other.id} and {key.id}"))
        return found
