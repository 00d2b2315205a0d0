"""The rows of the command palette, with their keys. Runs nothing."""

from collections.abc import Iterable, Sequence

from tui_chat.core.conversation import Conversation, ConversationSummary
from tui_chat.core.format_numbers import date_text
from tui_chat.core.title import shown_title
from tui_chat.core.turn import Role
from tui_chat.ui.commands.slash_commands import COMMANDS, Command
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import KEYS, Key, Scope
from tui_chat.ui.picker_rows import Choice

_SCOPES = (Scope.CHAT, Scope.APP, Scope.PROMPT, Scope.PANE)
_NOT_LISTED = {"app.palette", "app.interrupt", "home.recent", "pane.page_up", "pane.page_down", "pane.start", "end"}
"""What is a movement, or is there already."""
_LISTED = {
    Scope.PROMPT: {"prompt.editor", "prompt.paste_image", "prompt.undo", "prompt.redo"},
    Scope.PANE: {
        *("read.copy_code", "read.quote", "read.pipe", "read.copy_as", "read.save_code", "read.suspend"),
        *("read.edit_reply", "read.leave_out", "read.fork", "read.compare"),
    },
}
"""The actions of a scope of which most are movements."""
_LIKELY = ("model.choose", "conversation.new", "library.open", "find.open", "branch.tree")
"""The actions that lead the list. The first is chosen by Enter alone, so none of them sends a request."""
_READ_OF_A_TURN = 200


def rows(
    keys: Keyboard,
    conversation: Conversation,
    others: Sequence[ConversationSummary],
    own: Iterable[Command] = (),
    *,
    is_streaming: bool = False,
    is_reading: bool = False,
) -> list[Choice]:
    """Return actions, commands without a key, the user's own, the prompts of this conversation, other conversations.

    A row's value is `key:…`, `command:…`, `template:…`, `turn:…` or `open:…` and the id of what it represents. The
    column of the keys has the name of a command that has no key.

    A key of reading mode has the key that leads there before it, unless the conversation has the focus already.
    """
    to_read = "" if is_reading else keys("prompt.complete")
    prompts = [turn for turn in reversed(conversation.path) if turn.role is Role.USER]
    return [
        *(_action(key, keys, to_read) for key in _actions(is_streaming=is_streaming)),
        *(
            Choice(f"command:{one.name}", _name(one.help), shortcut=f"/{one.name}")
            for one in COMMANDS
            if not one.key_id
        ),
        *(Choice(f"template:{one.name}", _sentence(one.help), one.takes, shortcut=f"/{one.name}") for one in own),
        *(Choice(f"turn:{turn.id}", f"Go to: {turn.text[:_READ_OF_A_TURN]}") for turn in prompts),
        *(
            Choice(f"open:{one.id}", f"Open: {shown_title(one.title)}", date_text(one.updated_at, "%d %b %H:%M"))
            for one in others
            if one.id != conversation.id
        ),
    ]


def _actions(*, is_streaming: bool) -> list[Key]:
    """Return the actions to list: the likely ones, those of the conversation, the others."""
    actions = [
        key
        for scope in _SCOPES
        for key in KEYS
        if key.scope is scope and key.id not in _NOT_LISTED and key.id in _LISTED.get(scope, (key.id,))
    ]
    leading = ("reply.cancel", *_LIKELY) if is_streaming else _LIKELY
    first = [key for id in leading for key in actions if key.id == id]
    rest = [key for key in actions if key.id not in ("reply.cancel", *leading)]
    return first + rest + ([] if is_streaming else [key for key in actions if key.id == "reply.cancel"])


def _action(key: Key, keys: Keyboard, to_read: str) -> Choice:
    names = [f"/{one.name}" for one in COMMANDS if one.key_id == key.id]
    pressed = keys(key.id)
    if pressed and key.scope is Scope.PANE:
        pressed = f"{to_read} {pressed}".strip()
    return Choice(f"key:{key.id}", key.title, " ".join(names), shortcut=pressed)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _name(help: str) -> str:
    """Return what a command does, without what comes after a semicolon."""
    return _sentence(help.partition(";")[0])
