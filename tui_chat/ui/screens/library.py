"""The library: every past conversation to choose from, without a network and without a key."""

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import ConversationSummary
from tui_chat.storage.store import Store

PAGE = 200


class LibraryScreen(ModalScreen[str | None]):
    """Ends with the id of the conversation that was chosen."""

    CSS_PATH = "library.tcss"
    BINDINGS = [("escape", "dismiss", "close")]  # noqa: RUF012 — Textual's own way

    search = query_one(Input)
    list = query_one(OptionList)

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def compose(self) -> ComposeResult:
        """A line to filter by, above the list."""
        yield Input(placeholder="Filter by title", compact=True)
        yield OptionList(compact=True)

    async def on_mount(self) -> None:
        """Show the ones last used."""
        await self._show("")

    async def _show(self, matching: str) -> None:
        found = await self._store.summaries(limit=PAGE, matching=matching)
        self.list.set_options(Option(_row(summary), summary.id) for summary in found)
        self.list.highlighted = 0 if found else None

    @on(Input.Changed)
    async def filter(self, event: Input.Changed) -> None:
        """Show those whose title has it."""
        await self._show(event.value)

    @on(Input.Submitted)
    def choose(self) -> None:
        """Take the one that is lit."""
        self.list.action_select()

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        """Open it."""
        self.dismiss(event.option_id)


def _row(summary: ConversationSummary) -> Content:
    when = summary.updated_at.astimezone().strftime("%d %b %H:%M")
    return Content.assemble((f"{when}  ", "dim"), clean_line(summary.title) or "Untitled")
