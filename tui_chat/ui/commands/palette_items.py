"""The rows of the command palette, with their keys. Runs nothing."""

from collections.abc import Iterable, Sequence

from tui_chat.core.conversation import Conversation, ConversationSummary
from tui_chat.core.format_numbers import date_text
from tui_chat.core.title import shown_title
from tui_chat.core.turn import Role
from tui_chat.ui.commands.slash_commands import COMMANDS, Command
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import KEYS, Key, Scope
from tui_chat.ui.picker import Choice

_SHOWN = (Scope.CHAT, Scope.APP, Scope.PROMPT, Scope.PANE)
_NOT_LISTED = {
    "app.palette",
    "home.recent",
    "prompt.send",
    "prompt.newline",
    "prompt.older",
    "prompt.newer",
    "prompt.complete",
    "prompt.delete",
}
_READ_OF_A_TURN = 200


def rows(
    keys: Keyboard,
    conversation: Conversation,
    others: Sequence[ConversationSummary],
    own: Iterable[Command] = (),
) -> list[Choice]:
    """Return actions, commands without a key, the user's own, the prompts of this conversation, other conversations.

    A row's value is `key:…`, `command:…`, `template:…`, `turn:…` or `open:…` and the id of what it stands for.
    """
    prompts = [turn for turn in reversed(conversation.path) if turn.role is Role.USER]
    return [
        *(_action(key, keys) for key in _actions()),
        *(
            Choice(f"command:{one.name}", _sentence(one.help), f"/{one.name} {one.takes}".rstrip())
            for one in COMMANDS
            if not one.key_id
        ),
        *(Choice(f"template:{one.name}", _sentence(one.help), f"/{one.name} {one.takes}".rstrip()) for one in own),
        *(
            Choice(f"turn:{turn.id}", f"Go to: {turn.text[:_READ_OF_A_TURN]}", "this conversation")
            for turn in prompts
        ),
        *(
            Choice(f"open:{one.id}", f"Open: {shown_title(one.title)}", date_text(one.updated_at, "%d %b %H:%M"))
            for one in others
            if one.id != conversation.id
        ),
    ]


def _actions() -> list[Key]:
    """Return each action once although several scopes have a key for it, those of the conversation first."""
    found: dict[str, Key] = {}
    for scope in _SHOWN:
        for key in KEYS:
            if key.scope is scope and key.id not in _NOT_LISTED:
                prefix = "pane." if scope is Scope.PANE and "." not in key.action else ""
                found.setdefault((prefix + key.action).removeprefix("screen.").removeprefix("app."), key)
    return list(found.values())


def _action(key: Key, keys: Keyboard) -> Choice:
    names = [f"/{one.name}" for one in COMMANDS if one.key_id == key.id]
    return Choice(f"key:{key.id}", key.help.rstrip("."), " ".join(names), keys(key.id))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
