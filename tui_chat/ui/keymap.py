"""Every key of the app in one table: bindings, help, hints, the palette and the README read it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Scope(StrEnum):
    APP = "everywhere"
    CHAT = "conversation"
    PROMPT = "prompt"
    PANE = "reading mode"
    HOME = "recent conversations"
    QUEUE = "queued prompts"
    APPROVAL = "tool approval"
    FIND = "find bar"
    LIBRARY = "library"
    PICKER = "palette and other pickers"
    TREE = "conversation tree"
    COMPARE = "comparing replies"
    OUTLINE = "outline"
    OUTPUT = "output of a command"
    USAGE = "usage"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Key:
    """An action and its default keys."""

    id: str
    """The name of the action in the settings' `[keys]` table."""
    keys: tuple[str, ...]
    """Textual's names of the keys; the first one is shown in hints."""
    action: str
    label: str
    """A word or two for a hint."""
    help: str
    """A sentence for the help screen and the README."""
    scope: Scope

    @property
    def title(self) -> str:
        """The start of the sentence, which names the action in the palette."""
        return _TITLE_END.split(self.help)[0]


_TITLE_END = re.compile(r"[.,;:]| \(")


def _table(scope: Scope, *rows: tuple[str, str, str, str, str]) -> tuple[Key, ...]:
    return tuple(Key(id, tuple(keys.split()), action, label, help, scope) for id, keys, action, label, help in rows)


KEYS: tuple[Key, ...] = (
    *_table(
        Scope.PROMPT,
        ("prompt.send", "enter", "send", "send", "Send; queues the prompt while a reply is streaming."),
        ("prompt.newline", "ctrl+j shift+enter alt+enter ctrl+enter", "newline", "new line", "Insert a new line."),
        (
            "prompt.older",
            "up",
            "older",
            "previous",
            "On the first line: previous prompt in history, or the queued one.",
        ),
        (
            "prompt.newer",
            "down",
            "newer",
            "next",
            "On the last line: next prompt in history, then your draft, then the recent conversations.",
        ),
        ("prompt.complete", "tab", "complete", "complete", "Complete, expand a paste, or switch to reading mode."),
        (
            "prompt.editor",
            "ctrl+g f4",
            "screen.editor",
            "editor",
            "Edit the prompt in the editor: $VISUAL or $EDITOR.",
        ),
        (
            "prompt.paste_image",
            "ctrl+v alt+v",
            "screen.paste_image",
            "paste image",
            "Attach the image in the clipboard.",
        ),
        ("prompt.undo", "ctrl+z", "undo", "undo", "Undo typing; with nothing to undo, suspend (fg resumes)."),
        ("prompt.redo", "alt+z ctrl+shift+z", "redo", "redo", "Redo."),
        ("prompt.word_left", "alt+b ctrl+left", "cursor_word_left", "word left", "Go to the previous word."),
        ("prompt.word_right", "alt+f ctrl+right", "cursor_word_right", "word right", "Go to the next word."),
        (
            "prompt.word_or_previous_branch",
            "alt+left",
            "word_or_branch(-1)",
            "word left",
            "Go to the previous word; in an empty prompt, to the previous branch.",
        ),
        (
            "prompt.word_or_next_branch",
            "alt+right",
            "word_or_branch(1)",
            "word right",
            "Go to the next word; in an empty prompt, to the next branch.",
        ),
        ("prompt.delete_word", "alt+d", "delete_word_right", "delete word", "Delete the next word."),
        (
            "prompt.stash",
            "ctrl+s",
            "screen.stash",
            "put away",
            "Put the draft away (kept in history); in an empty prompt, bring it back.",
        ),
        ("prompt.delete", "ctrl+d", "delete_or_quit", "delete", "Delete forward; quit if the prompt is empty."),
    ),
    *_table(
        Scope.CHAT,
        (
            "reply.cancel",
            "escape",
            "cancel",
            "stop",
            "Stop generating (keeps partial text); else leave an edit, a list or reading mode.",
        ),
        (
            "reply.retry",
            "alt+r f8",
            "retry",
            "regenerate",
            "Regenerate the reply (keeps the old one as a branch).",
        ),
        ("prompt.history", "ctrl+r f6", "history", "history", "Search prompt history."),
        ("reply.retry_with", "f3", "retry_with", "other model", "Regenerate with another model."),
        (
            "reply.without_files",
            "alt+w",
            "send_without_files",
            "without files",
            "Send the prompt without its files, even one that was refused.",
        ),
        ("reply.continue", "f2", "continue_reply", "continue", "Continue generating a stopped reply."),
        ("prompt.edit", "f9", "edit", "edit", "Edit the last prompt, or the selected one."),
        ("branch.previous", "alt+left", "branch(-1)", "previous", "Previous branch."),
        ("branch.next", "alt+right", "branch(1)", "next", "Next branch."),
        ("branch.tree", "f5", "tree", "tree", "Show the conversation tree."),
        ("branch.origin", "f7", "origin", "original", "Go to the original conversation (fork source)."),
        (
            "conversation.previous",
            "alt+o ctrl+circumflex_accent",
            "open_previous",
            "previous conversation",
            "Switch to the previous conversation, and back.",
        ),
        ("conversation.new", "ctrl+n", "new", "new", "New conversation."),
        (
            "conversation.temporary",
            "alt+n",
            "temporary",
            "temporary",
            "Temporary conversation, saved nowhere; again to leave it.",
        ),
        (
            "home.recent",
            " ".join(f"alt+{number}" for number in range(1, 10)),
            "open_recent({n})",
            "open",
            "Open the first, second … recent conversation from an empty one (Alt+1 … Alt+9).",
        ),
        ("library.open", "ctrl+o", "library", "library", "Browse conversations (library)."),
        ("outline.open", "alt+h", "outline", "outline", "Go to a prompt or a heading (outline)."),
        ("find.open", "ctrl+f", "find", "find", "Find in this conversation."),
        ("model.choose", "ctrl+l", "model", "model", "Switch model."),
        ("model.effort", "alt+e", "effort", "effort", "Next effort: low, medium, high, the model's default."),
        ("app.palette", "ctrl+p", "palette", "commands", "Command palette."),
        (
            "pane.fold_all",
            "ctrl+t",
            "pane('fold_all')",
            "thinking",
            "Expand or collapse all: thinking and tool calls.",
        ),
        (
            "reply.details",
            "alt+i",
            "pane('details')",
            "details",
            "Show or hide all figures (of the last reply, or of the selected message).",
        ),
        ("pane.copy_reply", "ctrl+y", "pane('copy_chosen')", "copy", "Copy the last reply, or what is selected."),
        ("pane.page_up", "pageup", "pane('page', -1)", "page up", "Page up."),
        ("pane.page_down", "pagedown", "pane('page', 1)", "page down", "Page down."),
        ("pane.start", "ctrl+home", "pane('start')", "start", "Go to the start."),
        ("end", "ctrl+end", "pane('end')", "end", "Go to the end and follow new text."),
        ("queue.drop", "alt+x", "drop_queued", "remove", "Remove the last queued prompt (kept in history)."),
        (
            "approval.focus",
            "alt+a",
            "approve",
            "answer",
            "Answer the tool call that waits, or go to the conversation where one waits.",
        ),
        ("tools.choose", "alt+t", "tools", "tools", "Choose tools; take permissions back."),
        ("queue.choose", "alt+q", "choose_queued", "queue", "Manage queued prompts."),
        ("budget.lift", "alt+l", "lift_budget", "lift the limit", "Lift the budget for the next request."),
        ("undo", "alt+u", "undo_last", "undo", "Undo remove / delete."),
    ),
    *_table(
        Scope.PANE,
        ("read.down", "j down", "scroll_line(1)", "down", "Line down."),
        ("read.up", "k up", "scroll_line(-1)", "up", "Line up."),
        ("read.half_down", "ctrl+d", "half_page(1)", "half page", "Half a page down."),
        ("read.half_up", "ctrl+u", "half_page(-1)", "half page", "Half a page up."),
        ("read.page_down", "space", "page(1)", "page", "Page down."),
        ("read.top", "g home", "start", "top", "Go to the start."),
        ("read.bottom", "G end", "end", "bottom", "Go to the end and follow new text."),
        ("read.next_turn", "J right_curly_bracket", "step_turn(1)", "next message", "Next message."),
        ("read.previous_turn", "K left_curly_bracket", "step_turn(-1)", "previous message", "Previous message."),
        ("read.next_code", "b", "step_code(1)", "next code", "Next code block."),
        ("read.previous_code", "B", "step_code(-1)", "previous code", "Previous code block."),
        ("read.next_link", "l", "step_link(1)", "next link", "Next link or file name."),
        ("read.previous_link", "L", "step_link(-1)", "previous link", "Previous link or file name."),
        ("read.open", "o enter", "open_link", "open", "Open the selected link, file or attachment."),
        (
            "read.fold",
            "z",
            "toggle_fold",
            "fold",
            "Expand or collapse thinking, tool calls and text files of the message.",
        ),
        ("read.details", "d", "details", "details", "Show or hide all figures of the message."),
        ("read.copy", "y", "copy_chosen", "copy", "Copy the selected text, block or message, or the last reply."),
        ("read.copy_code", "Y", "copy_code", "copy code", "Copy the selected code block, or the last one."),
        (
            "read.quote",
            "greater_than_sign",
            "screen.quote",
            "quote",
            "Quote the selection, or the block, in the prompt.",
        ),
        ("read.pipe", "vertical_line", "screen.pipe", "pipe", "Pipe the selection, or the block, to a command."),
        ("read.copy_as", "C", "screen.copy_as", "copy as", "Copy as …: a quote, with formatting, or everything."),
        ("read.save_code", "w", "screen.save_code", "save code", "Save the code block to a file."),
        ("read.edit", "e", "screen.edit", "edit", "Edit the selected prompt."),
        ("read.edit_reply", "E", "screen.edit_reply", "edit reply", "Edit the reply as a branch; sends nothing."),
        ("read.retry", "r", "screen.confirm('retry')", "regenerate", "Regenerate the reply; press it twice."),
        (
            "read.continue",
            "c",
            "screen.confirm('continue_reply')",
            "continue",
            "Continue the selected reply; press it twice.",
        ),
        (
            "read.leave_out",
            "x",
            "screen.leave_out",
            "leave out",
            "Leave the selected message out; requests go without it. Again to include it.",
        ),
        ("read.fork", "f", "screen.fork", "fork", "Fork the conversation here."),
        ("read.previous_branch", "left_square_bracket", "screen.branch(-1)", "previous", "Previous branch."),
        ("read.next_branch", "right_square_bracket", "screen.branch(1)", "next", "Next branch."),
        ("read.tree", "t", "screen.tree", "tree", "Show the conversation tree."),
        ("read.compare", "v", "screen.compare", "compare", "Compare with another version."),
        ("read.find", "slash", "screen.find", "find", "Find in this conversation."),
        ("read.find_next", "n", "find_next", "next match", "Next match."),
        ("read.find_previous", "N", "find_previous", "previous match", "Previous match."),
        ("read.undo", "u", "screen.undo_last", "undo", "Undo remove / delete."),
        ("read.help", "question_mark", "app.help", "help", "Show all keys."),
        ("read.write", "i", "screen.write", "prompt", "Focus the prompt."),
        ("read.suspend", "ctrl+z", "app.suspend", "suspend", "Suspend (fg resumes)."),
    ),
    *_table(
        Scope.HOME,
        ("home.open", "enter", "choose", "open", "Open the highlighted conversation."),
        ("home.down", "down", "move(1)", "down", "Next conversation."),
        ("home.up", "up", "move(-1)", "up", "Previous conversation; from the first one, back to the prompt."),
    ),
    *_table(
        Scope.QUEUE,
        ("queue.send", "enter", "send", "send now", "Send this prompt now, stopping the reply."),
        ("queue.edit", "e", "edit", "edit", "Edit this queued prompt."),
        ("queue.drop_chosen", "x delete", "screen.drop_queued", "remove", "Remove this prompt (kept in history)."),
        ("queue.up", "k up", "choose(-1)", "up", "Previous queued prompt."),
        ("queue.down", "j down", "choose(1)", "down", "Next queued prompt; after the last, focus the prompt."),
        ("queue.leave", "escape i", "screen.write", "prompt", "Focus the prompt; the queue stays."),
    ),
    *_table(
        Scope.APPROVAL,
        ("approval.once", "y", "answer('once')", "yes", "Allow this call."),
        (
            "approval.conversation",
            "c",
            "answer('conversation')",
            "in this conversation",
            "Allow it from now on in this conversation.",
        ),
        ("approval.always", "a", "answer('always')", "always", "Allow exactly this from now on."),
        (
            "approval.server",
            "s",
            "answer('server')",
            "whole server",
            "Allow all tools of this MCP server.",
        ),
        ("approval.deny", "n", "answer('deny')", "no", "Do not allow it; the model continues without it."),
        (
            "approval.reason",
            "r",
            "answer('deny', True)",
            "no, because",
            "Do not allow it; the prompt has the reason.",
        ),
        ("approval.stop", "x", "answer('stop')", "no, and stop", "Do not allow it, and end the reply here."),
        ("approval.down", "j down", "scroll_call(1)", "down", "Scroll the call down."),
        ("approval.up", "k up", "scroll_call(-1)", "up", "Scroll the call up."),
        ("approval.leave", "i tab", "screen.write", "prompt", "Focus the prompt; the call keeps waiting."),
    ),
    *_table(
        Scope.FIND,
        ("find.next", "enter down ctrl+n", "screen.pane('find_next')", "next match", "Next match."),
        (
            "find.previous",
            "shift+enter up ctrl+p",
            "screen.pane('find_previous')",
            "previous match",
            "Previous match.",
        ),
        ("find.accept", "tab", "close(True)", "read", "Keep the matches highlighted and switch to reading mode."),
        ("find.close", "escape", "close(False)", "close", "Close the find bar."),
    ),
    *_table(
        Scope.LIBRARY,
        ("library.choose", "enter", "choose", "open", "Open the conversation (at the match)."),
        ("library.full_text", "tab", "full_text", "full text", "Search message text / titles."),
        ("library.down", "down ctrl+j", "move(1)", "down", "Next row."),
        ("library.up", "up ctrl+k", "move(-1)", "up", "Previous row."),
        ("library.page_down", "pagedown", "page(1)", "page down", "Page down."),
        ("library.page_up", "pageup", "page(-1)", "page up", "Page up."),
        ("library.first", "ctrl+home", "first", "first", "First row."),
        ("library.last", "ctrl+end", "last", "last", "Last row."),
        ("library.rename", "f2 alt+r", "rename", "rename", "Rename the conversation."),
        ("library.archive", "f3 alt+a", "archive", "archive", "Archive / unarchive."),
        ("library.pin", "f9 alt+p", "pin", "pin", "Pin to the top of the list / unpin."),
        ("library.tags", "f7 alt+t", "tags", "tags", "Edit the tags; tag:NAME in the search finds them."),
        ("library.export", "f4 alt+e", "export", "export", "Export to a file in the working folder."),
        ("library.keep_here", "f6 alt+k", "keep_here", "keep here", "Keep on this machine, out of sync / share."),
        ("library.shelf", "f5 alt+s", "shelf", "archive/trash", "Switch list: conversations, archived, trash."),
        ("library.mark", "insert alt+m", "mark", "select", "Select for bulk actions."),
        ("library.delete", "f8 alt+x", "delete", "delete", "Move to trash / restore."),
        ("library.undo", "alt+u", "undo", "undo", "Undo the last change."),
        ("library.close", "escape", "close", "close", "Clear the search; then close the library."),
    ),
    *_table(
        Scope.PICKER,
        ("picker.choose", "enter", "screen.choose", "select", "Select the highlighted row."),
        ("picker.down", "down ctrl+n", "screen.move('cursor_down')", "down", "Next row."),
        ("picker.up", "up ctrl+p", "screen.move('cursor_up')", "up", "Previous row."),
        ("picker.page_down", "pagedown", "screen.move('page_down')", "page down", "Page down."),
        ("picker.page_up", "pageup", "screen.move('page_up')", "page up", "Page up."),
        ("picker.favourite", "alt+s", "screen.favourite", "favourite", "In the list of models: mark a favourite."),
        ("picker.close", "escape", "screen.dismiss(None)", "cancel", "Cancel."),
    ),
    *_table(
        Scope.TREE,
        ("tree.choose", "enter", "choose", "go to", "Go to the highlighted message."),
        ("tree.down", "j down", "move('cursor_down')", "down", "Next row."),
        ("tree.up", "k up", "move('cursor_up')", "up", "Previous row."),
        ("tree.page_down", "pagedown", "move('page_down')", "page down", "Page down."),
        ("tree.page_up", "pageup", "move('page_up')", "page up", "Page up."),
        ("tree.first", "g home", "move('first')", "first", "First row."),
        ("tree.last", "G end", "move('last')", "last", "Last row."),
        ("tree.compare", "v", "compare", "compare", "Compare the highlighted reply with another version."),
        ("tree.close", "escape q t f5", "dismiss(None)", "close", "Close the tree."),
    ),
    *_table(
        Scope.COMPARE,
        ("compare.keep_left", "1", "keep(0)", "keep first", "Keep the first reply; the other stays a branch."),
        ("compare.keep_right", "2", "keep(1)", "keep second", "Keep the second reply; the other stays a branch."),
        ("compare.words", "d", "words", "words that differ", "Mark the words that differ, or show formatted text."),
        ("compare.previous", "left_square_bracket", "other(-1)", "previous", "Previous version in second place."),
        ("compare.next", "right_square_bracket", "other(1)", "next", "Next version in second place."),
        ("compare.down", "j down", "scroll_line(1)", "down", "Scroll both down."),
        ("compare.up", "k up", "scroll_line(-1)", "up", "Scroll both up."),
        ("compare.page_down", "space pagedown", "page(1)", "page", "Page down in both."),
        ("compare.page_up", "b pageup", "page(-1)", "page", "Page up in both."),
        ("compare.start", "g home", "start", "start", "Go to the start of both."),
        ("compare.end", "G end", "end", "end", "Go to the end of both."),
        ("compare.close", "escape", "close", "close", "Stop both replies, keeping what arrived; else close."),
        ("compare.leave", "q", "leave", "close", "Close, once both replies have ended."),
    ),
    *_table(
        Scope.OUTLINE,
        ("outline.choose", "enter", "choose", "go to", "Go to the prompt or the heading."),
        ("outline.down", "down", "move(1)", "down", "Next entry."),
        ("outline.up", "up", "move(-1)", "up", "Previous entry."),
        ("outline.page_down", "pagedown", "move(10)", "page down", "Ten entries down."),
        ("outline.page_up", "pageup", "move(-10)", "page up", "Ten entries up."),
    ),
    *_table(
        Scope.OUTPUT,
        ("output.copy", "y", "dismiss('copy')", "copy", "Copy the output."),
        ("output.insert", "enter i", "dismiss('insert')", "into the prompt", "Put the output into the prompt."),
        ("output.down", "j down", "scroll(1)", "down", "Scroll down."),
        ("output.up", "k up", "scroll(-1)", "up", "Scroll up."),
        ("output.close", "escape q", "dismiss(None)", "close", "Close the output."),
    ),
    *_table(
        Scope.USAGE,
        ("usage.by_day", "d", "by('day')", "day", "Group by day."),
        ("usage.by_model", "m", "by('model')", "model", "Group by model."),
        ("usage.by_conversation", "c", "by('conversation')", "conversation", "Group by conversation."),
        ("usage.span", "s", "span", "period", "Switch period: 30 days, 7 days, all time."),
        ("usage.down", "j down", "scroll(1)", "down", "Scroll down."),
        ("usage.up", "k up", "scroll(-1)", "up", "Scroll up."),
        ("usage.close", "escape q", "dismiss", "close", "Close the usage report."),
    ),
    *_table(
        Scope.HELP,
        ("help.down", "down", "screen.scroll(1)", "down", "Scroll down."),
        ("help.up", "up", "screen.scroll(-1)", "up", "Scroll up."),
        ("help.page_down", "pagedown", "screen.scroll(12)", "page down", "Page down."),
        ("help.page_up", "pageup", "screen.scroll(-12)", "page up", "Page up."),
        ("help.close", "escape", "screen.dismiss", "close", "Close the help."),
    ),
    *_table(
        Scope.APP,
        (
            "app.interrupt",
            "ctrl+c",
            "interrupt",
            "stop",
            "Copy selection; stop reply; clear the prompt (kept in history).",
        ),
        ("app.help", "f1", "help", "help", "Show all keys; in the help, close it."),
        ("app.quit", "ctrl+q", "quit", "quit", "Quit; a streaming reply keeps its partial text."),
    ),
)

MOST_NAMED = 2
"""How many keys of an action are shown; some have more, for terminals that report them."""
_NAMES = {
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "slash": "/",
    "question_mark": "?",
    "greater_than_sign": ">",
    "vertical_line": "|",
    "circumflex_accent": "^",
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
    """Return a key's name as people write it."""
    *modifiers, last = key.split("+")
    if len(last) == 1:
        shown = last.upper() if modifiers else last
    else:
        shown = _NAMES.get(last, last.upper() if last[0] == "f" and last[1:].isdigit() else last.capitalize())
    return "+".join([*(modifier.capitalize() for modifier in modifiers), shown])


def numbered(key: Key, keys: Iterable[str]) -> list[tuple[str, str]]:
    """Return each key of an action with the action it runs; `{n}` in an action is the number of the key."""
    return [(pressed, key.action.replace("{n}", str(number))) for number, pressed in enumerate(keys, 1)]


def bindings(scope: Scope) -> list[Binding]:
    return [
        Binding(pressed, action, key.label, show=False, id=key.id)
        for key in KEYS
        if key.scope is scope
        for pressed, action in numbered(key, key.keys)
    ]


def names_of(keys: Iterable[str]) -> str:
    """Return the keys of an action as people write them."""
    return " ".join([label_of(key) for key in keys][:MOST_NAMED])
