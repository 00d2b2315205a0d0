"""The chat screen whole: what is done by key or by name on top of a conversation and its branches."""

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from textual import on, work
from textual.getters import query_one

from tui_chat.ui.chat.command_actions import CommandingScreen
from tui_chat.ui.chat.prompt_estimate import cost_ahead, draft_of, too_much
from tui_chat.ui.commands.slash_commands import Call, parse, unescaped
from tui_chat.ui.messages import (
    CopyRequested,
    DraftChanged,
    EditorRequested,
    FindChanged,
    HistoryRequested,
    LeavePrompt,
    PromptSubmitted,
    QuitRequested,
    SuggestionAccepted,
    SuggestionsChanged,
)
from tui_chat.ui.picker import Choice
from tui_chat.ui.terminal.external_editor import EditorFailed, edited
from tui_chat.ui.widgets.find_bar import FindBar
from tui_chat.ui.widgets.suggestion_list import SuggestionList

FORESEEN_AFTER_S = 0.4
_SEARCHED_PROMPTS = 2000
QUIT_WITHIN_S = 1.5
"""Two presses of the interrupting key within this time leave the program."""


class ChatScreen(CommandingScreen):
    """What the app opens with."""

    suggested = query_one(SuggestionList)
    _interrupted_s = float("-inf")
    _warned_of = ""

    # Sending and stopping

    @on(PromptSubmitted)
    async def submit(self, event: PromptSubmitted) -> None:
        """Run a command, or say it."""
        call = parse(event.text)
        if isinstance(call, str):
            self.notify_warning(call)
            self.prompt.restore_text(event.text)
        elif isinstance(call, Call):
            await self.run_call(call)
        else:
            text = unescaped(event.text)
            if not (await self._fits(text) and await self.say(text)):
                self.prompt.restore_text(event.text)

    async def _fits(self, text: str) -> bool:
        """Whether it goes into the model's window; what does not goes out only when it is sent once more."""
        if self._warned_of == text:
            return True
        facts = await self.context.facts_of(self.conversation.model)
        draft = draft_of(self.conversation, text, self.editing)
        says = too_much(self.conversation, draft, facts.context_window, datetime.now(UTC))
        if not says:
            return True
        self._warned_of = text
        fork, model = self.keys("read.fork"), self.keys("model.choose")
        self.notify_warning(
            f"{says} {fork} while reading forks from an earlier turn, {model} chooses a model; Enter sends it."
        )
        return False

    @on(DraftChanged)
    def foresee(self, event: DraftChanged) -> None:
        """Say soon what it will cost."""
        self._foresee(event.read)

    @work(group="foresight", exclusive=True, exit_on_error=False, description="foresee")
    async def _foresee(self, read: Callable[[], str]) -> None:
        await asyncio.sleep(FORESEEN_AFTER_S)
        text, hint = read(), ""
        if text.strip() and parse(text) is None:
            facts = await self.context.facts_of(self.conversation.model)
            draft = draft_of(self.conversation, text, self.editing)
            price = facts.price if self.context.settings.ui.costs else None
            hint = cost_ahead(self.conversation, draft, price, datetime.now(UTC))
        if hint != self.foreseen:
            self.foreseen = hint
            self.show_hint()

    async def action_cancel(self) -> None:
        """Stop the reply; else leave an edit; else change between writing and reading."""
        if (reply := self.service.reply_in(self.conversation.id)) is not None:
            reply.cancel()
            await reply.wait()
        elif self.editing is not None:
            await self.leave_editing()
        elif self.prompt.has_focus and self.prompt.close_suggestions():
            self.suggested.show()
        elif self.prompt.has_focus:
            self.pane.focus()
        else:
            self.pane.action_clear_marks()
            self.prompt.focus()

    async def action_interrupt(self) -> None:
        """Copy a selection; else stop a reply; else put the draft by; twice on an empty prompt, leave."""
        if self.pane.selected_text:
            self.pane.action_copy_selection()
            self.pane.clear_marks()
        elif self.prompt.selected_text:
            self.copy(CopyRequested(self.prompt.selected_text, "selection"))
        elif self.service.reply_in(self.conversation.id) is not None:
            await self.action_cancel()
        elif draft := self.prompt.draft:
            self.prompt.set_history(await self.drafts.remember(draft))
            self.prompt.draft = ""
            self.notify(f"Put by; {self.keys('prompt.older')} brings it back.", markup=False)
        elif time.monotonic() - self._interrupted_s < QUIT_WITHIN_S:
            await self.run_action("app.quit")
        else:
            self._interrupted_s = time.monotonic()
            self.notify("Once more to quit.", markup=False, timeout=QUIT_WITHIN_S)

    @on(QuitRequested)
    async def leave(self) -> None:
        """Quit."""
        await self.run_action("app.quit")

    async def on_unmount(self) -> None:
        """Keep the last words."""
        await self.drafts.keep()

    # Reading

    @on(LeavePrompt)
    def read(self) -> None:
        """From the prompt to the conversation."""
        self.pane.focus()

    def action_write(self) -> None:
        """From the conversation to the prompt."""
        self.prompt.focus()

    async def action_pane(self, action: str, *arguments: int) -> None:
        """Let the pane do it, wherever the keys go now."""
        await self.pane.run_action(f"{action}({', '.join(map(str, arguments))})")

    @on(FindBar.Changed)
    def find_as_typed(self, event: FindBar.Changed) -> None:
        """Light the hits while they are typed."""
        self.pane.find(event.value)

    @on(FindBar.Stepped)
    def step_find(self, event: FindBar.Stepped) -> None:
        """To another hit."""
        if event.by > 0:
            self.pane.action_find_next()
        else:
            self.pane.action_find_previous()

    @on(FindBar.Left)
    def leave_find(self, event: FindBar.Left) -> None:
        """Back to reading; the hits stay lit where they are wanted."""
        if not event.keep:
            self.pane.find("")
            self.status.show_hint("")
        self.pane.focus()

    @on(FindChanged)
    def show_found(self, event: FindChanged) -> None:
        """Which hit of how many."""
        if not self.find_bar.value and not event.total:
            self.status.show_hint("")
            return
        steps = f"{self.keys('read.find_next')} and {self.keys('read.find_previous')} go on"
        self.status.show_hint(f"{event.current} of {event.total}; {steps}" if event.total else "nothing found")

    # Writing

    @on(EditorRequested)
    @work(group="editor", exit_on_error=False)
    async def write_in_editor(self, event: EditorRequested) -> None:
        """The draft in the user's own editor, and back."""
        try:
            self.prompt.draft = await edited(self.app, self.prompt.draft, os.environ)
        except EditorFailed as error:
            self.notify_warning(str(error))
        self.prompt.focus()

    @on(HistoryRequested)
    async def action_history(self) -> None:
        """Every prompt there ever was; the draft stays until one is taken, and is among them then."""
        from tui_chat.ui.picker import Picker

        async def chosen(text: str | None) -> None:
            if text is None:
                return
            if (written := self.prompt.draft).strip() and written != text:
                self.prompt.set_history(await self.drafts.remember(written))
            self.prompt.draft = text

        prompts = await self.drafts.history(_SEARCHED_PROMPTS)
        choices = [Choice(text, " ".join(text.split())[:300]) for text in prompts]
        self.app.push_screen(Picker("Earlier prompts", choices), chosen)

    @on(SuggestionsChanged)
    def suggest(self) -> None:
        """Show what the command may become; models are looked up when one is asked for."""
        self.suggested.show()
        if self.prompt.text.startswith(("/model ", "/retry ", "/options ")) and not self.models.known:
            self._know_models()

    @work(group="known", exclusive=True, exit_on_error=False)
    async def _know_models(self) -> None:
        await self.models.last_seen()
        self.prompt.completing.refresh()
        self.suggested.show()

    @on(SuggestionAccepted)
    def take_suggestion(self) -> None:
        """As if Tab had been pressed on it."""
        self.prompt.focus()
        self.prompt.action_complete()
