"""Take a message or a block on: quote it into the prompt, copy it in other forms, pipe it to a command."""

import asyncio
import os
import signal
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from tui_chat.service.copy_formats import as_html, conversation_markdown
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.output_actions import OutputActions
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice
from tui_chat.ui.terminal import clipboard_copy

_LIMIT_S = 60.0
"""How long a command may run."""
_SILENT_S = 0.3
"""How long the output must be silent once the command has ended: what it leaves running may hold the pipe open."""
_MOST_OUTPUT = 1_000_000
"""Bytes of a command's output that are read."""
_REMEMBERED = 8
_COMMANDS = (("wc", "count lines, words and bytes"), ("python3 -", "run it"), ("git apply --check", "try a patch"))
_SHARING = (
    ("gh gist create -f chat.md -", "share it as a secret gist of GitHub"),
    ("wc", "count lines, words and bytes"),
)
_FORMS = {
    "": ("message", "the message as it was written"),
    "quote": ("quote", "quoted Markdown, > before each line"),
    "formatted": ("formatted text", "with its formatting, for a mail or a document"),
    "all": ("conversation", "the branch that is shown, as Markdown"),
}


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip("\n").splitlines())


class CopyPipeActions:
    def __init__(self, chat: ChatView, output: OutputActions) -> None:
        self._chat = chat
        self._output = output
        self._commands: list[str] = []
        """The commands that were run, the last one first."""

    def _block(self) -> str:
        """Return the selection, else the code block or the message at the cursor, else the last reply."""
        pane = self._chat.pane
        return pane.selected_text or pane.highlights.cursor.chosen_text

    def quote(self) -> None:
        """Put the block into the prompt as a quote, behind what is written there."""
        text = self._block()
        if not text.strip():
            self._chat.notify_warning("There is nothing to quote.")
            return
        self._add_to_prompt(f"{quoted(text)}\n\n")
        self._chat.pane.clear_highlights()

    def _add_to_prompt(self, text: str) -> None:
        prompt = self._chat.prompt
        before = f"{prompt.draft.rstrip()}\n\n" if prompt.draft.strip() else ""
        prompt.show_to_edit(before + text)
        prompt.focus()

    # Copying

    def copy_as(self) -> None:
        choices = [Choice(form, f"Copy the {what}", note) for form, (what, note) in _FORMS.items()]
        Picker(self._chat.keys, "Copy as", choices).show(self._chat.app, self.copy)

    async def copy(self, form: str) -> None:
        """Copy the block as it is, as a `quote` or `formatted`, its `code`, or `all` of the conversation."""
        if not self._chat.conversation.turns:
            self._chat.notify_warning("There is nothing to copy yet.")
            return
        match form:
            case "code":
                self._chat.pane.action_copy_code()
            case "quote":
                self._output.copy(quoted(self._block()), _FORMS[form][0])
            case "all":
                self._output.copy(conversation_markdown(self._chat.conversation), _FORMS[form][0])
            case "formatted":
                await self._copy_formatted()
            case _:
                self._chat.pane.action_copy_turn()

    async def _copy_formatted(self) -> None:
        command = clipboard_copy.html_tool(os.environ)
        if command is None:
            self._chat.notify_warning("No clipboard tool here takes formatted text; wl-copy, xclip and pbcopy do.")
            return
        html = await asyncio.to_thread(as_html, self._block())
        if await clipboard_copy.run_tool(command, html):
            self._chat.notify("Copied with formatting.")
        else:
            self._chat.notify_warning(f"{command[0]} did not take the text.")

    # Commands

    def pipe(self) -> None:
        """Ask for a command, give it the block and show its output."""
        chat, text = self._chat, self._block()
        if not text.strip():
            chat.notify_warning("There is nothing to pipe to a command.")
            return
        lines = text.count("\n") + 1
        self._ask(f"Pipe {lines:,} {'line' if lines == 1 else 'lines'} to a shell command", text, _COMMANDS)

    async def pipe_conversation(self, command: str) -> None:
        """Pipe the branch that is shown, as Markdown, to a command; ask for one where none is named."""
        chat = self._chat
        if not chat.conversation.turns:
            chat.notify_warning("There is nothing to pipe to a command.")
            return
        text = conversation_markdown(chat.conversation)
        if command:
            self._start(command, text)
        else:
            self._ask("Pipe the conversation to a shell command", text, _SHARING)

    def _ask(self, heading: str, text: str, offered: Sequence[tuple[str, str]]) -> None:
        """Pick or type the command that gets the text."""

        def named(command: str) -> None:
            if command.strip():
                self._start(command.strip(), text)

        known = [Choice(command, command, "used before") for command in self._commands]
        known += [Choice(command, command, note) for command, note in offered if command not in self._commands]
        picker = Picker(self._chat.keys, heading, known, free=bool, placeholder="A command")
        picker.show(self._chat.app, named)

    def _start(self, command: str, text: str) -> None:
        self._chat.run_worker(partial(self._run, command, text), group="pipe", exit_on_error=False)

    async def _run(self, command: str, text: str) -> None:
        from tui_chat.ui.dialogs.command_output import CommandOutput, OutputScreen

        self._commands = [command, *(other for other in self._commands if other != command)][:_REMEMBERED]
        started_s = time.monotonic()
        self._chat.notify(f"Running {command} …", timeout=1)
        status, output = await run_command(command, text)
        took_s = time.monotonic() - started_s

        shown = CommandOutput(command, status, took_s, output)
        self._chat.app.push_screen(OutputScreen(self._chat.keys, shown), self.use_output(output))

    def use_output(self, output: str) -> Callable[[str | None], None]:
        """Return what copies the output of a command or puts it into the prompt, as the user chose."""

        def left(choice: str | None) -> None:
            match choice:
                case "copy":
                    self._output.copy(output, "output")
                case "insert":
                    self._add_to_prompt(f"```\n{output.rstrip()}\n```\n")

        return left


async def run_command(command: str, text: str, limit_s: float = _LIMIT_S) -> tuple[str, str]:
    """Run a shell command with this input; return how it ended and what it printed."""
    try:
        process, stdout, pipe = await _started(command)
    except OSError as error:
        return f"not started: {error.strerror}", ""
    assert process.stdin is not None
    output = bytearray()
    feeding = asyncio.create_task(_feed(process.stdin, text.encode("utf-8", "replace")))
    try:
        async with asyncio.timeout(limit_s):
            is_whole = await _read_into(output, stdout, lambda: process.returncode is not None)
            process.stdin.close()
            status = f"exit {await process.wait()}" if is_whole else f"stopped after {_MOST_OUTPUT:,} bytes"
    except TimeoutError:
        status = f"stopped after {limit_s:.0f} s"
    finally:
        feeding.cancel()
        pipe.close()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.stdin.close()
            await process.wait()
    return status, output.decode("utf-8", "replace")


async def _started(command: str) -> tuple[Process, asyncio.StreamReader, asyncio.ReadTransport]:
    """Start a shell command; its output comes through a pipe of our own, which can be closed before its end."""
    readable, writable = os.pipe()
    stdout = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(readable, "rb"))
    try:
        process = await asyncio.create_subprocess_shell(
            command, stdin=PIPE, stdout=writable, stderr=STDOUT, start_new_session=True
        )
    except OSError:
        pipe.close()
        raise
    finally:
        os.close(writable)
    return process, stdout, pipe


async def _feed(stdin: asyncio.StreamWriter, data: bytes) -> None:
    with suppress(OSError):  # the command may not want all of the input
        stdin.write(data if data.endswith(b"\n") else data + b"\n")
        await stdin.drain()
        stdin.close()


async def _read_into(output: bytearray, stdout: asyncio.StreamReader, has_ended: Callable[[], bool]) -> bool:
    """Read until the end, or as much as is shown; return whether that was all."""
    while True:
        try:
            async with asyncio.timeout(_SILENT_S):
                piece = await stdout.read(65_536)
        except TimeoutError:
            if has_ended():
                return True
            continue
        if not piece:
            return True
        output += piece
        if len(output) > _MOST_OUTPUT:
            del output[_MOST_OUTPUT:]
            return False
