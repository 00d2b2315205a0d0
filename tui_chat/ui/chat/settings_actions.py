"""What a conversation is: its title, system prompt, options and model, what waits in it, and that it is kept."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from textual import work

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.service.model_catalog import Catalog
from tui_chat.ui.chat.branch_actions import BranchingScreen
from tui_chat.ui.chat.model_choices import is_reference
from tui_chat.ui.chat.option_syntax import as_words, with_options
from tui_chat.wording import explain


class ChangingScreen(BranchingScreen):
    """Changes what is set for a conversation; what it changes can be undone."""

    async def rename(self, title: str) -> None:
        """Give it a title; without words, show the one it has."""
        if not self.conversation.turns or not title:
            self.notify(self.conversation.title or "It has no title yet.", markup=False)
        else:
            await self._change(title=title)

    async def set_system(self, text: str) -> None:
        """Set what the model is told beforehand, from the next prompt on; `-` takes it away, and no words show it."""
        if not text:
            self.notify(self.conversation.system or "There is no system prompt.", markup=False, timeout=8)
            return
        await self._change(system="" if text == "-" else text)
        self.notify("No system prompt from here on." if text == "-" else "From the next prompt on.", markup=False)

    async def set_options(self, words: str) -> None:
        """`effort=high thinking=on max_tokens=4000 temperature=0.2`; `name=` takes one back; no words show them."""
        try:
            options = with_options(self.conversation.options, words)
        except ValueError as error:
            self.notify_warning(str(error))
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
        store = self.context.store
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
                self.notify_error(error)

    async def action_delete(self) -> None:
        """Put it into the trash, from which one key brings it back."""
        doomed = self.conversation
        if not doomed.turns:
            return

        async def bring_back() -> None:
            await self.context.store.restore(doomed.id)
            await self.open(await self.service.open(doomed.id))

        if (reply := self.service.reply_in(doomed.id)) is not None:
            reply.cancel()
            await reply.wait()
        try:
            await self.context.store.delete(doomed.id)
        except ChatError as error:
            self.notify_error(error)
            return
        self.can_undo(bring_back)
        await self.open(self.context.blank())
        days = self.context.settings.chat.trash_days
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

    # The model

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
        if (profile := self.context.settings.profiles.get(ref)) is not None:
            model, system = profile.model or shown.model, profile.system or shown.system
            values = {"model": model, "system": system, "options": profile.options}
        if not is_reference(values["model"]):
            self.notify_warning("A model is written provider/model, such as anthropic/claude-sonnet-5-5.")
            return
        await self._change(**values)
        await self._store(self.models.used(values["model"]))

    @work(group="models", exclusive=True, exit_on_error=False)
    async def _pick_model(self, title: str, take: Callable[[str], Awaitable[None]]) -> None:
        from tui_chat.ui.picker import Picker

        async def chosen(ref: str | None) -> None:
            if ref is not None:
                await take(ref)

        offers = await self.models.last_seen()
        screen = Picker(title, offers, current=self.conversation.model, free=is_reference)
        self.app.push_screen(screen, chosen)
        fresh = await self.context.catalogue.refreshed()
        local = await self.context.find_local()
        silent = " ".join(f"{name}: {explain(error).sentence}" for name, error in fresh.silent)
        screen.offer(await self.models.among(fresh, local), f"{silent} {_how_to_have_more(fresh)}".strip())


def _how_to_have_more(catalogue: Catalog) -> str:
    if all(model.ref.startswith("demo/") for model in catalogue.models):
        return "Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or start a local server, for more."
    return "Enter takes it · ↑ ↓ move · a name that is not listed can be typed"
