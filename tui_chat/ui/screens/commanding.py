"""Commands by name, the model, the colours, past conversations: what is chosen rather than said."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from textual import work
from textual.dom import DOMNode

from tui_chat.core.conversation import Conversation, ConversationSummary, Place
from tui_chat.core.error import ChatError
from tui_chat.core.figures import full_tokens
from tui_chat.service.catalogue import Catalogue
from tui_chat.ui.choice import Choice
from tui_chat.ui.commands import Call
from tui_chat.ui.keys import Key, Scope
from tui_chat.ui.models import is_reference
from tui_chat.ui.options import as_words, with_options
from tui_chat.ui.palette import rows
from tui_chat.ui.screens.branching import BranchingScreen
from tui_chat.wording import explain

_LISTED = 500
"""So many of the last used conversations are among what can be gone to by a few letters."""


class CommandingScreen(BranchingScreen):
    """Runs what is called by its name."""

    async def run_call(self, call: Call) -> None:
        """Run a command with what stands behind it."""
        takes_words = {
            "copy": self.copy_by_name,
            "delete": self.delete,
            "export": self.export_to,
            "help": self.help_about,
            "model": self.choose_model,
            "options": self.set_options,
            "retry": self.retry_by_name,
            "system": self.set_system,
            "theme": self.choose_theme,
            "title": self.rename,
        }
        if (run := takes_words.get(call.command.name)) is not None:
            await run(call.argument)
        elif call.command.name == "find":
            await self.run_action(f"screen.find({call.argument!r})")
        elif call.command.name == "history":
            self.prompt.action_history()
        else:
            scope = "app" if call.command.name in ("quit", "suspend") else "screen"
            await self.run_action(f"{scope}.{call.command.action}")

    @work(group="palette", exclusive=True, exit_on_error=False)
    async def action_palette(self) -> None:
        """Everything that can be done or gone to, by a few letters."""
        from tui_chat.ui.screens.palette import Palette, Ways

        async def act(key: Key) -> None:
            places: dict[Scope, DOMNode] = {Scope.PANE: self.pane, Scope.PROMPT: self.prompt, Scope.APP: self.app}
            await self.app.run_action(key.action, places.get(key.scope, self))

        async def go_to(turn_id: str) -> None:
            await self.go_to(turn_id, at=turn_id, choose=True)

        others: Sequence[ConversationSummary] = ()
        with suppress(ChatError):  # what cannot be listed is not there to be gone to
            others = await self.bench.store.summaries(limit=_LISTED)
        ways = Ways(self.app.push_screen, act, self.run_call, go_to, self.open_stored, self.completing.offers)
        Palette(ways).ask(rows(self.keys, self.conversation, others))

    async def open_stored(self, conversation_id: str) -> None:
        """Show one of the past conversations."""
        try:
            await self.open(await self.service.open(conversation_id))
        except ChatError as error:
            self.complain_of(error)

    async def export_to(self, words: str) -> None:
        """Write the conversation to a file; the screen that knows files does it."""
        raise NotImplementedError

    async def copy_by_name(self, words: str) -> None:
        """Copy the last reply, or with `code` its last block of code."""
        if words == "code":
            self.pane.action_copy_code()
        else:
            self.pane.action_copy_turn()

    async def help_about(self, words: str) -> None:
        """Every key and command that has these words."""
        from tui_chat.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.keys, Scope.PROMPT, words))

    async def retry_by_name(self, words: str) -> None:
        """Answer again, with the model that is named."""
        await self.retry_with_model(words or None)

    # This conversation

    async def action_new(self) -> None:
        """Begin a new conversation."""
        await self.open(self.bench.blank())

    async def rename(self, title: str) -> None:
        """Give it a title; without words, show the one it has."""
        if not self.conversation.turns or not title:
            self.notify(self.conversation.title or "It has no title yet.", markup=False)
        else:
            await self._change(title=title)

    async def set_system(self, text: str) -> None:
        """Set what the model is told beforehand, from the next prompt on; without words, show it."""
        if not text:
            self.notify(self.conversation.system or "There is no system prompt.", markup=False, timeout=8)
            return
        await self._change(system=text)
        self.notify("From the next prompt on.", markup=False)

    async def set_options(self, words: str) -> None:
        """`effort=high thinking=on max_tokens=4000 temperature=0.2`; `name=` takes one back; no words show them."""
        try:
            options = with_options(self.conversation.options, words)
        except ValueError as error:
            self.complain(str(error))
            return
        if options != self.conversation.options:
            await self._change(options=options)
        says = as_words(options) or "Nothing is asked of the model beside the words. Try /options effort=high"
        self.notify(says, markup=False)

    async def _change(self, **values: Any) -> None:
        """Give this conversation other values, which can be undone."""
        shown = self.conversation
        self.can_undo(partial(self._become, shown, {name: getattr(shown, name) for name in values}))
        await self._become(shown, values)

    async def _become(self, where: Conversation, values: Mapping[str, Any]) -> None:
        await self.return_to(where)
        self.conversation = replace(self.conversation, **values)
        self.status.show_conversation(self.conversation)
        self._count_context()
        self.name_window()
        store = self.bench.store
        keep: Mapping[str, Callable[[str, Any], Awaitable[object]]] = {
            "title": store.rename,
            "system": store.set_system,
            "options": store.set_options,
            "model": store.set_model,
        }
        for name, value in values.items():
            await self._store(keep[name](where.id, value))

    async def _store(self, writing: Awaitable[object]) -> None:
        """Keep a change of a conversation that is stored already."""
        try:
            await writing
        except ChatError as error:
            if self.conversation.turns:
                self.complain_of(error)

    async def delete(self, words: str) -> None:
        """Put it into the trash, from which one key brings it back."""
        doomed = self.conversation
        if not doomed.turns:
            return

        async def bring_back() -> None:
            await self.bench.store.restore(doomed.id)
            await self.open(await self.service.open(doomed.id))

        if (reply := self.service.reply_in(doomed.id)) is not None:
            reply.cancel()
            await reply.wait()
        try:
            await self.bench.store.delete(doomed.id)
        except ChatError as error:
            self.complain_of(error)
            return
        self.can_undo(bring_back)
        await self.open(self.bench.blank())
        days = self.bench.settings.chat.trash_days
        self.notify(f"In the trash for {days} days; {self.keys('undo')} brings it back now.", markup=False)

    async def action_drop_queued(self) -> None:
        """Drop the chosen prompt that waits, else the last one."""
        if not self.line.prompts:
            self.notify("No prompt waits.", markup=False)
            return
        at = self.queue.chosen if self.queue.has_focus else len(self.line.prompts) - 1
        conversation = self.conversation
        dropped = await self.line.take(at)

        async def wait_again() -> None:
            await self.return_to(conversation)
            await self.line.put(dropped, min(at, len(self.line.prompts)))

        self.can_undo(wait_again)
        self.notify(f"Dropped; {self.keys('undo')} puts it back.", markup=False)

    def action_usage(self) -> None:
        """What was used and paid."""
        from tui_chat.ui.screens.usage import UsageScreen

        self.app.push_screen(UsageScreen(self.bench.store))

    @work(exit_on_error=False)
    async def action_tokens(self) -> None:
        """Have the provider count the branch that is shown."""
        try:
            counted = await self.service.count(self.conversation)
        except ChatError as error:
            self.complain_of(error)
            return
        says = (
            "The provider cannot count."
            if counted is None
            else f"{full_tokens(counted)} tokens, as the provider counts."
        )
        self.notify(says, markup=False)

    # Choosing

    def action_library(self) -> None:
        """Choose a past conversation."""
        from tui_chat.ui.screens.library import LibraryScreen

        async def chosen(opened: Place | None) -> None:
            try:
                await self._come_back(opened)
            except ChatError as error:
                self.complain_of(error)

        self.app.push_screen(LibraryScreen(self.bench, self.keys, self._describe), chosen)

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
                await self.open(self.bench.blank())
            else:
                self.conversation = replace(self.conversation, title=now.title, title_source=now.title_source)
                self.name_window()

    async def action_model(self) -> None:
        """Choose the model of the next prompts."""
        await self.choose_model("")

    def action_retry_with(self) -> None:
        """Answer again with a model that is chosen."""
        self._pick_model("Answer again with", self.retry_with_model)

    async def choose_model(self, name: str) -> None:
        """The one that is named, or one from the list."""
        if name:
            await self._take_model(name)
        else:
            self._pick_model("Model", self._take_model)

    async def _take_model(self, ref: str) -> None:
        shown = self.conversation
        values: dict[str, Any] = {"model": ref}
        if (profile := self.bench.settings.profiles.get(ref)) is not None:
            model, system = profile.model or shown.model, profile.system or shown.system
            values = {"model": model, "system": system, "options": profile.options}
        if not is_reference(values["model"]):
            self.complain("A model is written provider/model, such as anthropic/claude-sonnet-5-5.")
            return
        await self._change(**values)
        await self._store(self.models.used(values["model"]))

    @work(group="models", exclusive=True, exit_on_error=False)
    async def _pick_model(self, title: str, take: Callable[[str], Awaitable[None]]) -> None:
        from tui_chat.ui.screens.pick import PickScreen

        async def chosen(ref: str | None) -> None:
            if ref is not None:
                await take(ref)

        offers = await self.models.last_seen()
        screen = PickScreen(title, offers, current=self.conversation.model, free=is_reference)
        self.app.push_screen(screen, chosen)
        fresh = await self.bench.catalogue.refreshed()
        local = await self.bench.find_local()
        silent = "; ".join(f"{name}: {explain(error).sentence}" for name, error in fresh.silent)
        screen.offer(await self.models.among(fresh, local), silent or _how_to_have_more(fresh))

    async def choose_theme(self, name: str) -> None:
        """The colours by name, or from a list."""
        from tui_chat.ui.screens.pick import PickScreen

        themes = sorted(self.app.available_themes)

        def chosen(theme: str | None) -> None:
            if theme is not None:
                self.app.theme = theme

        if name in themes:
            chosen(name)
        else:
            choices = [Choice(theme, theme) for theme in themes]
            self.app.push_screen(PickScreen("Colours", choices, current=self.app.theme), chosen)


def _how_to_have_more(catalogue: Catalogue) -> str:
    if all(model.ref.startswith("demo/") for model in catalogue.models):
        return "Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or start a local server, for more"
    return "Enter takes it · ↑ ↓ move · a name that is not listed can be typed"
