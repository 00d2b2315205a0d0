"""Commands by name, the model, the colours, past conversations: what is chosen rather than said."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from textual import work

from tui_chat.core.conversation import Options, TitleSource
from tui_chat.core.error import ChatError
from tui_chat.core.figures import UNKNOWN, dollars, full_tokens, short_tokens
from tui_chat.service.catalogue import Catalogue
from tui_chat.ui.commands import Call
from tui_chat.ui.screens.branching import BranchingScreen
from tui_chat.ui.screens.library import LibraryScreen
from tui_chat.ui.screens.pick import Choice, PickScreen
from tui_chat.ui.screens.usage import UsageScreen
from tui_chat.wording import explain

RECENT = "recent_models"
_KEPT_RECENT = 8


class CommandingScreen(BranchingScreen):
    """Runs what is called by its name."""

    async def run_call(self, call: Call) -> None:
        """Run a command with what stands behind it."""
        takes_words = {
            "copy": self.copy_by_name,
            "delete": self.delete,
            "export": self.export_to,
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
            scope = "app" if call.command.name in ("quit", "help") else "screen"
            await self.run_action(f"{scope}.{call.command.action}")

    async def export_to(self, words: str) -> None:
        """Write the conversation to a file; the screen that knows files does it."""
        raise NotImplementedError

    async def copy_by_name(self, words: str) -> None:
        """Copy the last reply, or with `code` its last block of code."""
        if words == "code":
            self.pane.action_copy_code()
        else:
            self.pane.action_copy_turn()

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
            return
        try:
            await self.bench.store.rename(self.conversation.id, title, TitleSource.USER)
        except ChatError as error:
            self.complain_of(error)
        if self.conversation.title:
            self.can_undo(partial(self.rename, self.conversation.title))
        self.conversation = replace(self.conversation, title=title)
        self.name_window()

    async def set_system(self, text: str) -> None:
        """Set what the model is told beforehand, from the next prompt on; without words, show it."""
        if not text:
            self.notify(self.conversation.system or "There is no system prompt.", markup=False, timeout=8)
            return
        self.can_undo(partial(self._take_system, self.conversation.system))
        await self._take_system(text)

    async def _take_system(self, text: str) -> None:
        self.conversation = replace(self.conversation, system=text)
        await self._store(self.bench.store.set_system(self.conversation.id, text))
        self.notify("From the next prompt on." if text else "No system prompt from the next prompt on.", markup=False)

    async def set_options(self, words: str) -> None:
        """`effort=high thinking=on max_tokens=4000 temperature=0.2`; `name=` takes one back; no words show them."""
        options = self.conversation.options
        try:
            for word in words.split():
                options = _with_option(options, word)
        except ValueError as error:
            self.complain(str(error))
            return
        self.conversation = replace(self.conversation, options=options)
        await self._store(self.bench.store.set_options(self.conversation.id, options))
        shown = ", ".join(
            f"{name}={getattr(options, name)}" for name in _OPTIONS if getattr(options, name) is not None
        )
        self.notify(shown or "Nothing is asked of the model beside the words. Try /options effort=high", markup=False)

    async def _store(self, writing: Awaitable[None]) -> None:
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
        self.notify(f"In the trash for 30 days; {self.keys('undo')} brings it back now.", markup=False)

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

        async def chosen(conversation_id: str | None) -> None:
            if conversation_id is not None:
                await self.open(await self.service.open(conversation_id))

        self.app.push_screen(LibraryScreen(self.bench.store), chosen)

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
        if (profile := self.bench.settings.profiles.get(ref)) is not None:
            self.conversation = replace(
                self.conversation, options=profile.options, system=profile.system or self.conversation.system
            )
            ref = profile.model or self.conversation.model
        if not _is_reference(ref):
            self.complain("A model is written provider/model, such as anthropic/claude-sonnet-5-5.")
            return
        self.with_model(ref)
        await self._store(self.bench.store.set_model(self.conversation.id, ref))
        recent = [ref, *(one for one in await self._recent() if one != ref)]
        await self._store(self.bench.store.set_state(RECENT, recent[:_KEPT_RECENT]))

    async def _recent(self) -> list[str]:
        return list(await self.bench.store.state(RECENT) or [])

    @work(group="models", exclusive=True, exit_on_error=False)
    async def _pick_model(self, title: str, take: Callable[[str], Awaitable[None]]) -> None:
        async def chosen(ref: str | None) -> None:
            if ref is not None:
                await take(ref)

        known = await self.bench.catalogue.last_seen()
        screen = PickScreen(title, await self._offers(known), current=self.conversation.model, free=_is_reference)
        self.app.push_screen(screen, chosen)
        fresh = await self.bench.catalogue.refreshed()
        local = await self.bench.find_local()
        silent = "; ".join(f"{name}: {explain(error).sentence}" for name, error in fresh.silent)
        screen.offer(await self._offers(fresh, local), silent or _how_to_have_more(fresh))

    async def _offers(self, catalogue: Catalogue, local: Sequence[str] = ()) -> list[Choice]:
        """Profiles, then what was used lately, then every provider's, then servers found on this machine."""
        profiles = [
            Choice(name, name, f"profile, {profile.model}") for name, profile in self.bench.settings.profiles.items()
        ]
        windows = {model.ref: model.context_window for model in catalogue.models}
        refs = dict.fromkeys([*await self._recent(), *windows, *local])
        return profiles + [Choice(ref, ref, await self._about(ref, windows.get(ref))) for ref in refs]

    async def _about(self, ref: str, window: int | None) -> str:
        facts = await self.bench.facts_of(ref)
        window = window or facts.context_window
        size = UNKNOWN if window is None else short_tokens(window)
        paid = (
            UNKNOWN
            if facts.price is None
            else f"{dollars(facts.price.input_usd)} in, {dollars(facts.price.output_usd)} out"
        )
        return f"{size} context, {paid}"

    async def choose_theme(self, name: str) -> None:
        """The colours by name, or from a list."""
        themes = sorted(self.app.available_themes)

        def chosen(theme: str | None) -> None:
            if theme is not None:
                self.app.theme = theme

        if name in themes:
            chosen(name)
        else:
            choices = [Choice(theme, theme) for theme in themes]
            self.app.push_screen(PickScreen("Colours", choices, current=self.app.theme), chosen)


_OPTIONS = ("effort", "thinking", "max_tokens", "temperature")
_SWITCH = {"on": True, "off": False, "auto": None, "": None}


def _with_option(options: Options, word: str) -> Options:
    name, _, value = word.partition("=")
    try:
        match name:
            case "effort":
                return replace(options, effort=value or None)
            case "thinking":
                return replace(options, thinking=_SWITCH[value])
            case "max_tokens":
                return replace(options, max_tokens=int(value) if value else None)
            case "temperature":
                return replace(options, temperature=float(value) if value else None)
    except (ValueError, KeyError):
        raise ValueError(f"{value!r} is nothing that {name} can be.") from None
    raise ValueError(f"There is no option {name!r}; there are {', '.join(_OPTIONS)}.")


def _is_reference(text: str) -> bool:
    provider, slash, model = text.partition("/")
    return bool(provider and slash and model) and " " not in text


def _how_to_have_more(catalogue: Catalogue) -> str:
    if all(model.ref.startswith("demo/") for model in catalogue.models):
        return "Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or start a local server, for more"
    return "Enter takes it · ↑ ↓ move · a name that is not listed can be typed"
