"""The user's own commands: prompt templates of the config folder and, once trusted, of the project's folder."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from tui_chat.attachments.named_files import read_with_reason
from tui_chat.core.clean import clean, clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError, SettingsError
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.core.part import AttachmentPart
from tui_chat.core.prompt_template import CLIPBOARD, FILE, PromptTemplate, filled, placeholders
from tui_chat.core.tool import tool_choices
from tui_chat.service import project_trust
from tui_chat.settings.templates import Project, Templates, find_project, load_templates
from tui_chat.ui.attachment_marks import mark_of
from tui_chat.ui.chat.attach_actions import AttachActions
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.commands.slash_commands import ALIASES, COMMANDS_BY_NAME, Command
from tui_chat.ui.messages import PromptSubmitted
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice
from tui_chat.ui.terminal.clipboard_text import NoClipboardText, read_text

Send = Callable[[str, str, Conversation], Awaitable[bool]]
"""Sends a text in place of what was typed, with a conversation's model, system prompt and options."""
_YES = "yes"
_MOST_ROWS = 400
_CANNOT_READ_STDIN = "{{stdin}} has nothing to read here; `tui-chat ask -t NAME` takes piped text."


class TemplateActions:
    def __init__(self, chat: ChatView, attach: AttachActions) -> None:
        self._chat = chat
        self._attach = attach
        self._templates = Templates({})
        self._project: Project | None = None
        self._is_trusted = False
        self._reported: set[str] = set()

    async def load(self) -> None:
        """Read the templates again, and report what is wrong with one, once."""
        user = self._chat.context.settings.file.parent
        self._project = await asyncio.to_thread(find_project, Path.cwd())
        if (project := self._project) is not None:
            store, folder = self._chat.context.choices, str(project.folder)
            self._is_trusted = await project_trust.is_trusted(store, folder, project.fingerprint)
        built_in = {*COMMANDS_BY_NAME, *ALIASES}
        self._templates = await asyncio.to_thread(load_templates, user, project, built_in)
        for problem in map(str, self._templates.problems):
            self._report(clean_line(problem))
        if project is not None and not self._is_trusted:
            self._report(f"This project has settings of its own ({project.what}); /trust shows them.")

    def _report(self, sentence: str) -> None:
        if sentence not in self._reported:
            self._reported.add(sentence)
            self._chat.notify_warning(sentence)

    @property
    def commands(self) -> Mapping[str, Command]:
        return {
            name: Command(
                name,
                one.argument_hint or ("[ARGUMENTS]" if one.takes_arguments else ""),
                clean_line(one.about) + (" · project" if one.is_project else ""),
                "",
            )
            for name, one in self._templates.by_name.items()
        }

    async def find(self, text: str) -> tuple[PromptTemplate, str] | None:
        if not text.startswith("/") or text.startswith("//"):
            return None
        name, _, arguments = text[1:].strip().partition(" ")
        if name in COMMANDS_BY_NAME or name in ALIASES:
            return None
        await self.load()
        template = self._templates.by_name.get(name)
        return None if template is None else (template, arguments)

    async def start(self, name: str) -> None:
        """Write a template into the prompt, for its arguments, or send it where it has none."""
        chat = self._chat
        if (template := self._templates.by_name.get(name)) is None:
            return
        if template.takes_arguments:
            chat.prompt.restore_text(f"/{name} ")
            chat.prompt.focus()
        else:
            chat.prompt.post_message(PromptSubmitted(f"/{name}"))

    def choose(self) -> None:
        """Pick a template and start it."""
        self._chat.run_worker(self._choose, group="template", exit_on_error=False)

    async def _choose(self) -> None:
        await self.load()
        chat = self._chat
        if not self._templates.by_name:
            folder = chat.context.settings.file.parent / "commands"
            chat.notify(f"There are no templates yet: {clean_line(str(folder))}/NAME.md becomes the command /NAME.")
            return
        rows = [Choice(one.name, f"/{one.name} {one.takes}".rstrip(), one.help) for one in self.commands.values()]
        if (name := await chat.app.push_screen_wait(Picker(chat.keys, "Prompt templates", rows))) is not None:
            await self.start(name)

    def run(self, template: PromptTemplate, arguments: str, typed: str, send: Send) -> None:
        """Fill a template and send it; what was typed goes back into the prompt box where that fails."""

        async def run() -> None:
            try:
                is_sent = await self._run(template, arguments, typed, send)
            except ChatError as error:
                self._chat.notify_warning(error.message)
                is_sent = False
            if not is_sent:
                self._chat.prompt.restore_text(typed)

        self._chat.run_worker(run, group="template", exit_on_error=False)

    async def _run(self, template: PromptTemplate, arguments: str, typed: str, send: Send) -> bool:
        if template.is_project and not self._is_trusted and not await self._agrees():
            return False
        conversation = await self._with_fields(template)
        values: dict[str, str] = {}
        for what in placeholders(template, arguments):
            value = await self._value(template, what)
            if value is None:
                return False
            values[what] = value
        return await send(filled(template, arguments, values), typed, conversation)

    async def _value(self, template: PromptTemplate, what: str) -> str | None:
        """Return the text for a placeholder; `None` where there is none, after a notice of the reason."""
        if what == CLIPBOARD:
            try:
                return await asyncio.to_thread(read_text, os.environ)
            except NoClipboardText as error:
                self._chat.notify_warning(str(error))
                return None
        if not what.startswith(FILE):
            self._chat.notify_warning(_CANNOT_READ_STDIN)
            return None
        parts = await self._attach.stored([partial(_read, what.removeprefix(FILE), template)])
        return mark_of(parts[0][0]) if parts else None

    async def _with_fields(self, template: PromptTemplate) -> Conversation:
        """Return the conversation with the model, profile and tools of the template; raise `SettingsError`."""
        context, shown = self._chat.context, self._chat.conversation
        profiles = context.settings.profiles
        if template.profile:
            if (profile := profiles.get(template.profile)) is None:
                meant = did_you_mean(template.profile, profiles)
                raise SettingsError(f"{template.file}: there is no profile {template.profile}{meant}")
            model, system = profile.model or shown.model, profile.system or shown.system
            shown = replace(shown, model=model, system=system, options=profile.options)
        if template.model:
            shown = replace(shown, model=await context.resolve_model(template.model))
        if template.tools:
            known = (*(server.name for server in context.tool_servers), *context.plugin_tools())
            try:
                tools = tool_choices(" ".join(template.tools), known)
            except ValueError as error:
                raise SettingsError(f"{template.file}: {error}") from None
            shown = replace(shown, options=replace(shown.options, tools=tools))
        return shown

    # Trust

    def ask_for_trust(self) -> None:
        """Show what the project's folder brings along, and ask whether to use it."""
        self._chat.run_worker(self._ask_for_trust, group="trust", exit_on_error=False)

    async def _ask_for_trust(self) -> None:
        await self.load()
        if self._project is None:
            self._chat.notify("There is no .tui-chat folder with commands or settings here or above.")
        elif await self._agrees():
            self._chat.notify("Trusted until a file in it changes; / lists its commands.")

    async def _agrees(self) -> bool:
        """Show every line of the project's files; return whether the user agrees to them."""
        project = self._project
        if project is None:
            return False
        title = f"Use the commands and settings of {clean_line(str(project.folder))}?"
        choices = [Choice("", "No"), Choice(_YES, "Yes, until a file in it changes")]
        choices += await asyncio.to_thread(_content, project)
        if await self._chat.app.push_screen_wait(Picker(self._chat.keys, title, choices)) != _YES:
            return False
        # What was read is what was shown: a change since then has another fingerprint.
        await project_trust.trust(self._chat.context.choices, str(project.folder), project.fingerprint)
        await self.load()
        return self._is_trusted


def _content(project: Project) -> list[Choice]:
    """Return every line of the project's files as a row."""
    rows: list[str] = []
    for name in project.files:
        text = (project.folder / name).read_text(encoding="utf-8", errors="replace")
        rows += [f"  {name}", *(f"    {line}" for line in clean(text).splitlines())]
    more = [f"  and {len(rows) - _MOST_ROWS} more lines"] if len(rows) > _MOST_ROWS else []
    return [Choice("", row) for row in (*rows[:_MOST_ROWS], *more)]


def _read(name: str, template: PromptTemplate) -> tuple[AttachmentPart, str]:
    """Return a file that a template names, and why the user is to confirm it."""
    path = Path(name).expanduser().absolute()
    part, reason = read_with_reason(path)
    if not reason and template.is_project and not path.resolve().is_relative_to(Path.cwd().resolve()):
        reason = f"/{template.name} reads {part.name} from outside this folder."
    return part, reason
