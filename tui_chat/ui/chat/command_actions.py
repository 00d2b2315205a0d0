"""Run slash commands, and open what lies over the chat: palette, library, usage, help."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from textual.dom import DOMNode

from tui_chat.core.conversation import ConversationPosition, ConversationSummary
from tui_chat.core.error import ChatError
from tui_chat.core.format_numbers import full_tokens
from tui_chat.ui.chat.attach_actions import AttachActions
from tui_chat.ui.chat.branch_actions import BranchActions
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.compare_actions import CompareActions
from tui_chat.ui.chat.config_actions import ConfigActions
from tui_chat.ui.chat.context_actions import ContextActions
from tui_chat.ui.chat.copy_pipe_actions import CopyPipeActions
from tui_chat.ui.chat.find_actions import FindActions
from tui_chat.ui.chat.model_picker import ModelPicker
from tui_chat.ui.chat.output_actions import OutputActions
from tui_chat.ui.chat.settings_actions import SettingsActions
from tui_chat.ui.chat.template_actions import TemplateActions
from tui_chat.ui.chat.tool_actions import ToolActions
from tui_chat.ui.commands.palette_items import rows
from tui_chat.ui.commands.slash_commands import Call
from tui_chat.ui.keymap import Key, Scope

_MAX_LISTED = 500
"""How many of the last used conversations the palette lists."""


class CommandActions:
    """Run what is called by its name."""

    def __init__(
        self,
        chat: ChatView,
        branches: BranchActions,
        settings: SettingsActions,
        models: ModelPicker,
        output: OutputActions,
        find: FindActions,
        attach: AttachActions,
        tools: ToolActions,
        context: ContextActions,
        templates: TemplateActions,
        comparing: CompareActions,
        config: ConfigActions,
        reuse: CopyPipeActions,
    ) -> None:
        self._chat = chat
        self._branches = branches
        self._templates = templates
        self._open_file = output.open_file
        self.with_argument: Mapping[str, Callable[[str], Awaitable[None]]] = {
            "attach": attach.attach_named,
            "compact": context.compact,
            "compare": comparing.compare,
            "config": config.config,
            "copy": reuse.copy,
            "export": output.export_to,
            "find": find.open,
            "help": self.show_help,
            "model": models.switch,
            "options": settings.set_options,
            "profile": models.switch_profile,
            "retry": lambda model: branches.regenerate(model or None),
            "system": settings.set_system,
            "theme": lambda name: config.config(f"ui.theme {name}".strip()),
            "title": settings.set_title,
            "tools": tools.choose,
        }
        """Runs the slash commands that take an argument; the others name an action."""

    async def run(self, call: Call) -> None:
        """Run a slash command."""
        if call.command.takes:
            await self.with_argument[call.command.name](call.argument)
        else:
            await self._chat.run_action(call.command.action)

    def open_palette(self) -> None:
        self._chat.run_worker(self._open_palette, group="palette", exclusive=True, exit_on_error=False)

    async def _open_palette(self) -> None:
        from tui_chat.ui.commands.palette import CommandPalette, PaletteActions

        chat = self._chat
        others: Sequence[ConversationSummary] = ()
        with suppress(ChatError):  # without a list there is the rest of the palette
            others = await chat.context.store.summaries(limit=_MAX_LISTED)
        actions = PaletteActions(
            chat.keys,
            chat.app.push_screen,
            self._run_key,
            self.run,
            self._go_to_turn,
            self.open_stored,
            chat.prompt.completing.offers,
            self._templates.start,
        )
        own = self._templates.commands.values()
        CommandPalette(actions).ask(
            rows(chat.keys, chat.conversation, others, own, is_streaming=chat.live_reply is not None)
        )

    async def _run_key(self, key: Key) -> None:
        nodes: dict[Scope, DOMNode] = {Scope.PANE: self._chat.pane, Scope.PROMPT: self._chat.prompt}
        if key.scope in nodes:
            await self._chat.app.run_action(key.action, nodes[key.scope])
        elif key.scope is Scope.APP:
            await self._chat.app.run_action(key.action)
        else:
            await self._chat.run_action(key.action)

    async def _go_to_turn(self, turn_id: str) -> None:
        await self._branches.go_to(turn_id, at=turn_id, select=True)

    async def open_stored(self, conversation_id: str) -> None:
        try:
            await self._chat.open(await self._chat.service.open(conversation_id))
        except ChatError as error:
            self._chat.notify_error(error)

    def edit_settings(self) -> None:
        """Open the settings file in the user's editor."""
        file = self._chat.context.settings.file
        if file.exists():
            self._open_file(str(file), None)
            self._chat.notify("Changed settings are in force from the next start.")
        else:
            self._chat.notify("There is no settings file yet; `tui-chat config init` writes one.")

    async def open_new(self) -> None:
        """Start a new conversation."""
        await self._chat.open(self._chat.context.blank())

    def open_library(self) -> None:
        from tui_chat.ui.library.screen import LibraryScreen

        async def left(position: ConversationPosition | None) -> None:
            try:
                await self._return_from_library(position)
            except ChatError as error:
                self._chat.notify_error(error)

        self._chat.app.push_screen(LibraryScreen(self._chat.context, self._chat.keys), left)

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
                await self.open_new()
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

    def count_tokens(self) -> None:
        """Show how many tokens the provider counts in the branch that is shown."""
        self._chat.run_worker(self._count_tokens, exit_on_error=False)

    async def _count_tokens(self) -> None:
        try:
            tokens = await self._chat.service.count(self._chat.conversation)
        except ChatError as error:
            self._chat.notify_error(error)
            return
        if tokens is None:
            self._chat.notify("This provider cannot count tokens.")
        else:
            self._chat.notify(f"{full_tokens(tokens)} tokens, counted by the provider.")
