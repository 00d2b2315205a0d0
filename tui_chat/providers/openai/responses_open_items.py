"""The output items of a response that are still arriving, and which of them an event belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tui_chat.core.clean import PairJoiner
from tui_chat.core.text_buffer import TextBuffer

Slot = tuple[str, int]
"""A list of texts in an item, and the place in it."""


@dataclass(slots=True, eq=False)
class OpenItem:
    """An output item that is still arriving."""

    kind: str
    id: str
    index: int | None
    call_id: str
    texts: dict[Slot, TextBuffer] = field(default_factory=dict)
    slot: Slot | None = None
    is_split: bool = False
    """Another part came between its texts, so that no single part represents it."""
    arguments: TextBuffer = field(default_factory=TextBuffer)
    joiner: PairJoiner = field(default_factory=PairJoiner)


class OpenItems:
    """The open items, found by what their events name: the id, the place in the output, or the kind alone.

    Some servers change the id with each event, others give each item the same place.
    """

    def __init__(self) -> None:
        self._by_name: dict[tuple[str, object], OpenItem] = {}
        self._all: dict[int, OpenItem] = {}

    def __iter__(self) -> Iterator[OpenItem]:
        return iter(tuple(self._all.values()))

    def add(self, item: OpenItem) -> None:
        self._all[id(item)] = item
        for name in self._names(item.kind, item.id, item.index):
            self._by_name[name] = item

    def remove(self, item: OpenItem) -> None:
        del self._all[id(item)]
        for name in self._names(item.kind, item.id, item.index):
            if self._by_name.get(name) is item:
                del self._by_name[name]

    def find(self, kind: str, item_id: str, index: int | None) -> OpenItem | None:
        if item_id and (item := self.with_id(kind, item_id)):
            return item
        return self._by_name.get((kind, index))

    def with_id(self, kind: str, item_id: str) -> OpenItem | None:
        return self._by_name.get((kind, item_id))

    @staticmethod
    def _names(kind: str, item_id: str, index: int | None) -> Iterator[tuple[str, object]]:
        yield kind, None
        if index is not None:
            yield kind, index
        if item_id:
            yield kind, item_id
