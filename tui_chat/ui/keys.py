"""Every key, its action and its words, in one table: bindings, footer, help, palette and the README read it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Scope(StrEnum):
    """Where a key works."""

    APP = "everywhere"
    CHAT = "in a conversation"
    PROMPT = "in the prompt"
    PANE = "while reading"
    LIBRARY = "in the library"


@dataclass(frozen=True, slots=True)
class Key:
    """One action that has a key, or may be given one."""

    id: str
    """What the settings' `[keys]` table calls it."""
    keys: tuple[str, ...]
    """Names as Textual has them; the first one is shown."""
    action: str
    label: str
    """A word or two for a footer or a hint."""
    help: str
    """A sentence for the help screen."""
    scope: Scope


KEYS: tuple[Key, ...] = (
    Key("app.help", ("f1",), "help", "help", "Show every key.", Scope.APP),
    Key("app.palette", ("ctrl+p",), "command_palette", "commands", "Find any command by its name.", Scope.APP),
    Key(
        "app.quit", ("ctrl+q",), "quit", "quit", "Quit; a reply that is coming in keeps what has arrived.", Scope.APP
    ),
    Key("reply.cancel", ("escape",), "cancel", "stop", "Stop the reply; what has arrived stays.", Scope.CHAT),
    Key("reply.retry", ("ctrl+r",), "retry", "try again", "Have the prompt answered again, beside.", Scope.CHAT),
    Key("conversation.new", ("ctrl+n",), "new", "new", "Begin a new conversation.", Scope.CHAT),
    Key("library.open", ("ctrl+o",), "library", "library", "Open a past conversation.", Scope.CHAT),
)


def label_of(key: str) -> str:
    """A key's name as people write it."""
    names = {"escape": "Esc", "enter": "Enter", "pageup": "PgUp", "pagedown": "PgDn", "space": "Space", "slash": "/"}
    *modifiers, last = key.split("+")
    shown = names.get(last, last.upper() if len(last) <= 3 and (modifiers or last[0] == "f") else last.capitalize())
    if len(last) == 1 and not modifiers:
        shown = last
    return "+".join([*(modifier.capitalize() for modifier in modifiers), shown])


def bindings(scope: Scope) -> list[Binding]:
    """The bindings of one scope, each with its id so that the user may give it another key."""
    return [
        Binding(",".join(key.keys), key.action, key.label, show=False, id=key.id)
        for key in KEYS
        if key.scope is scope
    ]


class KeyNames:
    """What to press for an action, after the user's own choices."""

    def __init__(self, chosen: Mapping[str, tuple[str, ...]], keys: Iterable[Key] = KEYS) -> None:
        self._keys = {key.id: chosen.get(key.id, key.keys) for key in keys}

    def __call__(self, action_id: str) -> str:
        """The key's name, or nothing where the action has none."""
        keys = self._keys.get(action_id, ())
        return label_of(keys[0]) if keys else ""
