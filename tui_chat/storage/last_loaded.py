"""The conversation that was read last, for the next reader: the library shows it before it is opened.

A long one takes a tenth of a second and as much memory as all else. Runs on the database thread.
"""

from collections.abc import Callable
from weakref import ref

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import StorageError
from tui_chat.storage.database import Database


class LastLoaded:
    """Gives the same value again while it is in use somewhere and the database is not written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._token: object = None
        self._kept: Callable[[], Conversation | None] = lambda: None

    def load(self, conversation_id: str, read: Callable[[], Conversation]) -> Conversation:
        """Return a conversation, by `read` unless it was the last one and is still the same."""
        try:
            token = self._database.change_token  # before it is read: what is written meanwhile makes it outdated
        except StorageError:
            return read()  # which reports it, and may repair it
        kept = self._kept()
        if kept is not None and kept.id == conversation_id and token == self._token:
            return kept
        loaded = read()
        # A reply that streams in ends without a write when its program dies.
        if not any(turn.is_live for turn in loaded.turns):
            self._token, self._kept = token, ref(loaded)
        return loaded
