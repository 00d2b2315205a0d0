"""Open what lies over the chat: the command palette, the library, usage and help."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from textual.dom import DOMNode

from tui_chat.core.conversation import ConversationPosition
from tui_chat.core.error import ChatError
from tui_chat.ui.chat.branch_actions import BranchActions
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.switching import Switching
from tui_chat.ui.chat.template_actions import TemplateActions
from tui_chat.ui.commands.palette_items import rows
from tui_chat.ui.commands.slash_commands import COMMANDS_BY_NAME, Call, Command
from tui_chat.ui.error_reporting import explained
from tui_chat.ui.keymap import KEYS, Key, Scope
from tui_chat.ui.picker import Picker

_MAX_LISTED = 500
"""How many of the last used conversations the palette lists."""
_TAKE_TEXT = ("title", "system")
_NEED_ARGUMENT = (*_TAKE_TEXT, "options", "export")


class WindowActions:
    def __init__(
        self,
        chat: ChatView,
        branches: BranchActions,
        switching: Switching,
        templates: TemplateActions,
        run_command: Callable[[Call], Awaitable[None]],
    ) -> None:
        self._chat = chat
        self._branches = branches
        self._switching = switching
        self._templates = templates
        self._run_command = run_command

    def open_palette(self) -> None:
        """Open the palette at once, for what is typed next belongs there; conversations follow when they are read."""
        chat = self._chat
        own = self._templates.commands.values()
        is_streaming, is_reading = chat.live_reply is not None, chat.pane.has_focus
        rows_with = partial(
            rows, chat.keys, chat.conversation, own=own, is_streaming=is_streaming, is_reading=is_reading
        )
        picker = Picker(chat.keys, "Command palette", rows_with(()))
        picker.show(chat.app, explained(chat, self._run_row))

        async def add_conversations() -> None:
            with suppress(ChatError):  # without a list there is the rest of the palette
                picker.offer(rows_with(await chat.context.store.summaries(limit=_MAX_LISTED)))

        chat.run_worker(add_conversations, group="palette", exclusive=True, exit_on_error=False)

    async def _run_row(self, row: str) -> None:
        kind, _, what = row.partition(":")
        match kind:
            case "open":
                await self._switching.open_stored(what)
            case "turn":
                await self._branches.go_to(what, at=what, select=True)
            case "template":
                await self._templates.start(what)
            case "command":
                await self._run_slash_command(COMMANDS_BY_NAME[what])
            case _:
                await self._run_key(next(key for key in KEYS if key.id == what))

    async def _run_slash_command(self, command: Command) -> None:
        """Run a command; ask for its argument first if it needs one."""
        if command.name not in _NEED_ARGUMENT:
            await self._run_command(Call(command, ""))
            return
        chat, takes = self._chat, command.takes.strip("[]").capitalize()
        offers = () if command.name in _TAKE_TEXT else chat.prompt.completing.offers(command.name)
        picker = Picker(chat.keys, command.help.capitalize(), offers, free=bool, placeholder=takes)
        picker.show(chat.app, lambda words: self._run_command(Call(command, words)))

    async def _run_key(self, key: Key) -> None:
        nodes: dict[Scope, DOMNode] = {Scope.PANE: self._chat.pane, Scope.PROMPT: self._chat.prompt}
        if key.scope in nodes:
            await self._chat.app.run_action(key.action, nodes[key.scope])
        elif key.scope is Scope.APP:
            await self._chat.app.run_action(key.action)
        else:
            await self._chat.run_action(key.action)

    def open_library(self) -> None:
        from tui_chat.ui.library.screen import LibraryScreen

        library = LibraryScreen(self._chat.context, self._chat.keys)
        self._chat.app.push_screen(library, explained(self._chat, self._return_from_library))

    async def _return_from_library(self, position: ConversationPosition | None) -> None:
        """Open what was chosen; else update this conversation, which may be renamed or deleted by now."""
        chat = self._chat
        if position is not None:
            conversation = await chat.service.open(position.conversation_id)
            turn_id = position.turn_id if position.turn_id and conversation.has(position.turn_id) else None
            if turn_id is not None:
                conversation = self._branches.through(conversation, turn_id)
            await chat.open(conversation, at=turn_id, find=position.words)
        elif chat.conversation.turns:
            now = await chat.service.open(chat.conversation.id)
            if now.deleted_at is not None:
                await self._switching.open_new()
            else:
                chat.conversation = replace(chat.conversation, title=now.title, title_source=now.title_source)
                chat.show_facts()

    async def show_help(self, words: str = "") -> None:
        """Show every key and command that matches these words."""
        from tui_chat.ui.dialogs.help import HelpScreen

        self._chat.app.push_screen(HelpScreen(self._chat.keys, Scope.PROMPT, words))

    def show_usage(self) -> None:
        from tui_chat.ui.dialogs.usage import UsageScreen

        self._chat.app.push_screen(UsageScreen(self._chat.keys, self._chat.context.store, self._chat.service.gate))
