"""The filter of the library's list, and its rows, loaded from the store as they come into view. Draws nothing."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tui_chat.core.conversation import ConversationSummary, SearchHit
from tui_chat.storage.conversation_list import ListQuery
from tui_chat.storage.list_filter import parse_filter
from tui_chat.storage.search_syntax import parse
from tui_chat.storage.store import Store
from tui_chat.ui.library.day_groups import OLDER, PINNED, Group, groups_of, spans

PAGE = 60
_HITS = 30
_MOST_PINNED = 200


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
        """Whether the query can only be a full-text search: it has a quotation or a filter of messages."""
        query = parse(self.text)
        narrows = bool(query.role or query.titles or query.after or query.before)
        narrows = narrows or bool(query.models and query.terms and not parse_filter(self.text).tags)
        return narrows or any(term.is_phrase for term in query.terms)


@dataclass(frozen=True, slots=True)
class RowTarget:
    """The conversation, or the turn in it, that a row represents."""

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
    count: int
    """How many of the rows are no headings."""

    async def load(self, first: int, last: int) -> None:
        """Load these rows and those around them."""
        ...

    def target(self, number: int) -> RowTarget | None: ...
    def heading(self, number: int) -> str:
        """Return the text of a row that is a heading; else nothing."""
        ...


class Titles:
    """Conversations that pass the filter: the pinned ones, then the others by the day of last use, or as sorted.

    Any part of the list can be loaded.
    """

    height = 1

    def __init__(self, store: Store, list_filter: ListFilter) -> None:
        self._store = store
        wanted = parse_filter(list_filter.text)
        archived, deleted = list_filter.shelf is Shelf.ARCHIVED, list_filter.shelf is Shelf.TRASH
        self._query = ListQuery(
            PAGE,
            archived=archived,
            deleted=deleted,
            matching=wanted.words,
            wanted=wanted,
            pinned=None if wanted.sort else False,
            has_details=True,
        )
        self._pinned: list[ConversationSummary] = []
        self._pages: dict[int, list[ConversationSummary]] = {}
        self._groups: list[Group] | None = None

    @property
    def groups(self) -> list[Group]:
        return self._groups or []

    @property
    def total(self) -> int:
        return sum(group.count + 1 for group in self.groups)

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)

    async def load(self, first: int, last: int) -> None:
        """Load the pages that have these rows."""
        if self._groups is None and (sort := self._query.wanted.sort):
            self._groups = groups_of([f"Sorted: {sort}"], await self._store.counts_since(self._query, []))
        elif self._groups is None:
            days = spans(datetime.now().astimezone())
            start = await self._store.list_start(self._query, [since for _, since in days], _MOST_PINNED)
            self._pinned, self._pages[0] = start.pinned, start.page
            labels = [PINNED, *(label for label, _ in days), OLDER]
            self._groups = groups_of(labels, [len(start.pinned), *start.counts])
        numbers = [number for row in (first, last) if (number := self._nearest(row)) is not None]
        if not numbers:
            return
        for page in range(min(numbers) // PAGE, max(numbers) // PAGE + 1):
            if page not in self._pages:
                self._pages[page] = await self._store.page(replace(self._query, skip=page * PAGE))

    def _group_of(self, row: int) -> Group | None:
        at = bisect_right(self.groups, row, key=lambda group: group.first_row) - 1
        return self.groups[at] if 0 <= at < len(self.groups) and row < self.total else None

    def _nearest(self, row: int) -> int | None:
        """Return the number of the conversation at a row, or the next one, among those that are not pinned."""
        group = self._group_of(max(0, min(row, self.total - 1)))
        if group is None:
            return None
        return max(0, group.first + max(0, row - group.first_row - 1) - len(self._pinned))

    def heading(self, number: int) -> str:
        group = self._group_of(number)
        return group.label if group is not None and group.first_row == number else ""

    def at(self, number: int) -> ConversationSummary | None:
        """Return the conversation of a row if it is loaded."""
        group = self._group_of(number)
        if group is None or group.first_row == number:
            return None
        index = group.first + number - group.first_row - 1
        if index < len(self._pinned):
            return self._pinned[index]
        index -= len(self._pinned)
        page = self._pages.get(index // PAGE, [])
        return page[index % PAGE] if index % PAGE < len(page) else None

    def target(self, number: int) -> RowTarget | None:
        summary = self.at(number)
        return None if summary is None else RowTarget(summary.id, summary.title)


class Hits:
    """Turns that match, newest and best first. Their number is known only when the last one is loaded."""

    height = 2

    def __init__(self, store: Store, list_filter: ListFilter) -> None:
        self._store = store
        self._text, self._wanted = parse_filter(list_filter.text).of_messages
        self._hits: list[SearchHit] = []
        self._is_all = False

    @property
    def total(self) -> int:
        """How many are loaded."""
        return len(self._hits)

    @property
    def count(self) -> int:
        return len(self._hits)

    def heading(self, number: int) -> str:
        return ""

    async def load(self, first: int, last: int) -> None:
        """Load more while these rows are near the last one."""
        while not self._is_all and last >= len(self._hits) - _HITS // 2:
            more = await self._store.search(self._text, limit=_HITS, offset=len(self._hits), wanted=self._wanted)
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
