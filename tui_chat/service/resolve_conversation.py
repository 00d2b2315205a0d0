"""Which conversation somebody means by a few words: its id, its title, or what was said in it."""

from tui_chat.core.conversation import Place
from tui_chat.core.error import NotFound
from tui_chat.storage.store import Store

_LEAST_OF_AN_ID = 4


async def best_match(store: Store, words: str) -> Place:
    """The one whose id begins so; else whose title has all words, last used first; else where they were said.

    A title that is these words goes before one that has others, too. Raises `NotFound`.
    """
    words = words.strip()
    if len(words) >= _LEAST_OF_AN_ID and " " not in words:
        try:
            return Place(await store.resolve(words))
        except NotFound:
            pass
    if words:
        called = [
            one for archived in (False, True) for one in await store.summaries(matching=words, archived=archived)
        ]
        called.sort(key=lambda one: one.title.strip().casefold() != words.casefold())
        if called:
            return Place(called[0].id)
        for hit in await store.search(words, limit=1):
            found = tuple(dict.fromkeys(hit.snippet[start:end] for start, end in hit.marks))
            return Place(hit.conversation_id, hit.turn_id, found)
    raise NotFound(f"nothing is called {words!r}, and nobody ever said it")
