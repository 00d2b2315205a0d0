"""Copy to the clipboard, save code, export, and open links and files."""

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tui_chat.attachments.paths import is_file
from tui_chat.core.file_name import absolute_path
from tui_chat.rendering.code_names import proposed_names
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.conversation_view.links import destination, suspicious_parts
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice
from tui_chat.ui.terminal import clipboard_copy
from tui_chat.ui.terminal.external_editor import EditorFailed, command_of, run
from tui_chat.ui.terminal.textual_private import write_to_terminal

MAX_URL_SHOWN = 500
"""Characters of a URL that are shown; the host is shown above it."""


class OutputActions:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat

    def copy(self, text: str, what: str) -> None:
        """Copy to the clipboard, and report how that went."""
        if not text:
            nothing = "There is no code to copy." if what == "code block" else "There is nothing to copy yet."
            self._chat.notify_warning(nothing)
            return
        self._chat.run_worker(partial(self._copy, text, what), exit_on_error=False)

    async def _copy(self, text: str, what: str) -> None:
        command = clipboard_copy.tool(os.environ)
        by_tool = command is not None and await clipboard_copy.run_tool(command, text)
        by_terminal = len(text.encode("utf-8", "replace")) <= clipboard_copy.LARGEST_FOR_TERMINAL
        if by_terminal:
            write_to_terminal(self._chat.app, clipboard_copy.sequence(text, os.environ))
        report = clipboard_copy.sentence(what, text.count("\n") + 1, by_tool=by_tool, by_terminal=by_terminal)
        self._chat.notify(report, severity="information" if by_tool or by_terminal else "warning")

    def save_code(self) -> None:
        """Save the selected code block as a new file in the working folder, under a name that is asked for."""
        chat = self._chat
        code, text = chat.pane.current_code, chat.pane.text_around_code
        if not code:
            chat.notify_warning("There is no code to save.")
            return
        lines = code.count("\n") + 1
        choices = [Choice(name, name, note) for name, note in proposed_names(text, code, Path.cwd())]
        heading = f"Save {lines:,} {'line' if lines == 1 else 'lines'} as"
        picker = Picker(chat.keys, heading, choices, free=bool, placeholder="Another name")
        picker.show(chat.app, partial(self._write_code, code))

    def _write_code(self, code: str, name: str) -> None:
        path = absolute_path(name)
        try:
            write_new_file(path, code if code.endswith("\n") else f"{code}\n")
        except FileExistsError:
            self._chat.notify_warning(f"{path} exists already and was not changed; choose another name.")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._chat.notify_warning(f"Could not save {path}: {reason}.")
        else:
            self._chat.notify(f"Saved to {path}.")

    async def export_to(self, name: str) -> None:
        """Export the conversation to that file, as Markdown unless the suffix names another format."""
        if not self._chat.conversation.turns:
            self._chat.notify_warning("There is nothing to export yet.")
            return
        from tui_chat.service.import_export import export_conversation

        path = await export_conversation(self._chat.context.store, self._chat.conversation, name)
        self._chat.notify(f"Written to {path}.")

    def ask_about_link(self, url: str, shown: str) -> None:
        """Show where a link leads, and offer to open or copy it."""
        chat = self._chat

        def picked(value: str | None) -> None:
            if value == "open":
                # In a thread: some browsers block until they are closed.
                chat.run_worker(partial(chat.app.open_url, url), thread=True, exit_on_error=False)
            elif value == "copy":
                self.copy(url, "link")

        choices = [Choice("copy", "Copy link")]
        if can_browse(os.environ):
            choices.insert(0, Choice("open", "Open link"))
        shown = shown if len(shown) <= MAX_URL_SHOWN else f"{shown[:MAX_URL_SHOWN]}…"
        heading = "\n".join((f"Link to {destination(url)}", *suspicious_parts(url), "", shown))
        chat.app.push_screen(Picker(chat.keys, heading, choices), picked)

    def open_file(self, name: str, line: int | None) -> None:
        """Open a file that exists in the user's editor."""
        self._chat.run_worker(partial(self._open_file, name, line), group="editor", exit_on_error=False)

    async def _open_file(self, name: str, line: int | None) -> None:
        path = absolute_path(name)
        if not is_file(path):
            self._chat.notify_warning(f"File not found: {path}.")
            return
        at_line = [f"+{line}"] if line else []
        try:
            await run(self._chat.app, [*command_of(os.environ), *at_line, str(path)], os.environ)
        except EditorFailed as error:
            self._chat.notify_warning(str(error))


def can_browse(environ: Mapping[str, str]) -> bool:
    """Return whether a browser would open in its own window: one in this terminal would take it from the app."""
    desktops = ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    return sys.platform in ("darwin", "win32") or any(environ.get(name) for name in desktops)


def write_new_file(path: Path, text: str) -> None:
    """Write a file that does not exist yet, readable by its owner only; may raise `OSError`."""
    # Neither over another file nor through a link that leads to one.
    with open(path, "x", encoding="utf-8", opener=_open_private) as file:
        file.write(text)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
