"""Stores imported conversations many at a time, while the next ones are read; an existing one gets its new turns."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import StorageError
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.formats.import_tree import Skipped
from tui_chat.storage.search_index import IndexedWords, words_of
from tui_chat.storage.store import Store

_MAX_TEXT = 200
_BATCH_CHARACTERS, _BATCH_CONVERSATIONS = 2_000_000, 200


@dataclass(frozen=True, slots=True)
class Note:
    """What was changed in a conversation to make it readable."""

    which: str
    what: str


@dataclass(slots=True)
class ImportReport:
    """What an import added, changed and skipped."""

    added: int = 0
    """New conversations."""
    grown: int = 0
    """Existing conversations that got new turns."""
    unchanged: int = 0
    """Existing conversations that had all their turns."""
    turns: int = 0
    """New turns."""
    in_trash: int = 0
    """Existing conversations that are in the trash; they stay there."""
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def holds_nothing(self) -> bool:
        """Whether some conversations were skipped and none could be read."""
        return bool(self.skipped) and not (self.added or self.grown or self.unchanged)


def brief(text: str) -> str:
    """Shorten a text of a file, such as a title, to what a report may hold."""
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"


class ImportBatch:
    """Stores conversations many at a time, because every commit waits for the disk.

    While one batch is stored, the next is collected.
    """

    def __init__(self, store: Store, report: ImportReport) -> None:
        self._store = store
        self._report = report
        self._waiting: dict[str, tuple[str, Conversation]] = {}
        """By id: its title for the report, and the conversation."""
        self._characters = 0
        self._words: dict[str, IndexedWords] = {}
        """What the search index needs of the texts that are waiting."""
        self._has_new = True
        """Whether the batch stored last had new conversations; texts of existing ones need no words."""
        self._storing: asyncio.Task[None] | None = None

    async def take(self, which: str, conversation: Conversation) -> None:
        """Add a conversation, and store the batch if it is full."""
        imported = replace(conversation, turns=tuple(map(_interrupted_if_live, conversation.turns)))
        if imported.id in self._waiting:  # twice in the file: the second adds to what the first has
            await self.finish()
        self._waiting[imported.id] = which, imported
        if self._has_new:
            # In another thread than the database's, which has the most to do.
            self._words |= await asyncio.to_thread(words_of, imported.turns)
        self._characters += sum(_size(turn) for turn in imported.turns)
        if self._characters >= 2 * _BATCH_CHARACTERS:  # takes much memory, so the next is read after it
            await self.finish()
        elif self._characters >= _BATCH_CHARACTERS or len(self._waiting) >= _BATCH_CONVERSATIONS:
            await self.start_storing()

    async def start_storing(self) -> None:
        """Start to store what is waiting, as soon as the batch before it is stored."""
        await self._stored()
        if self._waiting:
            batch, words = list(self._waiting.values()), self._words
            self._waiting, self._words, self._characters = {}, {}, 0
            self._storing = asyncio.create_task(self._store_batch(batch, words))

    async def finish(self) -> None:
        """Store what is waiting."""
        await self.start_storing()
        await self._stored()

    async def _stored(self) -> None:
        """Wait for the batch that is being stored; raise its error."""
        if self._storing is not None:
            await asyncio.wait([self._storing])  # cancelling the import does not cancel it
            ended, self._storing = self._storing, None
            ended.result()

    async def _store_batch(
        self, batch: Sequence[tuple[str, Conversation]], words: Mapping[str, IndexedWords]
    ) -> None:
        origins = {one.origin.foreign_id for _, one in batch if one.origin is not None}
        existing = await self._store.existing({one.id for _, one in batch} | origins)
        new = []
        for which, imported in batch:
            if imported.id in existing:
                await self._add_to_existing(which, imported)
            elif await self._is_own_export(imported, existing):
                self._report.unchanged += 1
            else:
                new.append((which, imported))
        await self._save_new(new, words)
        self._has_new = bool(new)

    async def _save_new(self, new: Sequence[tuple[str, Conversation]], words: Mapping[str, IndexedWords]) -> None:
        """Store new conversations; one by one if they cannot be stored together."""
        try:
            await self._store.save_all([conversation for _, conversation in new], words)
        except StorageError as error:
            if error.detail != "other":
                raise
        else:
            for _, conversation in new:
                self._count(conversation)
            return
        for which, conversation in new:
            with self._skipping(which):
                await self._store.save(conversation)
                self._count(conversation)

    async def _is_own_export(self, imported: Conversation, existing: Collection[str]) -> bool:
        """Return whether it was exported from here in another program's format, and is here still."""
        if imported.origin is None or imported.origin.foreign_id not in existing:
            return False
        here = await self._store.conversation(imported.origin.foreign_id)
        return len(imported.turns) <= len(here.turns)

    async def _add_to_existing(self, which: str, imported: Conversation) -> None:
        here = await self._store.conversation(imported.id)
        self._report.in_trash += here.deleted_at is not None
        with self._skipping(which):
            await self._grow(here, imported)

    async def _grow(self, here: Conversation, imported: Conversation) -> None:
        new = [turn for turn in imported.turns if not here.has(turn.id)]
        side_requests = {request.id: request for request in (*here.side_requests, *imported.side_requests)}
        if not new and len(side_requests) <= len(here.side_requests):
            self._report.unchanged += 1
            return
        grown = _merged(here, new, imported) if new else here
        await self._store.save(replace(grown, side_requests=tuple(side_requests.values())))
        self._report.grown += 1
        self._report.turns += len(new)

    def _count(self, added: Conversation) -> None:
        self._report.added += 1
        self._report.turns += len(added.turns)

    @contextmanager
    def _skipping(self, which: str) -> Iterator[None]:
        """Report a conversation that cannot be stored; others may be, unless the database itself fails."""
        try:
            yield
        except StorageError as error:
            if error.detail != "other":
                raise
            self._report.skipped.append(Skipped(which, error.message))


def _size(turn: Turn) -> int:
    """Return the characters of a turn and the bytes of its files."""
    return len(turn.text) + sum(part.size for part in turn.parts if isinstance(part, AttachmentPart))


def _interrupted_if_live(turn: Turn) -> Turn:
    """Mark a turn that was exported while streaming as interrupted."""
    return replace(turn, status=TurnStatus.INTERRUPTED) if turn.is_live else turn


def _merged(here: Conversation, new: Sequence[Turn], imported: Conversation) -> Conversation:
    """Add the new turns; move the head only if the import contains the current one."""
    turns = (*here.turns, *new)
    moves_head = here.head is None or here.head in {turn.id for turn in imported.path}
    return replace(
        here,
        turns=turns,
        head=imported.head if moves_head else here.head,
        left_out=here.left_out | (imported.left_out & {turn.id for turn in new}),
        left_out_at=here.left_out_at or imported.left_out_at,
        updated_at=max(here.updated_at, imported.updated_at),
    )
