"""The library in linear mode: commands to list, open, find, fork, export or delete conversations, and their cost."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime

from tui_chat.cli.linear.chat import LinearChat
from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.format_numbers import full_tokens, when
from tui_chat.core.title import shown_title
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.formats.transcript import Branch, transcript_turns

_MOST_LISTED = 20
Handler = Callable[[str], Awaitable[str]]
"""Takes the argument of a command, and returns what remains to be printed."""


class LibraryCommands:
    def __init__(self, chat: LinearChat) -> None:
        self._chat = chat
        self.handlers: Mapping[str, Handler] = {
            "delete": self._delete,
            "export": self._export,
            "find": self._find,
            "fork": self._fork,
            "library": self._library,
            "new": self._new,
            "tree": self._tree,
            "undo": self._undo,
            "usage": self._usage,
        }
        self._deleted: list[str] = []
        """The ids of the conversations that were moved to the trash here, the last one at the end."""

    async def _new(self, _: str) -> str:
        await self._chat.show(self._chat.new_conversation())
        return ""

    async def _fork(self, _: str) -> str:
        if not (path := self._chat.conversation.path):
            return "There is nothing to fork yet."
        self._chat.conversation = await self._chat.program.service.fork(self._chat.conversation.id, path[-1].id)
        return "Forked into a new conversation; the original is unchanged."

    async def _library(self, words: str) -> str:
        """List the last used conversations whose titles have these words, and open the one that is chosen."""
        page = await self._chat.program.store.summaries(limit=_MOST_LISTED, matching=words)
        if not page:
            return "No title has these words." if words else "No conversations yet."
        now = datetime.now().astimezone()
        for number, summary in enumerate(page, start=1):
            title = clean_line(shown_title(summary.title))
            await self._chat.print(f"{number}. {title}, {when(summary.updated_at, now)}, {summary.turns} messages")
        answer = await self._chat.ask("Number to open, or Enter for none: ")
        if _is_number(answer, len(page)):
            await self._chat.show(await self._chat.program.service.open(page[int(answer) - 1].id))
            return ""
        return _no_number(answer)

    async def _delete(self, _: str) -> str:
        deleted = self._chat.conversation
        if not deleted.turns:
            return "There is nothing to delete yet."
        await self._chat.program.store.delete(deleted.id)
        self._deleted.append(deleted.id)
        days = self._chat.ctx.settings.chat.trash_days
        await self._chat.print(f"Moved to the trash for {days} days; /undo restores it.")
        return await self._new("")

    async def _undo(self, _: str) -> str:
        """Restore the conversation that was deleted last."""
        if not self._deleted:
            return "There is nothing to undo: /undo restores what /delete removed."
        conversation_id = self._deleted[-1]
        await self._chat.program.store.restore(conversation_id)
        self._deleted.pop()
        await self._chat.show(await self._chat.program.service.open(conversation_id))
        return ""

    async def _tree(self, _: str) -> str:
        """List every message of every branch, and go to the one that is chosen."""
        shown = self._chat.conversation
        if not shown.turns:
            return "There are no messages yet."
        rows = tree_lines(shown)
        await self._chat.print("\n".join(line for _, line in rows))
        answer = await self._chat.ask("Number of the message to go to, or Enter for none: ")
        if _is_number(answer, len(rows)):
            there = shown.through(rows[int(answer) - 1][0].id)
            await self._chat.program.store.set_head(there.id, there.head)
            await self._chat.show(there)
            return ""
        return _no_number(answer)

    async def _find(self, words: str) -> str:
        """List the messages of this branch that contain the words."""
        if not words:
            return "Name the words: /find WORDS. `tui-chat search` looks into all conversations."
        found = matches(self._chat.conversation, words)
        count = f"{len(found)} {'message has' if len(found) == 1 else 'messages have'} these words."
        lines = [line for _, line in found[:_MOST_LISTED]]
        if len(found) > _MOST_LISTED:
            lines.append(f"and {len(found) - _MOST_LISTED} more")
        return "\n".join([count if found else "No message here has these words.", *lines])

    async def _usage(self, _: str) -> str:
        """Return what was used by day, as `tui-chat usage` does, and what this conversation cost."""
        from tui_chat.core.format_numbers import NONE, cost_sum
        from tui_chat.core.usage_report_text import usage_table
        from tui_chat.service.usage_report import lines_by, usage_report

        report = await usage_report(self._chat.program.store, None)
        here = self._chat.conversation
        lines = usage_table(lines_by(report, "day"), report.total) if report.days else ["No usage recorded."]
        if here.turns:
            cost = cost_sum(here.cost).replace(NONE, "no cost")
            lines.append(f"This conversation: {full_tokens(here.usage.total_tokens)} tokens, {cost}.")
        if budget := await self._chat.program.service.gate.report():
            lines.append(f"Budget: {budget}.")
        return "\n".join(lines)

    async def _export(self, name: str) -> str:
        from tui_chat.service.import_export import export_conversation

        if not self._chat.conversation.turns:
            return "There is nothing to export yet."
        path = await export_conversation(self._chat.program.store, self._chat.conversation, name)
        return f"Written to {clean_line(str(path))}."


def _is_number(answer: str, most: int) -> bool:
    return answer.isdecimal() and 1 <= int(answer) <= most


def _no_number(answer: str) -> str:
    return f"There is no number {clean_line(answer)} in this list." if answer else ""


_MOST_CHARACTERS = 60
_BEFORE = 20
"""Characters shown before a match."""


def tree_lines(conversation: Conversation) -> list[tuple[Turn, str]]:
    """Return every message with its line: number, speaker, first words, and its place in the tree in words."""
    return [
        (
            entry.turn,
            f"{_start(entry.turn, entry.number)}{_excerpt(entry.turn.text)}"
            f"{''.join(f', {note}' for note in entry.position_notes(Branch.ALL))}",
        )
        for entry in transcript_turns(conversation, Branch.ALL)
    ]


def matches(conversation: Conversation, words: str) -> list[tuple[Turn, str]]:
    """Return the messages of the current branch that contain these words, each with a line that shows them."""
    return list(_matches(conversation, words.casefold()))


def _matches(conversation: Conversation, words: str) -> Iterator[tuple[Turn, str]]:
    for number, turn in enumerate(conversation.path, start=1):
        text = clean_line(turn.text)
        at = text.casefold().find(words)
        if at >= 0:
            start = max(0, at - _BEFORE)
            yield turn, f"{_start(turn, number)}{'…' if start else ''}{_excerpt(text[start:])}"


def _start(turn: Turn, number: int) -> str:
    who = "You" if turn.role is Role.USER else clean_line(turn.model) or "Reply"
    ended = "" if turn.status is TurnStatus.COMPLETE else f" ({turn.status.value})"
    return f"{number}. {who}{ended}: "


def _excerpt(text: str) -> str:
    line = clean_line(text)
    return f"{line[:_MOST_CHARACTERS]}…" if len(line) > _MOST_CHARACTERS else line or "(empty)"
