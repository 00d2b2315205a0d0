"""The library: find, preview, open and manage past conversations. Works without a network and without a key."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.getters import query_one
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerError

from tui_chat.core.conversation import ConversationPosition
from tui_chat.core.error import ChatError, NotFound
from tui_chat.heartbeat import Heartbeat
from tui_chat.rendering.styles import DARK, TextStyles
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.conversation_view.widget import ConversationPane
from tui_chat.ui.error_reporting import explained, report_worker_error
from tui_chat.ui.file_stamp import file_stamp
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import ending_with_keys, hint_content
from tui_chat.ui.keymap import Scope
from tui_chat.ui.library.actions import LibraryActions
from tui_chat.ui.library.data_source import Hits, ListFilter, RowTarget, Shelf, Titles, load_rows
from tui_chat.ui.library.row_layout import RowContext, conversation_row, head, heading_row, hit_rows
from tui_chat.ui.library.screen_texts import heading, key_hints, search_placeholder, why_nothing
from tui_chat.ui.library.virtual_list import VirtualList
from tui_chat.ui.terminal.textual_private import BatchedScreen, paint_now
from tui_chat.ui.widgets.notice_line import NoticeLine
from tui_chat.wording import explain

PREVIEW_FROM_WIDTH = 110
CHECK_EVERY_S = 1.0
"""How soon what another process writes is shown."""
_FIRST_PAINT_S = 0.2
"""How long the first paint waits for the first rows."""
_TITLE_DELAY_S = 0.03
_FULL_TEXT_DELAY_S = 0.12
_PREVIEW_DELAY_S = 0.06
"""How long the cursor stays on a row before its conversation is loaded for the preview."""
_BOLD = Style(bold=True)
_HINT_MARGIN = 6
"""Columns at both sides of the hints."""
_ACTIONS = (
    *("rename", "archive", "delete", "export", "keep_here", "mark", "pin", "tags", "shelf"),
    *("full_text", "undo", "choose", "move", "page"),
)
"""What is disabled while a title is written."""
_RENAMING = "Enter rename · Esc cancel"
_NO_QUERY = "Type a search text to search all messages."
_TAGGING = "Enter set the tags · Esc cancel"


class _Loaded(NamedTuple):
    """Rows, and of which state of the database."""

    seen: object
    shown: ListFilter
    rows: Titles | Hits


class LibraryScreen(BatchedScreen[ConversationPosition | None]):
    """Past conversations; the result is the position that was chosen."""

    CSS_PATH = "library.tcss"
    AUTO_FOCUS = "#query"
    SCOPE = Scope.LIBRARY
    """Whose keys work here."""

    query_line = query_one("#query", Input)
    title_line = query_one("#title", Input)
    shelves = query_one("#shelves", Static)
    columns = query_one("#columns", Static)
    nothing = query_one("#nothing", Static)
    hint = query_one("#hint", Static)
    list = query_one(VirtualList)
    rows_side = query_one("#rows", Vertical)
    preview = query_one(ConversationPane)
    notice_line = query_one(NoticeLine)

    def __init__(self, context: AppContext, keys: Keyboard) -> None:
        super().__init__()
        self.context = context
        self.store = context.store
        self.keys = keys
        self.keys.bind(self, Scope.LIBRARY)
        self.actions = LibraryActions(self)
        self.list_filter = ListFilter()
        self._shown = self.list_filter
        """What the rows answer: a full-text search also where no title matches."""
        self._rows: Titles | Hits = Titles(context.store, self.list_filter)
        self._marked: dict[str, str] = {}
        """Titles of the marked conversations by id."""
        self._renamed: RowTarget | None = None
        self._tagged: Mapping[str, str] = {}
        """Titles by id of the conversations whose tags are being written."""
        self._seen: object = None
        self._stamp: object = None
        self._unpainted = ExitStack()
        self._waits_for_rows = True
        self._laid_out = asyncio.Event()
        """Set when widths are known: rows that come earlier would be painted twice."""
        self._first_rows = asyncio.create_task(self._read(0))
        self._first_rows.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._heartbeat = Heartbeat(self._check_for_changes, CHECK_EVERY_S)
        self._text_styles = self._cursor_styles = DARK
        self._loading: Worker[None] | None = None
        self.action_archive = self.actions.toggle_archived
        self.action_delete = self.actions.toggle_deleted
        self.action_export = self.actions.export
        self.action_keep_here = explained(self, self.actions.toggle_kept_here)
        self.action_pin = explained(self, self.actions.toggle_pinned)
        self.action_undo = self.actions.undo_last

    def compose(self) -> ComposeResult:
        yield Static("", id="shelves", markup=False)
        yield Input(id="query", placeholder=search_placeholder(costs=self.context.settings.ui.costs), compact=True)
        yield Input(id="title", placeholder="Title", compact=True)
        with Horizontal():
            with Vertical(id="rows"):
                yield Static("", id="columns", markup=False)
                yield VirtualList(self._paint, lambda row: bool(self._rows.heading(row)))
                yield Static("", id="nothing", markup=False)
            pane = ConversationPane(partial(ending_with_keys, self.keys), self.keys, self.context.settings.ui)
            pane.can_focus = False
            yield pane
        yield NoticeLine(self.keys, takes_room=False)
        yield Static("", id="hint", markup=False)

    def on_mount(self) -> None:
        for line in (self.query_line, self.title_line):
            line.cursor_blink = False
        self.title_line.display = False
        self.app.theme_changed_signal.subscribe(self, lambda _: self._take_theme())
        self._take_theme()
        self._unpainted.enter_context(self.app.batch_update())
        self.set_timer(_FIRST_PAINT_S, self._paint_first)
        self._loading = self._load(self._first_rows)
        self._unwatch = self.context.service.permissions.watch(self.list.refresh)
        self._heartbeat.start()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        report_worker_error(self, event)

    def _paint_first(self) -> None:
        """Paint the screen and its first rows together: each part alone would be laid out and painted again."""
        self._laid_out.set()
        if self._waits_for_rows:
            self._waits_for_rows = False
            self._unpainted.close()
            paint_now(self)

    def on_unmount(self) -> None:
        self._unpainted.close()
        self._first_rows.cancel()
        self._heartbeat.stop()
        self._unwatch()
        # The signal would keep the screen alive.
        self.app.theme_changed_signal.unsubscribe(self)

    def _take_theme(self) -> None:
        self._text_styles = TextStyles.of(self.app.theme_variables)
        self._cursor_styles = replace(self._text_styles, dim=self._text_styles.text)
        self._show_labels()
        self.list.refresh()

    def on_resize(self, event: Resize) -> None:
        self.preview.display = event.size.width >= PREVIEW_FROM_WIDTH
        self._update_preview()
        self.call_after_refresh(self._fit_labels)

    def _fit_labels(self) -> None:
        self._show_labels()
        self._laid_out.set()

    # Rows

    @on(Input.Changed, "#query")
    def search(self, event: Input.Changed) -> None:
        if self.notice_line.text == _NO_QUERY:
            self.notice_line.outdate()
        full_text = self.list_filter.full_text and bool(event.value.strip())
        self.list_filter = replace(self.list_filter, text=event.value, full_text=full_text)
        self._loading = self._load(after_s=_FULL_TEXT_DELAY_S if full_text else _TITLE_DELAY_S)

    async def _loaded(self) -> None:
        """Wait for the rows of the present query: a key that follows the last letter means them."""
        if self._loading is not None:
            with suppress(WorkerError):
                await self._loading.wait()

    @work(group="rows", exclusive=True, exit_on_error=False)
    async def _load(
        self,
        reading: "Awaitable[_Loaded] | None" = None,
        *,
        after_s: float = 0,
        at: int = 0,
        target_id: str | None = None,
    ) -> None:
        """Show the rows of the filter, with the cursor at that row, or near it on that target."""
        await asyncio.sleep(after_s)
        try:
            seen, shown, rows = await (reading or self._read(at))
            await self._laid_out.wait()
        except ChatError as error:
            self._show_nothing(explain(error).sentence)
            self._paint_first()
            return
        self._seen, self._shown, self._rows = seen, shown, rows
        if target_id is not None:
            at = next((row for row in range(at - 60, at + 60) if _id(rows.target(row)) == target_id), at)
        self.list.show(rows.total, rows.height, at)
        self._show_nothing("" if rows.total else why_nothing(self._shown, self.keys))
        self._show_labels()
        self._paint_first()
        self._update_preview()

    async def _read(self, at: int) -> "_Loaded":
        seen = await self.store.changes()
        return _Loaded(seen, *await load_rows(self.store, self.list_filter, at))

    @on(VirtualList.Sighted)
    @work(group="sight", exclusive=True, exit_on_error=False)
    async def load_sighted(self) -> None:
        """Load the rows that came into view."""
        rows, full_text = self._rows, self._shown.full_text
        first, last = self.list.in_sight
        last_target = rows.target(min(last, rows.total - 1))
        is_first = rows.target(first) is not None or rows.heading(first)
        if is_first and last_target is not None and not full_text:
            return
        try:
            await rows.load(first, last)
        except ChatError as error:
            self.notify_error(error)
            return
        if rows is self._rows:
            if full_text:
                self.list.show(rows.total, rows.height, self.list.cursor)
            else:
                self.list.refresh()
            self._update_preview()

    def _check_for_changes(self) -> None:
        path = self.store.opening.path
        stamp = None if path is None else file_stamp(path)
        if stamp is None or stamp != self._stamp:
            self._show_changes(stamp)

    @work(group="changes", exclusive=True, exit_on_error=False)
    async def _show_changes(self, stamp: object) -> None:
        """Show what was written since, here or by another process; `stamp` is that of the file."""
        try:
            seen = await self.store.changes()
        except ChatError:  # asked again at the next check
            return
        self._stamp = stamp
        if seen != self._seen and self._seen is not None:
            self.reload()

    def reload(self, *, unmark: bool = False) -> None:
        """Show the list as it is stored now, the cursor on the same conversation."""
        if unmark:
            self._marked.clear()
        at = self.list.cursor
        self._load(at=at, target_id=_id(self._rows.target(at)))

    # What is around the rows

    def _show_nothing(self, why: str) -> None:
        self.nothing.display = bool(why)
        self.list.display = self.columns.display = not why
        self.nothing.update(Content(why))

    def _show_labels(self) -> None:
        if not self.is_mounted or self not in self.app.screen_stack:  # its widgets do not exist yet, or no longer
            return
        # The list itself has no width while it is hidden; its container always has one.
        width = self.rows_side.content_size.width - self.list.scrollbar_size_vertical
        header = head(self._row_context(max(width, 1)))
        self.columns.display = self.list.display and not self._shown.full_text
        self.columns.update(Content.assemble(*[(piece.text, "dim") for piece in header]))
        # These are one line high: a layout of the screen would cost more than the rows.
        self.shelves.update(heading(self._shown, self._rows.count, len(self._marked)), layout=False)
        hint = key_hints(self._shown, self.keys, any_row=self._rows.total > 0, width=self.size.width - _HINT_MARGIN)
        if self.title_line.display:
            hint = _TAGGING if self._tagged else _RENAMING
        self.hint.update(hint_content(hint), layout=False)

    def _row_context(self, width: int, *, is_current: bool = False) -> RowContext:
        styles = self._cursor_styles if is_current else self._text_styles
        return RowContext(width, styles, datetime.now().astimezone(), self.context.settings.ui.costs)

    def _paint(self, row: int, width: int) -> Sequence[Sequence[Segment]]:
        row_context = self._row_context(width, is_current=row == self.list.cursor)
        if isinstance(self._rows, Hits):
            hit = self._rows.at(row)
            is_marked = hit is not None and hit.conversation_id in self._marked
            highlight = self._text_styles.warning + _BOLD
            return [] if hit is None else hit_rows(hit, row_context, is_marked=is_marked, highlight=highlight)
        if text := self._rows.heading(row):
            return [heading_row(text, row_context)]
        summary = self._rows.at(row)
        if summary is None:
            return []
        asks = summary.id in self.context.service.permissions.waiting
        return [conversation_row(summary, row_context, is_marked=summary.id in self._marked, asks=asks)]

    @on(VirtualList.Moved)
    def _update_preview(self) -> None:
        if self.preview.display:
            self._show_preview()

    @work(group="preview", exclusive=True, exit_on_error=False)
    async def _show_preview(self) -> None:
        """Show the conversation under the cursor, at the match."""
        await asyncio.sleep(_PREVIEW_DELAY_S)
        target = self.target
        self.preview.visible = target is not None
        if target is None:
            return
        try:
            conversation = await self.store.conversation(target.conversation_id)
        except ChatError:
            return
        self.preview.show(conversation.through(target.turn_id), at=target.turn_id)
        self.preview.find(*target.words)

    def notify_error(self, error: ChatError) -> None:
        if isinstance(error, NotFound):
            self.notify("This conversation was deleted.", severity="warning")
            return
        words = explain(error)
        self.notify(f"{words.sentence} {words.next_step}", severity="warning")

    # Moving and choosing

    @property
    def target(self) -> RowTarget | None:
        """What the row under the cursor represents."""
        return self._rows.target(self.list.cursor)

    async def selected(self) -> Mapping[str, str]:
        """Return titles by id of the marked conversations, else of the one under the cursor."""
        await self._loaded()
        if self._marked:
            return dict(self._marked)
        return {} if (target := self.target) is None else {target.conversation_id: target.title}

    @property
    def marked(self) -> Mapping[str, str]:
        return dict(self._marked)

    def mark(self, titles: Mapping[str, str]) -> None:
        self._marked |= titles

    async def action_move(self, by: int) -> None:
        await self._loaded()
        self.list.move(by)

    def action_page(self, by: int) -> None:
        self.list.page(by)

    def action_first(self) -> None:
        self.list.go(0)

    def action_last(self) -> None:
        self.list.go(self._rows.total - 1)

    @on(Input.Submitted, "#query")
    @on(VirtualList.Chosen)
    async def action_choose(self) -> None:
        """Open the conversation; one in the trash is restored first."""
        await self._loaded()
        target = self.target
        if target is None:
            return
        if self.list_filter.shelf is Shelf.TRASH:
            try:
                await self.store.restore(target.conversation_id)
            except ChatError as error:
                self.notify_error(error)
                return
        self.dismiss(ConversationPosition(target.conversation_id, target.turn_id, target.words))

    def action_close(self) -> None:
        """Leave renaming; else clear the query; else close the library."""
        if self.title_line.display:
            self._end_renaming()
        elif self.query_line.value:
            self.query_line.value = ""
        else:
            self.dismiss(None)

    def action_full_text(self) -> None:
        """Switch between full-text search and titles."""
        if not self.query_line.value.strip():
            self.notify(_NO_QUERY)
        self.list_filter = replace(self.list_filter, full_text=not self._shown.full_text, shelf=Shelf.CURRENT)
        self._loading = self._load()

    def action_shelf(self) -> None:
        """Switch between conversations, archive and trash."""
        shelves = [*Shelf]
        shelf = shelves[(shelves.index(self.list_filter.shelf) + 1) % len(shelves)]
        self.list_filter = replace(self.list_filter, shelf=shelf, full_text=False)
        self._marked.clear()
        self._loading = self._load()

    def action_mark(self) -> None:
        """Mark the conversation for the next action, or unmark it, and go to the next row."""
        if (target := self.target) is not None:
            if self._marked.pop(target.conversation_id, None) is None:
                self._marked[target.conversation_id] = target.title
            self.list.refresh()
            self.list.move(1)
            self._show_labels()

    # Renaming

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a title is written, allow only to leave it."""
        return action not in _ACTIONS or not self.title_line.display

    async def action_rename(self) -> None:
        """Edit the title of the conversation under the cursor."""
        await self._loaded()
        if (target := self.target) is None:
            return
        self._renamed = target
        self._write_line(target.title, "Title")

    async def action_tags(self) -> None:
        """Edit the tags of the conversation under the cursor, or add tags to those that are marked."""
        self._tagged = await self.selected()
        if not self._tagged:
            return
        tags: Sequence[str] = ()
        if len(self._tagged) == 1:
            try:
                tags = (await self.store.labels(next(iter(self._tagged)))).tags
            except ChatError as error:
                self.notify_error(error)
                return
        self._write_line(" ".join(tags), "Tags, with spaces between them")

    def _write_line(self, value: str, placeholder: str) -> None:
        self.query_line.display, self.title_line.display = False, True
        self.title_line.value, self.title_line.placeholder = value, placeholder
        self.title_line.focus()
        self._show_labels()

    @on(Input.Submitted, "#title")
    async def rename(self, event: Input.Submitted) -> None:
        target, tagged, title = self._renamed, self._tagged, event.value.strip()
        self._end_renaming()
        if tagged:
            await explained(self, self.actions.set_tags)(tagged, title)
        elif target is not None and title and title != target.title:
            await self.actions.rename(target, title)

    def _end_renaming(self) -> None:
        self._renamed, self._tagged = None, {}
        self.query_line.display, self.title_line.display = True, False
        self.query_line.focus()
        self._show_labels()


def _id(target: RowTarget | None) -> str | None:
    return None if target is None else target.turn_id or target.conversation_id
