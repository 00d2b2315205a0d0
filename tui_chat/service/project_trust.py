"""Remember which project folders the user has agreed to; a change of any file asks again."""

from tui_chat.core.error import StorageError
from tui_chat.storage.store import Store

_KEY = "trusted_projects"


async def is_trusted(store: Store, folder: str, fingerprint: str) -> bool:
    """Return whether the user agreed to exactly this content."""
    try:
        trusted = await store.state(_KEY)
    except StorageError:
        return False
    return isinstance(trusted, dict) and trusted.get(folder) == fingerprint


async def trust(store: Store, folder: str, fingerprint: str) -> None:
    """Remember that the user agreed to it."""
    trusted = await store.state(_KEY)
    known = trusted if isinstance(trusted, dict) else {}
    await store.set_state(_KEY, {**known, folder: fingerprint})
