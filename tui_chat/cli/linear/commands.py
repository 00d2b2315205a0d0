"""The slash commands of linear mode: those of the app that make sense as lines. Reads no key."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_chat.cli.exit_codes import DONE
from tui_chat.cli.linear.chat import LinearChat
from tui_chat.cli.linear.library_commands import Handler, LibraryCommands
from tui_chat.cli.linear.line_reader import Interrupted, LineKind
from tui_chat.cli.linear.reply_lines import error_text
from tui_chat.core.clean import clean, clean_line
from tui_chat.core.conversation import TitleSource
from tui_chat.core.error import ChatError
from tui_chat.core.format_numbers import full_tokens
from tui_chat.core.option_syntax import options_text, parse_options
from tui_chat.core.part import AttachmentPart
from tui_chat.core.tool import TOOL_GROUP_NOTES, tool_choices
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.ui.commands.slash_commands import ALIASES, COMMANDS, Call
from tui_chat.wording import ending

_MOST_LISTED = 20


class LinearCommands:
    def __init__(self, chat: LinearChat) -> None:
        self._chat = chat
        self._handlers: Mapping[str, Handler] = {
            **LibraryCommands(chat).handlers,
            "attach": self._attach,
            "continue": self._continue,
            "edit": self._edit,
            "help": self._help,
            "model": self._model,
            "options": self._options,
            "profile": self._profile,
            "quit": self._quit,
            "retry": self._retry,
            "system": self._system,
            "title": self._title,
            "tokens": self._tokens,
            "tools": self._tools,
        }

    @property
    def names(self) -> Sequence[str]:
        """The names of the commands, in the order of the one table."""
        return [command.name for command in COMMANDS if command.name in self._handlers]

    async def run(self, call: Call) -> None:
        """Run a command; one that needs the app is refused in a sentence."""
        if (handler := self._handlers.get(call.command.name)) is None:
            text = f"/{call.command.name} needs the app. /help lists what works here."
        else:
            try:
                text = await handler(call.argument)
            except ChatError as error:
                text = error_text(error)
        if text:
            await self._chat.print(text)

    async def _help(self, words: str) -> str:
        shown = [command for command in COMMANDS if command.name in self._handlers]
        heads = {command.name: f"/{command.name} {command.takes}".rstrip() for command in shown}
        width = max(map(len, heads.values()))
        lines = [f"{heads[command.name]:<{width}}  {command.help}" for command in shown]
        lines = [line for line in lines if words.lower() in line.lower()] or lines
        others = ", ".join(f"/{alias} is /{name}" for alias, name in ALIASES.items() if name in self._handlers)
        lines += [
            "A line that ends with \\ continues in the next one, and pasted lines are one prompt.",
            f"Ctrl+C stops a reply and keeps it; again, it quits. Other names: {others}.",
        ]
        return "\n".join(lines)

    async def _quit(self, _: str) -> str:
        self._chat.leave(DONE)
        return f"Not sent: {_names(self._chat.attachments)}." if self._chat.attachments else ""

    # Replies

    async def _retry(self, model: str) -> str:
        if not (path := self._chat.conversation.path):
            return "There is no prompt to reply to yet."
        service = self._chat.program.service
        name = await self._chat.program.resolve_model(model) if model else None
        await self._chat.follow(service.retry(self._chat.conversation.id, path[-1].id, model=name))
        return ""

    async def _continue(self, _: str) -> str:
        reply = self._last(Role.ASSISTANT)
        if reply is None:
            return "There is no reply to continue yet."
        if reply.status is TurnStatus.COMPLETE and ending(reply) is None:
            return "This reply is complete; /retry regenerates it."
        await self._chat.follow(self._chat.program.service.continue_(self._chat.conversation.id, reply.id))
        return ""

    async def _edit(self, text: str) -> str:
        prompt = self._last(Role.USER)
        if prompt is None:
            return "There is no prompt to edit yet."
        if not text:
            try:
                text = await self._chat.reader.read("Edit: ", LineKind.TEXT, prefill=prompt.text)
            except (EOFError, Interrupted):
                text = ""
            if not self._chat.reader.is_terminal or not text:
                await self._chat.print("")
        if not text.strip():
            return "Nothing was changed."
        shown = self._chat.conversation
        await self._chat.follow(self._chat.program.service.edit(shown.id, prompt.id, text, model=shown.model), text)
        return ""

    def _last(self, role: Role) -> Turn | None:
        return next((turn for turn in reversed(self._chat.conversation.path) if turn.role is role), None)

    # What is set for the conversation

    async def _title(self, title: str) -> str:
        if not title:
            return clean_line(self._chat.conversation.title) or "No title yet."
        await self._change(title=title, title_source=TitleSource.USER)
        return f"Title: {clean_line(title)}."

    async def _system(self, text: str) -> str:
        if text:
            await self._change(system="" if text == "-" else text)
        return clean(self._chat.conversation.system) or "No system prompt is set."

    async def _options(self, words: str) -> str:
        try:
            options = parse_options(self._chat.conversation.options, words)
        except ValueError as error:
            return str(error)
        if options != self._chat.conversation.options:
            await self._change(options=options)
        return options_text(options) or "No options are set. Example: /options effort=high"

    async def _model(self, name: str) -> str:
        if name:
            await self._change(model=await self._chat.program.resolve_model(name))
            return f"Model: {clean_line(self._chat.conversation.model)}."
        known = (await self._chat.program.model_catalog.last_seen()).models
        lines = [f"Model: {clean_line(self._chat.conversation.model)}. /model NAME switches."]
        lines += [f"  {clean_line(model.ref)}" for model in known[:_MOST_LISTED]]
        if len(known) > _MOST_LISTED:
            lines.append(f"  and {len(known) - _MOST_LISTED} more; `tui-chat models` lists all.")
        return "\n".join(lines)

    async def _profile(self, name: str) -> str:
        from tui_chat.core.fuzzy import did_you_mean

        profiles, shown = self._chat.ctx.settings.profiles, self._chat.conversation
        if (profile := profiles.get(name)) is None:
            known = f"Profiles: {', '.join(profiles)}." if profiles else "The settings have no profiles."
            return f"There is no profile {name}{did_you_mean(name, profiles)}. {known}" if name else known
        model = await self._chat.program.resolve_model(profile.model or shown.model)
        await self._change(model=model, system=profile.system or shown.system, options=profile.options)
        return f"Profile: {clean_line(name)}, model {clean_line(model)}."

    async def _tools(self, words: str) -> str:
        """Turn on exactly these tools, once the user has agreed to each MCP server among them."""
        servers = {server.name: server for server in self._chat.program.tool_servers}
        if words and words != "off":
            from tui_chat.plugins import TOOLS, plugins

            try:
                chosen = tool_choices(words, (*servers, *plugins(TOOLS)))
            except ValueError as error:
                return f"{str(error)[:1].upper()}{str(error)[1:]}."
        else:
            chosen = () if words else self._chat.conversation.options.tools
        permissions = self._chat.program.service.permissions
        for server in [servers[name] for name in chosen if name in servers]:
            if await permissions.has_consent(server):
                continue
            await self._chat.print(f"The MCP server {clean_line(server.name)} is:\n{clean(server.what)}")
            if await self._chat.confirm(f"{server.warning} Start it?".strip()):
                await permissions.consent(server)
            else:
                chosen = tuple(name for name in chosen if name != server.name)
        if chosen != self._chat.conversation.options.tools:
            await self._change(options=replace(self._chat.conversation.options, tools=chosen))
        on = ", ".join(chosen) if chosen else "off"
        known = "; ".join(f"{name}: {note}" for name, note in TOOL_GROUP_NOTES.items())
        return f"Tools: {on}." if words else f"Tools: {on}. There are {known}."

    async def _tokens(self, _: str) -> str:
        if not self._chat.conversation.turns:
            return "There is nothing to count yet."
        tokens = await self._chat.program.service.count(self._chat.conversation)
        if tokens is None:
            return "This provider cannot count tokens."
        return f"{full_tokens(tokens)} tokens, counted by the provider."

    async def _change(self, **values: Any) -> None:
        """Set these fields of the conversation, and store them if it is stored."""
        self._chat.conversation = replace(self._chat.conversation, **values)
        if not self._chat.conversation.turns:
            return
        setters = self._chat.program.store.setters
        for name, value in values.items():
            if name in setters:
                await setters[name](self._chat.conversation.id, value)

    # Attachments

    async def _attach(self, text: str) -> str:
        """Attach a file, the files of a pattern, or what is at an https address to the next prompt."""
        if not text:
            waiting = self._chat.attachments
            name_one = "Name a file, a pattern or an https address: /attach shot.png"
            return f"Attached: {_names(waiting)}." if waiting else name_one
        from tui_chat.attachments.named_files import reads_of

        for read in await asyncio.to_thread(reads_of, text, Path.cwd()):
            part, reason = await asyncio.to_thread(read)
            if reason and not await self._chat.confirm(f"{clean_line(reason)} Attach it?"):
                await self._chat.print(f"Not attached: {clean_line(part.name)}.")
                continue
            self._chat.attachments.append(part)
            await self._chat.print(f"Attached {clean_line(part.name)}, {part.size:,} bytes, to the next prompt.")
        return ""


def _names(parts: Sequence[AttachmentPart]) -> str:
    return ", ".join(clean_line(part.name) for part in parts)
