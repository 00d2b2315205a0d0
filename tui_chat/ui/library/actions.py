"""Rename, archive, delete, restore and export conversations from the library. Every change can be undone."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from textual.app import App

from tui_chat.core.error import ChatError
from tui_chat.core.title import brief_title
from tui_chat.service.export_names import ExportFormat, format_named, plugin_formats
from tui_chat.service.import_export import ExportRequest, export
from tui_chat.storage.labels import Labels, clean_tags
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.error_reporting import explained
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.library.data_source import ListFilter, RowTarget, Shelf
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice
from tui_chat.ui.undo import UndoStack
from tui_chat.ui.widgets.notice_line import NoticeLine

Change = Callable[[str], Awaitable[object]]


class LibraryView(Protocol):
    """What the actions use of `LibraryScreen`."""

    context: AppContext
    keys: Keyboard
    list_filter: ListFilter
    app: App[Any]
    notice_line: NoticeLine

    @property
    def marked(self) -> Mapping[str, str]: ...
    async def selected(self) -> Mapping[str, str]: ...
    def reload(self, *, unmark: bool = ...) -> None: ...
    def mark(self, titles: Mapping[str, str]) -> None: ...
    def notify(self, message: str) -> None: ...
    def notify_error(self, error: ChatError) -> None: ...


class LibraryActions:
    def __init__(self, library: LibraryView) -> None:
        self._library = library
        self._store = library.context.store
        self._service = library.context.service
        self._undo = UndoStack()
        self._marked_before: Mapping[str, str] = {}

    async def rename(self, target: RowTarget, title: str) -> None:
        async def rename() -> None:
            await self._store.rename(target.conversation_id, title)
            self._undo.push(partial(self._store.rename, target.conversation_id, target.title))

        await self._run(rename(), "")

    async def toggle_pinned(self) -> None:
        """Pin the selected conversations, or unpin them when all are pinned."""
        selected = await self._library.selected()
        before = {one: await self._store.labels(one) for one in selected}
        pinned = not all(labels.pinned for labels in before.values())
        after = {one: labels._replace(pinned=pinned) for one, labels in before.items()}
        await self._relabel(before, after, _sentence(selected, "pinned" if pinned else "unpinned"))

    async def set_tags(self, selected: Mapping[str, str], text: str) -> None:
        """Give a conversation the tags that were typed; several get them in addition to their own."""
        before = {one: await self._store.labels(one) for one in selected}
        typed = clean_tags(text.replace(",", " ").split())
        after = {
            one: labels._replace(tags=typed if len(before) == 1 else clean_tags((*labels.tags, *typed)))
            for one, labels in before.items()
        }
        tags = " ".join(f"#{tag}" for tag in typed) or "without tags"
        await self._relabel(before, after, _sentence(selected, f"tagged {tags}" if typed else tags))

    async def _relabel(self, before: Mapping[str, Labels], after: Mapping[str, Labels], report: str) -> None:
        async def set_all(labels: Mapping[str, Labels]) -> None:
            for conversation_id, own in labels.items():
                await self._store.set_labels(conversation_id, own)

        self._undo.push(partial(set_all, before))
        await self._run(set_all(after), report)

    async def toggle_archived(self) -> None:
        """Archive the selected conversations, or take them out of the archive."""
        selected = await self._library.selected()
        match self._library.list_filter.shelf:
            case Shelf.CURRENT:
                archive = self._each(selected, self._store.archive, self._store.unarchive)
                await self._run(archive, _sentence(selected, "archived"))
            case Shelf.ARCHIVED:
                unarchive = self._each(selected, self._store.unarchive, self._store.archive)
                await self._run(unarchive, _sentence(selected, "unarchived"))
            case Shelf.TRASH:
                self._library.notify(f"Restore it from the trash first ({self._library.keys('library.delete')}).")

    async def toggle_kept_here(self) -> None:
        """Keep the selected conversations on this machine; if all are kept here, let them be synced."""
        selected = await self._library.selected()
        kept = {id_: (await self._store.summary(id_)).kept_here for id_ in selected}
        keep = not all(kept.values())
        changed = {id_: title for id_, title in selected.items() if kept[id_] is not keep}
        has_left: dict[str, str] = {}

        async def change(conversation_id: str) -> None:
            if not await self._store.set_kept_here(conversation_id, keep):
                has_left[conversation_id] = changed[conversation_id]

        how = "kept on this machine" if keep else "shared with your other machines"
        await self._run(self._each(changed, change, partial(self._keep, not keep)), "")
        self._report_kept({id_: title for id_, title in changed.items() if id_ not in has_left}, has_left, how)

    async def _keep(self, keep: bool, conversation_id: str) -> None:
        await self._store.set_kept_here(conversation_id, keep)

    def _report_kept(self, done: Mapping[str, str], has_left: Mapping[str, str], how: str) -> None:
        pieces = []
        if done:
            pieces.append(f"{_sentence(done, how)} {self._library.keys('library.undo')} to undo.")
        if has_left:
            pieces.append(_sentence(has_left, "on your other machines already"))
        if pieces:
            self._library.notify(" ".join(pieces))

    async def toggle_deleted(self) -> None:
        """Move the selected conversations to the trash, or restore them."""
        selected = await self._library.selected()
        if self._library.list_filter.shelf is Shelf.TRASH:
            restore = self._each(selected, self._store.restore, self._store.delete)
            await self._run(restore, _sentence(selected, "restored"))
        else:
            delete = self._each(selected, self._stop_and_delete, self._store.restore)
            days = self._library.context.settings.chat.trash_days
            await self._run(delete, _sentence(selected, f"moved to the trash for {days} days"))

    async def undo_last(self) -> None:
        """Undo the last change; the conversations that were marked for it are marked again."""
        try:
            if await self._undo.undo_last():
                self._library.mark(self._marked_before)
                self._library.notice_line.clear_notices()
                self._library.notify("Undone.")
            else:
                self._library.notify("There is nothing to undo.")
        except ChatError as error:
            self._library.notify_error(error)
        self._library.reload()

    async def export(self) -> None:
        """Export the selected conversations into the working folder, in a format that is picked."""
        selected = await self._library.selected()

        if selected:
            choices = [
                Choice(ExportFormat.MARKDOWN, "Markdown", "the current branch, to read"),
                Choice(ExportFormat.HTML, "HTML", "the current branch, as one page for a browser"),
                Choice(ExportFormat.JSON, "JSON", "all branches, to import again"),
                Choice(ExportFormat.TEXT, "Text", "the current branch, without markup"),
                Choice(ExportFormat.LIBRECHAT, "LibreChat", "LibreChat's JSON, all branches"),
                *(Choice(one.name, one.name, f"a plug-in's format, .{one.suffix}") for one in plugin_formats()),
            ]
            titles = list(selected.values())
            name = brief_title(titles[0]) if len(titles) == 1 else f"{len(titles)} conversations"
            picker = Picker(self._library.keys, f"Export {name} as", choices)
            picker.show(self._library.app, explained(self._library, partial(self._export, tuple(selected))))

    async def _export(self, ids: Sequence[str], form: str) -> None:
        request = ExportRequest(ids, format_named(form) or ExportFormat.MARKDOWN)
        paths = await export(self._store, request, Path.cwd())
        where = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files in {Path.cwd()}"
        self._library.notify(f"Written to {where}.")

    async def _run(self, change: Awaitable[None], report: str) -> None:
        try:
            await change
        except ChatError as error:
            self._library.notify_error(error)
        else:
            if report:
                self._library.notify(f"{report} {self._library.keys('library.undo')} to undo.")
        self._marked_before = self._library.marked
        self._library.reload(unmark=True)

    async def _each(self, ids: Iterable[str], change: Change, change_back: Change) -> None:
        """Change one after the other; those that were changed before one failed can be undone too."""
        changed: list[str] = []

        async def undo() -> None:
            for conversation_id in changed:
                await change_back(conversation_id)

        self._undo.push(undo)
        for conversation_id in ids:
            await change(conversation_id)
            changed.append(conversation_id)

    async def _stop_and_delete(self, conversation_id: str) -> None:
        for reply in self._service.replies_in(conversation_id):
            reply.cancel()
            await reply.wait()
        await self._store.delete(conversation_id)


def _sentence(selected: Mapping[str, str], how: str) -> str:
    if len(selected) > 1:
        return f"{len(selected)} conversations {how}."
    return "".join(f"“{brief_title(title)}” {how}." for title in selected.values())
