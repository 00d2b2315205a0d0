"""Commands by name, and the windows that open over the chat: palette, library, usage, colours."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from textual import work
from textual.dom import DOMNode
from textual.getters import query_one

from tui_chat.core.conversation import ConversationSummary, Place
from tui_chat.core.error import ChatError
from tui_chat.core.format_numbers import full_tokens
from tui_chat.ui.chat.output_actions import GivingScreen
from tui_chat.ui.commands.palette_items import rows
from tui_chat.ui.commands.slash_commands import Call
from tui_chat.ui.keymap import Key, Scope
from tui_chat.ui.picker import Choice
from tui_chat.ui.widgets.find_bar import FindBar

_LISTED = 500
"""So many of the last used conversations are among what can be gone to by a few letters."""


class CommandingScreen(GivingScreen):
    """Runs what is called by its name."""

    find_bar = query_one(FindBar)

    async def run_call(self, call: Call) -> None:
        """Run a command with what stands behind it."""
        if call.command.takes:
            await self.takers[call.command.name](call.argument)
        else:
            await self.run_action(call.command.action)

    @property
    def takers(self) -> Mapping[str, Callable[[str], Awaitable[None]]]:
        """What runs the commands that take words."""
        return {
            "copy": self.copy_by_name,
            "export": self.export_to,
            "find": self.find_by_name,
            "help": self.help_about,
            "model": self.choose_model,
            "options": self.set_options,
            "retry": self.retry_by_name,
            "system": self.set_system,
            "theme": self.choose_theme,
            "title": self.rename,
        }

    @work(group="palette", exclusive=True, exit_on_error=False)
    async def action_palette(self) -> None:
        """Everything that can be done or gone to, by a few letters."""
        from tui_chat.ui.commands.palette import Palette, PaletteActions

        async def act(key: Key) -> None:
            places: dict[Scope, DOMNode] = {Scope.PANE: self.pane, Scope.PROMPT: self.prompt, Scope.APP: self.app}
            await self.app.run_action(key.action, places.get(key.scope, self))

        async def go_to(turn_id: str) -> None:
            await self.go_to(turn_id, at=turn_id, choose=True)

        others: Sequence[ConversationSummary] = ()
        with suppress(ChatError):  # what cannot be listed is not there to be gone to
            others = await self.context.store.summaries(limit=_LISTED)
        ways = PaletteActions(
            self.app.push_screen, act, self.run_call, go_to, self.open_stored, self.completing.offers
        )
        Palette(ways).ask(rows(self.keys, self.conversation, others))

    async def open_stored(self, conversation_id: str) -> None:
        """Show one of the past conversations."""
        try:
            await self.open(await self.service.open(conversation_id))
        except ChatError as error:
            self.notify_error(error)

    def action_find(self, words: str = "") -> None:
        """Write what is to be found."""
        self.find_bar.open(words)

    async def find_by_name(self, words: str) -> None:
        """Find the words in the conversation."""
        self.action_find(words)

    async def help_about(self, words: str) -> None:
        """Every key and command that has these words."""
        from tui_chat.ui.dialogs.help import HelpScreen

        self.app.push_screen(HelpScreen(self.keys, Scope.PROMPT, words))

    async def retry_by_name(self, words: str) -> None:
        """Answer again, with the model that is named."""
        await self.retry_with_model(words or None)

    async def action_new(self) -> None:
        """Begin a new conversation."""
        await self.open(self.context.blank())

    def action_usage(self) -> None:
        """What was used and paid."""
        from tui_chat.ui.dialogs.usage import UsageScreen

        self.app.push_screen(UsageScreen(self.context.store))

    @work(exit_on_error=False)
    async def action_tokens(self) -> None:
        """Have the provider count the branch that is shown."""
        try:
            counted = await self.service.count(self.conversation)
        except ChatError as error:
            self.notify_error(error)
            return
        says = (
            "The provider cannot count."
            if counted is None
            else f"{full_tokens(counted)} tokens, as the provider counts."
        )
        self.notify(says, markup=False)

    def action_library(self) -> None:
        """Choose a past conversation."""
        from tui_chat.ui.library.screen import LibraryScreen

        async def chosen(opened: Place | None) -> None:
            try:
                await self._come_back(opened)
            except ChatError as error:
                self.notify_error(error)

        self.app.push_screen(LibraryScreen(self.context, self.keys, self._describe), chosen)

    async def _come_back(self, opened: Place | None) -> None:
        """From the library: to what was chosen, or to this conversation as it is called now, unless it is gone."""
        if opened is not None:
            conversation = await self.service.open(opened.conversation_id)
            turn_id = opened.turn_id if opened.turn_id and conversation.has(opened.turn_id) else None
            if turn_id is not None and turn_id not in {turn.id for turn in conversation.path}:
                conversation = conversation.with_head(self.trail.end_of(conversation, turn_id))
            await self.open(conversation, at=turn_id, find=opened.words)
        elif self.conversation.turns:
            now = await self.service.open(self.conversation.id)
            if now.deleted_at is not None:
                await self.open(self.context.blank())
            else:
                self.conversation = replace(self.conversation, title=now.title, title_source=now.title_source)
                self.name_window()

    async def choose_theme(self, name: str) -> None:
        """The colours by name, or from a list."""
        from tui_chat.ui.picker import Picker

        themes = sorted(self.app.available_themes)

        def chosen(theme: str | None) -> None:
            if theme is not None:
                self.app.theme = theme

        if name in themes:
            chosen(name)
        else:
            choices = [Choice(theme, theme) for theme in themes]
            self.app.push_screen(Picker("Colours", choices, current=self.app.theme), chosen)
