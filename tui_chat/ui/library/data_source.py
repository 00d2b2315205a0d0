"""What is looked for, and the rows that answer it, fetched from the store as they come in sight. Draws nothing."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from tui_chat.core.conversation import ConversationSummary, SearchHit
from tui_chat.storage.search_syntax import parse
from tui_chat.storage.store import Store

PAGE = 60
_HITS = 30


class Shelf(StrEnum):
    """Where a conversation lies."""

    CURRENT = "Conversations"
    ARCHIVED = "Archived"
    TRASH = "Trash"


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What is looked for."""

    text: str = ""
    shelf: Shelf = Shelf.CURRENT
    said: bool = False
    """In everything that was said, not in the titles."""

    @property
    def must_be_said(self) -> bool:
        """Whether the words can only mean a search of what was said: they quote, or name a filter."""
        query = parse(self.text)
        narrows = query.role or query.models or query.titles or query.after or query.before
        return bool(narrows) or any(term.is_phrase for term in query.terms)


@dataclass(frozen=True, slots=True)
class RowTarget:
    """What a row stands for."""

    conversation_id: str
    title: str
    turn_id: str | None = None
    words: tuple[str, ...] = ()
    """What of the turn was found, as it stands there."""


class Rows(Protocol):
    """Rows by their number. One that is not fetched yet is `None`."""

    height: int
    """Lines of the screen that one takes."""
    total: int

    async def load(self, first: int, last: int) -> None:
        """Fetch these and what stands around them."""
        ...

    def found(self, number: int) -> RowTarget | None:
        """What that row stands for."""
        ...


class Titles:
    """Conversations, last used first, whose titles hold all words. Any part of the list can be had at once."""

    height = 1

    def __init__(self, store: Store, wanted: ListFilter) -> None:
        self._store = store
        self._wanted = wanted
        self._pages: dict[int, list[ConversationSummary]] = {}
        self.total = 0

    async def load(self, first: int, last: int) -> None:
        """Fetch the pages with these rows."""
        archived, deleted = self._wanted.shelf is Shelf.ARCHIVED, self._wanted.shelf is Shelf.TRASH
        matching = self._wanted.text
        for page in range(max(first, 0) // PAGE, last // PAGE + 1):
            if page not in self._pages:
                self._pages[page] = await self._store.summaries(
                    limit=PAGE, skip=page * PAGE, archived=archived, deleted=deleted, matching=matching
                )
        if not self.total:
            self.total = await self._store.count(archived=archived, deleted=deleted, matching=matching)

    def at(self, number: int) -> ConversationSummary | None:
        """That conversation, if it has been fetched."""
        page = self._pages.get(number // PAGE, [])
        return page[number % PAGE] if number % PAGE < len(page) else None

    def found(self, number: int) -> RowTarget | None:
        """What that row stands for."""
        summary = self.at(number)
        return None if summary is None else RowTarget(summary.id, summary.title)


class Hits:
    """Turns that say it, the newest and best first. How many there are is known when the last one is."""

    height = 2

    def __init__(self, store: Store, wanted: ListFilter) -> None:
        self._store = store
        self._text = wanted.text
        self._hits: list[SearchHit] = []
        self._is_all = False

    @property
    def total(self) -> int:
        """As many as were fetched."""
        return len(self._hits)

    async def load(self, first: int, last: int) -> None:
        """Fetch on behind the last one while these rows come near it."""
        while not self._is_all and last >= len(self._hits) - _HITS // 2:
            more = await self._store.search(self._text, limit=_HITS, offset=len(self._hits))
            self._hits += more
            self._is_all = len(more) < _HITS

    def at(self, number: int) -> SearchHit | None:
        """That hit."""
        return self._hits[number] if 0 <= number < len(self._hits) else None

    def found(self, number: int) -> RowTarget | None:
        """What that row stands for."""
        hit = self.at(number)
        if hit is None:
            return None
        words = dict.fromkeys(hit.snippet[start:end] for start, end in hit.marks)
        return RowTarget(hit.conversation_id, hit.title, hit.turn_id, tuple(words))


async def layout_options(store: Store, wanted: ListFilter, around: int) -> tuple[ListFilter, Titles | Hits]:
    """The rows for what is wanted, those near a number fetched; what no title has is looked for in what was said."""
    may_be_said = wanted.shelf is Shelf.CURRENT and bool(wanted.text.strip())
    if may_be_said and (wanted.said or wanted.must_be_said):
        hits = Hits(store, wanted)
        await hits.load(0, around)
        return replace(wanted, said=True), hits
    titles = Titles(store, wanted)
    await titles.load(max(0, around - PAGE), around + PAGE // 2)
    if not titles.total and may_be_said:
        hits = Hits(store, wanted)
        await hits.load(0, around)
        if hits.total:
            return replace(wanted, said=True), hits
    return replace(wanted, said=False), titles
