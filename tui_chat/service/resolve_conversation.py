"""Find the conversation that a command-line query means: by id, by title, or by message text."""

from tui_chat.core.conversation import ConversationPosition
from tui_chat.core.error import NotFound
from tui_chat.storage.store import Store

_MIN_ID_PREFIX = 4


async def resolve_conversation(store: Store, query: str) -> ConversationPosition:
    """Return the conversation by id prefix; else by words of the title, last used first; else by full-text search.

    A title equal to the query comes before one that contains more. Raises `NotFound`.
    """
    query = query.strip()
    if len(query) >= _MIN_ID_PREFIX and " " not in query:
        try:
            return ConversationPosition(await store.resolve(query))
        except NotFound:
            pass
    if query:
        titled = [
            summary
            for archived in (False, True)
            for summary in await store.summaries(matching=query, archived=archived)
        ]
        titled.sort(key=lambda summary: summary.title.strip().casefold() != query.casefold())
        if titled:
            return ConversationPosition(titled[0].id)
        for hit in await store.search(query, limit=1):
            matched_words = tuple(dict.fromkeys(hit.snippet[start:end] for start, end in hit.marks))
            return ConversationPosition(hit.conversation_id, hit.turn_id, matched_words)
    raise NotFound(f"no title or message matches {query!r}")
