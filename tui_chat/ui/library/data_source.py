"""The filter of the library's list, and its rows, loaded from the store as they come into view. Draws nothing."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from tui_chat.core.conversation import ConversationSummary, SearchHit
from tui_chat.storage.search_syntax import parse
from tui_chat.storage.store import Store

PAGE = 60
_HITS = 30


class Shelf(StrEnum):
    """Which of the three lists a conversation is in."""

    CURRENT = "Conversations"
    ARCHIVED = "Archived"
    TRASH = "Trash"


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which conversations the list shows."""

    text: str = ""
    shelf: Shelf = Shelf.CURRENT
    full_text: bool = False
    """Search the text of the messages, not the titles."""

    @property
    def needs_full_text(self) -> bool:
        """Whether the query can only be a full-text search: it has a quotation or a filter."""
        query = parse(self.text)
        narrows = query.role or query.models or query.titles or query.after or query.before
        return bool(narrows) or any(term.is_phrase for term in query.terms)


@dataclass(frozen=True, slots=True)
class RowTarget:
    """The conversation, or the turn in it, that a row stands for."""

    conversation_id: str
    title: str
    turn_id: str | None = None
    words: tuple[str, ...] = ()
    """The matches, as they are written in the turn."""


class Rows(Protocol):
    """Rows by their index. A row that is not loaded yet is `None`."""

    height: int
    """Lines of the screen per row."""
    total: int

    async def load(self, first: int, last: int) -> None:
        """Load these rows and those around them."""
        ...

    def target(self, number: int) -> RowTarget | None: ...


class Titles:
    """Conversations whose titles have all words, last used first. Any part of the list can be loaded."""

    height = 1

    def __init__(self, store: Store, list_filter: ListFilter) -> None:
        self._store = store
        self._filter = list_filter
        self._pages: dict[int, list[ConversationSummary]] = {}
        self.total = 0

    async def load(self, first: int, last: int) -> None:
        """Load the pages that have these rows."""
        archived, deleted = self._filter.shelf is Shelf.ARCHIVED, self._filter.shelf is Shelf.TRASH
        matching = self._filter.text
        for page in range(max(first, 0) // PAGE, last // PAGE + 1):
            if page not in self._pages:
                self._pages[page] = await self._store.summaries(
                    limit=PAGE, skip=page * PAGE, archived=archived, deleted=deleted, matching=matching
                )
        if not self.total:
            self.total = await self._store.count(archived=archived, deleted=deleted, matching=matching)

    def at(self, number: int) -> ConversationSummary | None:
        """Return the conversation of a row if it is loaded."""
        page = self._pages.get(number // PAGE, [])
        return page[number % PAGE] if number % PAGE < len(page) else None

    def target(self, number: int) -> RowTarget | None:
        summary = self.at(number)
        return None if summary is None else RowTarget(summary.id, summary.title)


class Hits:
    """Turns that match, newest and best first. Their number is known only when the last one is loaded."""

    height = 2

    def __init__(self, store: Store, list_filter: ListFilter) -> None:
        self._store = store
        self._text = list_filter.text
        self._hits: list[SearchHit] = []
        self._is_all = False

    @property
    def total(self) -> int:
        """How many are loaded."""
        return len(self._hits)

    async def load(self, first: int, last: int) -> None:
        """Load more while these rows are near the last one."""
        while not self._is_all and last >= len(self._hits) - _HITS // 2:
            more = await self._store.search(self._text, limit=_HITS, offset=len(self._hits))
            self._hits += more
            self._is_all = len(more) < _HITS

    def at(self, number: int) -> SearchHit | None:
        return self._hits[number] if 0 <= number < len(self._hits) else None

    def target(self, number: int) -> RowTarget | None:
        hit = self.at(number)
        if hit is None:
            return None
        words = dict.fromkeys(hit.snippet[start:end] for start, end in hit.marks)
        return RowTarget(hit.conversation_id, hit.title, hit.turn_id, tuple(words))


async def load_rows(store: Store, list_filter: ListFilter, around: int) -> tuple[ListFilter, Titles | Hits]:
    """Return the rows of a filter, those near an index loaded; search the full text if no title matches."""
    may_be_full_text = list_filter.shelf is Shelf.CURRENT and bool(list_filter.text.strip())
    if may_be_full_text and (list_filter.full_text or list_filter.needs_full_text):
        hits = Hits(store, list_filter)
        await hits.load(0, around)
        return replace(list_filter, full_text=True), hits
    titles = Titles(store, list_filter)
    await titles.load(max(0, around - PAGE), around + PAGE // 2)
    if not titles.total and may_be_full_text:
        hits = Hits(store, list_filter)
        await hits.load(0, around)
        if hits.total:
            return replace(list_filter, full_text=True), hits
    return replace(list_filter, full_text=False), titles
