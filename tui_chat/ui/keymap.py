"""Every key, its action and its words, in one table: bindings, help, hints, palette and the README read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Scope(StrEnum):
    """Where a key works."""

    APP = "everywhere"
    CHAT = "in a conversation"
    PROMPT = "in the prompt"
    PANE = "while reading"
    QUEUE = "among the prompts that wait"
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
    """A word or two for a hint."""
    help: str
    """A sentence for the help screen."""
    scope: Scope


def _table(scope: Scope, *rows: tuple[str, str, str, str, str]) -> tuple[Key, ...]:
    return tuple(Key(id, tuple(keys.split()), action, label, says, scope) for id, keys, action, label, says in rows)


KEYS: tuple[Key, ...] = (
    *_table(
        Scope.PROMPT,
        ("prompt.send", "enter", "send", "send", "Send the prompt; while a reply comes in, let it wait in line."),
        ("prompt.newline", "ctrl+j shift+enter alt+enter ctrl+enter", "newline", "new line", "Begin a new line."),
        ("prompt.older", "up", "older", "earlier", "On the first line: an earlier prompt, or the one that waits."),
        ("prompt.newer", "down", "newer", "later", "On the last line: a later prompt, and at last your own draft."),
        ("prompt.complete", "tab", "complete", "complete", "Complete a command, unfold a paste, or go and read."),
        ("prompt.editor", "ctrl+g f4", "editor", "editor", "Write the prompt in $VISUAL or $EDITOR."),
        ("prompt.history", "f6 alt+r", "history", "history", "Search every prompt you ever sent."),
        ("prompt.undo", "ctrl+z", "undo", "undo", "Undo typing."),
        ("prompt.redo", "alt+z ctrl+shift+z", "redo", "redo", "Do it again."),
        ("prompt.delete", "ctrl+d", "delete_or_quit", "delete", "Delete to the right; on an empty prompt, quit."),
    ),
    *_table(
        Scope.CHAT,
        ("reply.cancel", "escape", "cancel", "stop", "Stop the reply, keeping what arrived; else go and read."),
        ("reply.retry", "ctrl+r", "retry", "try again", "Answer the prompt again, beside the first reply."),
        ("reply.retry_with", "f3", "retry_with", "other model", "Answer it again with another model."),
        ("reply.continue", "f2", "continue_reply", "go on", "Have an unfinished reply finished."),
        ("prompt.edit", "f9", "edit", "edit", "Say the last prompt, or the chosen one, differently."),
        ("branch.previous", "alt+left", "branch(-1)", "previous", "Show the previous of several replies or prompts."),
        ("branch.next", "alt+right", "branch(1)", "next", "Show the next of several replies or prompts."),
        ("branch.tree", "f5", "tree", "tree", "See the whole conversation as a tree."),
        ("branch.origin", "f7", "origin", "source", "Back to the conversation that this one was forked from."),
        ("conversation.new", "ctrl+n", "new", "new", "Begin a new conversation."),
        ("library.open", "ctrl+o", "library", "library", "Past conversations."),
        ("find.open", "ctrl+f", "find", "find", "Find in this conversation."),
        ("model.choose", "ctrl+l", "model", "model", "Choose the model."),
        ("app.palette", "ctrl+p", "palette", "commands", "Find anything to do or to go to by a few letters."),
        (
            "pane.fold_all",
            "ctrl+t",
            "pane('fold_all')",
            "thinking",
            "Unfold thinking and tools, or fold them.",
        ),
        ("pane.copy_reply", "ctrl+y", "pane('copy_turn')", "copy", "Copy the last reply, or the chosen turn."),
        ("pane.page_up", "pageup", "pane('page', -1)", "page up", "A page up."),
        ("pane.page_down", "pagedown", "pane('page', 1)", "page down", "A page down."),
        ("pane.start", "ctrl+home", "pane('start')", "start", "To the beginning."),
        ("end", "ctrl+end", "pane('end')", "end", "To the end, and follow it."),
        ("queue.drop", "alt+x", "drop_queued", "drop", "Drop the last prompt that waits; it stays in the history."),
        ("queue.choose", "alt+q", "choose_queued", "waiting", "Go to the prompts that wait, to change any of them."),
        ("undo", "alt+u", "undo_last", "undo", "Undo what was dropped or deleted."),
    ),
    *_table(
        Scope.PANE,
        ("read.down", "j down", "scroll_line(1)", "down", "A line down."),
        ("read.up", "k up", "scroll_line(-1)", "up", "A line up."),
        ("read.half_down", "ctrl+d", "half_page(1)", "half page", "Half a page down."),
        ("read.half_up", "ctrl+u", "half_page(-1)", "half page", "Half a page up."),
        ("read.page_down", "space", "page(1)", "page", "A page down."),
        ("read.top", "g home", "start", "top", "To the beginning."),
        ("read.bottom", "G end", "end", "bottom", "To the end, and follow it."),
        ("read.next_turn", "J right_curly_bracket", "step_turn(1)", "next turn", "The next turn."),
        ("read.previous_turn", "K left_curly_bracket", "step_turn(-1)", "turn before", "The turn before."),
        ("read.next_code", "b", "step_code(1)", "next code", "The next block of code."),
        ("read.previous_code", "B", "step_code(-1)", "code before", "The block of code before."),
        ("read.next_link", "l", "step_link(1)", "next link", "The next link or file name."),
        ("read.previous_link", "L", "step_link(-1)", "link before", "The link or file name before."),
        ("read.open", "o enter", "open_link", "open", "Open the chosen link or file."),
        ("read.fold", "z", "toggle_fold", "fold", "Fold or unfold thinking and tools of the chosen turn."),
        ("read.copy", "y", "copy_turn", "copy", "Copy the chosen turn, or the last reply."),
        ("read.copy_code", "Y", "copy_code", "copy code", "Copy the chosen block of code, or the last one."),
        ("read.save_code", "w", "screen.save_code", "save code", "Save the chosen block of code to a file."),
        ("read.edit", "e", "screen.edit", "edit", "Say the chosen prompt differently."),
        ("read.retry", "r", "screen.retry", "try again", "Answer it again."),
        ("read.continue", "c", "screen.continue_reply", "go on", "Have the chosen reply finished."),
        ("read.fork", "f", "screen.fork", "fork", "Begin a new conversation with everything up to here."),
        (
            "read.previous_branch",
            "left_square_bracket",
            "screen.branch(-1)",
            "previous",
            "The reply or prompt before.",
        ),
        ("read.next_branch", "right_square_bracket", "screen.branch(1)", "next", "The one after."),
        ("read.tree", "t", "screen.tree", "tree", "The whole conversation as a tree."),
        ("read.find", "slash", "screen.find", "find", "Find in this conversation."),
        ("read.find_next", "n", "find_next", "next hit", "The next hit."),
        ("read.find_previous", "N", "find_previous", "hit before", "The hit before."),
        ("read.undo", "u", "screen.undo_last", "undo", "Undo what was dropped or deleted."),
        ("read.help", "question_mark", "app.help", "help", "Show every key."),
        ("read.write", "i", "screen.write", "write", "Back to the prompt."),
        ("read.suspend", "ctrl+z", "app.suspend", "suspend", "Back to the shell for a while; its `fg` goes on here."),
    ),
    *_table(
        Scope.QUEUE,
        ("queue.send", "enter s", "send", "send now", "Send this one now, stopping the reply."),
        ("queue.edit", "e", "edit", "edit", "Take this one back into the prompt."),
        ("queue.drop_chosen", "x delete", "screen.drop_queued", "drop", "Drop this one; it stays in the history."),
        ("queue.up", "k up", "choose(-1)", "up", "To the one before it."),
        ("queue.down", "j down", "choose(1)", "down", "To the one behind it, and at last back to the prompt."),
        ("queue.leave", "escape i", "leave", "leave", "Back to the prompt; they go on waiting."),
    ),
    *_table(
        Scope.LIBRARY,
        (
            "library.choose",
            "enter",
            "choose",
            "open",
            "Open the conversation; what was said opens where it was said.",
        ),
        ("library.said", "tab", "said", "all said", "Look in everything that was said, or in the titles again."),
        ("library.down", "down ctrl+j", "move(1)", "down", "The next row."),
        ("library.up", "up ctrl+k", "move(-1)", "up", "The row before."),
        ("library.page_down", "pagedown", "page(1)", "page down", "A page down."),
        ("library.page_up", "pageup", "page(-1)", "page up", "A page up."),
        ("library.first", "ctrl+home", "first", "first", "To the first row."),
        ("library.last", "ctrl+end", "last", "last", "To the last row."),
        ("library.rename", "f2 alt+r", "rename", "rename", "Give the conversation another title."),
        ("library.archive", "f3 alt+a", "archive", "archive", "Take it out of the list, or put it back."),
        ("library.export", "f4 alt+e", "export", "export", "Write it to a file in the working folder."),
        (
            "library.shelf",
            "f5 alt+s",
            "shelf",
            "archive, trash",
            "From the list to the archive, the trash, and back.",
        ),
        ("library.mark", "insert alt+m", "mark", "mark", "Mark it: the next step is for all that are marked."),
        ("library.delete", "f8 alt+x", "delete", "delete", "Put it into the trash, or take it out."),
        ("library.undo", "alt+u", "undo", "undo", "Undo the last of these changes."),
        ("library.close", "escape", "close", "leave", "Empty the search; then leave the library."),
    ),
    *_table(
        Scope.APP,
        (
            "app.interrupt",
            "ctrl+c",
            "interrupt",
            "stop",
            "Copy a selection, else stop a reply, else put the draft by.",
        ),
        ("app.help", "f1", "help", "help", "Show every key."),
        ("app.quit", "ctrl+q", "quit", "quit", "Quit; a reply that is coming in keeps what has arrived."),
    ),
)

MOST_NAMED = 2
"""Keys of one action that are told; some have more, for terminals that know them."""
_NAMES = {
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "slash": "/",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def label_of(key: str) -> str:
    """A key's name as people write it."""
    *modifiers, last = key.split("+")
    if len(last) == 1:
        shown = last.upper() if modifiers else last
    else:
        shown = _NAMES.get(last, last.upper() if last[0] == "f" and last[1:].isdigit() else last.capitalize())
    return "+".join([*(modifier.capitalize() for modifier in modifiers), shown])


def bindings(scope: Scope) -> list[Binding]:
    """The bindings of one scope as they are before anybody has chosen others."""
    own = [key for key in KEYS if key.scope is scope]
    return [Binding(",".join(key.keys), key.action, key.label, show=False, id=key.id) for key in own]


def names_of(keys: Iterable[str]) -> str:
    """The keys of one action as people write them."""
    return " ".join([label_of(key) for key in keys][:MOST_NAMED])


def keys_as_markdown() -> str:
    """The table of the README."""
    lines: list[str] = []
    for scope in Scope:
        lines += [f"**{scope.value.capitalize()}**", "", "| key | what it does | id |", "|---|---|---|"]
        lines += [f"| `{names_of(key.keys)}` | {key.help} | `{key.id}` |" for key in KEYS if key.scope is scope]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
