"""Past conversations to find, look into and choose from, by their titles and by everything that was said in them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

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

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Place
from tui_chat.core.error import ChatError, NotFound
from tui_chat.rendering.styles import DARK, Palette
from tui_chat.ui.app_context import AppContext
from tui_chat.ui.conversation_view.layout_options import Describe
from tui_chat.ui.conversation_view.widget import ConversationPane
from tui_chat.ui.error_reporting import ErrorReportingScreen
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.keymap import Scope
from tui_chat.ui.library.data_source import Hits, ListFilter, RowTarget, Shelf, Titles, layout_options
from tui_chat.ui.library.labels import heading, steps, why_nothing
from tui_chat.ui.library.row_layout import RowContext, conversation_row, head, hit_rows
from tui_chat.ui.library.virtual_list import VirtualList
from tui_chat.wording import explain

PREVIEW_FROM_WIDTH = 110
LOOKED_AGAIN_S = 1.0
"""How soon what another copy of the program writes is seen."""
_TYPING_S = 0.03
_TYPING_OF_WORDS_S = 0.12
_LINGERING_S = 0.06
"""So long the cursor stands on a row before its conversation is fetched for the preview."""
_BOLD = Style(bold=True)


class LibraryBrowser(ErrorReportingScreen[Place | None]):
    """Ends with what was chosen."""

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

    def __init__(self, context: AppContext, keys: Keyboard, describe: Describe) -> None:
        super().__init__()
        self.context = context
        self.store = context.store
        self.keys = keys
        self._describe = describe
        self.keys.bind(self, Scope.LIBRARY)
        self.wanted = ListFilter()
        self._shown = self.wanted
        """What the rows answer: they are of what was said, without being asked for, where no title has it."""
        self._rows: Titles | Hits = Titles(context.store, self.wanted)
        self.marked: dict[str, str] = {}
        """Titles of the conversations that are marked, by their ids."""
        self._seen: object = None
        self._palette = DARK
        self._looking: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """Where one is, what one looks for, what there is, what is in it, and the keys."""
        yield Static("", id="shelves", markup=False)
        yield Input(id="query", placeholder="Find a conversation", compact=True)
        yield Input(id="title", placeholder="A title", compact=True)
        with Horizontal():
            with Vertical(id="rows"):
                yield Static("", id="columns", markup=False)
                yield VirtualList(self._paint)
                yield Static("", id="nothing", markup=False)
            pane = ConversationPane(self._describe, self.keys, self.context.settings.ui)
            pane.can_focus = False
            yield pane
        yield Static("", id="hint", markup=False)

    def on_mount(self) -> None:
        """The ones last used."""
        for line in (self.query_line, self.title_line):
            line.cursor_blink = False
        self.title_line.display = False
        self.app.theme_changed_signal.subscribe(self, lambda _: self._mix())
        self._mix()
        self._looking = self._layout_options()
        self.set_interval(LOOKED_AGAIN_S, self._look_for_changes)

    def on_unmount(self) -> None:
        """Be remembered by nobody: a signal holds whoever has not unsubscribed."""
        self.app.theme_changed_signal.unsubscribe(self)

    def _mix(self) -> None:
        self._palette = Palette.of(self.app.theme_variables)
        self.show_around()
        self.list.refresh()

    def on_resize(self, event: Resize) -> None:
        """A wide window shows what is in the conversation, too."""
        self.preview.display = event.size.width >= PREVIEW_FROM_WIDTH
        self._look_into()
        self.call_after_refresh(self.show_around)

    # Looking

    @on(Input.Changed, "#query")
    def typed(self, event: Input.Changed) -> None:
        """Look for what is written now, the newest word first."""
        self.wanted = replace(self.wanted, text=event.value, said=self.wanted.said and bool(event.value.strip()))
        self._looking = self._layout_options(after_s=_TYPING_OF_WORDS_S if self.wanted.said else _TYPING_S)

    async def settled(self) -> None:
        """Wait until the rows answer what was asked: a key pressed right behind the last letter means them."""
        if self._looking is not None:
            with suppress(WorkerError):
                await self._looking.wait()

    @work(group="rows", exclusive=True, exit_on_error=False)
    async def _layout_options(self, *, after_s: float = 0, at: int = 0, beside: str | None = None) -> None:
        """Show what is wanted, with the cursor on a row, or beside it on what stood there before."""
        await asyncio.sleep(after_s)
        try:
            self._seen = await self.store.changes()
            answered, rows = await layout_options(self.store, self.wanted, at)
        except ChatError as error:
            self._say_nothing(explain(error).sentence)
            return
        self._rows = rows
        self._shown = answered
        if beside is not None:
            at = next((row for row in range(at - 60, at + 60) if _id(rows.found(row)) == beside), at)
        self.list.show(rows.total, rows.height, at)
        self._say_nothing("" if rows.total else why_nothing(self._shown, self.keys))
        self.show_around()
        self._look_into()

    @on(VirtualList.Sighted)
    @work(group="sight", exclusive=True, exit_on_error=False)
    async def fetch(self) -> None:
        """Fetch the rows that came in sight."""
        rows = self._rows
        first, last = self.list.in_sight
        if (
            rows.found(first) is not None
            and rows.found(min(last, rows.total - 1)) is not None
            and not self._shown.said
        ):
            return
        try:
            await rows.load(first, last)
        except ChatError as error:
            self.notify_warning(error)
            return
        if rows is self._rows:
            self.list.show(rows.total, rows.height, self.list.cursor) if self._shown.said else self.list.refresh()
            self._look_into()

    @work(group="changes", exclusive=True, exit_on_error=False)
    async def _look_for_changes(self) -> None:
        """Show what somebody wrote since, here or in another copy of the program."""
        try:
            seen = await self.store.changes()
        except ChatError:
            return
        if seen != self._seen and self._seen is not None:
            self.look_again()

    def look_again(self) -> None:
        at = self.list.cursor
        self._layout_options(at=at, beside=_id(self._rows.found(at)))

    def _say_nothing(self, why: str) -> None:
        self.nothing.display = bool(why)
        self.list.display = self.columns.display = not why
        self.nothing.update(Content(why))

    # What is around the list

    def show_around(self) -> None:
        if not self.is_mounted:
            return
        # The list itself has no width while it is hidden; what it stands in always has one.
        room = self.rows_side.content_size.width - self.list.scrollbar_size_vertical
        guise = self._guise(max(room, 1))
        self.columns.display = self.list.display and not self._shown.said
        self.columns.update(Content.assemble(*[(piece.text, "dim") for piece in head(guise)]))
        self.shelves.update(heading(self._shown, self._rows.total, len(self.marked)))
        self.hint.update(self.what_keys_do())

    def what_keys_do(self) -> str:
        """The line at the bottom."""
        return steps(self._shown, self.keys, any_row=self._rows.total > 0)

    def _guise(self, width: int) -> RowContext:
        return RowContext(width, self._palette, datetime.now().astimezone(), self.context.settings.ui.costs)

    def _paint(self, row: int, width: int) -> Sequence[Sequence[Segment]]:
        guise = self._guise(width)
        if isinstance(self._rows, Hits):
            hit = self._rows.at(row)
            lit = self._palette.warning + _BOLD
            marked = hit is not None and hit.conversation_id in self.marked
            return [] if hit is None else hit_rows(hit, guise, is_marked=marked, lit=lit)
        summary = self._rows.at(row)
        if summary is None:
            return []
        return [conversation_row(summary, guise, is_marked=summary.id in self.marked)]

    # Moving

    async def action_move(self, by: int) -> None:
        """Another row."""
        await self.settled()
        self.list.move(by)

    def action_page(self, by: int) -> None:
        """Another windowful."""
        self.list.page(by)

    def action_first(self) -> None:
        """The first row."""
        self.list.go(0)

    def action_last(self) -> None:
        """The last one."""
        self.list.go(self._rows.total - 1)

    @on(VirtualList.Moved)
    def _look_into(self) -> None:
        if self.preview.display:
            self._show_preview()

    @work(group="preview", exclusive=True, exit_on_error=False)
    async def _show_preview(self) -> None:
        """What is in the conversation under the cursor; at the turn that was found."""
        await asyncio.sleep(_LINGERING_S)
        found = self.here
        self.preview.visible = found is not None
        if found is None:
            return
        try:
            conversation = await self.store.conversation(found.conversation_id)
        except ChatError:
            return
        self.preview.show(conversation.through(found.turn_id), at=found.turn_id)
        self.preview.find(*found.words)

    # Choosing

    @property
    def here(self) -> RowTarget | None:
        return self._rows.found(self.list.cursor)

    @on(Input.Submitted, "#query")
    @on(VirtualList.Chosen)
    async def action_choose(self) -> None:
        """Open it; out of the trash it comes back first."""
        await self.settled()
        found = self.here
        if found is None:
            return
        if self.wanted.shelf is Shelf.TRASH:
            try:
                await self.store.restore(found.conversation_id)
            except ChatError as error:
                self.notify_warning(error)
                return
        self.dismiss(Place(found.conversation_id, found.turn_id, found.words))

    def action_close(self) -> None:
        """Empty the line; leave the library."""
        if self.query_line.value:
            self.query_line.value = ""
        else:
            self.dismiss(None)

    def action_said(self) -> None:
        """Look in everything that was said, or in the titles again."""
        if not self.query_line.value.strip():
            self.notify("Write what was said, and it is looked for everywhere.", markup=False)
        self.wanted = replace(self.wanted, said=not self._shown.said, shelf=Shelf.CURRENT)
        self._looking = self._layout_options()

    def action_shelf(self) -> None:
        """From the conversations to the archived ones, the trash, and back."""
        shelves = list(Shelf)
        shelf = shelves[(shelves.index(self.wanted.shelf) + 1) % len(shelves)]
        self.wanted = replace(self.wanted, shelf=shelf, said=False)
        self.marked.clear()
        self._looking = self._layout_options()

    def action_mark(self) -> None:
        """Mark it, or no longer, and go on; what is done is done to all that are marked."""
        if (found := self.here) is not None:
            if self.marked.pop(found.conversation_id, None) is None:
                self.marked[found.conversation_id] = found.title
            self.list.refresh()
            self.list.move(1)
            self.show_around()

    def notify_warning(self, error: ChatError) -> None:
        if isinstance(error, NotFound):
            self.notify("It is not there any more.", severity="warning", markup=False)
            return
        words = explain(error)
        self.notify(clean_line(f"{words.sentence} {words.next_step}"), severity="warning", markup=False)


def _id(found: RowTarget | None) -> str | None:
    return None if found is None else found.turn_id or found.conversation_id
