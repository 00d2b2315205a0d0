"""Choose the model of the next prompts, or of one more reply: by name or from a list."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tui_chat.core.error import ChatError
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.service.model_catalog import Catalog
from tui_chat.ui.chat.branch_actions import BranchActions
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.model_choices import ModelChoices, is_reference
from tui_chat.ui.chat.settings_actions import SettingsActions
from tui_chat.ui.commands.option_suggestions import EFFORTS
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice
from tui_chat.wording import explain


class ModelPicker:
    def __init__(
        self, chat: ChatView, models: ModelChoices, settings: SettingsActions, branches: BranchActions
    ) -> None:
        self._chat = chat
        self._models = models
        self._settings = settings
        self._branches = branches

    async def switch(self, name: str = "") -> None:
        """Switch to the model or profile of that name; without a name, show the list."""
        if name:
            await self._switch_to(name)
        else:
            self._show("Model", self._switch_to)

    async def switch_profile(self, name: str = "") -> None:
        """Switch to the profile of that name; without a name, show the list."""
        chat = self._chat
        profiles = chat.context.settings.profiles
        if name in profiles:
            await self._switch_to(name)
        elif name:
            chat.notify_warning(f"There is no profile {name}{did_you_mean(name, profiles)}.")
        elif not profiles:
            chat.notify("No profiles yet: [profiles.NAME] in the settings defines one; /settings opens them.")
        else:
            choices = [replace(choice, group="") for choice in self._models.profiles]
            Picker(chat.keys, "Profile", choices, current=chat.profile).show(chat.app, self._switch_to)

    async def next_effort(self) -> None:
        """Switch to the next effort that the model has; after the last one, leave it to the model."""
        chat = self._chat
        options, model = chat.conversation.options, chat.conversation.model
        if not self._models.known:
            await self._models.last_seen()
        efforts = (None, *(self._models.efforts(model) or EFFORTS))
        at = efforts.index(options.effort) if options.effort in efforts else 0
        effort = efforts[(at + 1) % len(efforts)]
        await self._settings.change(options=replace(options, effort=effort))
        chat.notify(f"Effort: {effort}." if effort else "Effort: left to the model.")

    def regenerate_with(self) -> None:
        """Show the list, and regenerate the reply with the model that is selected."""
        self._show("Regenerate with", self._branches.regenerate)

    async def _switch_to(self, name: str) -> None:
        chat, shown = self._chat, self._chat.conversation
        values: dict[str, Any] = {"model": name}
        if (profile := chat.context.settings.profiles.get(name)) is not None:
            model, system = profile.model or shown.model, profile.system or shown.system
            values = {"model": model, "system": system, "options": profile.options}
            if profile.kept_here and not shown.kept_here:
                values["kept_here"] = True
        try:
            values["model"] = await chat.context.resolve_model(values["model"])
        except ChatError as error:
            chat.notify_warning(f"{error.message[:1].upper()}{error.message[1:]}.")
            return
        if not is_reference(values["model"]):
            chat.notify_warning("Write a model as provider/model, such as anthropic/claude-sonnet-5-5.")
            return
        await self._settings.change(**values)
        try:
            await self._models.mark_used(values["model"])
        except ChatError as error:
            if chat.conversation.turns:
                chat.notify_error(error)

    def _show(self, title: str, take: Callable[[str], Awaitable[None]]) -> None:
        """Open the picker at once, for what is typed next belongs there; the models follow."""
        chat, current = self._chat, self._chat.conversation.model
        picker = Picker(
            chat.keys,
            title,
            [Choice(current, current)] if current else (),
            current=current,
            free=is_reference,
            favourite=self._models.toggle_favourite,
        )
        picker.show(chat.app, take)
        fill = partial(self._fill, picker, title)
        chat.run_worker(fill, group="models", exclusive=True, exit_on_error=False)

    async def _fill(self, picker: Picker, title: str) -> None:
        """List the models that are known, then those that the providers list now."""
        chat = self._chat
        picker.offer(await self._models.last_seen())
        catalog = await chat.context.catalogue.refreshed()
        local = await chat.context.find_local()
        failures = " ".join(f"{name}: {explain(error).sentence}" for name, error in catalog.unreachable)
        choices = await self._models.from_catalog(catalog, local)
        source = f" · prices: {self._models.price_source}" if self._models.price_source else ""
        picker.offer(choices, f"{failures} {_hint(catalog, picker.keys_hint)}".strip(), title + source)


def _hint(catalog: Catalog, keys_hint: str) -> str:
    if all(model.ref.startswith("demo/") for model in catalog.models):
        more = "For more models set ANTHROPIC_API_KEY or OPENAI_API_KEY, or start a local server."
        return f"{more}\n{keys_hint}"
    return f"{keys_hint} · or type provider/model"
