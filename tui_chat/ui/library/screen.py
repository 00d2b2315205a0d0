"""The library: past conversations to find and to put in order, without a network and without a key."""

from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path

from textual import on
from textual.widgets import Input

from tui_chat.core.error import ChatError
from tui_chat.core.title import brief_title
from tui_chat.service.export_names import ExportFormat
from tui_chat.service.import_export import ExportRequest, export
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.conversation_view.layout_options import Describe
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.library.actions import LibraryActions
from tui_chat.ui.library.browser import LibraryBrowser
from tui_chat.ui.library.data_source import Shelf
from tui_chat.ui.picker import Choice, Picker

_ORDERING = ("rename", "archive", "delete", "export", "mark", "shelf", "said", "undo", "choose", "move", "page")
"""What waits while a title is written."""
_RENAMING = "Enter gives it this title · Esc leaves the old one"


class LibraryScreen(LibraryBrowser):
    """Also renames, archives, deletes and exports, one or all that are marked."""

    CSS_PATH = "library.tcss"

    def __init__(self, context: AppContext, keys: Keyboard, describe: Describe) -> None:
        super().__init__(context, keys, describe)
        self._order = LibraryActions(context.store, context.service)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a title is written, only leaving it."""
        return action not in _ORDERING or not self.title_line.display

    def what_keys_do(self) -> str:
        return _RENAMING if self.title_line.display else super().what_keys_do()

    def action_close(self) -> None:
        """Leave a title as it was, before anything else is left."""
        if self.title_line.display:
            self._end_renaming()
        else:
            super().action_close()

    async def action_rename(self) -> None:
        """Write another title."""
        await self.settled()
        if (found := self.here) is None:
            return
        self.query_line.display, self.title_line.display = False, True
        self._renaming = found
        self.title_line.value = found.title
        self.title_line.focus()
        self.show_around()

    @on(Input.Submitted, "#title")
    async def rename(self, event: Input.Submitted) -> None:
        """Give it the title that was written."""
        found, title = self._renaming, event.value.strip()
        self._end_renaming()
        if title and title != found.title:
            await self._do(self._order.rename(found.conversation_id, found.title, title), "")

    def _end_renaming(self) -> None:
        self.query_line.display, self.title_line.display = True, False
        self.query_line.focus()
        self.show_around()

    async def action_archive(self) -> None:
        """Out of the list, or back into it."""
        meant = await self._meant()
        match self.wanted.shelf:
            case Shelf.CURRENT:
                await self._do(self._order.archive(meant), _sentence(meant, "archived"))
            case Shelf.ARCHIVED:
                await self._do(self._order.unarchive(meant), _sentence(meant, "back in the list"))
            case Shelf.TRASH:
                self.notify(f"{self.keys('library.delete')} takes it out of the trash first.", markup=False)

    async def action_delete(self) -> None:
        """Into the trash, or out of it."""
        meant = await self._meant()
        if self.wanted.shelf is Shelf.TRASH:
            await self._do(self._order.restore(meant), _sentence(meant, "out of the trash"))
        else:
            days = self.context.settings.chat.trash_days
            await self._do(self._order.delete(meant), _sentence(meant, f"in the trash for {days} days"))

    async def _meant(self) -> dict[str, str]:
        """Titles by id of all that are marked, else of the one under the cursor."""
        await self.settled()
        if self.marked:
            return dict(self.marked)
        return {} if (found := self.here) is None else {found.conversation_id: found.title}

    async def _do(self, change: Awaitable[None], says: str) -> None:
        try:
            await change
        except ChatError as error:
            self.notify_warning(error)
        else:
            if says:
                self.notify(f"{says} {self.keys('library.undo')} undoes it.", markup=False)
        self.marked.clear()
        self.look_again()

    async def action_undo(self) -> None:
        """Undo the last change."""
        try:
            if not await self._order.undo():
                self.notify("There is nothing to undo.", markup=False)
        except ChatError as error:
            self.notify_warning(error)
        self.look_again()

    async def action_export(self) -> None:
        """Write it to a file in the working folder."""
        meant = await self._meant()

        async def chosen(form: str | None) -> None:
            if form is not None:
                await self._export(tuple(meant), ExportFormat(form))

        if meant:
            choices = [
                Choice(ExportFormat.MARKDOWN, "Markdown", "the branch that is shown, to read"),
                Choice(ExportFormat.JSON, "JSON", "everything, to import again"),
                Choice(ExportFormat.TEXT, "Text", "the branch that is shown, without markup"),
                Choice(ExportFormat.LIBRECHAT, "LibreChat", "its JSON, the whole tree"),
            ]
            name = brief_title(next(iter(meant.values()))) if len(meant) == 1 else f"{len(meant)} conversations"
            self.app.push_screen(Picker(f"Export {name} as", choices), chosen)

    async def _export(self, ids: Sequence[str], form: ExportFormat) -> None:
        try:
            written = await export(self.store, ExportRequest(ids, form), Path.cwd())
        except ChatError as error:
            self.notify_warning(error)
            return
        where = str(written[0]) if len(written) == 1 else f"{len(written)} files in {Path.cwd()}"
        self.notify(f"Written to {where}.", markup=False)


def _sentence(meant: Mapping[str, str], how: str) -> str:
    """What was done, to whom; nothing where nobody was meant."""
    if len(meant) > 1:
        return f"{len(meant)} of them are {how}."
    return "".join(f"“{brief_title(title)}” is {how}." for title in meant.values())
