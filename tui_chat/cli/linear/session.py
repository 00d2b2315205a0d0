"""The loop of linear mode: reads prompts and commands until the input ends. Knows no thread and no signal."""

import asyncio
from collections.abc import Sequence

from tui_chat.cli.exit_codes import DONE
from tui_chat.cli.linear.chat import LinearChat
from tui_chat.cli.linear.commands import LinearCommands
from tui_chat.cli.linear.line_reader import Interrupted, LineKind
from tui_chat.cli.linear.reply_lines import error_text
from tui_chat.core.clean import clean_line
from tui_chat.core.error import ChatError
from tui_chat.ui.commands.slash_commands import Call, parse, unescaped

PROMPT = "You: "
_HISTORY = 500


class LinearSession:
    def __init__(self, chat: LinearChat) -> None:
        self._chat = chat
        self._reader = chat.reader
        self._commands = LinearCommands(chat)
        self._is_armed = False
        """Whether the next interrupt key quits."""

    async def run(self, notices: Sequence[str] = ()) -> int:
        """Take prompts until the input ends, the user quits, or a signal comes; return the exit code."""
        loop = asyncio.get_running_loop()
        self._reader.on_interrupt = lambda: loop.call_soon_threadsafe(self._stop)
        await self._greet(notices)
        while self._chat.exit_code is None:
            prefill, self._chat.prefill = self._chat.prefill, ""
            try:
                line = await self._reader.read(PROMPT, LineKind.TEXT, prefill=prefill)
            except EOFError:
                await self._chat.print("")
                self._chat.leave(DONE)
            except Interrupted as interrupt:
                await self._end_line(interrupt.text)
            else:
                await self._take(line)
        return self._chat.exit_code

    async def _greet(self, notices: Sequence[str]) -> None:
        model = clean_line(self._chat.conversation.model)
        await self._chat.print(
            f"tui-chat, linear mode. Model: {model}. /help lists the commands, /quit ends, Ctrl+C stops a reply."
        )
        for notice in notices:
            await self._chat.print(clean_line(notice))
        self._reader.complete([f"/{name}" for name in self._commands.names])
        self._reader.use_history(reversed(await self._chat.program.store.prompts(limit=_HISTORY)))
        if self._chat.conversation.turns:
            await self._chat.show(self._chat.conversation)
        else:
            await self._chat.restore_draft()

    async def _take(self, line: str) -> None:
        """Run a command, or send a prompt."""
        self._is_armed = False
        if not self._reader.is_terminal:
            await self._chat.print("")  # the line was not echoed
        call = parse(line.strip())
        if isinstance(call, str):
            await self._chat.print(call)
        elif isinstance(call, Call):
            self._reader.remember(line)
            await self._commands.run(call)
        elif line.strip():
            await self._send(unescaped(line))

    async def _send(self, text: str) -> None:
        self._reader.remember(text)
        await self._keep_prompt(text)
        files, self._chat.attachments = tuple(self._chat.attachments), []
        before = self._chat.conversation
        await self._chat.follow(self._chat.program.service.send(before, text, files), text)
        if self._chat.prefill:  # it was not sent
            self._chat.attachments = list(files)

    async def _keep_prompt(self, text: str) -> None:
        """Add the prompt to the history, in which it stays if it cannot be sent, and forget the draft."""
        try:
            await self._chat.program.store.add_prompt(text)
            await self._chat.forget_draft()
        except ChatError as error:
            await self._chat.print(error_text(error))

    # The interrupt key

    def _stop(self) -> None:
        """Stop the reply; pressed again, end the program."""
        if self._is_armed:
            self._chat.leave(DONE)
            return
        self._is_armed = True
        if self._chat.reply is not None:
            self._chat.reply.cancel()

    async def _end_line(self, text: str) -> None:
        """Take back the line that was interrupted: the arrow key restores it, and so does the next start."""
        await self._chat.print("")
        if self._chat.exit_code is not None:
            await self._chat.keep_draft(text)
        elif text.strip():
            self._reader.remember(text)
            self._is_armed = False
        elif self._is_armed:
            self._chat.leave(DONE)
        else:
            self._is_armed = True
            await self._chat.print("Press Ctrl+C again to quit.")
