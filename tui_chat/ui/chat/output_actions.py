"""Words on their way out: to the clipboard, into a file, to the browser or an editor."""

import os
from functools import partial

from textual import on, work

from tui_chat.core.error import ChatError
from tui_chat.ui.chat.copy_and_save import can_browse, copied, exported, is_file, path_of, saved_code
from tui_chat.ui.chat.settings_actions import ChangingScreen
from tui_chat.ui.conversation_view.links import doubts, place
from tui_chat.ui.messages import CopyRequested, FileChosen, LinkChosen
from tui_chat.ui.picker import Choice
from tui_chat.ui.terminal.external_editor import EditorFailed, command_of, run

LONGEST_ADDRESS = 500
"""Letters of an address that are shown; where it leads stands above them."""


class GivingScreen(ChangingScreen):
    """Gives away what is in the conversation."""

    @on(CopyRequested)
    @work(exit_on_error=False)
    async def copy(self, event: CopyRequested) -> None:
        """To the clipboard, and say what is known of it."""
        driver = self.app._driver
        says, worked = await copied(event.text, event.what, driver.write if driver is not None else None)
        self.notify(says, markup=False, severity="information" if worked else "warning")

    async def copy_by_name(self, words: str) -> None:
        """Copy the last reply, or with `code` its last block of code."""
        if words == "code":
            self.pane.action_copy_code()
        else:
            self.pane.action_copy_turn()

    def action_save_code(self) -> None:
        """The chosen block of code into a file of its own in the working folder."""
        source = self.pane.cursor.code_source
        if not source:
            self.notify_warning("There is no code to save.")
            return
        try:
            self.notify(f"Saved to {saved_code(source)}.", markup=False)
        except OSError as error:
            self.notify_warning(f"It could not be saved: {error.strerror}.")

    async def export_to(self, words: str) -> None:
        """This conversation as Markdown, or as what the file's name says."""
        try:
            written = await exported(self.context.store, self.conversation, words)
        except ChatError as error:
            self.notify_error(error)
        else:
            self.notify(f"Written to {written}.", markup=False)

    @on(LinkChosen)
    def ask_about_link(self, event: LinkChosen) -> None:
        """Nothing opens by itself: show where it leads first."""
        from tui_chat.ui.picker import Picker

        def chosen(value: str | None) -> None:
            if value == "open":
                # In a thread: some browsers are waited for.
                self.run_worker(partial(self.app.open_url, event.url), thread=True, exit_on_error=False)
            elif value == "copy":
                self.copy(CopyRequested(event.url, "address"))

        choices = [Choice("copy", "Copy the address")]
        if can_browse(os.environ):
            choices.insert(0, Choice("open", "Open it"))
        shown = event.shown if len(event.shown) <= LONGEST_ADDRESS else f"{event.shown[:LONGEST_ADDRESS]}…"
        heading = "\n".join((f"A link to {place(event.url)}", *doubts(event.url), "", shown))
        self.app.push_screen(Picker(heading, choices), chosen)

    @on(FileChosen)
    @work(group="editor", exit_on_error=False)
    async def open_file(self, event: FileChosen) -> None:
        """A file that is there, in the user's own editor."""
        path = path_of(event.path)
        if not is_file(path):
            self.notify_warning(f"There is no file {path} here.")
            return
        line = [f"+{event.line}"] if event.line else []
        try:
            await run(self.app, [*command_of(os.environ), *line, str(path)], os.environ)
        except EditorFailed as error:
            self.notify_warning(str(error))
